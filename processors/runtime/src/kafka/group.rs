use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::Notify;

use crate::backoff::Backoff;
use crate::kafka::commits::Commits;

/// What the group decided; the worker hears it after the consumer has acted on it.
#[derive(Debug)]
pub(crate) enum Rebalanced {
    /// These partitions are ours now. They are paused until the worker has their state.
    Assigned(Vec<Assigned>),
    /// Topic and partition that somebody else may own by now.
    Revoked(Vec<(String, i32)>),
}

#[derive(Debug)]
pub(crate) struct Assigned {
    /// With prefix.
    pub(crate) topic: String,
    pub(crate) partition: i32,
    /// The offset the consumer starts from; `None` when nothing was ever committed and it starts from the beginning.
    pub(crate) committed: Option<i64>,
    /// What was committed with it.
    pub(crate) metadata: String,
}

/// Hears of rebalances and commits, on the worker's own thread, inside a poll of the consumer.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) commits: Commits,
    rebalances: Mutex<VecDeque<Rebalanced>>,
    pub(crate) rebalanced: Notify,
    /// Set when the worker dies without a drain: then nothing is committed any more.
    abandoned: AtomicBool,
}

impl Group {
    pub(crate) fn new(topics: Vec<String>) -> Self {
        Self {
            commits: Commits::new(topics),
            rebalances: Mutex::default(),
            rebalanced: Notify::new(),
            abandoned: AtomicBool::new(false),
        }
    }

    pub(crate) fn next_rebalance(&self) -> Option<Rebalanced> {
        self.rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }

    fn tell(&self, rebalanced: Rebalanced) {
        self.rebalances
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(rebalanced);
        self.rebalanced.notify_one();
    }

    fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &mut TopicPartitionList,
    ) -> KafkaResult<()> {
        let committed = self.read_committed(consumer, list);
        let mut assigned = Vec::new();
        for element in committed.elements() {
            let offset = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            // State is restored up to exactly this offset, so the consumer is told it rather than left to ask again.
            let start = offset.map_or(Offset::Beginning, Offset::Offset);
            list.set_partition_offset(element.topic(), element.partition(), start)?;
            assigned.push(Assigned {
                topic: element.topic().to_owned(),
                partition: element.partition(),
                committed: offset,
                metadata: element.metadata().to_owned(),
            });
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(list)?,
            _ => consumer.assign(list)?,
        }
        if !assigned.is_empty() {
            consumer.pause(list)?;
        }
        self.tell(Rebalanced::Assigned(assigned));
        Ok(())
    }

    /// Asks the broker until it answers: without the offsets nothing can be read, and giving the partitions back is not ours to decide.
    fn read_committed(
        &self,
        consumer: &BaseConsumer<Self>,
        list: &TopicPartitionList,
    ) -> TopicPartitionList {
        let mut backoff = Backoff::default();
        loop {
            let error = match consumer.committed_offsets(list.clone(), Duration::from_secs(10)) {
                Ok(committed) => match committed
                    .elements()
                    .iter()
                    .find_map(|element| element.error().err())
                {
                    None => return committed,
                    Some(error) => error,
                },
                Err(error) => error,
            };
            if self.is_abandoned() {
                return TopicPartitionList::new();
            }
            tracing::warn!(%error, "committed offsets cannot be read, trying again");
            thread::sleep(backoff.step());
        }
    }

    fn revoke(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> KafkaResult<()> {
        let revoked: Vec<(String, i32)> = list
            .elements()
            .iter()
            .map(|element| (element.topic().to_owned(), element.partition()))
            .collect();
        let partitions: Vec<i32> = revoked.iter().map(|(_, partition)| *partition).collect();
        if !self.is_abandoned() && !consumer.assignment_lost() {
            self.commits.commit_and_wait(consumer, &partitions);
        }
        for partition in partitions {
            self.commits.close(partition);
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list)?,
            _ => consumer.unassign()?,
        }
        self.tell(Rebalanced::Revoked(revoked));
        Ok(())
    }
}

impl ClientContext for Group {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka client has a problem");
    }
}

impl ConsumerContext for Group {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let result = match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.assign(consumer, list),
            _ => self.revoke(consumer, list),
        };
        if let Err(error) = result {
            tracing::error!(%error, "rebalance could not be carried out");
        }
    }
}
