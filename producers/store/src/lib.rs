//! The event store and the guard tables on MySQL.
//!
//! Everything that changes anything is a [`UseCase`] carried out by [`Store::transact`]: claim the idempotency key, lock the
//! aggregates, decide, append events, update guards, keep the answer, commit. Start reading in `transact.rs`.

mod aggregates;
mod command;
mod config;
mod error;
mod events;
pub mod guards;
mod idempotency;
mod metrics;
mod migrate;
mod pool;
mod store;
mod transact;
mod work;

pub use command::Command;
pub use config::StoreConfig;
pub use error::StoreError;
pub use idempotency::{IdempotencyKey, purge_idempotency};
pub use migrate::migrate;
pub use pool::{open_pool, pool_options};
pub use store::{Codec, Store};
pub use transact::{CommandError, Outcome, UseCase};
pub use work::Work;
