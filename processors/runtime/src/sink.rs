//! Writes documents to OpenSearch; the only code that knows its APIs.

mod client;
mod encode;
mod outcome;
mod setup;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(crate) use client::Client;
pub(crate) use encode::{Bulk, BulkBuilder};
use outcome::{Answer, ItemOutcome, Reason};

use crate::backoff::Backoff;
use crate::error::RuntimeError;
use crate::metrics;

/// How long to wait between attempts while OpenSearch blocks writes because its disk is full: only a person can end that.
const BLOCKED_PAUSE: Duration = Duration::from_secs(2);

/// The index behind one alias.
#[derive(Debug)]
pub(crate) struct Sink {
    processor: &'static str,
    client: Client,
    blocked: AtomicBool,
}

/// What became of a bulk, once every item of it is decided.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) rejected: Vec<Rejected>,
    /// OpenSearch asked for less at some point.
    pub(crate) throttled: bool,
}

/// A document that OpenSearch will never take.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
    pub(crate) reason: Reason,
}

impl Sink {
    pub(crate) fn new(processor: &'static str, client: Client) -> Self {
        Self {
            processor,
            client,
            blocked: AtomicBool::new(false),
        }
    }

    pub(crate) async fn prepare(
        &self,
        mapping: &str,
        shards: u32,
        replicas: u32,
    ) -> Result<(), RuntimeError> {
        self.client.prepare(mapping, shards, replicas).await
    }

    /// Writes until every document is written, superseded by a newer version, or rejected for good. Lasts as long as an outage does.
    pub(crate) async fn write(&self, mut bulk: Bulk) -> Result<Written, RuntimeError> {
        let mut written = Written::default();
        let mut backoff = Backoff::default();
        while !bulk.is_empty() {
            let started = Instant::now();
            let answer = self.client.bulk(bulk.body()).await;
            let took = started.elapsed();
            metrics::bulk(self.processor, took);
            tracing::debug!(
                processor = self.processor,
                documents = bulk.len(),
                ?took,
                "bulk is answered"
            );
            match answer {
                Ok(answer) => {
                    let again = self.judge(&bulk, answer, &mut written)?;
                    bulk = bulk.only(&again);
                }
                Err(error) => {
                    tracing::warn!(%error, processor = self.processor, "bulk request failed, trying again");
                }
            }
            if !bulk.is_empty() {
                self.pause(&mut backoff).await;
            }
        }
        self.set_blocked(false);
        Ok(written)
    }

    /// Makes everything written so far searchable.
    pub(crate) async fn refresh(&self) -> Duration {
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
            match self.client.refresh().await {
                Ok(()) => {
                    let took = started.elapsed();
                    metrics::refresh(self.processor, took);
                    tracing::debug!(processor = self.processor, ?took, "index is refreshed");
                    return took;
                }
                Err(error) => {
                    tracing::warn!(%error, processor = self.processor, "refresh failed, trying again");
                }
            }
            backoff.pause().await;
        }
    }

    /// Returns the positions of the items to be sent again.
    fn judge(
        &self,
        bulk: &Bulk,
        answer: Answer,
        written: &mut Written,
    ) -> Result<Vec<usize>, RuntimeError> {
        let outcomes = match answer {
            Answer::Items(outcomes) if outcomes.len() == bulk.len() => outcomes,
            Answer::Items(outcomes) => {
                tracing::error!(
                    sent = bulk.len(),
                    answered = outcomes.len(),
                    "bulk answer does not match its request"
                );
                return Ok((0..bulk.len()).collect());
            }
            Answer::Whole(outcome) => vec![outcome; bulk.len()],
        };
        let mut again = Vec::new();
        for (position, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                ItemOutcome::Applied | ItemOutcome::Superseded => {}
                ItemOutcome::Retry(reason) => {
                    tracing::debug!(%reason, "item is sent again");
                    written.throttled = true;
                    again.push(position);
                }
                ItemOutcome::Blocked(reason) => {
                    if !self.set_blocked(true) {
                        tracing::error!(%reason, processor = self.processor, "opensearch blocks writes; free disk space, then writing goes on by itself");
                    }
                    again.push(position);
                }
                ItemOutcome::Rejected(reason) => {
                    written.rejected.extend(bulk.rejected(position, reason));
                }
                ItemOutcome::Fatal(reason) => {
                    return Err(RuntimeError::OpenSearch {
                        what: "a bulk item",
                        status: reason.status,
                        reason: reason.to_string(),
                    });
                }
            }
        }
        Ok(again)
    }

    async fn pause(&self, backoff: &mut Backoff) {
        if self.blocked.load(Ordering::Relaxed) {
            tokio::time::sleep(BLOCKED_PAUSE).await;
        } else {
            backoff.pause().await;
        }
    }

    /// Returns what it was before.
    fn set_blocked(&self, blocked: bool) -> bool {
        let before = self.blocked.swap(blocked, Ordering::Relaxed);
        if before != blocked {
            metrics::blocked(self.processor, blocked);
        }
        before
    }
}
