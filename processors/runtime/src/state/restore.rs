use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use souk_schemas::Decoder;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::decode::{Payload, decode_known, decode_unknown};
use crate::error::Failure;
use crate::projection::{Poison, Projection, Touched};
use crate::state::facts::{Facts, Place};
use crate::state::snapshot::Snapshots;

/// Rebuilds the state of one partition as it was at its committed offsets: from its snapshot as far as that goes, then from
/// the log, writing nothing. It blocks and is meant for a thread of its own, many of them in parallel.
pub(crate) struct Restore<P> {
    pub(crate) projection: Arc<P>,
    pub(crate) prefix: String,
    pub(crate) partition: i32,
    /// By fact topic; `None` when nothing was ever committed.
    pub(crate) committed: Vec<Option<i64>>,
    pub(crate) snapshots: Snapshots,
    /// For a consumer that is told its partitions.
    pub(crate) kafka: ClientConfig,
    pub(crate) decoder: Arc<Decoder>,
    pub(crate) runtime: Handle,
    /// The partition was taken away again.
    pub(crate) cancelled: CancellationToken,
}

#[derive(Debug)]
pub(crate) struct Restored<F> {
    pub(crate) facts: Facts<F>,
    pub(crate) from_snapshot: bool,
    pub(crate) num_replayed: u64,
}

/// The partition was taken away before its state was complete.
struct Cancelled;

impl<P: Projection> Restore<P> {
    /// Returns `None` when cancelled.
    pub(crate) fn run(&self) -> Option<Restored<P::Facts>> {
        let snapshot = self.load();
        let mut restored = Restored {
            from_snapshot: snapshot.is_some(),
            facts: snapshot.unwrap_or_else(|| Facts::empty(self.committed.len())),
            num_replayed: 0,
        };
        for (topic, (name, committed)) in self
            .projection
            .facts()
            .iter()
            .zip(&self.committed)
            .enumerate()
        {
            let Some(committed) = *committed else {
                continue;
            };
            self.replay(topic, name, committed, &mut restored).ok()?;
            if let Some(offset) = restored.facts.offsets.get_mut(topic) {
                *offset = committed.max(*offset);
            }
        }
        Some(restored)
    }

    /// A snapshot ahead of the committed offsets is of no use: it would swallow, as duplicates, records whose documents may never
    /// have been written.
    fn load(&self) -> Option<Facts<P::Facts>> {
        let snapshot: Facts<P::Facts> = self.snapshots.load(&self.partition.to_string())?;
        let usable = snapshot.offsets.len() == self.committed.len()
            && snapshot
                .offsets
                .iter()
                .zip(&self.committed)
                .all(|(offset, committed)| *offset <= committed.unwrap_or(0));
        if !usable {
            tracing::warn!(
                partition = self.partition,
                "snapshot is ahead of the committed offsets, reading the topics again"
            );
        }
        usable.then_some(snapshot)
    }

    fn replay(
        &self,
        topic: usize,
        name: &str,
        committed: i64,
        restored: &mut Restored<P::Facts>,
    ) -> Result<(), Cancelled> {
        let start = restored
            .facts
            .offsets
            .get(topic)
            .copied()
            .unwrap_or_default();
        if start >= committed {
            return Ok(());
        }
        let consumer = self.retry(|| self.consumer(name, start))?;
        let mut touched = Touched::default();
        loop {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) if message.offset() < committed => {
                    self.take(topic, name, &message, &mut restored.facts, &mut touched)?;
                    restored.num_replayed += 1;
                    if message.offset() + 1 == committed {
                        return Ok(());
                    }
                }
                // Compaction and retention leave gaps, so the last record before the committed offset may be gone.
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) => {
                    tracing::warn!(%error, topic = name, "replay is interrupted, it goes on by itself");
                }
                None => {}
            }
            self.check()?;
        }
    }

    fn consumer(&self, name: &str, start: i64) -> KafkaResult<BaseConsumer> {
        let mut config = self.kafka.clone();
        let consumer: BaseConsumer = config.set("enable.partition.eof", "true").create()?;
        let mut list = TopicPartitionList::new();
        let topic = format!("{}{name}", self.prefix);
        list.add_partition_offset(&topic, self.partition, Offset::Offset(start))?;
        consumer.assign(&list)?;
        Ok(consumer)
    }

    fn take(
        &self,
        topic: usize,
        name: &str,
        message: &BorrowedMessage<'_>,
        facts: &mut Facts<P::Facts>,
        touched: &mut Touched<P::Key>,
    ) -> Result<(), Cancelled> {
        let place = Place {
            topic,
            name,
            offset: message.offset(),
            key: message.key().unwrap_or_default(),
        };
        let payload = match decode_known(&self.decoder, name, message.payload()) {
            Some(payload) => payload,
            None => self.decode(message.payload().unwrap_or_default())?,
        };
        facts.take(&*self.projection, place, payload, touched);
        if touched.len() > 1000 {
            touched.drain().for_each(drop);
        }
        Ok(())
    }

    fn decode(&self, value: &[u8]) -> Result<Result<Payload<'static>, Poison>, Cancelled> {
        let mut backoff = Backoff::default();
        loop {
            match self.runtime.block_on(decode_unknown(&self.decoder, value)) {
                Ok(event) => return Ok(Ok(Payload::Event(Box::new(event)))),
                Err(Failure::Poison(poison)) => return Ok(Err(poison)),
                Err(Failure::Retry(reason)) => {
                    tracing::warn!(reason, "schema registry cannot be asked, trying again");
                }
            }
            self.check()?;
            thread::sleep(backoff.step());
        }
    }

    fn retry<T>(&self, attempt: impl Fn() -> KafkaResult<T>) -> Result<T, Cancelled> {
        let mut backoff = Backoff::default();
        loop {
            match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => tracing::warn!(%error, "replay cannot start, trying again"),
            }
            self.check()?;
            thread::sleep(backoff.step());
        }
    }

    fn check(&self) -> Result<(), Cancelled> {
        if self.cancelled.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}
