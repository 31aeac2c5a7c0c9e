use axum::extract::State;
use souk_domain::AggregateState;
use souk_domain::listing::Listing;
use souk_domain::order::{CancelOrder, Order};
use souk_domain::payment::{Payment, PaymentStatus};
use souk_platform::http::Path;
use souk_platform::{Principal, Problem};
use souk_schemas::ids::OrderId;
use souk_schemas::{Aggregate, Money, OrderEvent};
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::change::load_matching;
use crate::error::CommandError;
use crate::input::{IfMatch, Input, Origin};
use crate::payments::{Ask, NewTask, TaskOrigin, open_refunds_minor};

/// `POST /orders/{id}/cancel`: frees what is reserved and gives back what is paid.
pub(crate) async fn cancel_order(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    if_match: IfMatch,
    Input { body, origin }: Input<CancelOrder>,
) -> Result<Accepted, Problem> {
    let cancel = Cancel {
        id,
        if_match,
        command: body,
        origin: origin.clone(),
    };
    let accepted = app.accept(&principal, &origin, cancel).await?;
    app.payments_due().notify_one();
    Ok(accepted)
}

struct Cancel {
    id: OrderId,
    if_match: IfMatch,
    command: CancelOrder,
    origin: Origin,
}

impl UseCase for Cancel {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut order: Order = load_matching(work, self.id, &self.if_match).await?;
        let events = order.cancel(work.context(), self.command)?;
        let reason = events.first().and_then(reason_of);
        work.record(&mut order, events)?;
        if let Some(reason) = reason {
            self.stop_payment(work, &reason).await?;
            release(work, &order).await?;
        }
        Ok(Done::new(Aggregate::Order, self.id, order.sequence()))
    }
}

impl Cancel {
    /// Whatever the gateway is doing at this moment is undone when its answer comes: see `payments/settle.rs`.
    async fn stop_payment(&self, work: &mut Work, reason: &str) -> Result<(), CommandError> {
        let mut payment: Payment = work.load(self.id).await?;
        let Some(charge) = payment.charge().cloned() else {
            return Ok(());
        };
        let (ask, amount_minor) = match charge.status.clone() {
            PaymentStatus::Failed(_) => return Ok(()),
            PaymentStatus::Requested => (None, 0),
            PaymentStatus::Authorized(reference) => {
                (Some(Ask::Void { reference }), charge.amount.amount_minor)
            }
            PaymentStatus::Captured(reference) => {
                let open = open_refunds_minor(work, self.id).await?;
                (
                    Some(Ask::Refund { reference }),
                    charge.refundable_minor() - open,
                )
            }
        };
        if !matches!(charge.status, PaymentStatus::Captured(_)) {
            let events = payment.fail(work.context(), reason)?;
            work.record(&mut payment, events)?;
        }
        let Some(ask) = ask.filter(|_| amount_minor > 0) else {
            return Ok(());
        };
        let task = NewTask {
            order_id: self.id,
            ask,
            amount: Money::new(amount_minor, charge.amount.currency),
            origin: TaskOrigin::of(&self.origin),
        };
        task.insert(work).await
    }
}

fn reason_of(event: &OrderEvent) -> Option<String> {
    match event {
        OrderEvent::OrderCancelled(event) => Some(event.reason.clone()),
        _ => None,
    }
}

/// Frees what an order holds; what it was sold, once its payment is captured, is for the seller to put back.
pub(crate) async fn release(work: &mut Work, order: &Order) -> Result<(), CommandError> {
    let Some(sale) = order.sale() else {
        return Ok(());
    };
    let listing_ids: Vec<Uuid> = sale.lines.iter().map(|line| line.listing_id.0).collect();
    let listings: Vec<Listing> = work.load_all(&listing_ids).await?;
    for mut listing in listings {
        let events = listing.release_reservation(work.context(), sale.id)?;
        work.record(&mut listing, events)?;
    }
    Ok(())
}
