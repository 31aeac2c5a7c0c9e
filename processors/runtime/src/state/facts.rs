use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::decode::Payload;
use crate::projection::{Poison, Projection, Record, Touched};
use crate::state::parked::Parked;

/// The facts of one partition number and how far they go; this is what a snapshot keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Facts<F> {
    pub(crate) content: F,
    pub(crate) parked: Parked,
    /// By fact topic: the next offset to take in.
    pub(crate) offsets: Vec<i64>,
}

/// What became of one record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Applied,
    /// The record was taken in before.
    Repeated,
    /// To be dead-lettered; its key is parked from now on.
    Poisoned(Poison),
    /// To be dead-lettered, because an earlier record of its key was.
    Parked,
}

/// Where a record of a fact topic stands within its partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The topic's position in the projection's list.
    pub(crate) topic: usize,
    /// The topic's name without prefix.
    pub(crate) name: &'a str,
    pub(crate) offset: i64,
    pub(crate) key: &'a [u8],
}

impl<F: Default> Facts<F> {
    pub(crate) fn empty(num_topics: usize) -> Self {
        Self {
            content: F::default(),
            parked: Parked::default(),
            offsets: vec![0; num_topics],
        }
    }
}

impl<F> Facts<F> {
    /// Takes in one record. Depends on nothing but the state and the record, so that replaying the log after a restart parks
    /// the same keys.
    pub(crate) fn take<P: Projection<Facts = F>>(
        &mut self,
        projection: &P,
        place: Place<'_>,
        payload: Result<Payload<'_>, Poison>,
        touched: &mut Touched<P::Key>,
    ) -> Verdict {
        match self.offsets.get_mut(place.topic) {
            Some(next) if place.offset >= *next => *next = place.offset + 1,
            _ => return Verdict::Repeated,
        }
        let key = String::from_utf8_lossy(place.key);
        if self.parked.contains(place.topic, &key) {
            return Verdict::Parked;
        }
        let payload = match key {
            Cow::Borrowed(_) => payload,
            Cow::Owned(_) => Err(Poison::new("key_not_text", "the key is not valid UTF-8")),
        };
        match payload.and_then(|payload| self.apply(projection, place, &key, &payload, touched)) {
            Ok(()) => Verdict::Applied,
            Err(poison) => {
                self.parked.park(place.topic, &key);
                Verdict::Poisoned(poison)
            }
        }
    }

    fn apply<P: Projection<Facts = F>>(
        &mut self,
        projection: &P,
        place: Place<'_>,
        key: &str,
        payload: &Payload<'_>,
        touched: &mut Touched<P::Key>,
    ) -> Result<(), Poison> {
        let record = Record {
            topic: place.name,
            key,
            body: payload.body(),
        };
        projection.apply_fact(&mut self.content, &record, touched)
    }
}
