use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, OwnedMessage};
use rdkafka::topic_partition_list::TopicPartitionList;
use souk_schemas::Event;

use crate::active::Active;
use crate::backoff::Backoff;
use crate::dead_letter::DeadLetter;
use crate::decode::{Payload, decode_known, decode_unknown};
use crate::error::{Failure, RuntimeError};
use crate::ledger::Applied;
use crate::metrics;
use crate::projection::{Poison, Projection};
use crate::state::dimensions::SharedPlace;
use crate::state::facts::{Place, Verdict};
use crate::worker::{Answer, Stalled, Worker};

/// A batch is closed after so many records even if they touched nothing.
pub(super) const RECORDS_PER_BATCH: usize = 5_000;
/// Batches that wait for their bulk or dead letters; more would let memory grow while OpenSearch is away.
const UNSETTLED_BATCHES: usize = 64;
/// Events that are written and wait for a refresh.
const APPLIED_WAITING: usize = 500_000;
/// Dead letters that wait for Kafka.
pub(super) const LETTERS_WAITING: usize = 1_000;
/// Shared records whose documents are not searchable yet.
const SHARED_WAITING: usize = 50_000;
/// Changes that some partition has not gone through yet.
const CHANGES_WAITING: u64 = 10_000;
/// So long may reading stand still before the consumer is paused instead. The group expects to be polled, and pausing throws away
/// what was fetched, so neither extreme is right.
const STANDSTILL: Duration = Duration::from_secs(2);

/// Keeps the consumer polled while nothing may be read.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) stalled: bool,
    closed_since: Option<Instant>,
    wants_pause: bool,
    paused: bool,
}

impl Gate {
    /// Tells whether the consumer shall be polled now: to read, or paused, to stay a member.
    pub(super) fn polls(&mut self, may_read: bool, now: Instant) -> bool {
        if may_read {
            self.closed_since = None;
            self.wants_pause = false;
            return true;
        }
        let since = *self.closed_since.get_or_insert(now);
        self.wants_pause = now.duration_since(since) >= STANDSTILL;
        self.wants_pause
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.closed_since
            .filter(|_| !self.wants_pause)
            .map(|since| since + STANDSTILL)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }
}

impl<P: Projection> Worker<P> {
    /// There is room for more records: everything that waits is bounded.
    pub(super) fn may_read(&self) -> bool {
        !self.intake.stalled
            && self.ledger.num_unsettled() < UNSETTLED_BATCHES
            && self.settled.applied.len() < APPLIED_WAITING
            && self.num_letters_waiting < LETTERS_WAITING
            && self.num_touched() < self.sizes.documents_per_bulk()
            && self.ledger.num_records() < RECORDS_PER_BATCH
    }

    pub(super) fn may_read_shared(&self) -> bool {
        let slowest = self.active.values().map(Active::next_change).min();
        let waiting = slowest.map_or(0, |next| self.dimensions.changes.end().saturating_sub(next));
        waiting < CHANGES_WAITING && self.shared_waiting.len() < SHARED_WAITING
    }

    pub(super) fn num_touched(&self) -> usize {
        self.active
            .values()
            .map(|active| active.touched.len())
            .sum()
    }

    /// Pauses or resumes the consumer as the gate wants.
    pub(super) fn apply_gate(&mut self) {
        if self.intake.wants_pause == self.intake.paused {
            return;
        }
        let mut list = TopicPartitionList::new();
        for number in self.active.keys() {
            for topic in &self.topology.fact_topics {
                list.add_partition(topic, *number);
            }
        }
        let result = if self.intake.wants_pause {
            self.group.pause(&list)
        } else {
            self.group.resume(&list)
        };
        match result {
            Ok(()) => self.intake.paused = self.intake.wants_pause,
            Err(error) => tracing::warn!(%error, "consumer cannot be paused or resumed"),
        }
    }

    pub(super) fn take_fact_message(
        &mut self,
        message: Result<BorrowedMessage<'_>, KafkaError>,
    ) -> Result<(), RuntimeError> {
        let Some(message) = sound(message)? else {
            return Ok(());
        };
        let number = message.partition();
        if self.active.contains_key(&number) {
            return self.decode_fact(&message, BorrowedMessage::detach);
        }
        // The partition is paused until its state is there; should a record slip through, skipping it would lose it.
        if let Some(assignment) = self.assignments.get_mut(number) {
            assignment.early.push(message.detach());
        }
        Ok(())
    }

