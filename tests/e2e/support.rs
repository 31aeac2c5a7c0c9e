//! What the tests share.

mod app;
mod documents;
mod kafka;
mod market;

pub(crate) use app::{Answer, App, PATIENCE, Person, ROLES};
pub(crate) use documents::{Documents, difference, read_index, until_same};
pub(crate) use kafka::{Record, keys_of, read_topic};
pub(crate) use market::{listing_body, publish};
