use serde::{Deserialize, Serialize};
use souk_schemas::{PaymentMethod, ids::UserId};

use crate::money::Amount;

/// Asks the buyer to pay for an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestPayment {
    /// Who pays.
    pub buyer_id: UserId,
    /// Who gets it in the end.
    pub seller_id: UserId,
    /// At least one minor unit.
    pub amount: Amount,
    /// How.
    pub method: PaymentMethod,
}

/// Asks for money to go back to the buyer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundPayment {
    /// At least one minor unit, at most what is captured and not refunded yet.
    pub amount: Amount,
}
