//! The contract between the write side and everybody else: Avro schemas, the event types generated from them,
//! their wire format and the catalogue of topics.

mod event;
pub mod generate;
#[rustfmt::skip]
mod generated;
pub mod ids;
mod timestamp;

pub use event::RegisteredSchema;
pub use generated::*;
pub use timestamp::Timestamp;
