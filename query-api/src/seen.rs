//! What processors have said they made searchable: pure bookkeeping over progress reports, bounded in time.

use std::collections::HashMap;
use std::time::Duration;

use souk_platform::consistency::Token;
use souk_platform::progress::Progress;
use uuid::Uuid;

use crate::processor::Processor;

/// How long an aggregate's sequence is remembered.
const REMEMBERED: Duration = Duration::from_mins(15);

/// Tokens older than this may be answered by how far the processor is instead: its sequence may be forgotten soon.
const OLD: Duration = Duration::from_mins(10);

/// Everything known, by processor.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    processors: HashMap<String, ProcessorSeen>,
    /// Before, the slowest partition may be one that was not heard of yet.
    is_complete: bool,
}

#[derive(Debug, Default)]
struct ProcessorSeen {
    aggregates: HashMap<(String, Uuid), Reached>,
    as_of: HashMap<(String, i32), i64>,
}

#[derive(Clone, Copy, Debug)]
struct Reached {
    sequence: u64,
    noted_at: i64,
}

impl Seen {
    /// Takes a report in; order and repetition do not matter.
    pub(crate) fn note(&mut self, progress: Progress, now: i64) {
        let processor = self.processors.entry(progress.processor).or_default();
        let as_of = processor
            .as_of
            .entry((progress.topic, progress.partition))
            .or_insert(progress.as_of);
        *as_of = progress.as_of.max(*as_of);
        for (aggregate, id, sequence) in progress.applied {
            let reached = processor
                .aggregates
                .entry((aggregate, id))
                .or_insert(Reached {
                    sequence,
                    noted_at: now,
                });
            reached.sequence = sequence.max(reached.sequence);
            reached.noted_at = now;
        }
    }

    /// Says whether the write behind `token` is searchable in the processor's documents.
    pub(crate) fn is_visible(&self, processor: Processor, token: &Token, now: i64) -> bool {
        if !processor.reads(&token.aggregate) {
            return true;
        }
        let Some(seen) = self.processors.get(processor.name()) else {
            return false;
        };
        let reached = seen
            .aggregates
            .get(&(token.aggregate.clone(), token.aggregate_id));
        if reached.is_some_and(|reached| reached.sequence >= token.sequence) {
            return true;
        }
        let is_old = now.saturating_sub(token.micros) > micros(OLD);
        is_old
            && self
                .as_of(processor)
                .is_some_and(|as_of| as_of > token.micros)
    }

    /// Says that every report written before our start is known.
    pub(crate) fn read_to_the_end(&mut self) {
        self.is_complete = true;
    }

    /// Returns the time up to which every partition of the processor is searchable; nothing before every partition was heard of.
    pub(crate) fn as_of(&self, processor: Processor) -> Option<i64> {
        if !self.is_complete {
            return None;
        }
        let mut slowest = i64::MAX;
        for stage in processor.stages() {
            slowest = slowest.min(self.processors.get(*stage)?.slowest_partition()?);
        }
        Some(slowest)
    }

    /// Forgets sequences that no token needs any more.
    pub(crate) fn forget_old(&mut self, now: i64) {
        let oldest = now.saturating_sub(micros(REMEMBERED));
        for processor in self.processors.values_mut() {
            processor
                .aggregates
                .retain(|_, reached| reached.noted_at >= oldest);
        }
    }
}

impl ProcessorSeen {
    fn slowest_partition(&self) -> Option<i64> {
        self.as_of.values().copied().min()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000_000;
    const MINUTE: i64 = 60_000_000;

    fn complete() -> Seen {
        let mut seen = Seen::default();
        seen.read_to_the_end();
        seen
    }

    fn token(sequence: u64, micros: i64) -> Token {
        Token {
            aggregate: "listing".to_owned(),
            aggregate_id: Uuid::from_u128(1),
            sequence,
            micros,
        }
    }

    fn report(partition: i32, sequence: u64, as_of: i64) -> Progress {
        Progress {
            processor: "catalog".to_owned(),
            topic: "souk.listing.events.v1".to_owned(),
            partition,
            offset: 1,
            applied: vec![("listing".to_owned(), Uuid::from_u128(1), sequence)],
            as_of,
        }
    }

    #[test]
    fn a_token_is_visible_once_its_sequence_is_reached() {
        let mut seen = complete();
        assert!(!seen.is_visible(Processor::Catalog, &token(5, NOW), NOW));
        seen.note(report(0, 4, NOW), NOW);
        assert!(!seen.is_visible(Processor::Catalog, &token(5, NOW), NOW));
        seen.note(report(0, 6, NOW), NOW);
        seen.note(report(0, 5, NOW), NOW);
        assert!(seen.is_visible(Processor::Catalog, &token(6, NOW), NOW));
        assert!(!seen.is_visible(
            Processor::Users,
            &Token {
                aggregate: "user".to_owned(),
                ..token(1, NOW)
            },
            NOW
        ));
    }

    #[test]
    fn a_token_of_an_aggregate_the_documents_do_not_show_is_visible() {
        let payment = Token {
            aggregate: "payment".to_owned(),
            ..token(1, NOW)
        };
        assert!(Seen::default().is_visible(Processor::Catalog, &payment, NOW));
    }

    #[test]
    fn an_old_token_is_visible_when_every_partition_is_past_it() {
        let mut seen = complete();
        let old = token(9, NOW - 11 * MINUTE);
        seen.note(report(0, 1, NOW), NOW);
        seen.note(report(1, 1, NOW - 12 * MINUTE), NOW);
        assert!(!seen.is_visible(Processor::Catalog, &old, NOW));
        seen.note(report(1, 1, NOW - MINUTE), NOW);
        assert!(seen.is_visible(Processor::Catalog, &old, NOW));
        assert!(!seen.is_visible(Processor::Catalog, &token(9, NOW - 9 * MINUTE), NOW));
    }

    #[test]
    fn as_of_is_that_of_the_slowest_partition_and_never_goes_back() {
        let mut seen = complete();
        assert_eq!(seen.as_of(Processor::Catalog), None);
        seen.note(report(0, 1, NOW), NOW);
        seen.note(report(1, 1, NOW - 5), NOW);
        seen.note(report(1, 1, NOW - 9), NOW);
        assert_eq!(seen.as_of(Processor::Catalog), Some(NOW - 5));
    }

    #[test]
    fn invoices_are_as_fresh_as_the_slower_of_their_two_stages() {
        let mut seen = complete();
        let report_of = |processor: &str, as_of| Progress {
            processor: processor.to_owned(),
            ..report(0, 1, as_of)
        };
        seen.note(report_of("invoices", NOW), NOW);
        assert_eq!(seen.as_of(Processor::Invoices), None);
        seen.note(report_of("invoice-entries", NOW - 7), NOW);
        assert_eq!(seen.as_of(Processor::Invoices), Some(NOW - 7));
    }

    #[test]
    fn sequences_are_forgotten_after_a_quarter_of_an_hour() {
        let mut seen = complete();
        seen.note(report(0, 5, NOW), NOW);
        seen.forget_old(NOW + 14 * MINUTE);
        assert!(seen.is_visible(Processor::Catalog, &token(5, NOW), NOW));
        seen.forget_old(NOW + 16 * MINUTE);
        assert!(!seen.is_visible(Processor::Catalog, &token(5, NOW), NOW));
    }
}
