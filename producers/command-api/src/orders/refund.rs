use axum::extract::State;
use serde::Deserialize;
use souk_domain::order::{Order, OrderError};
use souk_domain::payment::{Payment, PaymentError, PaymentStatus, RefundPayment};
use souk_domain::{AggregateState, Amount};
use souk_platform::http::Path;
use souk_platform::{Principal, Problem, Role};
use souk_schemas::Aggregate;
use souk_schemas::ids::OrderId;
use souk_store::{UseCase, Work};

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::change::load_matching;
use crate::error::CommandError;
use crate::input::{IfMatch, Input, Origin};
use crate::payments::{Ask, NewTask, TaskOrigin, open_refunds_minor};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundBody {
    /// All that is left unless given.
    #[serde(default)]
    amount: Option<Amount>,
}

/// `POST /orders/{id}/refund`: its seller or an administrator; 202, because the gateway gives the money back later.
pub(crate) async fn refund_order(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    if_match: IfMatch,
    Input { body, origin }: Input<RefundBody>,
) -> Result<Accepted, Problem> {
    let refund = RefundOrder {
        id,
        if_match,
        amount: body.amount,
        principal: principal.clone(),
        origin: origin.clone(),
    };
    let accepted = app.accept(&principal, &origin, refund).await?;
    app.payments_due().notify_one();
    Ok(accepted.later())
}

struct RefundOrder {
    id: OrderId,
    if_match: IfMatch,
    amount: Option<Amount>,
    principal: Principal,
    origin: Origin,
}

impl UseCase for RefundOrder {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let order: Order = load_matching(work, self.id, &self.if_match).await?;
        let sale = order.sale().ok_or(OrderError::NotFound)?;
        if sale.seller_id.0 != self.principal.user_id && !self.principal.has(Role::Admin) {
            return Err(OrderError::NotParty.into());
        }
        let payment: Payment = work.load(self.id).await?;
        let charge = payment.charge().ok_or(PaymentError::NotFound)?;
        // Refunds the gateway has not carried out yet are money that is gone all the same.
        let open = open_refunds_minor(work, self.id).await?;
        let refundable_minor = charge.refundable_minor() - open;
        let amount = self.amount.clone().unwrap_or(Amount {
            amount_minor: refundable_minor,
            currency: charge.amount.currency.clone(),
        });
        let PaymentStatus::Captured(reference) = &charge.status else {
            return Err(PaymentError::NotCaptured.into());
        };
        if refundable_minor == 0 || amount.amount_minor > refundable_minor {
            return Err(PaymentError::RefundTooLarge { refundable_minor }.into());
        }
        let command = RefundPayment { amount };
        payment.check_refund(&command)?;
        let task = NewTask {
            order_id: self.id,
            ask: Ask::Refund {
                reference: reference.clone(),
            },
            amount: command.amount.into(),
            origin: TaskOrigin::of(&self.origin),
        };
        task.insert(work).await?;
        Ok(Done::new(Aggregate::Order, self.id, order.sequence()))
    }
}
