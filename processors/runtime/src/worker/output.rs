use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use souk_platform::clock::now_micros;
use tokio::sync::mpsc::error::TrySendError;

use crate::active::Active;
use crate::dead_letter::DeadLetter;
use crate::ledger::Report;
use crate::metrics;
use crate::progress::{Batch, is_recent};
use crate::projection::Projection;
use crate::sink::{Rejected, Written};
use crate::target::{Output, Target};
use crate::worker::intake::RECORDS_PER_BATCH;
use crate::worker::{Answer, Supply, Worker};

/// A bulk on its way.
pub(super) struct InFlight {
    batch: u64,
    /// It carries documents that were touched just now, not only ones of the slow lane.
    fresh: bool,
    sent: Instant,
}

/// How many documents make a bulk of the size wanted.
#[derive(Debug)]
pub(super) struct Sizes {
    max_bytes: usize,
    /// What OpenSearch takes without complaint, at most `max_bytes`.
    target_bytes: usize,
    bytes_per_document: usize,
}

impl Sizes {
    const MIN_BYTES: usize = 64 * 1024;

    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            target_bytes: max_bytes,
            bytes_per_document: 600,
        }
    }

    pub(super) fn documents_per_bulk(&self) -> usize {
        (self.target_bytes / self.bytes_per_document).clamp(16, 20_000)
    }

    fn learn(&mut self, documents: usize, bytes: usize) {
        if let Some(average) = bytes.checked_div(documents) {
            self.bytes_per_document = ((self.bytes_per_document * 3 + average) / 4).max(1);
        }
    }

    /// Halves the bulks when OpenSearch pushes back, and lets them grow again step by step.
    fn adapt(&mut self, throttled: bool) {
        self.target_bytes = if throttled {
            (self.target_bytes / 2).max(Self::MIN_BYTES.min(self.max_bytes))
        } else {
            (self.target_bytes + self.max_bytes / 16).min(self.max_bytes)
        };
    }

    /// In thousandths of the size wanted.
    fn fill(&self, bytes: usize) -> u32 {
        u32::try_from(bytes * 1000 / self.max_bytes).unwrap_or(u32::MAX)
    }
}

impl<P: Projection> Worker<P> {
    /// Lets every partition go through what the shared topics changed.
    pub(super) fn fan_out(&mut self) {
        let mut letters = Vec::new();
        for active in self.active.values_mut() {
            letters.extend(active.fan_out(
                &self.projection,
                &self.dimensions.changes,
                &self.dimensions.offsets,
                self.topology.num_partitions,
            ));
        }
        for letter in letters {
            self.send_letter(letter);
        }
        // A partition that is still on its way may need what is older.
        if self.upkeep.has_joined() && self.shared_ends.is_empty() && self.assignments.is_empty() {
            let slowest = self.active.values().map(Active::next_change).min();
            self.dimensions
                .trim_changes(slowest.unwrap_or(self.dimensions.changes.end()));
        }
        self.pump_letters();
    }

    /// Closes the batch and sends its documents, when there is reason to.
    pub(super) fn flush(&mut self, supply: Supply) {
        while self.should_flush(supply) {
            self.send_batch();
        }
    }

    /// When quiet, a record goes out at once; when busy, bulks fill up while earlier ones are on their way.
    fn should_flush(&self, supply: Supply) -> bool {
        let touched = self.num_touched();
        let slow =
            self.config.slow_lane_documents > 0 && self.active.values().any(Active::has_slow);
        let moved = self.active.values().any(Active::has_moved);
        if touched == 0 && !slow {
            return moved
                && (supply == Supply::Dry || self.ledger.num_records() >= RECORDS_PER_BATCH);
        }
        if self.bulks.len() >= self.config.bulks_in_flight {
            return false;
        }
        if touched >= self.sizes.documents_per_bulk()
            || self.ledger.num_records() >= RECORDS_PER_BATCH
        {
            return true;
        }
        if supply == Supply::More {
            return false;
        }
        if touched == 0 {
            return self.bulks.is_empty();
        }
        !self.bulks.iter().any(|bulk| bulk.fresh) && self.next_write() <= Instant::now()
    }

