//! What the marketplace decides: aggregates, commands and rules. Pure, so no I/O, no async, no clock and no randomness:
//! the time and new ids come in through a [`Context`].
//!
//! An aggregate is a state that folds its events ([`AggregateState`]) and methods that turn a command into new events
//! or a [`Refusal`]. Start reading in `listing.rs`.

#![deny(clippy::float_arithmetic)]

mod aggregate;
mod context;
mod money;
mod patch;
mod refusal;
#[cfg(test)]
mod testing;
mod validation;

pub mod account;
pub mod listing;
pub mod order;
pub mod payment;
pub mod taxonomy;
pub mod user;

pub use aggregate::{AggregateState, FoldError};
pub use context::Context;
pub use money::{Amount, MAX_AMOUNT_MINOR, minor_digits};
pub use patch::Patch;
pub use refusal::{Refusal, RefusalKind};
pub use validation::{FieldError, Violations};
