//! Read-model documents and their OpenSearch mappings.
