//! The runtime with real Kafka, registry and OpenSearch.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod cable;
mod faults;
mod people;
mod shelf;
mod world;

mod crash;
mod delivery;
mod failure;
mod rebalance;
mod restore;
