//! What a buyer bought from one seller, as it was then; or a paper of another system, taken over.
//!
//! `placed → confirmed`, and from both `→ cancelled`. An imported paper is finished from the start.

mod cancel;
mod commands;
mod error;
mod import;
mod place;
#[cfg(test)]
mod tests;
mod totals;

use serde::{Deserialize, Serialize};
use souk_schemas::{
    Aggregate, Event, EventMeta, Money, OrderEvent, OrderImported, OrderLine, OrderPlaced,
    ids::{OrderId, UserId},
};

use crate::aggregate::AggregateState;

pub use cancel::CancelReason;
pub use commands::{CancelOrder, ImportLine, ImportOrder, PlaceLine, PlaceOrder};
pub use error::OrderError;
pub use place::Buyer;
pub use totals::FEE_PERCENT;

/// What the events of an order add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    sequence: u64,
    sale: Option<Sale>,
}

/// An order that exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sale {
    /// The order.
    pub id: OrderId,
    /// Who buys.
    pub buyer_id: UserId,
    /// Who sells.
    pub seller_id: UserId,
    /// At least one.
    pub lines: Vec<OrderLine>,
    /// What the buyer pays: lines and shipping.
    pub total: Money,
    /// Where it is in its life.
    pub status: OrderStatus,
}

/// Where an order is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    /// Waits for its payment.
    Placed,
    /// Paid for or guaranteed.
    Confirmed,
    /// Ended before it was fulfilled.
    Cancelled,
    /// Taken over from another system, with nothing left to do.
    Imported,
}

impl Order {
    /// Returns the order, if it exists.
    pub fn sale(&self) -> Option<&Sale> {
        self.sale.as_ref()
    }
}

impl Sale {
    fn placed(event: &OrderPlaced) -> Self {
        Self {
            id: OrderId(event.meta.aggregate_id),
            buyer_id: event.buyer_id,
            seller_id: event.seller_id,
            lines: event.lines.clone(),
            total: event.total.clone(),
            status: OrderStatus::Placed,
        }
    }

    fn imported(event: &OrderImported) -> Self {
        Self {
            id: OrderId(event.meta.aggregate_id),
            buyer_id: event.buyer_id,
            seller_id: event.seller_id,
            lines: event.lines.clone(),
            total: event.total.clone(),
            status: OrderStatus::Imported,
        }
    }
}

impl AggregateState for Order {
    const AGGREGATE: Aggregate = Aggregate::Order;
    type Event = OrderEvent;

    fn own(event: Event) -> Option<OrderEvent> {
        match event {
            Event::Order(event) => Some(event),
            _ => None,
        }
    }

    fn meta(event: &OrderEvent) -> &EventMeta {
        event.meta()
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn apply(&mut self, event: &OrderEvent) {
        self.sequence = event.meta().sequence.cast_unsigned();
        match (&mut self.sale, event) {
            (sale, OrderEvent::OrderPlaced(event)) => *sale = Some(Sale::placed(event)),
            (sale, OrderEvent::OrderImported(event)) => *sale = Some(Sale::imported(event)),
            (Some(sale), OrderEvent::OrderConfirmed(_)) => sale.status = OrderStatus::Confirmed,
            (Some(sale), OrderEvent::OrderCancelled(_)) => sale.status = OrderStatus::Cancelled,
            // An order's first event says what was ordered; a stream that starts otherwise tells of no order.
            (None, _) => {}
        }
    }
}
