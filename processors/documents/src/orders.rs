use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{Document, Private};
use crate::sources::Sources;
use crate::timestamp::Timestamp;

/// An order with its payment, for its two parties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocument<'a> {
    /// The order's id, also the document's.
    pub id: Uuid,
    pub buyer_id: Uuid,
    /// Absent until the buyer's registration was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_name: Option<Cow<'a, str>>,
    pub seller_id: Uuid,
    /// Absent until the seller's registration was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_name: Option<Cow<'a, str>>,
    pub status: OrderStatus,
    pub lines: Vec<OrderLine<'a>>,
    pub totals: Totals<'a>,
    /// Where it goes; personal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address<'a>>,
    /// Absent until a payment was requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<Payment<'a>>,
    pub placed_at: Timestamp,
    /// Number of the paper in the system it was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Cow<'a, str>>,
    /// What happened, in the order of time; what caused another comes before it when their times are equal.
    pub timeline: Vec<TimelineEntry<'a>>,
    pub deleted: bool,
    /// `order`, `payment`, `buyer`, `seller`.
    pub sources: Sources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Placed,
    Confirmed,
    Cancelled,
    /// Taken over from another system, where it was fulfilled.
    Imported,
    /// A credit taken over from another system.
    Credited,
}

/// One line as it was when ordered.
///
/// Processors also keep it in a format without field names, so every field is always written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine<'a> {
    pub listing_id: Uuid,
    /// The seller's own code.
    pub external_id: Option<Cow<'a, str>>,
    pub title: Cow<'a, str>,
    pub condition: Option<Cow<'a, str>>,
    /// Exact decimal in major units.
    pub unit_price: Cow<'a, str>,
    /// Negative on a credit.
    pub quantity: i64,
    pub amount_minor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals<'a> {
    pub currency: Cow<'a, str>,
    pub lines_minor: i64,
    pub shipping_minor: i64,
    /// What the buyer pays: lines and shipping.
    pub total_minor: i64,
    /// The marketplace's, borne by the seller.
    pub fee_minor: i64,
}

/// A postal address; personal. Like [`OrderLine`], every field is always written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address<'a> {
    pub recipient: Cow<'a, str>,
    pub line1: Cow<'a, str>,
    pub line2: Option<Cow<'a, str>>,
    pub city: Cow<'a, str>,
    pub region: Option<Cow<'a, str>>,
    pub postal_code: Cow<'a, str>,
    /// ISO 3166-1 alpha-2.
    pub country: Cow<'a, str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment<'a> {
    pub status: PaymentStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Cow<'a, str>>,
    pub amount_minor: i64,
    /// All refunds until now.
    pub refunded_minor: i64,
    pub ledger: Ledger,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Requested,
    Authorized,
    Captured,
    Failed,
    PartiallyRefunded,
    Refunded,
}

/// Balances of the order's accounts; they add up to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub buyer_minor: i64,
    pub escrow_minor: i64,
    pub seller_minor: i64,
    pub fee_minor: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry<'a> {
    pub at: Timestamp,
    /// Type of the event, for example `OrderPlaced`.
    pub event: Cow<'a, str>,
    /// A reason, or the method of a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, str>>,
    /// In the order's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_minor: Option<i64>,
}

impl Document for OrderDocument<'static> {
    const ALIAS: &'static str = crate::ORDERS;
    const MAPPING: &'static str = include_str!("../mappings/orders.json");
}

impl Private for OrderDocument<'static> {
    const OWNER_FIELDS: &'static [&'static str] = &["buyer_id", "seller_id"];

    fn parties(&self) -> Vec<Uuid> {
        vec![self.buyer_id, self.seller_id]
    }
}
