use souk_domain::listing::Listing;
use souk_domain::order::{CancelOrder, CancelReason, Order};
use souk_domain::payment::{Payment, PaymentStatus, RefundPayment};
use souk_store::guards::payment_tasks;
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::error::CommandError;
use crate::orders::release;
use crate::payments::{Ask, Task};

/// What the gateway said in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Approved { reference: String },
    Declined { reason: String },
}

/// What a verdict came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Settled {
    /// It is recorded, and what follows from it is asked for.
    Recorded,
    /// Somebody else has recorded it.
    Already,
    /// It is recorded, but leaves something that only a person can put right.
    NeedsAttention,
}

/// Records what the gateway said of one task, and removes the task.
pub(crate) struct Settle {
    pub(crate) task: Task,
    pub(crate) verdict: Verdict,
}

impl UseCase for Settle {
    type Answer = Settled;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Settled, CommandError> {
        // Commands lock the order, its payment, its listings, in this order.
        let order: Order = work.load(self.task.order_id).await?;
        let payment: Payment = work.load(self.task.order_id).await?;
        if !payment_tasks::settle(work.connection(), self.task.id).await? {
            return Ok(Settled::Already);
        }
        match (&self.task.ask, &self.verdict) {
            (Ask::Authorize { .. }, Verdict::Approved { reference }) => {
                self.authorized(work, order, payment, reference).await
            }
            (Ask::Authorize { .. }, Verdict::Declined { reason }) => {
                declined(work, order, payment, reason).await
            }
            (Ask::Capture { reference }, verdict) => {
                self.captured(work, order, payment, reference, verdict)
                    .await
            }
            (Ask::Refund { .. }, Verdict::Approved { reference }) => {
                self.refunded(work, payment, reference)
            }
            (Ask::Void { .. }, Verdict::Approved { .. }) => Ok(Settled::Recorded),
            (Ask::Refund { .. } | Ask::Void { .. }, Verdict::Declined { .. }) => {
                Ok(Settled::NeedsAttention)
            }
        }
    }
}

impl Settle {
    async fn authorized(
        &self,
        work: &mut Work,
        mut order: Order,
        mut payment: Payment,
        reference: &str,
    ) -> Result<Settled, CommandError> {
        let reference = reference.to_owned();
        if is_failed(&payment) {
            // The order was cancelled while the gateway was asked.
            let void = self.task.followed_by(Ask::Void { reference });
            void.insert(work).await?;
            return Ok(Settled::Recorded);
        }
        let events = payment.authorize(work.context(), &reference)?;
        work.record(&mut payment, events)?;
        let events = order.confirm(work.context())?;
        work.record(&mut order, events)?;
        let capture = self.task.followed_by(Ask::Capture { reference });
        capture.insert(work).await?;
        Ok(Settled::Recorded)
    }

    async fn captured(
        &self,
        work: &mut Work,
        order: Order,
        mut payment: Payment,
        reference: &str,
        verdict: &Verdict,
    ) -> Result<Settled, CommandError> {
        if is_failed(&payment) {
            // The order was cancelled while the gateway was asked; `void` gives back what was taken as well.
            if let Verdict::Approved { .. } = verdict {
                let reference = reference.to_owned();
                let void = self.task.followed_by(Ask::Void { reference });
                void.insert(work).await?;
            }
            return Ok(Settled::Recorded);
        }
        match verdict {
            Verdict::Approved { .. } => {
                let events = payment.capture(work.context())?;
                let is_new = !events.is_empty();
                work.record(&mut payment, events)?;
                if is_new {
                    sell(work, &order).await?;
                }
                Ok(Settled::Recorded)
            }
            Verdict::Declined { reason } => declined(work, order, payment, reason).await,
        }
    }

    fn refunded(
        &self,
        work: &mut Work,
        mut payment: Payment,
        reference: &str,
    ) -> Result<Settled, CommandError> {
        let command = RefundPayment {
            amount: self.task.amount.clone().into(),
        };
        let events = payment.refund(work.context(), &command, reference)?;
        work.record(&mut payment, events)?;
        Ok(Settled::Recorded)
    }
}

/// Nothing is sold before it is captured, so the pieces are still held, whichever step was declined.
async fn declined(
    work: &mut Work,
    mut order: Order,
    mut payment: Payment,
    reason: &str,
) -> Result<Settled, CommandError> {
    let events = payment.fail(work.context(), reason)?;
    work.record(&mut payment, events)?;
    let command = CancelOrder {
        reason: Some(CancelReason::PaymentFailed),
    };
    let events = order.cancel(work.context(), command)?;
    work.record(&mut order, events)?;
    release(work, &order).await?;
    Ok(Settled::Recorded)
}

async fn sell(work: &mut Work, order: &Order) -> Result<(), CommandError> {
    let Some(sale) = order.sale() else {
        return Ok(());
    };
    let listing_ids: Vec<Uuid> = sale.lines.iter().map(|line| line.listing_id.0).collect();
    let listings: Vec<Listing> = work.load_all(&listing_ids).await?;
    for mut listing in listings {
        let events = listing.commit_sale(work.context(), sale.id)?;
        work.record(&mut listing, events)?;
    }
    Ok(())
}

fn is_failed(payment: &Payment) -> bool {
    let charge = payment.charge();
    charge.is_some_and(|charge| matches!(charge.status, PaymentStatus::Failed(_)))
}
