use std::collections::BTreeMap;

use rdkafka::message::OwnedMessage;
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio_util::sync::CancellationToken;

use crate::kafka::group::Assigned;
use crate::state::changes::{SharedOffsets, offsets_from_text};
use crate::state::restore::Restored;

/// Partitions the group has given us whose state is not complete yet.
pub(crate) struct Assignments<F> {
    /// Fact topics, with prefix.
    topics: Vec<String>,
    partitions: BTreeMap<i32, Assignment<F>>,
    next_epoch: u64,
}

pub(crate) struct Assignment<F> {
    /// Tells this assignment of the partition from earlier ones.
    pub(crate) epoch: u64,
    /// By fact topic; a partition number is ours once all are.
    parts: Vec<Option<Assigned>>,
    pub(crate) cancelled: CancellationToken,
    /// Waits for the shared topics to be read.
    pub(crate) restored: Option<Restored<F>>,
    /// Records that came although the partition is paused.
    pub(crate) early: Vec<OwnedMessage>,
}

impl<F> Assignments<F> {
    pub(crate) fn new(topics: Vec<String>) -> Self {
        Self {
            topics,
            partitions: BTreeMap::new(),
            next_epoch: 1,
        }
    }

    /// Returns the partition numbers that became complete and can be restored.
    pub(crate) fn add(&mut self, assigned: Vec<Assigned>) -> Vec<i32> {
        let mut complete = Vec::new();
        for part in assigned {
            let Some(topic) = self.topics.iter().position(|topic| *topic == part.topic) else {
                continue;
            };
            let number = part.partition;
            let assignment = self.partitions.entry(number).or_insert_with(|| {
                self.next_epoch += 1;
                Assignment {
                    epoch: self.next_epoch,
                    parts: self.topics.iter().map(|_| None).collect(),
                    cancelled: CancellationToken::new(),
                    restored: None,
                    early: Vec::new(),
                }
            });
            if let Some(slot) = assignment.parts.get_mut(topic) {
                *slot = Some(part);
            }
            if assignment.parts.iter().all(Option::is_some) {
                complete.push(number);
            }
        }
        complete
    }

    /// Forgets a partition number, whichever of its topics was taken away: they come and go together.
    pub(crate) fn remove(&mut self, number: i32) -> Option<Assignment<F>> {
        let assignment = self.partitions.remove(&number)?;
        assignment.cancelled.cancel();
        Some(assignment)
    }

    pub(crate) fn get_mut(&mut self, number: i32) -> Option<&mut Assignment<F>> {
        self.partitions.get_mut(&number)
    }

    /// Partition numbers whose state is complete.
    pub(crate) fn restored(&self) -> Vec<i32> {
        let restored = self
            .partitions
            .iter()
            .filter(|(_, assignment)| assignment.restored.is_some());
        restored.map(|(number, _)| *number).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.partitions.is_empty()
    }

    pub(crate) fn cancel_all(&self) {
        for assignment in self.partitions.values() {
            assignment.cancelled.cancel();
        }
    }

    /// The topics' partitions with this number.
    pub(crate) fn list(&self, number: i32) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for topic in &self.topics {
            list.add_partition(topic, number);
        }
        list
    }
}

impl<F> Assignment<F> {
    /// By fact topic.
    pub(crate) fn committed(&self) -> Vec<Option<i64>> {
        self.parts
            .iter()
            .map(|part| part.as_ref().and_then(|part| part.committed))
            .collect()
    }

    /// How far the documents show the shared topics, which were read up to `now`; `None` when the commits do not tell.
    pub(crate) fn fanned(&self, now: &SharedOffsets) -> Option<SharedOffsets> {
        if self
            .parts
            .iter()
            .flatten()
            .all(|part| part.committed.is_none())
        {
            return None;
        }
        let mut fanned = now.clone();
        for part in self
            .parts
            .iter()
            .flatten()
            .filter(|part| part.committed.is_some())
        {
            let committed = offsets_from_text(&part.metadata)?;
            if committed.len() != fanned.len() {
                return None;
            }
            for (topic, committed) in fanned.iter_mut().zip(committed) {
                if committed.len() != topic.len() {
                    return None;
                }
                for (offset, committed) in topic.iter_mut().zip(committed) {
                    *offset = committed.min(*offset);
                }
            }
        }
        Some(fanned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(topic: &str, committed: Option<i64>, metadata: &str) -> Assigned {
        Assigned {
            topic: topic.to_owned(),
            partition: 4,
            committed,
            metadata: metadata.to_owned(),
        }
    }

    fn assignments() -> Assignments<()> {
        Assignments::new(vec!["a".to_owned(), "b".to_owned()])
    }

    #[test]
    fn a_partition_is_complete_when_every_topic_is_ours() {
        let mut assignments = assignments();
        assert!(assignments.add(vec![part("a", Some(3), "1:")]).is_empty());
        assert_eq!(assignments.add(vec![part("b", None, "")]), [4]);
        let assignment = assignments.get_mut(4).unwrap();
        assert_eq!(assignment.committed(), [Some(3), None]);
    }

    #[test]
    fn another_assignment_has_another_epoch() {
        let mut assignments = assignments();
        assignments.add(vec![part("a", None, ""), part("b", None, "")]);
        let first = assignments.remove(4).unwrap();
        assert!(first.cancelled.is_cancelled());
        assignments.add(vec![part("a", None, ""), part("b", None, "")]);
        assert_ne!(assignments.get_mut(4).unwrap().epoch, first.epoch);
    }

    #[test]
    fn how_far_changes_are_shown_is_the_least_that_was_committed() {
        let now = vec![vec![9, 9]];
        for (first, second, expected) in [
            (
                part("a", Some(1), "1:5,7"),
                part("b", Some(1), "1:6,6"),
                Some(vec![vec![5, 6]]),
            ),
            (part("a", None, ""), part("b", None, ""), None),
            (
                part("a", Some(1), "1:5,7"),
                part("b", None, ""),
                Some(vec![vec![5, 7]]),
            ),
            (part("a", Some(1), ""), part("b", None, ""), None),
            (part("a", Some(1), "1:5"), part("b", None, ""), None),
        ] {
            let mut assignments = assignments();
            assignments.add(vec![first, second]);
            assert_eq!(assignments.get_mut(4).unwrap().fanned(&now), expected);
        }
    }
}