    /// When a small bulk is to be sent.
    pub(super) fn next_write(&self) -> Instant {
        let now = Instant::now();
        if !self.target.needs_refresh() || self.shutdown.is_cancelled() {
            return now;
        }
        if self.refreshing.is_some() && self.settled.wrote {
            // One bulk waits for the next refresh already; the end of this one wakes us.
            return now + self.config.refresh_max;
        }
        self.freshness.next_write(now)
    }

    fn send_batch(&mut self) {
        let output = self.render_touched();
        if self.num_touched() > 0 {
            // Large documents: the rest goes with the next bulk, and the batch stays open until then.
            let batch = self.owe_bulk();
            self.send(batch, true, output);
            return;
        }
        let fresh = output.len() > 0;
        let output = self.render_slow(output);
        let marks = self
            .active
            .values_mut()
            .filter_map(|active| Some((active.number, active.mark()?)))
            .collect();
        if output.len() == 0 {
            self.ledger.close(marks);
            return;
        }
        self.sizes.learn(output.len(), output.num_bytes());
        self.freshness.sent(self.sizes.fill(output.num_bytes()));
        let batch = self.owe_bulk();
        self.ledger.close(marks);
        self.send(batch, fresh, output);
    }

    fn owe_bulk(&mut self) -> u64 {
        if self.target.needs_refresh() {
            self.ledger.note_written();
        }
        self.ledger.owe()
    }

    /// Renders what was touched, up to twice the size of a bulk.
    fn render_touched(&mut self) -> Output {
        let limit = 2 * self.sizes.max_bytes;
        let expected = self.num_touched() * self.sizes.bytes_per_document;
        let mut output = self.target.output(expected.min(limit));
        let num_bytes = Cell::new(0);
        for active in self.active.values_mut() {
            for key in active.touched.drain_while(|| num_bytes.get() < limit) {
                output.push(self.projection.render(
                    &active.state.content,
                    &self.dimensions.shared,
                    &key,
                ));
                num_bytes.set(output.num_bytes());
            }
        }
        output
    }

    /// Lets some documents of the slow lane go along.
    fn render_slow(&mut self, mut output: Output) -> Output {
        let mut budget = self.config.slow_lane_documents;
        for active in self.active.values_mut() {
            let keys = active.take_slow(budget);
            budget -= keys.len();
            for key in keys {
                output.push(self.projection.render(
                    &active.state.content,
                    &self.dimensions.shared,
                    &key,
                ));
            }
        }
        output
    }

    fn send(&mut self, batch: u64, fresh: bool, output: Output) {
        let processor = self.projection.name();
        metrics::documents(processor, output.len());
        tracing::debug!(
            processor,
            documents = output.len(),
            bytes = output.num_bytes(),
            "bulk is sent"
        );
        self.bulks.push(InFlight {
            batch,
            fresh,
            sent: Instant::now(),
        });
        let (target, answer) = (self.target.clone(), self.answer.clone());
        let write = async move {
            let result = target.write(output).await;
            drop(answer.send(Answer::Written { batch, result }).await);
        };
        self.tasks.spawn_on(write, &self.runtime);
    }

    pub(super) fn take_written(&mut self, batch: u64, written: Written) {
        if let Some(position) = self.bulks.iter().position(|bulk| bulk.batch == batch) {
            let bulk = self.bulks.remove(position);
            self.freshness.written(bulk.sent.elapsed());
        }
        self.sizes.adapt(written.throttled);
        for rejected in written.rejected {
            self.ledger.owe_more(batch);
            let letter = self.letter_of_document(rejected);
            self.queue_letter(batch, letter);
        }
        self.ledger.pay(batch);
    }

    /// A rejected document is not one record's fault, so it names no offset, and nothing is parked: the state is sound, and the next
    /// version of the document is tried by itself.
    fn letter_of_document(&self, rejected: Rejected) -> DeadLetter {
        DeadLetter {
            topic: self
                .topology
                .facts
                .first()
                .map(|topic| (*topic).to_owned())
                .unwrap_or_default(),
            partition: -1,
            offset: -1,
            key: rejected.id.into_bytes(),
            value: Some(rejected.body),
            code: rejected.reason.kind.clone(),
            message: rejected.reason.to_string(),
        }
    }

