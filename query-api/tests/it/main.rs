//! The query API over HTTP, against a real OpenSearch and a real Kafka.
#![cfg(test)]

mod app;
mod catalog;
mod consistency;
mod documents;
mod private;
