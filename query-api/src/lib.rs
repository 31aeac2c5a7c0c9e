//! Queries over OpenSearch: search, listings, orders, invoices, users.

mod app;
mod catalog;
mod config;
mod cursor;
mod envelope;
mod index;
mod invoices;
mod limits;
mod metrics;
mod orders;
mod paging;
mod processor;
mod run;
mod scope;
mod search;
mod seen;
mod tail;
mod users;
mod visibility;

pub use app::{App, router};
pub use config::Config;
pub use envelope::{Page, Single};
pub use run::{Deps, Error, run, run_on};
pub use visibility::Visibility;
