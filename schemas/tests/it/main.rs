//! The codec, the registry's client and the catalogue of topics against the real servers.

mod outage;
mod registration;
mod topics;
