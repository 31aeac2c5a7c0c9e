use serde::{Deserialize, Serialize};
use souk_schemas::{OrderCancelled, OrderConfirmed, OrderEvent, ids::UserId};

use super::{Order, OrderError, OrderStatus, Sale, commands::CancelOrder};
use crate::context::Context;

/// Why an order ended before it was fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The gateway refused; the system's to say.
    PaymentFailed,
    /// The buyer thought better of it.
    BuyerCancelled,
    /// The seller cannot deliver.
    SellerCancelled,
    /// Nobody paid in time; the system's to say.
    Expired,
}

impl CancelReason {
    /// Returns the reason as it is written in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PaymentFailed => "payment_failed",
            Self::BuyerCancelled => "buyer_cancelled",
            Self::SellerCancelled => "seller_cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether an order that is confirmed can still end so: a guaranteed payment may fail when it is captured.
    fn ends_confirmed(self) -> bool {
        matches!(self, Self::SellerCancelled | Self::PaymentFailed)
    }
}

impl Order {
    /// Says that the order is paid for or guaranteed.
    pub fn confirm(&self, ctx: &mut Context) -> Result<Vec<OrderEvent>, OrderError> {
        let sale = self.existing()?;
        match sale.status {
            OrderStatus::Placed => {}
            OrderStatus::Confirmed => return Ok(Vec::new()),
            OrderStatus::Cancelled => return Err(OrderError::Cancelled),
            OrderStatus::Imported => return Err(OrderError::Imported),
        }
        let event = OrderConfirmed {
            meta: ctx.next_meta(sale.id, self),
            buyer_id: sale.buyer_id,
            seller_id: sale.seller_id,
        };
        Ok(vec![event.into()])
    }

    /// Ends the order: the buyer's until it is confirmed, the seller's, or for want of payment, as long as it is not fulfilled.
    pub fn cancel(
        &self,
        ctx: &mut Context,
        command: CancelOrder,
    ) -> Result<Vec<OrderEvent>, OrderError> {
        let sale = self.existing()?;
        let reason = reason_of(sale, ctx.actor, command.reason)?;
        match sale.status {
            OrderStatus::Placed => {}
            OrderStatus::Confirmed if reason.ends_confirmed() => {}
            OrderStatus::Confirmed => return Err(OrderError::Confirmed),
            OrderStatus::Cancelled => return Ok(Vec::new()),
            OrderStatus::Imported => return Err(OrderError::Imported),
        }
        let event = OrderCancelled {
            meta: ctx.next_meta(sale.id, self),
            buyer_id: sale.buyer_id,
            seller_id: sale.seller_id,
            total: sale.total.clone(),
            reason: reason.as_str().to_owned(),
        };
        Ok(vec![event.into()])
    }

    fn existing(&self) -> Result<&Sale, OrderError> {
        self.sale().ok_or(OrderError::NotFound)
    }
}

/// Returns the reason given, or the one of whoever acts, having checked that it is theirs to give.
fn reason_of(
    sale: &Sale,
    actor: Option<UserId>,
    given: Option<CancelReason>,
) -> Result<CancelReason, OrderError> {
    let own: &[CancelReason] = match actor {
        None => &[CancelReason::Expired, CancelReason::PaymentFailed],
        Some(actor) if actor == sale.buyer_id => &[CancelReason::BuyerCancelled],
        Some(actor) if actor == sale.seller_id => &[CancelReason::SellerCancelled],
        Some(_) => &[],
    };
    let first = *own.first().ok_or(OrderError::NotParty)?;
    match given {
        None => Ok(first),
        Some(reason) if own.contains(&reason) => Ok(reason),
        Some(reason) => Err(OrderError::ReasonNotYours(reason)),
    }
}
