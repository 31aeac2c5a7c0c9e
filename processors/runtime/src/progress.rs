//! What is told to those who wait: which aggregates are searchable now, and how far each partition is.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;
use souk_platform::progress::{Progress, TOPIC};
use souk_schemas::Aggregate;
use uuid::Uuid;

use crate::kafka::producer::Producer;
use crate::ledger::Applied;

/// Nobody waits for older events by their sequence; `as_of` answers for them.
const RECENT_MICROS: i64 = 15 * 60 * 1_000_000;
/// So many aggregates fit into one record of the progress topic.
const AGGREGATES_PER_RECORD: usize = 5_000;

/// Publishes progress of one processor.
pub(crate) struct Publisher {
    processor: &'static str,
    prefix: String,
    topic: String,
    producer: Producer,
    /// By topic without prefix and partition: the newest moment told.
    as_of: BTreeMap<(&'static str, i32), i64>,
}

/// Events of one partition of one topic that became searchable together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    sequences: HashMap<(Aggregate, Uuid), u64>,
    as_of: i64,
}

impl Batch {
    pub(crate) fn add(&mut self, applied: &Applied, now: i64) {
        self.as_of = self.as_of.max(applied.occurred_at);
        if is_recent(applied.occurred_at, now) {
            let sequence = self
                .sequences
                .entry((applied.aggregate, applied.id))
                .or_default();
            *sequence = applied.sequence.max(*sequence);
        }
    }
}

pub(crate) fn is_recent(occurred_at: i64, now: i64) -> bool {
    now - occurred_at < RECENT_MICROS
}

impl Publisher {
    pub(crate) fn new(processor: &'static str, prefix: &str, producer: Producer) -> Self {
        Self {
            processor,
            prefix: prefix.to_owned(),
            topic: format!("{prefix}{TOPIC}"),
            producer,
            as_of: BTreeMap::new(),
        }
    }

    /// Tells what became searchable in one partition, `offset` being the next one to read.
    pub(crate) fn publish(
        &mut self,
        topic: &'static str,
        partition: i32,
        offset: i64,
        batch: Batch,
    ) {
        let as_of = self.as_of.entry((topic, partition)).or_default();
        *as_of = batch.as_of.max(*as_of);
        let mut applied: Vec<(String, Uuid, u64)> = batch
            .sequences
            .into_iter()
            .map(|((aggregate, id), sequence)| (aggregate.name().to_owned(), id, sequence))
            .collect();
        let mut progress = Progress {
            processor: self.processor.to_owned(),
            topic: format!("{}{topic}", self.prefix),
            partition,
            offset,
            applied: Vec::new(),
            as_of: *as_of,
        };
        loop {
            let rest = applied.split_off(applied.len().min(AGGREGATES_PER_RECORD));
            progress.applied = std::mem::replace(&mut applied, rest);
            self.send(&progress);
            if applied.is_empty() {
                return;
            }
        }
    }

    /// Tells that a partition had nothing more to read at the moment `at`.
    pub(crate) fn publish_idle(
        &mut self,
        topic: &'static str,
        partition: i32,
        offset: i64,
        at: i64,
    ) {
        let batch = Batch {
            as_of: at,
            ..Batch::default()
        };
        self.publish(topic, partition, offset, batch);
    }

    /// The newest moment told of a partition.
    pub(crate) fn as_of(&self, topic: &'static str, partition: i32) -> Option<i64> {
        self.as_of.get(&(topic, partition)).copied()
    }

    fn send(&self, progress: &Progress) {
        match serde_json::to_vec(progress) {
            Ok(value) => self
                .producer
                .send_and_forget(&self.topic, self.processor, &value),
            Err(error) => tracing::error!(%error, "progress cannot be written as JSON"),
        }
    }
}

/// Records of shared topics that wait until every document of ours that shows them is searchable.
#[derive(Debug, Default)]
pub(crate) struct SharedWaiting {
    records: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// The change log's end right after the record.
    change: u64,
    topic: usize,
    partition: i32,
    offset: i64,
    applied: Option<Applied>,
}

impl SharedWaiting {
    pub(crate) fn push(
        &mut self,
        change: u64,
        topic: usize,
        partition: i32,
        offset: i64,
        applied: Option<Applied>,
    ) {
        self.records.push_back(Waiting {
            change,
            topic,
            partition,
            offset,
            applied,
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
    }

    /// Takes out what is visible once changes up to `visible` are: by topic and partition, the next offset and the events.
    pub(crate) fn take_visible(
        &mut self,
        visible: u64,
        now: i64,
    ) -> BTreeMap<(usize, i32), (i64, Batch)> {
        let mut batches: BTreeMap<(usize, i32), (i64, Batch)> = BTreeMap::new();
        while self
            .records
            .front()
            .is_some_and(|record| record.change <= visible)
        {
            let Some(record) = self.records.pop_front() else {
                break;
            };
            let (offset, batch) = batches.entry((record.topic, record.partition)).or_default();
            *offset = record.offset + 1;
            if let Some(applied) = &record.applied {
                batch.add(applied, now);
            }
        }
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(sequence: u64, occurred_at: i64) -> Applied {
        Applied {
            topic: 0,
            partition: 0,
            aggregate: Aggregate::User,
            id: Uuid::nil(),
            sequence,
            occurred_at,
        }
    }

    #[test]
    fn a_batch_keeps_the_highest_sequence_and_leaves_out_old_events() {
        let now = 10 * RECENT_MICROS;
        let mut batch = Batch::default();
        batch.add(&applied(9, 1), now);
        assert!(batch.sequences.is_empty());
        batch.add(&applied(5, now), now);
        batch.add(&applied(4, now), now);
        assert_eq!(batch.sequences.values().copied().collect::<Vec<_>>(), [5]);
        assert_eq!(batch.as_of, now);
    }

    #[test]
    fn shared_records_wait_for_the_change_they_made() {
        let mut waiting = SharedWaiting::default();
        waiting.push(1, 0, 2, 10, Some(applied(1, 5)));
        waiting.push(1, 0, 2, 11, None);
        waiting.push(2, 0, 2, 12, Some(applied(2, 6)));
        assert!(waiting.take_visible(0, 6).is_empty());
        let batches = waiting.take_visible(1, 6);
        assert_eq!(batches.get(&(0, 2)).map(|(offset, _)| *offset), Some(12));
        assert_eq!(waiting.len(), 1);
    }
}
