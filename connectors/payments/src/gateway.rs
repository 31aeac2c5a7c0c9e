use std::fmt::Debug;
use std::pin::Pin;

use uuid::Uuid;

/// What every call to a gateway returns.
pub type GatewayFuture<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Who moves the money. A call repeated with the same key moves it once and gets the same answer.
pub trait PaymentGateway: Debug + Send + Sync + 'static {
    /// Holds the amount on the buyer's means of payment.
    fn authorize<'a>(&'a self, request: &'a Authorize) -> GatewayFuture<'a>;

    /// Takes an amount that is held.
    fn capture<'a>(&'a self, request: &'a Capture) -> GatewayFuture<'a>;

    /// Gives back an amount that was taken, or lets go of one that is only held.
    fn refund<'a>(&'a self, request: &'a Refund) -> GatewayFuture<'a>;
}

/// Asks to hold an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorize {
    /// Idempotency key.
    pub key: Uuid,
    /// What is paid for.
    pub order_id: Uuid,
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
    /// `credit_card`, `debit_card`, `net_banking`, `upi` or `wallet`.
    pub method: &'static str,
}

/// Asks to take what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Idempotency key.
    pub key: Uuid,
    /// The gateway's own name for what it holds.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// Asks to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Idempotency key.
    pub key: Uuid,
    /// The gateway's own name for what it took or holds.
    pub reference: String,
    /// Minor units.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// What the gateway said, or that it said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The money moved.
    Approved {
        /// The gateway's own name for it.
        reference: String,
    },
    /// It never will under this key.
    Declined {
        /// Stable, for programs: `insufficient_funds`.
        reason: String,
    },
    /// Nobody knows yet; ask again with the same key.
    Unavailable,
}
