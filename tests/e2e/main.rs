//! End-to-end tests: through HTTP, Kafka and real servers only.
#![cfg(test)]

mod support;

mod bad_input;
mod debezium;
mod imports;
mod kills;
mod late_commit;
mod round_trip;
mod stranger;
mod up;
