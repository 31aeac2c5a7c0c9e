//! The command API through HTTP, on a real database and a real schema registry.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod app;
mod cable;
mod idempotency;
mod imports;
mod listings;
mod orders;
mod outages;
mod payments;
mod people;
mod refusals;
