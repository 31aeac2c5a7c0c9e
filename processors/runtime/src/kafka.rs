//! Everything that speaks to Kafka.

pub(crate) mod commits;
pub(crate) mod consumers;
pub(crate) mod group;
pub(crate) mod producer;
