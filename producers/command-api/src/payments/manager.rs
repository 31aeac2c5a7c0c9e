use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream;
use souk_domain::payment::{Payment, PaymentStatus};
use souk_payments::{Answer, Authorize, Capture, PaymentGateway, Refund};
use souk_platform::clock;
use souk_store::guards::payment_tasks::{self, PaymentTask};
use souk_store::{Command, Store, StoreError};
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::config::PaymentConfig;
use crate::metrics;
use crate::payments::settle::{Settle, Settled, Verdict};
use crate::payments::{Ask, Task};

/// Works off the payment tasks of the database, beside whatever other processes do so.
pub(crate) struct PaymentManager {
    pub(crate) store: Store,
    pub(crate) gateway: Arc<dyn PaymentGateway>,
    pub(crate) config: PaymentConfig,
    /// Notified when this process has written a task.
    pub(crate) due: Arc<Notify>,
}

impl PaymentManager {
    /// Works until `shutdown`; what is begun is finished first.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            match self.work_off_due().await {
                // Where there was something there may be more: what one task leads to is due at once.
                Ok(1..) => continue,
                Ok(0) => {}
                Err(error) => tracing::warn!(%error, "payment tasks cannot be read"),
            }
            // Waiting is all that is ever cancelled here, never a transaction.
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.due.notified() => {}
                () = tokio::time::sleep(self.config.poll_interval) => {}
            }
        }
    }

    async fn work_off_due(&self) -> Result<usize, StoreError> {
        let now = clock::now_micros();
        let next_due = payment_tasks::next_due(self.store.pool()).await?;
        let lag = next_due.map_or(0, |due| (now - due).max(0));
        metrics::payment_lag(Duration::from_micros(lag.unsigned_abs()));
        if next_due.is_none_or(|due| due > now) {
            return Ok(0);
        }
        let (lease, limit) = (self.config.lease, self.config.concurrency);
        let tasks = payment_tasks::pick_due(self.store.pool(), now, lease, limit).await?;
        let num_tasks = tasks.len();
        stream::iter(tasks)
            .for_each_concurrent(None, |task| self.work_on(task))
            .await;
        Ok(num_tasks)
    }

    /// A task that cannot be worked on now is postponed, ever longer; it is never given up.
    async fn work_on(&self, stored: PaymentTask) {
        let outcome = match Task::of(&stored) {
            Ok(task) => self.ask_and_settle(task).await,
            Err(error) => {
                tracing::error!(task.id = %stored.task_id, %error, "a payment task cannot be read");
                Progress::Stuck
            }
        };
        if outcome == Progress::Settled {
            return;
        }
        let pause =
            i64::try_from(self.pause_after(stored.attempts).as_micros()).unwrap_or(i64::MAX);
        let due_at = clock::now_micros().saturating_add(pause);
        let postponed = payment_tasks::postpone(self.store.pool(), stored.task_id, due_at).await;
        if let Err(error) = postponed {
            // Its lease ends by itself.
            tracing::warn!(task.id = %stored.task_id, %error, "a payment task cannot be postponed");
        }
    }

    async fn ask_and_settle(&self, task: Task) -> Progress {
        let id = task.id;
        let payment: Payment = match self.store.peek(task.order_id).await {
            Ok(payment) => payment,
            Err(error) => {
                tracing::warn!(task.id = %id, %error, "a payment cannot be read");
                return Progress::Stuck;
            }
        };
        let Some(verdict) = self.ask(&task, &payment).await else {
            return Progress::Stuck;
        };
        let command = Command {
            causation_id: Some(id),
            traceparent: task.origin.traceparent.clone(),
            ..Command::of_system(task.origin.correlation_id)
        };
        let kind = task.ask.kind();
        match self.store.transact(command, Settle { task, verdict }).await {
            Ok(outcome) => {
                if outcome.answer == Settled::NeedsAttention {
                    tracing::error!(task.id = %id, task.kind = kind, "the gateway declined what was agreed");
                }
                Progress::Settled
            }
            Err(error) => {
                // Should it have been committed after all, the task is gone and is not picked again.
                tracing::warn!(task.id = %id, task.kind = kind, ?error, "an answer of the gateway cannot be recorded");
                Progress::Stuck
            }
        }
    }

    /// Asks the gateway under the task's own key; `None` when nobody answers.
    async fn ask(&self, task: &Task, payment: &Payment) -> Option<Verdict> {
        if let Ask::Capture { .. } = task.ask
            && payment
                .charge()
                .is_some_and(|charge| matches!(charge.status, PaymentStatus::Failed(_)))
        {
            // Cancelled in the meantime, which has asked for a void: nothing is to be captured.
            return Some(Verdict::Declined {
                reason: "cancelled".to_owned(),
            });
        }
        let started = Instant::now();
        let answer = timeout(self.config.gateway_timeout, self.call(task))
            .await
            .unwrap_or(Answer::Unavailable);
        let (verdict, label) = match answer {
            Answer::Approved { reference } => (Some(Verdict::Approved { reference }), "approved"),
            Answer::Declined { reason } => (Some(Verdict::Declined { reason }), "declined"),
            Answer::Unavailable => (None, "unavailable"),
        };
        metrics::gateway_answered(task.ask.kind(), label, started.elapsed());
        verdict
    }

    async fn call(&self, task: &Task) -> Answer {
        let (key, amount_minor, currency) = (
            task.id,
            task.amount.amount_minor,
            task.amount.currency.clone(),
        );
        match task.ask.clone() {
            Ask::Authorize { method } => {
                let request = Authorize {
                    key,
                    order_id: task.order_id.0,
                    amount_minor,
                    currency,
                    method: method.as_str(),
                };
                self.gateway.authorize(&request).await
            }
            Ask::Capture { reference } => {
                let request = Capture {
                    key,
                    reference,
                    amount_minor,
                    currency,
                };
                self.gateway.capture(&request).await
            }
            Ask::Refund { reference } | Ask::Void { reference } => {
                let request = Refund {
                    key,
                    reference,
                    amount_minor,
                    currency,
                };
                self.gateway.refund(&request).await
            }
        }
    }

    fn pause_after(&self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(20);
        let pause = self.config.first_pause.saturating_mul(1 << doublings);
        pause.min(self.config.max_pause)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Settled,
    Stuck,
}

impl fmt::Debug for PaymentManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PaymentManager")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
