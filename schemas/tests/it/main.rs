//! The codec, the registry's client and the catalogue of topics against the real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod outage;
mod registration;
mod topics;
