//! Real MySQL, Kafka, schema registry and OpenSearch for development and tests.
