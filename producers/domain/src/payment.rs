//! How an order is paid. Its id is the order's.
//!
//! `requested → authorized → captured`, and from the first two `→ failed`. What is captured can be refunded, at once or
//! in parts. Each step may be reported twice, as gateways do: a repeat has nothing to add.

mod commands;
mod decisions;
mod error;
mod ledger;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use souk_schemas::{
    Aggregate, Event, EventMeta, Money, PaymentEvent, PaymentMethod, PaymentRequested,
    ids::{OrderId, UserId},
};

use crate::aggregate::AggregateState;

pub use commands::{RefundPayment, RequestPayment};
pub use error::PaymentError;
pub use ledger::{Ledger, LedgerAccount};

/// What the events of a payment add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    sequence: u64,
    charge: Option<Charge>,
    ledger: Ledger,
}

/// A payment that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Charge {
    /// What is paid for.
    pub order_id: OrderId,
    /// Who pays.
    pub buyer_id: UserId,
    /// Who gets it in the end.
    pub seller_id: UserId,
    /// How much.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
    /// Where it is in its life.
    pub status: PaymentStatus,
    /// What went back to the buyer, in minor units.
    pub refunded_minor: i64,
    /// The gateway's names of the refunds.
    pub refunds: BTreeSet<String>,
}

/// Where a payment is in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentStatus {
    /// The buyer was asked.
    Requested,
    /// The gateway guarantees it, under this name.
    Authorized(String),
    /// It is in escrow, under this name.
    Captured(String),
    /// The gateway refused, for this reason.
    Failed(String),
}

impl Payment {
    /// Returns the payment, if one was asked for.
    pub fn charge(&self) -> Option<&Charge> {
        self.charge.as_ref()
    }

    /// Returns whose money is where.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl Charge {
    /// Returns what can still be refunded, in minor units.
    pub fn refundable_minor(&self) -> i64 {
        match self.status {
            PaymentStatus::Captured(_) => self.amount.amount_minor - self.refunded_minor,
            _ => 0,
        }
    }

    fn requested(event: &PaymentRequested) -> Self {
        Self {
            order_id: OrderId(event.meta.aggregate_id),
            buyer_id: event.buyer_id,
            seller_id: event.seller_id,
            amount: event.amount.clone(),
            method: event.method,
            status: PaymentStatus::Requested,
            refunded_minor: 0,
            refunds: BTreeSet::new(),
        }
    }

    fn apply(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentRequested(event) => *self = Self::requested(event),
            PaymentEvent::PaymentAuthorized(event) => {
                self.status = PaymentStatus::Authorized(event.gateway_reference.clone());
            }
            PaymentEvent::PaymentCaptured(event) => {
                self.status = PaymentStatus::Captured(event.gateway_reference.clone());
            }
            PaymentEvent::PaymentFailed(event) => {
                self.status = PaymentStatus::Failed(event.reason.clone());
            }
            PaymentEvent::PaymentRefunded(event) => {
                self.refunded_minor = event.refunded_total.amount_minor;
                self.refunds.insert(event.gateway_reference.clone());
            }
        }
    }
}

impl AggregateState for Payment {
    const AGGREGATE: Aggregate = Aggregate::Payment;
    type Event = PaymentEvent;

    fn own(event: Event) -> Option<PaymentEvent> {
        match event {
            Event::Payment(event) => Some(event),
            _ => None,
        }
    }

    fn meta(event: &PaymentEvent) -> &EventMeta {
        event.meta()
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn apply(&mut self, event: &PaymentEvent) {
        self.sequence = event.meta().sequence.cast_unsigned();
        self.ledger.apply(event);
        match (&mut self.charge, event) {
            (Some(charge), event) => charge.apply(event),
            (None, PaymentEvent::PaymentRequested(event)) => {
                self.charge = Some(Charge::requested(event));
            }
            // A payment's first event is its request; a stream that starts otherwise tells of no payment.
            (None, _) => {}
        }
    }
}
