//! The processor runtime: consume, batch, state, sink, retry, dead-letter, commit. It knows nothing about orders.
#![deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod active;
mod assignments;
mod backoff;
mod config;
mod dead_letter;
mod decode;
mod error;
mod freshness;
mod kafka;
mod ledger;
mod metrics;
mod progress;
mod projection;
mod run;
mod sink;
mod state;
mod status;
mod target;
pub mod testing;
mod topology;
mod worker;

pub use config::{Config, Deps, GroupProtocol};
pub use error::RuntimeError;
pub use projection::{Body, Destination, Document, Poison, Projection, Record, Rendered, Touched};
pub use run::{Processor, run, spawn};
pub use status::Status;
