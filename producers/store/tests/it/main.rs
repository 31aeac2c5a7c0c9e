//! The event store on real servers: MySQL, and the same on MariaDB.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod commands;
mod guards;
mod proxy;
mod support;
mod traps;
