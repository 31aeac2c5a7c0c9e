use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use souk_platform::clock::now_micros;

use crate::active::Active;
use crate::error::RuntimeError;
use crate::metrics;
use crate::projection::Projection;
use crate::worker::{Answer, Supply, Worker};

/// How often the ends of the partitions are asked for: lag, and `as_of` of partitions that have nothing new.
const ENDS_EVERY: Duration = Duration::from_secs(1);
/// An instance that was given no partition by then is a spare one, and ready.
const JOIN_PATIENCE: Duration = Duration::from_secs(10);

/// What has to be done now and then.
#[derive(Debug)]
pub(super) struct Upkeep {
    started: Instant,
    was_assigned: bool,
    next_commit: Instant,
    next_ends: Instant,
    asking_ends: bool,
    num_records: u64,
    next_snapshot: Instant,
    shared_changed: bool,
    snapshot: Snapshot,
}

#[derive(Debug)]
enum Snapshot {
    None,
    /// Serialised; must wait until its offsets are committed.
    Waiting(WaitingSnapshot),
    /// On its way to the disk.
    Writing,
}

#[derive(Debug)]
struct WaitingSnapshot {
    number: i32,
    epoch: u64,
    offsets: Vec<i64>,
    bytes: Vec<u8>,
}

/// Where partitions ended.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Microseconds: the moment before they were asked for.
    at: i64,
    /// Topic with prefix, partition, offset; `None` when Kafka did not answer.
    ends: Option<Vec<(String, i32, i64)>>,
}

impl Upkeep {
    pub(super) fn new(now: Instant, snapshot_every: Duration) -> Self {
        Self {
            started: now,
            was_assigned: false,
            next_commit: now,
            next_ends: now,
            asking_ends: false,
            num_records: 0,
            next_snapshot: now + snapshot_every,
            shared_changed: false,
            snapshot: Snapshot::None,
        }
    }

    pub(super) fn note_assignment(&mut self) {
        self.was_assigned = true;
    }

    pub(super) fn has_joined(&self) -> bool {
        self.was_assigned || self.started.elapsed() > JOIN_PATIENCE
    }

    pub(super) fn note_record(&mut self) {
        self.num_records += 1;
    }

    pub(super) fn note_shared_record(&mut self) {
        self.num_records += 1;
        self.shared_changed = true;
    }

    pub(super) fn snapshot_done(&mut self) {
        self.snapshot = Snapshot::None;
    }
}

impl<P: Projection> Worker<P> {
    /// Commits, asks for ends and takes snapshots when it is time.
    pub(super) fn keep_up(&mut self) {
        let now = Instant::now();
        if now >= self.upkeep.next_commit && self.group.context().commits.is_due() {
            self.commit();
            self.upkeep.next_commit = now + self.config.commit_every;
        }
        if now >= self.upkeep.next_ends {
            self.upkeep.next_ends = now + ENDS_EVERY;
            metrics::records(
                self.projection.name(),
                std::mem::take(&mut self.upkeep.num_records),
            );
            self.show_status();
            self.ask_ends();
        }
        self.install_snapshot();
        if now >= self.upkeep.next_snapshot {
            self.take_snapshot();
            // One partition at a time, evenly spread, so that no record waits for more than one of them.
            let share = u32::try_from(self.active.len() + 1).unwrap_or(1);
            self.upkeep.next_snapshot = now + self.config.snapshot_every / share;
        }
    }

    /// When to wake up if nothing happens before.
    pub(super) fn next_deadline(&self, now: Instant) -> Instant {
        let commit = self
            .group
            .context()
            .commits
            .is_due()
            .then_some(self.upkeep.next_commit);
        let refresh =
            (self.settled.wrote && self.refreshing.is_none()).then(|| self.freshness.next(now));
        let write = (self.num_touched() > 0 && self.bulks.is_empty()).then(|| self.next_write());
        [
            commit,
            write,
            refresh,
            self.intake.deadline(),
            Some(self.upkeep.next_snapshot),
        ]
        .into_iter()
        .flatten()
        .fold(self.upkeep.next_ends, Instant::min)
    }

    /// On a thread of its own, because librdkafka reports the outcome of a manual commit only to those who wait for it.
    fn commit(&mut self) {
        let Some(list) = self.group.context().commits.take() else {
            return;
        };
        let (group, answer) = (self.group.clone(), self.answer.clone());
        self.tasks.spawn_blocking_on(
            move || {
                let result = group.commit(&list, CommitMode::Sync);
                group.context().commits.confirm(&result, &list);
                drop(group);
                drop(answer.blocking_send(Answer::Committed));
            },
            &self.runtime,
        );
    }

