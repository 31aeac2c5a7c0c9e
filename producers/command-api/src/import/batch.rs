use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use souk_domain::AggregateState;
use souk_platform::Problem;
use souk_store::Work;
use souk_store::guards::external_ids::{self, Claimed, Namespace};
use uuid::Uuid;

use crate::error::CommandError;

/// What became of one item; kept with the batch, so that a repeated request is told the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) id: Option<Uuid>,
    pub(super) sequence: Option<u64>,
    pub(super) outcome: Outcome,
    pub(super) problem: Option<Problem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Created,
    Existing,
    Refused,
}

impl Item {
    pub(super) fn created(id: impl Into<Uuid>, sequence: u64) -> Self {
        Self {
            id: Some(id.into()),
            sequence: Some(sequence),
            outcome: Outcome::Created,
            problem: None,
        }
    }

    pub(super) fn refused(error: impl Into<CommandError>) -> Self {
        Self {
            id: None,
            sequence: None,
            outcome: Outcome::Refused,
            problem: Some(error.into().into()),
        }
    }

    fn existing(id: Uuid, sequence: Option<u64>) -> Self {
        Self {
            id: Some(id),
            sequence,
            outcome: Outcome::Existing,
            problem: None,
        }
    }
}

/// Which items of a batch are new, under which ids; and the answers, as they come to be known.
pub(super) struct Ledger<'a> {
    names: Vec<(Namespace, &'a str)>,
    claimed: Vec<Claimed>,
    answers: Vec<Option<Item>>,
}

impl<'a> Ledger<'a> {
    /// Claims an id for every external id that has none.
    pub(super) async fn claim(
        work: &mut Work,
        names: Vec<(Namespace, &'a str)>,
    ) -> Result<Self, CommandError> {
        let mut claimed = vec![None; names.len()];
        for (namespace, places) in by_namespace(&names) {
            let proposed: Vec<(&str, Uuid)> = places
                .iter()
                .map(|place| (names[*place].1, work.context().new_id()))
                .collect();
            let claims = external_ids::claim(work.connection(), namespace, &proposed).await?;
            for (place, claim) in places.into_iter().zip(claims) {
                claimed[place] = Some(claim);
            }
        }
        Ok(Self {
            answers: vec![None; names.len()],
            claimed: claimed.into_iter().flatten().collect(),
            names,
        })
    }

    /// The id of an item that is new, `None` for one that exists.
    pub(super) fn new_id(&self, place: usize) -> Option<Uuid> {
        let claimed = self.claimed[place];
        claimed.is_new.then_some(claimed.id)
    }

    pub(super) fn answer(&mut self, place: usize, item: Item) {
        self.answers[place] = Some(item);
    }

    /// Gives back the ids of refused items and looks up the sequences of those that exist.
    pub(super) async fn close<S: AggregateState>(
        self,
        work: &mut Work,
        aggregate_of: impl Fn(Uuid) -> Uuid,
    ) -> Result<Vec<Item>, CommandError> {
        self.release_refused(work).await?;
        let refused: HashSet<Uuid> = self.refused().map(|place| self.claimed[place].id).collect();
        let created: HashMap<Uuid, Option<u64>> = self
            .answers
            .iter()
            .flatten()
            .filter_map(|item| Some((item.id?, item.sequence)))
            .collect();
        let existing: Vec<Uuid> = self
            .places_without_answer()
            .map(|place| self.claimed[place].id)
            .filter(|id| !created.contains_key(id) && !refused.contains(id))
            .collect();
        let aggregates: Vec<Uuid> = existing.iter().map(|id| aggregate_of(*id)).collect();
        let states: Vec<S> = work.peek_all(&aggregates).await?;
        let sequences: HashMap<Uuid, u64> = existing
            .into_iter()
            .zip(states.iter().map(S::sequence))
            .collect();
        let mut items = Vec::with_capacity(self.answers.len());
        for (answer, claimed) in self.answers.into_iter().zip(&self.claimed) {
            items.push(answer.unwrap_or_else(|| {
                if refused.contains(&claimed.id) {
                    return Item::refused(twin_refused());
                }
                // Named twice in one batch: the second is the first.
                let twin = created.get(&claimed.id).copied().flatten();
                let sequence = twin.or_else(|| sequences.get(&claimed.id).copied());
                Item::existing(claimed.id, sequence)
            }));
        }
        Ok(items)
    }

    fn places_without_answer(&self) -> impl Iterator<Item = usize> {
        let answers = self.answers.iter().enumerate();
        answers
            .filter(|(_, answer)| answer.is_none())
            .map(|(place, _)| place)
    }

    /// The places of new items that were refused.
    fn refused(&self) -> impl Iterator<Item = usize> {
        let answers = self.answers.iter().enumerate();
        answers
            .filter(|(place, answer)| {
                let is_refused = answer
                    .as_ref()
                    .is_some_and(|item| item.outcome == Outcome::Refused);
                is_refused && self.claimed[*place].is_new
            })
            .map(|(place, _)| place)
    }

    async fn release_refused(&self, work: &mut Work) -> Result<(), CommandError> {
        let refused: Vec<(Namespace, &str)> =
            self.refused().map(|place| self.names[place]).collect();
        for (namespace, places) in by_namespace(&refused) {
            let names: Vec<&str> = places.iter().map(|place| refused[*place].1).collect();
            external_ids::release(work.connection(), namespace, &names).await?;
        }
        Ok(())
    }
}

/// The id was claimed for the first of two items with one name, and given back with it.
fn twin_refused() -> CommandError {
    CommandError::field(
        "/external_id",
        "twin_refused",
        "must not be that of an item before it which was refused",
    )
}

/// Groups places by name space, in an order that is the same in every process.
fn by_namespace(names: &[(Namespace, &str)]) -> Vec<(Namespace, Vec<usize>)> {
    let mut groups: Vec<(Namespace, Vec<usize>)> = Vec::new();
    for (place, (namespace, _)) in names.iter().enumerate() {
        match groups.iter_mut().find(|(known, _)| known == namespace) {
            Some((_, places)) => places.push(place),
            None => groups.push((*namespace, vec![place])),
        }
    }
    groups.sort_by_key(|(namespace, _)| namespace.owner);
    groups
}

/// Finds the ids of ours for external ids that items refer to.
pub(super) struct References(HashMap<String, Uuid>);

impl References {
    pub(super) async fn resolve<'a>(
        work: &mut Work,
        namespace: Namespace,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Self, CommandError> {
        let mut names: Vec<&str> = names.map(str::trim).collect();
        names.sort_unstable();
        names.dedup();
        let found = external_ids::resolve(work.connection(), namespace, &names).await?;
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<Uuid> {
        self.0.get(name.trim()).copied()
    }

    /// As [`get`](Self::get), refusing the field otherwise.
    pub(super) fn require(&self, name: &str, pointer: &'static str) -> Result<Uuid, CommandError> {
        self.get(name).ok_or_else(|| {
            CommandError::field(
                pointer,
                "not_found",
                "must be the external id of something imported before",
            )
        })
    }
}
