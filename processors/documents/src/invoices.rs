use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{Document, Private};
use crate::orders::{Address, OrderLine};
use crate::sources::Sources;
use crate::timestamp::Timestamp;

/// Everything one buyer was charged and credited in one month and one currency (DOMAIN §2, "Invoice rule").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceDocument<'a> {
    /// `<buyer id>-<year>-<month>-<currency>`.
    pub id: String,
    /// `INV-<year><month>-<end of the buyer's id>-<currency>`.
    pub number: String,
    pub buyer_id: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_external_id: Option<Cow<'a, str>>,
    /// As it is now; absent until the buyer's registration was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_name: Option<Cow<'a, str>>,
    /// As it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_email: Option<Cow<'a, str>>,
    pub year: i16,
    /// 1 to 12, in the time zone of the orders.
    pub month: i8,
    pub currency: Cow<'a, str>,
    /// The buyer's default address when the order was placed: of the first order of the invoice that had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address<'a>>,
    /// In the order of time.
    pub entries: Vec<InvoiceEntry<'a>>,
    pub num_entries: u32,
    /// The sum of the entries.
    pub total_minor: i64,
    pub deleted: bool,
    /// `entries` (the sum over the orders), `user`, `account`.
    pub sources: Sources,
}

/// An order, or what was given back of one. Like [`OrderLine`], every field is always written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceEntry<'a> {
    pub order_id: Uuid,
    pub kind: EntryKind,
    /// The day in the order's time zone, as `2011-03-27`.
    pub date: Cow<'a, str>,
    pub at: Timestamp,
    pub description: Cow<'a, str>,
    pub lines: Vec<OrderLine<'a>>,
    /// Part of the amount that no line shows.
    pub shipping_minor: i64,
    /// Negative for a credit.
    pub amount_minor: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    Order,
    Credit,
}

impl Document for InvoiceDocument<'static> {
    const ALIAS: &'static str = crate::INVOICES;
    const MAPPING: &'static str = include_str!("../mappings/invoices.json");
}

impl Private for InvoiceDocument<'static> {
    const OWNER_FIELDS: &'static [&'static str] = &["buyer_id"];

    fn parties(&self) -> Vec<Uuid> {
        vec![self.buyer_id]
    }
}