    fn ask_ends(&mut self) {
        if self.upkeep.asking_ends {
            return;
        }
        self.upkeep.asking_ends = true;
        let list = self.everything_read();
        let (consumer, answer) = (self.shared.clone(), self.answer.clone());
        self.tasks.spawn_blocking_on(
            move || {
                let at = now_micros();
                let ends = match list.and_then(|list| ends(&consumer, list)) {
                    Ok(ends) => Some(ends),
                    Err(error) => {
                        tracing::warn!(%error, "ends of partitions cannot be asked for");
                        None
                    }
                };
                drop(answer.blocking_send(Answer::Ends(Ends { at, ends })));
            },
            &self.runtime,
        );
    }

    fn everything_read(&self) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::new();
        for number in self.active.keys() {
            for topic in &self.topology.fact_topics {
                list.add_partition_offset(topic, *number, Offset::End)?;
            }
        }
        for (topic, count) in self
            .topology
            .shared_topics
            .iter()
            .zip(&self.topology.shared_partitions)
        {
            for number in (0..*count).filter_map(|number| i32::try_from(number).ok()) {
                list.add_partition_offset(topic, number, Offset::End)?;
            }
        }
        Ok(list)
    }

    pub(super) fn take_ends(&mut self, ends: &Ends) {
        self.upkeep.asking_ends = false;
        let Some(found) = &ends.ends else { return };
        let mut lag = 0;
        let mut oldest = ends.at;
        for (topic, number, end) in found {
            let (missing, as_of) = match self.topology.fact(topic) {
                Some((position, name)) => self.fact_at_end(position, name, *number, *end, ends.at),
                None => self.shared_at_end(topic, *number, *end, ends.at),
            };
            lag += missing;
            if missing > 0 {
                oldest = as_of.unwrap_or(ends.at).min(oldest);
            }
        }
        let behind = Duration::from_micros(u64::try_from(ends.at - oldest).unwrap_or_default());
        metrics::lag(self.projection.name(), lag, behind);
        self.status
            .send_if_modified(|status| std::mem::replace(&mut status.lag_records, lag) != lag);
    }

    /// Returns how many records are missing and the newest moment told.
    fn fact_at_end(
        &mut self,
        position: usize,
        name: &'static str,
        number: i32,
        end: i64,
        at: i64,
    ) -> (i64, Option<i64>) {
        let settled = self.group.context().commits.settled(number);
        let Some(offset) = settled.and_then(|offsets| offsets.get(position).copied()) else {
            return (0, None);
        };
        if offset >= end {
            self.publisher.publish_idle(name, number, offset, at);
        }
        ((end - offset).max(0), self.publisher.as_of(name, number))
    }

    fn shared_at_end(&mut self, topic: &str, number: i32, end: i64, at: i64) -> (i64, Option<i64>) {
        let Some((position, name)) = self.topology.shared(topic) else {
            return (0, None);
        };
        let read = usize::try_from(number)
            .ok()
            .and_then(|number| self.dimensions.offsets.get(position)?.get(number).copied());
        let offset = read.unwrap_or_default();
        if offset >= end && self.shared_waiting.len() == 0 && !self.active.is_empty() {
            self.publisher.publish_idle(name, number, offset, at);
        }
        ((end - offset).max(0), self.publisher.as_of(name, number))
    }

    /// Serialises the partition with the most news, or the shared state. A partition's snapshot must not be used before its offsets
    /// are committed, so it waits in memory until they are.
    fn take_snapshot(&mut self) {
        if !matches!(self.upkeep.snapshot, Snapshot::None) {
            return;
        }
        if std::mem::take(&mut self.upkeep.shared_changed) && self.shared_ends.is_empty() {
            self.write_snapshot("shared".to_owned(), self.snapshots.encode(&self.dimensions));
            return;
        }
        let busiest = self
            .active
            .values_mut()
            .max_by_key(|active| active.records_since_snapshot);
        let Some(active) = busiest.filter(|active| active.records_since_snapshot > 0) else {
            return;
        };
        active.records_since_snapshot = 0;
        match self.snapshots.encode(&active.state) {
            Ok(bytes) => {
                self.upkeep.snapshot = Snapshot::Waiting(WaitingSnapshot {
                    number: active.number,
                    epoch: active.epoch,
                    offsets: active.state.offsets.clone(),
                    bytes,
                });
            }
            Err(error) => tracing::error!(%error, "state cannot be serialised"),
        }
    }

    fn install_snapshot(&mut self) {
        let waiting = match std::mem::replace(&mut self.upkeep.snapshot, Snapshot::None) {
            Snapshot::Waiting(waiting) => waiting,
            other => {
                self.upkeep.snapshot = other;
                return;
            }
        };
        if self
            .active
            .get(&waiting.number)
            .is_none_or(|active| active.epoch != waiting.epoch)
        {
            return;
        }
        if self
            .group
            .context()
            .commits
            .is_confirmed(waiting.number, &waiting.offsets)
        {
            self.write_snapshot(waiting.number.to_string(), Ok(waiting.bytes));
        } else {
            self.upkeep.snapshot = Snapshot::Waiting(waiting);
        }
    }

    fn write_snapshot(&mut self, name: String, bytes: Result<Vec<u8>, postcard::Error>) {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::error!(%error, "state cannot be serialised");
                return;
            }
        };
        self.upkeep.snapshot = Snapshot::Writing;
        let (snapshots, answer) = (self.snapshots.clone(), self.answer.clone());
        self.tasks.spawn_blocking_on(
            move || {
                if let Err(error) = snapshots.write(&name, &bytes) {
                    tracing::error!(%error, name, "snapshot cannot be written");
                }
                drop(answer.blocking_send(Answer::SnapshotDone));
            },
            &self.runtime,
        );
    }

    /// Finishes what was read: writes it, makes it searchable, commits and takes snapshots. Gives up after a while, since everything
    /// not committed is done again after the next start.
    pub(super) async fn drain(&mut self) -> Result<(), RuntimeError> {
        let name = self.projection.name();
        let deadline = Instant::now() + self.config.drain;
        self.intake.stalled = true;
        // The slow lane is taken up again by whoever has the partition next.
        self.config.slow_lane_documents = 0;
        while !self.is_drained() {
            self.flush(Supply::Dry);
            self.settle();
            self.refresh();
            self.pump_letters();
            self.check_tasks()?;
            if self.is_drained() {
                break;
            }
            tokio::select! {
                Some(answer) = self.answers.recv() => self.take_answer(answer)?,
                () = tokio::time::sleep_until(deadline.into()) => {
                    tracing::warn!(processor = name, "not everything could be written before the end; it is done again after the next start");
                    break;
                }
            }
            self.follow_rebalances()?;
        }
        let numbers: Vec<i32> = self.active.keys().copied().collect();
        self.group
            .context()
            .commits
            .commit_and_wait(&*self.group, &numbers);
        self.save_snapshots();
        self.assignments.cancel_all();
        self.producer.flush(Duration::from_secs(5));
        tracing::info!(processor = name, "processor has ended");
        Ok(())
    }

    fn is_drained(&self) -> bool {
        self.num_touched() == 0
            && self.bulks.is_empty()
            && self.num_letters_waiting == 0
            && self.ledger.num_unsettled() == 0
            && self.refreshing.is_none()
            && self.settled.is_empty()
            && !self.active.values().any(Active::has_moved)
    }

    fn save_snapshots(&mut self) {
        let waiting = match &self.upkeep.snapshot {
            Snapshot::Waiting(waiting) => Some(waiting.number),
            Snapshot::None | Snapshot::Writing => None,
        };
        for active in self.active.values() {
            let changed = active.records_since_snapshot > 0 || waiting == Some(active.number);
            if !changed
                || !self
                    .group
                    .context()
                    .commits
                    .is_confirmed(active.number, &active.state.offsets)
            {
                continue;
            }
            self.save_snapshot(
                &active.number.to_string(),
                &self.snapshots.encode(&active.state),
            );
        }
        if self.upkeep.shared_changed && self.shared_ends.is_empty() {
            self.save_snapshot("shared", &self.snapshots.encode(&self.dimensions));
        }
    }

    fn save_snapshot(&self, name: &str, bytes: &Result<Vec<u8>, postcard::Error>) {
        match bytes {
            Ok(bytes) => {
                if let Err(error) = self.snapshots.write(name, bytes) {
                    tracing::error!(%error, name, "snapshot cannot be written");
                }
            }
            Err(error) => tracing::error!(%error, name, "state cannot be serialised"),
        }
    }
}

/// Asks for the ends of all partitions at once. Blocks.
fn ends(
    consumer: &Arc<StreamConsumer>,
    list: TopicPartitionList,
) -> KafkaResult<Vec<(String, i32, i64)>> {
    if list.count() == 0 {
        return Ok(Vec::new());
    }
    let found = consumer.offsets_for_times(list, Duration::from_secs(10))?;
    let mut ends = Vec::new();
    for element in found.elements() {
        element.error()?;
        if let Offset::Offset(offset) = element.offset() {
            ends.push((element.topic().to_owned(), element.partition(), offset));
        }
    }
    Ok(ends)
}
