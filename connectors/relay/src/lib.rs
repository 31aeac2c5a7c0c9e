//! Event store to Kafka, by the binary log.