    pub(super) fn pump_letters(&mut self) {
        while let Some(letter) = self.letters_out.pop_front() {
            if let Err(TrySendError::Full(letter)) = self.letters.try_send(letter) {
                self.letters_out.push_front(letter);
                return;
            }
        }
    }

    /// Hands on what is written for good: at once when nothing waits for a refresh, else with the next refresh.
    pub(super) fn settle(&mut self) {
        self.settled.absorb(self.ledger.settle());
        if !self.settled.is_empty() && !self.settled.wrote && self.refreshing.is_none() {
            let report = std::mem::take(&mut self.settled);
            self.publish(&report);
        }
    }

    /// Starts a refresh when one is due. It covers every bulk answered before it starts.
    pub(super) fn refresh(&mut self) {
        let now = Instant::now();
        if !self.settled.wrote
            || self.refreshing.is_some()
            || (self.freshness.next(now) > now && !self.shutdown.is_cancelled())
        {
            return;
        }
        let Target::Index(sink) = &self.target else {
            return;
        };
        self.refreshing = Some(std::mem::take(&mut self.settled));
        self.freshness.started(now);
        let (sink, answer) = (sink.clone(), self.answer.clone());
        let refresh = async move {
            let took = sink.refresh().await;
            drop(answer.send(Answer::Refreshed(took)).await);
        };
        self.tasks.spawn_on(refresh, &self.runtime);
    }

    pub(super) fn take_refreshed(&mut self, took: Duration) {
        self.freshness.finished(took);
        if let Some(report) = self.refreshing.take() {
            self.publish(&report);
        }
    }

    /// Everything in `report` is searchable: it may be committed, and those who wait for it are told.
    fn publish(&mut self, report: &Report) {
        tracing::debug!(
            processor = self.projection.name(),
            events = report.applied.len(),
            "batch is settled"
        );
        let now = now_micros();
        let mut batches: BTreeMap<(i32, usize), Batch> = BTreeMap::new();
        for applied in &report.applied {
            batches
                .entry((applied.partition, applied.topic))
                .or_default()
                .add(applied, now);
            self.observe(applied.occurred_at, now);
        }
        for (number, mark) in &report.marks {
            let Some(active) = self.active.get_mut(number) else {
                continue;
            };
            if active.epoch != mark.epoch {
                continue;
            }
            active.visible_changes = mark.changes_seen;
            self.group
                .context()
                .commits
                .settle(*number, &mark.offsets, &mark.fanned);
            for (topic, (name, offset)) in self.topology.facts.iter().zip(&mark.offsets).enumerate()
            {
                if let Some(batch) = batches.remove(&(*number, topic)) {
                    self.publisher.publish(name, *number, *offset, batch);
                }
            }
        }
        self.publish_shared(now);
    }

    /// A shared record is searchable once every partition of ours shows it.
    fn publish_shared(&mut self, now: i64) {
        let Some(visible) = self
            .active
            .values()
            .map(|active| active.visible_changes)
            .min()
        else {
            self.shared_waiting.clear();
            return;
        };
        for ((topic, partition), (offset, batch)) in self.shared_waiting.take_visible(visible, now)
        {
            if let Some(name) = self.topology.shared.get(topic) {
                self.publisher.publish(name, partition, offset, batch);
            }
        }
    }

    fn observe(&self, occurred_at: i64, now: i64) {
        if is_recent(occurred_at, now) {
            let micros = u64::try_from(now - occurred_at).unwrap_or_default();
            metrics::event_to_searchable(self.projection.name(), Duration::from_micros(micros));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulks_shrink_under_back_pressure_and_grow_back() {
        let mut sizes = Sizes::new(1_000_000);
        sizes.learn(100, 100_000);
        let before = sizes.documents_per_bulk();
        sizes.adapt(true);
        assert!(sizes.documents_per_bulk() < before);
        for _ in 0..10 {
            sizes.adapt(true);
        }
        assert_eq!(sizes.target_bytes, Sizes::MIN_BYTES);
        for _ in 0..20 {
            sizes.adapt(false);
        }
        assert_eq!(sizes.target_bytes, 1_000_000);
    }
}
