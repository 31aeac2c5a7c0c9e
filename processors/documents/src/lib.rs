//! The read-model documents, their OpenSearch mappings and the rules all of them keep: who may see one, which version it has,
//! what is left of a deleted one.
//!
//! Text is `Cow<'a, str>`: projections render from borrowed state, the query side reads `CatalogDocument<'static>`.

mod catalog;
mod document;
mod invoices;
mod orders;
mod sources;
mod timestamp;
mod users;

pub use catalog::{Attribute, CatalogDocument, Category, GeoPoint, Place, attribute_pair};
pub use document::{Document, Private, Public, Tombstone, parse, tombstone};
pub use invoices::{EntryKind, InvoiceDocument, InvoiceEntry};
pub use orders::{
    Address, Ledger, OrderDocument, OrderLine, OrderStatus, Payment, PaymentStatus, TimelineEntry,
    Totals,
};
pub use sources::{Sources, version};
pub use timestamp::Timestamp;
pub use users::UserDocument;

/// Alias (without prefix) of the public catalog.
pub const CATALOG: &str = "souk-catalog";
/// Alias (without prefix) of the orders.
pub const ORDERS: &str = "souk-orders";
/// Alias (without prefix) of the monthly invoices.
pub const INVOICES: &str = "souk-invoices";
/// Alias (without prefix) of the directory of people.
pub const USERS: &str = "souk-users";

#[cfg(test)]
mod tests;
