//! Event store and guard tables on MySQL.

mod migrate;

pub use migrate::migrate;
