//! The relay between real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod debezium;
mod delivery;
mod hand_over;
mod lease;
mod outage;
mod proxy;
mod strangers;
mod support;
