//! The processor runtime: consume, batch, state, sink, retry, dead-letter, commit.
#![deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod projection;
pub mod testing;

pub use projection::{Body, Destination, Document, Poison, Projection, Record, Rendered, Touched};
