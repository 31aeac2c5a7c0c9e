use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use souk_platform::Problem;
use souk_platform::clock;
use souk_platform::consistency::{ConsistencyTokens, Token};
use souk_platform::progress::Progress;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::metrics;
use crate::processor::Processor;
use crate::seen::Seen;

/// Knows what is searchable, and lets queries wait for it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Visibility {
    seen: Arc<Mutex<Seen>>,
    changes: watch::Sender<()>,
}

impl Default for Visibility {
    fn default() -> Self {
        Self {
            seen: Arc::default(),
            changes: watch::channel(()).0,
        }
    }
}

impl Visibility {
    /// Takes a processor's report in and wakes who waits for it.
    pub fn note(&self, progress: Progress) {
        self.lock().note(progress, clock::now_micros());
        self.changes.send_replace(());
    }

    /// As [`note`](Self::note), where nothing was written after this report before our start: nobody sees the one without the other.
    pub(crate) fn note_last(&self, progress: Progress) {
        let mut seen = self.lock();
        seen.note(progress, clock::now_micros());
        seen.read_to_the_end();
        drop(seen);
        self.changes.send_replace(());
    }

    /// Says that every report written before our start is known.
    pub(crate) fn read_to_the_end(&self) {
        self.lock().read_to_the_end();
        self.changes.send_replace(());
    }

    pub(crate) fn as_of(&self, processor: Processor) -> Option<i64> {
        self.lock().as_of(processor)
    }

    pub(crate) fn forget_old(&self) {
        self.lock().forget_old(clock::now_micros());
    }

    /// Returns once every token's write is searchable, or refuses with 503 `pending` after `wait`.
    pub(crate) async fn wait(
        &self,
        processor: Processor,
        tokens: &ConsistencyTokens,
        wait: Duration,
    ) -> Result<(), Problem> {
        if tokens.0.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let outcome = timeout_at(started + wait, self.until_visible(processor, &tokens.0)).await;
        metrics::consistency_wait(processor, started.elapsed(), outcome.is_ok());
        outcome.map_err(|_| {
            Problem::pending("the write is accepted but not searchable yet, ask again")
        })
    }

    async fn until_visible(&self, processor: Processor, tokens: &[Token]) {
        let mut changes = self.changes.subscribe();
        while !self.are_visible(processor, tokens) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    fn are_visible(&self, processor: Processor, tokens: &[Token]) -> bool {
        let now = clock::now_micros();
        let seen = self.lock();
        tokens
            .iter()
            .all(|token| seen.is_visible(processor, token, now))
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn tokens() -> ConsistencyTokens {
        let micros = clock::now_micros();
        ConsistencyTokens(vec![Token {
            aggregate: "user".to_owned(),
            aggregate_id: Uuid::from_u128(1),
            sequence: 2,
            micros,
        }])
    }

    fn report(sequence: u64) -> Progress {
        Progress {
            processor: "users".to_owned(),
            topic: "souk.user.events.v1".to_owned(),
            partition: 0,
            offset: 1,
            applied: vec![("user".to_owned(), Uuid::from_u128(1), sequence)],
            as_of: 0,
        }
    }

    #[tokio::test]
    async fn a_waiting_query_is_woken_by_the_report_it_waits_for() {
        let visibility = Visibility::default();
        let waiting = visibility.clone();
        let query = tokio::spawn(async move {
            waiting
                .wait(Processor::Users, &tokens(), Duration::from_mins(1))
                .await
        });
        visibility.note(report(1));
        visibility.note(report(2));
        assert_eq!(query.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn half_read_progress_says_nothing_of_partitions() {
        let visibility = Visibility::default();
        let now = clock::now_micros();
        let mut old = tokens();
        old.0[0].micros = now - 11 * 60 * 1_000_000;
        visibility.note(Progress {
            as_of: now,
            ..report(1)
        });
        assert_eq!(visibility.as_of(Processor::Users), None);
        let wait = Duration::from_millis(20);
        assert!(visibility.wait(Processor::Users, &old, wait).await.is_err());
        visibility.read_to_the_end();
        assert_eq!(visibility.as_of(Processor::Users), Some(now));
        assert_eq!(visibility.wait(Processor::Users, &old, wait).await, Ok(()));
    }

    #[tokio::test]
    async fn the_wait_is_bounded_and_ends_in_pending() {
        let visibility = Visibility::default();
        visibility.note(report(1));
        let problem = visibility
            .wait(Processor::Users, &tokens(), Duration::from_millis(20))
            .await
            .unwrap_err();
        assert_eq!(
            (
                problem.status.as_u16(),
                problem.code.as_ref(),
                problem.retry_after
            ),
            (503, "pending", Some(1))
        );
    }
}
