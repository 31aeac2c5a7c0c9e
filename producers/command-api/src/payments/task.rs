use serde::{Deserialize, Serialize};
use souk_schemas::ids::OrderId;
use souk_schemas::{Money, PaymentMethod};
use souk_store::guards::payment_tasks::{self, PaymentTask};
use souk_store::{StoreError, Work};
use uuid::Uuid;

use crate::error::CommandError;
use crate::input::Origin;

/// What is asked of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// To hold the amount.
    Authorize { method: PaymentMethod },
    /// To take what is held.
    Capture { reference: String },
    /// To give back what was taken; recorded as a refund.
    Refund { reference: String },
    /// To let go of what nobody wants any more; the payment has failed already, so nothing is recorded.
    Void { reference: String },
}

impl Ask {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Authorize { .. } => "authorize",
            Self::Capture { .. } => "capture",
            Self::Refund { .. } => "refund",
            Self::Void { .. } => "void",
        }
    }
}

/// The request that a task goes back to, so that its trace goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskOrigin {
    pub(crate) correlation_id: Uuid,
    pub(crate) traceparent: Option<String>,
}

impl TaskOrigin {
    pub(crate) fn of(origin: &Origin) -> Self {
        Self {
            correlation_id: origin.correlation_id(),
            traceparent: Some(origin.traceparent().to_owned()),
        }
    }
}

/// A task that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewTask {
    pub(crate) order_id: OrderId,
    pub(crate) ask: Ask,
    pub(crate) amount: Money,
    pub(crate) origin: TaskOrigin,
}

/// A task that was picked.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: Uuid,
    pub(crate) order_id: OrderId,
    pub(crate) ask: Ask,
    pub(crate) amount: Money,
    pub(crate) origin: TaskOrigin,
}

/// The part of a task that the store does not look into.
#[derive(Serialize, Deserialize)]
struct Content {
    ask: Ask,
    amount: Money,
    origin: TaskOrigin,
}

impl NewTask {
    /// Writes the task, due at once, as part of the transaction.
    pub(crate) async fn insert(self, work: &mut Work) -> Result<(), CommandError> {
        let task = PaymentTask {
            task_id: work.context().new_id(),
            order_id: self.order_id.0,
            kind: self.ask.kind().to_owned(),
            task: serde_json::to_vec(&Content {
                ask: self.ask,
                amount: self.amount,
                origin: self.origin,
            })
            .map_err(StoreError::from)?,
            attempts: 0,
        };
        let now = work.context().now.as_micros();
        payment_tasks::insert(work.connection(), &task, now).await?;
        Ok(())
    }
}

impl Task {
    pub(crate) fn of(stored: &PaymentTask) -> Result<Self, StoreError> {
        let Content {
            ask,
            amount,
            origin,
        } = serde_json::from_slice(&stored.task)?;
        Ok(Self {
            id: stored.task_id,
            order_id: OrderId(stored.order_id),
            ask,
            amount,
            origin,
        })
    }

    /// What comes of this task, going back to the same request.
    pub(crate) fn followed_by(&self, ask: Ask) -> NewTask {
        NewTask {
            order_id: self.order_id,
            ask,
            amount: self.amount.clone(),
            origin: self.origin.clone(),
        }
    }
}

/// How much is on its way back to the buyer already. The payment must be locked.
pub(crate) async fn open_refunds_minor(
    work: &mut Work,
    order_id: OrderId,
) -> Result<i64, CommandError> {
    let mut open = 0;
    for stored in payment_tasks::of_order(work.connection(), order_id.0).await? {
        let task = Task::of(&stored)?;
        if matches!(task.ask, Ask::Refund { .. }) {
            open += task.amount.amount_minor;
        }
    }
    Ok(open)
}
