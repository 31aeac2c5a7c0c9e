use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::dead_letter::DeadLetter;

/// By shared topic and partition: the next offset to read.
pub(crate) type SharedOffsets = Vec<Vec<i64>>;

/// The latest changes of the shared topics, oldest first. Partitions go through them at their own pace, each documents its own
/// place, and one that comes from another instance or a restart goes on from the place it had there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ChangeLog<C> {
    /// Number of the oldest entry kept; entries are numbered without end.
    first: u64,
    entries: VecDeque<Entry<C>>,
    /// Every change at or after these offsets is still kept.
    floor: SharedOffsets,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry<C> {
    pub(crate) topic: usize,
    pub(crate) partition: usize,
    pub(crate) offset: i64,
    pub(crate) what: What<C>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum What<C> {
    Change(C),
    /// A shared record is read by every instance, yet its dead letter shall be written by one: whoever owns the fact partition
    /// with the record's partition number.
    DeadLetter(DeadLetter),
}

impl<C> ChangeLog<C> {
    pub(crate) fn new(floor: SharedOffsets) -> Self {
        Self {
            first: 0,
            entries: VecDeque::new(),
            floor,
        }
    }

    pub(crate) fn push(&mut self, entry: Entry<C>) {
        self.entries.push_back(entry);
    }

    /// Forgets the oldest changes above `keep`, but none at or after `needed`.
    pub(crate) fn trim(&mut self, keep: usize, needed: u64) {
        while self.entries.len() > keep && self.first < needed {
            let Some(entry) = self.entries.pop_front() else {
                return;
            };
            self.first += 1;
            if let Some(floor) = self
                .floor
                .get_mut(entry.topic)
                .and_then(|topic| topic.get_mut(entry.partition))
            {
                *floor = entry.offset + 1;
            }
        }
    }

    /// Every change at or after these offsets is still kept.
    pub(crate) fn floor(&self) -> &SharedOffsets {
        &self.floor
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The number the next change will get.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Entry<C>> {
        let index = number.checked_sub(self.first)?;
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// Tells whether every change after `offsets` is still here.
    pub(crate) fn reaches_back_to(&self, offsets: &SharedOffsets) -> bool {
        offsets.len() == self.floor.len()
            && self.floor.iter().zip(offsets).all(|(floor, offsets)| {
                floor.len() == offsets.len()
                    && floor
                        .iter()
                        .zip(offsets)
                        .all(|(floor, offset)| offset >= floor)
            })
    }
}

/// Shared offsets as the metadata of a commit: `1:5,0,7;2,2,2`, topics in the projection's order.
pub(crate) fn offsets_to_text(offsets: &SharedOffsets) -> String {
    let topics: Vec<String> = offsets
        .iter()
        .map(|topic| {
            topic
                .iter()
                .map(i64::to_string)
                .collect::<Vec<_>>()
                .join(",")
        })
        .collect();
    format!("1:{}", topics.join(";"))
}

/// Reads what [`offsets_to_text`] wrote; `None` for anything else.
pub(crate) fn offsets_from_text(text: &str) -> Option<SharedOffsets> {
    let topics = text.strip_prefix("1:")?;
    if topics.is_empty() {
        return Some(Vec::new());
    }
    topics
        .split(';')
        .map(|topic| topic.split(',').map(|offset| offset.parse().ok()).collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(partition: usize, offset: i64) -> Entry<()> {
        Entry {
            topic: 0,
            partition,
            offset,
            what: What::Change(()),
        }
    }

    #[test]
    fn commit_metadata_survives_the_way_to_the_broker() {
        for offsets in [vec![], vec![vec![5, 0, 7], vec![2]]] {
            assert_eq!(offsets_from_text(&offsets_to_text(&offsets)), Some(offsets));
        }
        for text in ["", "2:1", "1:x", "1:1,,2"] {
            assert_eq!(offsets_from_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_trimmed_log_says_that_it_does_not_reach_back() {
        let mut log = ChangeLog::new(vec![vec![0, 0]]);
        for offset in 0..4 {
            log.push(change(0, offset));
        }
        log.push(change(1, 0));
        log.trim(2, u64::MAX);
        assert_eq!((log.first(), log.end()), (3, 5));
        assert!(log.reaches_back_to(&vec![vec![3, 0]]));
        assert!(!log.reaches_back_to(&vec![vec![2, 9]]));
        assert!(!log.reaches_back_to(&vec![]));
        assert!(log.get(2).is_none());
        assert_eq!(log.get(4).map(|entry| entry.partition), Some(1));
    }

    #[test]
    fn changes_somebody_still_needs_are_not_forgotten() {
        let mut log = ChangeLog::new(vec![vec![0]]);
        for offset in 0..4 {
            log.push(change(0, offset));
        }
        log.trim(0, 1);
        assert_eq!(log.first(), 1);
    }
}
