use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of each input of a document, the sequence of the last event that mattered to it.
///
/// The names are those of the aggregates, or of their roles where one aggregate comes in twice (`buyer`, `seller`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sources(BTreeMap<Cow<'static, str>, u64>);

impl Sources {
    /// Takes inputs with their sequences; an input of which nothing was seen (0) is left out.
    pub fn of<const N: usize>(inputs: [(&'static str, u64); N]) -> Self {
        let seen = inputs.into_iter().filter(|(_, sequence)| *sequence > 0);
        Self(
            seen.map(|(name, sequence)| (Cow::Borrowed(name), sequence))
                .collect(),
        )
    }

    /// The sequence of one input; 0 when nothing of it was seen.
    pub fn get(&self, input: &str) -> u64 {
        self.0.get(input).copied().unwrap_or_default()
    }

    /// The sum of all sequences: the version of a document without a primary aggregate.
    pub fn sum(&self) -> u64 {
        self.0.values().sum()
    }
}

/// Returns the external version of a document: `primary` is the sequence of its own aggregate, `others` the sum of the sequences
/// of everything else it shows (DESIGN §5).
///
/// The last event of every input gives the highest version, in whatever order they came, as long as the set of inputs is fixed
/// while `primary` stays the same.
pub fn version(primary: u64, others: u64) -> u64 {
    (primary << 32).saturating_add(others)
}