    /// Takes in a record that came before its partition could begin.
    pub(super) fn take_early(&mut self, message: &OwnedMessage) -> Result<(), RuntimeError> {
        self.decode_fact(message, OwnedMessage::clone)
    }

    fn decode_fact<M: Message>(
        &mut self,
        message: &M,
        detach: impl FnOnce(&M) -> OwnedMessage,
    ) -> Result<(), RuntimeError> {
        let Some(active) = self.active.get(&message.partition()) else {
            return Ok(());
        };
        let epoch = active.epoch;
        let Some((_, name)) = self.topology.fact(message.topic()) else {
            return Ok(());
        };
        if let Some(payload) = decode_known(&self.decoder, name, message.payload()) {
            return self.take_fact(message, payload);
        }
        let message = detach(message);
        self.stall(Stalled::Fact { epoch, message });
        Ok(())
    }

    pub(super) fn take_shared_message(
        &mut self,
        message: Result<BorrowedMessage<'_>, KafkaError>,
    ) -> Result<(), RuntimeError> {
        let Some(message) = sound(message)? else {
            return Ok(());
        };
        let Some((_, name)) = self.topology.shared(message.topic()) else {
            return Ok(());
        };
        if let Some(payload) = decode_known(&self.decoder, name, message.payload()) {
            return self.take_shared(&message, payload);
        }
        self.stall(Stalled::Shared(message.detach()));
        Ok(())
    }

    fn take_fact<M: Message>(
        &mut self,
        message: &M,
        payload: Result<Payload<'_>, Poison>,
    ) -> Result<(), RuntimeError> {
        let number = message.partition();
        let Some((topic, name)) = self.topology.fact(message.topic()) else {
            return Ok(());
        };
        let Some(active) = self.active.get_mut(&number) else {
            return Ok(());
        };
        let applied = applied(topic, message, &payload);
        let place = Place {
            topic,
            name,
            offset: message.offset(),
            key: message.key().unwrap_or_default(),
        };
        let verdict = active
            .state
            .take(&*self.projection, place, payload, &mut active.touched);
        active.note_moved();
        self.ledger.note_record();
        self.upkeep.note_record();
        match verdict {
            Verdict::Applied => {
                self.poison_run = 0;
                for applied in applied {
                    self.ledger.note_applied(applied);
                }
            }
            Verdict::Repeated => {}
            Verdict::Parked => {
                let poison = Poison::new("key_parked", "an earlier record of this key was poison");
                self.send_letter(letter(name, message, &poison));
            }
            Verdict::Poisoned(poison) => {
                self.send_letter(letter(name, message, &poison));
                self.count_poison(message, poison)?;
            }
        }
        Ok(())
    }

    fn take_shared<M: Message>(
        &mut self,
        message: &M,
        payload: Result<Payload<'_>, Poison>,
    ) -> Result<(), RuntimeError> {
        let Some((topic, name)) = self.topology.shared(message.topic()) else {
            return Ok(());
        };
        let Ok(partition) = usize::try_from(message.partition()) else {
            return Ok(());
        };
        let carried = applied(topic, message, &payload);
        let place = SharedPlace {
            topic,
            name,
            partition,
            offset: message.offset(),
            key: message.key().unwrap_or_default(),
            value: message.payload(),
        };
        let verdict = self.dimensions.take(&*self.projection, place, payload);
        self.upkeep.note_shared_record();
        match verdict {
            Verdict::Applied => self.poison_run = 0,
            Verdict::Repeated | Verdict::Parked => {}
            Verdict::Poisoned(poison) => self.count_poison(message, poison)?,
        }
        if !self.active.is_empty() {
            let change = self.dimensions.changes.end();
            let mut carried = carried.into_iter();
            let first = carried.next();
            self.shared_waiting
                .push(change, topic, message.partition(), message.offset(), first);
            for more in carried {
                self.shared_waiting.push(
                    change,
                    topic,
                    message.partition(),
                    message.offset(),
                    Some(more),
                );
            }
        }
        self.check_shared_read()
    }

