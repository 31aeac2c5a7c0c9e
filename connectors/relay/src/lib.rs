//! Moves committed events from the event store to Kafka by the binary log: at least once, in order per aggregate, none lost.
//!
//! `tail` reads the log, `scan` reads the table when the log is gone, `publish` sends and waits for acknowledgements,
//! `position` knows where we are and `lease` saves it; `session` puts them together and `relay` starts sessions for ever.

mod config;
mod database;
pub mod debezium;
mod error;
mod gtid;
mod lease;
mod metrics;
mod mood;
mod position;
mod publish;
mod relay;
mod row;
mod scan;
mod session;
mod tail;
mod window;

pub use config::Config;
pub use error::Error;
pub use relay::{Deps, run};
