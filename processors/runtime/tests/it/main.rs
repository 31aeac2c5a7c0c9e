//! The runtime with real Kafka, registry and OpenSearch.

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