    /// Fetches the schema elsewhere; reading goes on when it is there, however long the registry is away.
    fn stall(&mut self, stalled: Stalled) {
        self.intake.stalled = true;
        let decoder = self.decoder.clone();
        let answer = self.answer.clone();
        let task = async move {
            let (Stalled::Fact { message, .. } | Stalled::Shared(message)) = &stalled;
            let mut backoff = Backoff::default();
            let result = loop {
                match decode_unknown(&decoder, message.payload().unwrap_or_default()).await {
                    Ok(event) => break Ok(Box::new(event)),
                    Err(Failure::Poison(poison)) => break Err(poison),
                    Err(Failure::Retry(reason)) => {
                        tracing::warn!(reason, "schema registry cannot be asked, trying again");
                    }
                }
                backoff.pause().await;
            };
            drop(answer.send(Answer::Decoded { stalled, result }).await);
        };
        self.tasks.spawn_on(task, &self.runtime);
    }

    pub(super) fn take_decoded(
        &mut self,
        stalled: Stalled,
        result: Result<Box<Event>, Poison>,
    ) -> Result<(), RuntimeError> {
        self.intake.stalled = false;
        let payload = result.map(Payload::Event);
        match stalled {
            Stalled::Shared(message) => self.take_shared(&message, payload),
            Stalled::Fact { epoch, message } => match self.active.get(&message.partition()) {
                Some(active) if active.epoch == epoch => self.take_fact(&message, payload),
                _ => Ok(()),
            },
        }
    }

    /// Holds the open batch until the letter is safe.
    pub(super) fn send_letter(&mut self, letter: DeadLetter) {
        let number = self.ledger.owe();
        self.queue_letter(number, letter);
    }

    pub(super) fn queue_letter(&mut self, number: u64, letter: DeadLetter) {
        tracing::warn!(
            topic = letter.topic,
            partition = letter.partition,
            offset = letter.offset,
            code = letter.code,
            "dead letter"
        );
        metrics::dead_letter(self.projection.name());
        self.status
            .send_modify(|status| status.num_dead_letters += 1);
        self.num_letters_waiting += 1;
        self.letters_out.push_back((number, letter));
    }

    fn count_poison<M: Message>(
        &mut self,
        message: &M,
        poison: Poison,
    ) -> Result<(), RuntimeError> {
        self.poison_run += 1;
        if self.poison_run < self.config.max_dead_letters_in_a_row {
            return Ok(());
        }
        Err(RuntimeError::TooManyDeadLetters {
            count: self.poison_run,
            position: format!(
                "{}-{}@{}",
                message.topic(),
                message.partition(),
                message.offset()
            ),
            poison,
        })
    }
}

/// Passing errors are librdkafka's to mend; it reports them for information.
fn sound(
    message: Result<BorrowedMessage<'_>, KafkaError>,
) -> Result<Option<BorrowedMessage<'_>>, RuntimeError> {
    match message {
        Ok(message) => Ok(Some(message)),
        Err(error @ KafkaError::MessageConsumptionFatal(_)) => Err(RuntimeError::Kafka(error)),
        Err(error) => {
            tracing::warn!(%error, "consumer has a problem");
            Ok(None)
        }
    }
}

fn applied<M: Message>(
    topic: usize,
    message: &M,
    payload: &Result<Payload<'_>, Poison>,
) -> Vec<Applied> {
    let Ok(payload) = payload else {
        return Vec::new();
    };
    let occurred_at = payload
        .occurred_at()
        .or_else(|| message.timestamp().to_millis().map(|millis| millis * 1000));
    let carried = payload.carried().into_iter();
    carried
        .map(|(aggregate, id, sequence)| Applied {
            topic,
            partition: message.partition(),
            aggregate,
            id,
            sequence,
            occurred_at: occurred_at.unwrap_or_default(),
        })
        .collect()
}

fn letter<M: Message>(name: &str, message: &M, poison: &Poison) -> DeadLetter {
    DeadLetter {
        topic: name.to_owned(),
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().unwrap_or_default().to_vec(),
        value: message.payload().map(<[u8]>::to_vec),
        code: poison.code.to_owned(),
        message: poison.message.clone(),
    }
}
