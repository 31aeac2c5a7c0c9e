//! The projections: what the catalog, orders, invoices and the directory of people show, as pure functions of the events.
//!
//! Each keeps one rule (DESIGN §5): the last document depends only on the set of events, not on how the topics interleave.
//! So a document is stamped with the sequence of the last event of each input *that mattered to it*.
#![deny(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod addresses;
mod catalog;
mod convert;
mod currency;
mod fold;
mod invoice_entries;
mod invoices;
mod names;
mod orders;
mod packed;
mod records;
mod users;

pub use catalog::Catalog;
pub use fold::{Folded, fold};
pub use invoice_entries::InvoiceEntries;
pub use invoices::Invoices;
pub use orders::Orders;
pub use users::Users;

/// Topics (without prefix) the projections read.
pub mod topics {
    pub const ACCOUNT: &str = "souk.account.events.v1";
    pub const LISTING: &str = "souk.listing.events.v1";
    pub const ORDER: &str = "souk.order.events.v1";
    pub const PAYMENT: &str = "souk.payment.events.v1";
    pub const TAXONOMY: &str = "souk.taxonomy.events.v1";
    pub const USER: &str = "souk.user.events.v1";
    /// Repartitions what orders mean for invoices by buyer. Its key is the buyer's id and each order has records of its own: it
    /// must not be compacted.
    pub const INVOICE_ENTRIES: &str = "souk.invoice-entries.v1";
}

#[cfg(test)]
mod tests;
