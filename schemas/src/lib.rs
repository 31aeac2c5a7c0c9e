//! The contract between the write side and everybody else: Avro schemas, the event types generated from them,
//! their wire format and the catalogue of topics.

pub mod codec;
pub mod compatibility;
mod event;
mod examples;
pub mod generate;
#[rustfmt::skip]
#[expect(clippy::doc_markdown, reason = "the words are the schemas', which other languages read too")]
mod generated;
pub mod ids;
pub mod registry;
mod timestamp;
pub mod topics;

pub use codec::{DecodeError, Decoder, Encoder};
pub use event::RegisteredSchema;
pub use examples::examples;
pub use generated::*;
pub use registry::Registry;
pub use timestamp::Timestamp;
