use std::collections::{BTreeMap, VecDeque};

use souk_schemas::Aggregate;
use uuid::Uuid;

use crate::state::changes::SharedOffsets;

/// Keeps the order of batches: bulks and dead letters finish in any order, yet nothing counts as done before everything earlier is.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Number of the oldest batch in `closed`.
    first: u64,
    closed: VecDeque<Batch>,
    /// Takes in records; its number is `first + closed.len()`.
    open: Batch,
}

#[derive(Debug, Default)]
struct Batch {
    /// Bulks and dead letters without an answer.
    outstanding: u32,
    num_records: usize,
    report: Report,
}

/// What a run of settled batches achieved.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// By partition number.
    pub(crate) marks: BTreeMap<i32, Mark>,
    pub(crate) applied: Vec<Applied>,
    /// Documents were written that a refresh must make searchable.
    pub(crate) wrote: bool,
}

/// How far a partition is with a batch.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    /// Of the partition's assignment; a mark of an earlier assignment means nothing.
    pub(crate) epoch: u64,
    pub(crate) offsets: Vec<i64>,
    pub(crate) fanned: SharedOffsets,
    /// The same as `fanned`, as a number of the change log.
    pub(crate) changes_seen: u64,
}

/// One event on its way to being searchable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    /// The topic's position in the projection's list of facts, or of shared topics.
    pub(crate) topic: usize,
    pub(crate) partition: i32,
    pub(crate) aggregate: Aggregate,
    pub(crate) id: Uuid,
    pub(crate) sequence: u64,
    /// Microseconds.
    pub(crate) occurred_at: i64,
}

impl Ledger {
    pub(crate) fn note_record(&mut self) {
        self.open.num_records += 1;
    }

    pub(crate) fn note_applied(&mut self, applied: Applied) {
        self.open.report.applied.push(applied);
    }

    /// Records taken in since the last batch was closed.
    pub(crate) fn num_records(&self) -> usize {
        self.open.num_records
    }

    /// Batches without an end yet.
    pub(crate) fn num_unsettled(&self) -> usize {
        self.closed.len()
    }

    /// Holds the open batch until [`Self::pay`] is called with the number returned.
    pub(crate) fn owe(&mut self) -> u64 {
        self.open.outstanding += 1;
        self.first + self.closed.len() as u64
    }

    /// The open batch writes documents that a refresh must make searchable.
    pub(crate) fn note_written(&mut self) {
        self.open.report.wrote = true;
    }

    /// Holds a batch that is not settled yet once more.
    pub(crate) fn owe_more(&mut self, number: u64) {
        if let Some(batch) = self.batch(number) {
            batch.outstanding += 1;
        }
    }

    pub(crate) fn pay(&mut self, number: u64) {
        if let Some(batch) = self.batch(number) {
            batch.outstanding = batch.outstanding.saturating_sub(1);
        }
    }

    /// Closes the open batch: everything before `marks` is part of it or of an earlier one.
    pub(crate) fn close(&mut self, marks: BTreeMap<i32, Mark>) {
        let mut batch = std::mem::take(&mut self.open);
        batch.report.marks = marks;
        self.closed.push_back(batch);
    }

    /// Takes out every batch that is done and has only done batches before it.
    pub(crate) fn settle(&mut self) -> Report {
        let mut settled = Report::default();
        while self
            .closed
            .front()
            .is_some_and(|batch| batch.outstanding == 0)
        {
            if let Some(batch) = self.closed.pop_front() {
                self.first += 1;
                settled.absorb(batch.report);
            }
        }
        settled
    }

    fn batch(&mut self, number: u64) -> Option<&mut Batch> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        if index == self.closed.len() {
            return Some(&mut self.open);
        }
        self.closed.get_mut(index)
    }
}

impl Report {
    pub(crate) fn absorb(&mut self, later: Self) {
        self.marks.extend(later.marks);
        if self.applied.is_empty() {
            self.applied = later.applied;
        } else {
            self.applied.extend(later.applied);
        }
        self.wrote |= later.wrote;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty() && self.applied.is_empty() && !self.wrote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(offset: i64) -> BTreeMap<i32, Mark> {
        BTreeMap::from([(
            0,
            Mark {
                epoch: 1,
                offsets: vec![offset],
                fanned: vec![],
                changes_seen: 0,
            },
        )])
    }

    fn offset(report: &Report) -> Option<i64> {
        report.marks.get(&0).map(|mark| mark.offsets[0])
    }

    #[test]
    fn a_later_batch_waits_for_an_earlier_one() {
        let mut ledger = Ledger::default();
        let first = ledger.owe();
        ledger.note_written();
        ledger.close(mark(1));
        let second = ledger.owe();
        ledger.close(mark(2));
        ledger.pay(second);
        assert!(ledger.settle().is_empty());
        ledger.pay(first);
        let report = ledger.settle();
        assert_eq!((offset(&report), report.wrote), (Some(2), true));
        assert_eq!(ledger.num_unsettled(), 0);
    }

    #[test]
    fn a_dead_letter_holds_its_batch_whether_open_or_closed() {
        let mut ledger = Ledger::default();
        let early = ledger.owe();
        ledger.pay(early);
        let late = ledger.owe();
        ledger.close(mark(1));
        assert!(ledger.settle().is_empty());
        ledger.owe_more(late);
        ledger.pay(late);
        assert!(ledger.settle().is_empty());
        ledger.pay(late);
        assert_eq!(offset(&ledger.settle()), Some(1));
    }

    #[test]
    fn a_batch_without_output_settles_at_once() {
        let mut ledger = Ledger::default();
        ledger.note_record();
        assert_eq!(ledger.num_records(), 1);
        ledger.close(mark(5));
        assert_eq!(ledger.num_records(), 0);
        let report = ledger.settle();
        assert!(!report.wrote);
        assert_eq!(offset(&report), Some(5));
    }
}
