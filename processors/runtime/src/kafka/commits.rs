use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::{CommitMode, Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::state::changes::{SharedOffsets, offsets_to_text};

/// What may be committed, and what has been. Shared between the worker, which settles, and the consumer's callbacks.
#[derive(Debug)]
pub(crate) struct Commits {
    /// Fact topics, with prefix.
    topics: Vec<String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partitions: BTreeMap<i32, Settled>,
    in_flight: bool,
}

#[derive(Clone, Debug)]
struct Settled {
    /// By fact topic: every record before this offset is applied, superseded or dead-lettered for good.
    offsets: Vec<i64>,
    /// Every document of the partition shows the shared topics up to here.
    fanned: SharedOffsets,
    /// By fact topic: what the broker has confirmed.
    confirmed: Vec<i64>,
    changed: bool,
}

impl Commits {
    pub(crate) fn new(topics: Vec<String>) -> Self {
        Self {
            topics,
            state: Mutex::default(),
        }
    }

    /// Starts to keep the books of a partition that begins at `committed`.
    pub(crate) fn open(&self, partition: i32, committed: Vec<i64>, fanned: SharedOffsets) {
        let settled = Settled {
            offsets: committed.clone(),
            fanned,
            confirmed: committed,
            changed: false,
        };
        self.lock().partitions.insert(partition, settled);
    }

    /// Forgets a partition that is no longer ours.
    pub(crate) fn close(&self, partition: i32) {
        self.lock().partitions.remove(&partition);
    }

    /// Notes that everything up to here is settled.
    pub(crate) fn settle(&self, partition: i32, offsets: &[i64], fanned: &SharedOffsets) {
        if let Some(settled) = self.lock().partitions.get_mut(&partition)
            && (settled.offsets != offsets || settled.fanned != *fanned)
        {
            settled.offsets = offsets.to_vec();
            settled.fanned.clone_from(fanned);
            settled.changed = true;
        }
    }

    pub(crate) fn settled(&self, partition: i32) -> Option<Vec<i64>> {
        self.lock()
            .partitions
            .get(&partition)
            .map(|settled| settled.offsets.clone())
    }

    /// Tells whether the broker has confirmed a commit at or after `offsets`.
    pub(crate) fn is_confirmed(&self, partition: i32, offsets: &[i64]) -> bool {
        self.lock()
            .partitions
            .get(&partition)
            .is_some_and(|settled| {
                settled.confirmed.len() == offsets.len()
                    && settled
                        .confirmed
                        .iter()
                        .zip(offsets)
                        .all(|(confirmed, offset)| confirmed >= offset)
            })
    }

    /// Tells whether there is something to commit that is not on its way already.
    pub(crate) fn is_due(&self) -> bool {
        let state = self.lock();
        !state.in_flight && state.partitions.values().any(|settled| settled.changed)
    }

    /// Takes what changed, to be committed elsewhere: a commit takes as long as the broker does, and would hold up every record behind
    /// it. [`Self::confirm`] has to hear of the outcome.
    pub(crate) fn take(&self) -> Option<TopicPartitionList> {
        let list = self.take_changed(|_| true);
        self.lock().in_flight = list.count() > 0;
        (list.count() > 0).then_some(list)
    }

    /// Commits what changed in `partitions` and waits: their next owner starts from here.
    pub(crate) fn commit_and_wait<C: ConsumerContext>(
        &self,
        consumer: &impl Consumer<C>,
        partitions: &[i32],
    ) {
        let list = self.take_changed(|partition| partitions.contains(&partition));
        if list.count() > 0 {
            let result = consumer.commit(&list, CommitMode::Sync);
            self.confirm(&result, &list);
        }
    }

    /// Hears what became of a commit.
    pub(crate) fn confirm(&self, result: &KafkaResult<()>, list: &TopicPartitionList) {
        let mut state = self.lock();
        state.in_flight = false;
        if let Err(error) = result {
            tracing::warn!(%error, "commit failed, it is repeated with the next one");
        }
        for element in list.elements() {
            let Some(settled) = state.partitions.get_mut(&element.partition()) else {
                continue;
            };
            let topic = self
                .topics
                .iter()
                .position(|topic| topic == element.topic());
            let confirmed = topic.and_then(|topic| settled.confirmed.get_mut(topic));
            match (result, element.error(), element.offset(), confirmed) {
                (Ok(()), Ok(()), Offset::Offset(offset), Some(confirmed)) => {
                    *confirmed = offset.max(*confirmed);
                }
                _ => settled.changed = true,
            }
        }
    }

    fn take_changed(&self, wanted: impl Fn(i32) -> bool) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        let mut state = self.lock();
        for (partition, settled) in &mut state.partitions {
            if !settled.changed || !wanted(*partition) {
                continue;
            }
            settled.changed = false;
            let metadata = offsets_to_text(&settled.fanned);
            for (topic, offset) in self.topics.iter().zip(&settled.offsets) {
                let mut element = list.add_partition(topic, *partition);
                element.set_metadata(&metadata);
                if let Err(error) = element.set_offset(Offset::Offset(*offset)) {
                    tracing::error!(%error, topic, offset, "offset cannot be committed");
                }
            }
        }
        list
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The books are whole between any two statements, so a panic elsewhere does not spoil them.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
