use serde::{Deserialize, Serialize};
use souk_schemas::{
    OrderKind, PaymentMethod, Timestamp,
    ids::{AddressId, ListingId, UserId},
};

use super::CancelReason;
use crate::money::Amount;

/// Asks for an order of one seller's listings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// 1 to 100, each of another listing.
    pub lines: Vec<PlaceLine>,
    /// Cost of shipping, in the currency of the listings; nothing unless given.
    #[serde(default)]
    pub shipping: Option<Amount>,
    /// Where it goes; the default address unless given.
    #[serde(default)]
    pub address_id: Option<AddressId>,
    /// How the buyer will pay; the checkout hands it to the payment.
    #[serde(default)]
    pub payment_method: Option<PaymentMethod>,
}

/// Pieces of one listing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceLine {
    /// The listing.
    pub listing_id: ListingId,
    /// 1 to 10,000.
    pub quantity: i64,
}

/// Asks for the end of an order.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelOrder {
    /// Why; unless given, that whoever asks wants it so.
    #[serde(default)]
    pub reason: Option<CancelReason>,
}

/// Takes over an order or credit of another system, prices as they were there.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportOrder {
    /// Order or credit.
    pub kind: OrderKind,
    /// Who bought.
    pub buyer_id: UserId,
    /// Who sold.
    pub seller_id: UserId,
    /// 1 to 10,000.
    pub lines: Vec<ImportLine>,
    /// ISO 4217; one for all lines.
    pub currency: String,
    /// The buyer's, IANA name; invoices are cut by it.
    pub time_zone: String,
    /// When it was placed, in microseconds since 1970-01-01 UTC.
    pub placed_at: Timestamp,
    /// Number of the paper there, at most 100 characters.
    pub external_id: String,
}

/// One line of a paper of another system.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportLine {
    /// The listing.
    pub listing_id: ListingId,
    /// The seller's own code, at most 100 characters.
    #[serde(default)]
    pub external_id: Option<String>,
    /// At most 300 characters.
    pub title: String,
    /// Exact decimal in major units, for example 2.55; 0 or less is taken as it is.
    pub unit_price: String,
    /// Pieces, not 0; negative where they came back.
    pub quantity: i64,
}
