use std::collections::BTreeSet;

use crate::dead_letter::DeadLetter;
use crate::ledger::Mark;
use crate::projection::{Projection, Touched};
use crate::state::changes::{ChangeLog, SharedOffsets, What};
use crate::state::dimensions::Dimensions;
use crate::state::facts::Facts;

/// A partition goes through no further changes while so many documents wait in its slow lane.
const SLOW_LANE_LIMIT: usize = 20_000;

/// A partition that is ours and whose state is complete.
pub(crate) struct Active<P: Projection> {
    pub(crate) number: i32,
    /// Of this assignment.
    pub(crate) epoch: u64,
    pub(crate) state: Facts<P::Facts>,
    /// Documents to be written at once.
    pub(crate) touched: Touched<P::Key>,
    /// Documents that show a changed dimension, to be written by and by.
    slow_lane: BTreeSet<P::Key>,
    /// The next change to go through.
    next_change: u64,
    /// What was gone through, its documents being in the slow lane or past it.
    gone_through: SharedOffsets,
    /// What was gone through and whose documents have all left the slow lane.
    fanned: SharedOffsets,
    fanned_changes: u64,
    /// Something moved since the last mark.
    moved: bool,
    /// Change numbers up to here are searchable in every document of this partition.
    pub(crate) visible_changes: u64,
    pub(crate) records_since_snapshot: u64,
}

impl<P: Projection> Active<P> {
    /// `fanned` is how far the changes of the shared topics are in every document, as committed; `None` when not known.
    pub(crate) fn new(
        projection: &P,
        number: i32,
        epoch: u64,
        state: Facts<P::Facts>,
        fanned: Option<SharedOffsets>,
        dimensions: &Dimensions<P::Shared, P::Change>,
    ) -> Self {
        let changes = &dimensions.changes;
        let known = fanned.filter(|fanned| changes.reaches_back_to(fanned));
        let slow_lane: BTreeSet<P::Key> = match known {
            Some(_) => BTreeSet::new(),
            // What the documents missed cannot be told any more, so all of them are rendered again.
            None => projection.keys(&state.content).into_iter().collect(),
        };
        if !slow_lane.is_empty() {
            tracing::info!(
                partition = number,
                documents = slow_lane.len(),
                "every document is rendered again"
            );
        }
        Self {
            number,
            epoch,
            state,
            touched: Touched::default(),
            slow_lane,
            next_change: changes.first(),
            gone_through: known.clone().unwrap_or_else(|| changes.floor().clone()),
            fanned: known.unwrap_or_default(),
            fanned_changes: 0,
            moved: true,
            visible_changes: 0,
            records_since_snapshot: 0,
        }
    }

    pub(crate) fn note_moved(&mut self) {
        self.moved = true;
        self.records_since_snapshot += 1;
    }

    pub(crate) fn next_change(&self) -> u64 {
        self.next_change
    }

    pub(crate) fn has_slow(&self) -> bool {
        !self.slow_lane.is_empty()
    }

    pub(crate) fn has_moved(&self) -> bool {
        self.moved
    }

    /// How far this partition's documents show the shared topics.
    pub(crate) fn fanned(&self) -> &SharedOffsets {
        &self.fanned
    }

    /// Goes through new changes: their documents enter the slow lane. Returns dead letters that are this partition's to write.
    pub(crate) fn fan_out(
        &mut self,
        projection: &P,
        changes: &ChangeLog<P::Change>,
        read: &SharedOffsets,
        num_partitions: usize,
    ) -> Vec<DeadLetter> {
        let mut letters = Vec::new();
        while self.slow_lane.len() < SLOW_LANE_LIMIT
            && let Some(entry) = changes.get(self.next_change)
        {
            self.next_change += 1;
            let place = self
                .gone_through
                .get_mut(entry.topic)
                .and_then(|topic| topic.get_mut(entry.partition));
            match place {
                Some(offset) if entry.offset >= *offset => *offset = entry.offset + 1,
                _ => continue,
            }
            match &entry.what {
                What::Change(change) => self
                    .slow_lane
                    .extend(projection.affected(&self.state.content, change)),
                What::DeadLetter(letter)
                    if i32::try_from(entry.partition % num_partitions.max(1))
                        == Ok(self.number) =>
                {
                    letters.push(letter.clone());
                }
                What::DeadLetter(_) => {}
            }
        }
        if self.next_change == changes.end() && self.gone_through != *read {
            self.gone_through.clone_from(read);
        }
        if self.slow_lane.is_empty() {
            self.advance_fanned();
        }
        letters
    }

    /// Takes up to `limit` documents out of the slow lane.
    pub(crate) fn take_slow(&mut self, limit: usize) -> Vec<P::Key> {
        let mut keys = Vec::new();
        while keys.len() < limit
            && let Some(key) = self.slow_lane.pop_first()
        {
            keys.push(key);
        }
        if self.slow_lane.is_empty() {
            self.advance_fanned();
        }
        keys
    }

    /// Says how far the batch that is being closed goes, if that is further than the last one.
    pub(crate) fn mark(&mut self) -> Option<Mark> {
        std::mem::take(&mut self.moved).then(|| Mark {
            epoch: self.epoch,
            offsets: self.state.offsets.clone(),
            fanned: self.fanned.clone(),
            changes_seen: self.fanned_changes,
        })
    }

    fn advance_fanned(&mut self) {
        if self.fanned != self.gone_through || self.fanned_changes != self.next_change {
            self.fanned.clone_from(&self.gone_through);
            self.fanned_changes = self.next_change;
            self.moved = true;
        }
    }
}
