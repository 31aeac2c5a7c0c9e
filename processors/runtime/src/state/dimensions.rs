use serde::{Deserialize, Serialize};

use crate::dead_letter::DeadLetter;
use crate::decode::Payload;
use crate::projection::{Poison, Projection, Record};
use crate::state::changes::{ChangeLog, Entry, SharedOffsets, What};
use crate::state::facts::Verdict;
use crate::state::parked::Parked;

/// How many changes are kept for partitions that come later.
const CHANGES_KEPT: usize = 10_000;

/// What the shared topics said, how far they were read, and their latest changes; this is what a snapshot keeps.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Dimensions<S, C> {
    pub(crate) shared: S,
    pub(crate) parked: Parked,
    pub(crate) offsets: SharedOffsets,
    pub(crate) changes: ChangeLog<C>,
}

/// Where a record of a shared topic stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedPlace<'a> {
    /// The topic's position in the projection's list.
    pub(crate) topic: usize,
    /// The topic's name without prefix.
    pub(crate) name: &'a str,
    pub(crate) partition: usize,
    pub(crate) offset: i64,
    pub(crate) key: &'a [u8],
    pub(crate) value: Option<&'a [u8]>,
}

impl<S: Default, C> Dimensions<S, C> {
    /// Nothing read yet; `partitions` is the number of partitions of each shared topic.
    pub(crate) fn empty(partitions: &[usize]) -> Self {
        let offsets: SharedOffsets = partitions.iter().map(|count| vec![0; *count]).collect();
        Self {
            shared: S::default(),
            parked: Parked::default(),
            changes: ChangeLog::new(offsets.clone()),
            offsets,
        }
    }

    /// Tells whether this state fits the topics as they are now.
    pub(crate) fn fits(&self, partitions: &[usize]) -> bool {
        self.offsets.len() == partitions.len()
            && self
                .offsets
                .iter()
                .zip(partitions)
                .all(|(offsets, count)| offsets.len() == *count)
    }
}

impl<S, C> Dimensions<S, C> {
    /// Takes in one record and keeps what it changed, or its dead letter, for the partitions to go through.
    pub(crate) fn take<P: Projection<Shared = S, Change = C>>(
        &mut self,
        projection: &P,
        place: SharedPlace<'_>,
        payload: Result<Payload<'_>, Poison>,
    ) -> Verdict {
        let next = self
            .offsets
            .get_mut(place.topic)
            .and_then(|topic| topic.get_mut(place.partition));
        match next {
            Some(next) if place.offset >= *next => *next = place.offset + 1,
            _ => return Verdict::Repeated,
        }
        let key = String::from_utf8_lossy(place.key);
        if self.parked.contains(place.topic, &key) {
            let poison = Poison::new("key_parked", "an earlier record of this key was poison");
            self.log(place, What::DeadLetter(place.dead_letter(&poison)));
            return Verdict::Parked;
        }
        let applied = payload.and_then(|payload| {
            let record = Record {
                topic: place.name,
                key: &key,
                body: payload.body(),
            };
            projection.apply_shared(&mut self.shared, &record)
        });
        match applied {
            Ok(change) => {
                if let Some(change) = change {
                    self.log(place, What::Change(change));
                }
                Verdict::Applied
            }
            Err(poison) => {
                self.parked.park(place.topic, &key);
                self.log(place, What::DeadLetter(place.dead_letter(&poison)));
                Verdict::Poisoned(poison)
            }
        }
    }

    /// Forgets old changes that no partition of ours, all of which are past `needed`, waits for.
    pub(crate) fn trim_changes(&mut self, needed: u64) {
        self.changes.trim(CHANGES_KEPT, needed);
    }

    fn log(&mut self, place: SharedPlace<'_>, what: What<C>) {
        self.changes.push(Entry {
            topic: place.topic,
            partition: place.partition,
            offset: place.offset,
            what,
        });
    }
}

impl SharedPlace<'_> {
    fn dead_letter(&self, poison: &Poison) -> DeadLetter {
        DeadLetter {
            topic: self.name.to_owned(),
            partition: i32::try_from(self.partition).unwrap_or_default(),
            offset: self.offset,
            key: self.key.to_vec(),
            value: self.value.map(<[u8]>::to_vec),
            code: poison.code.to_owned(),
            message: poison.message.clone(),
        }
    }
}
