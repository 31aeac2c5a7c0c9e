use hashbrown::HashSet;
use serde::{Deserialize, Serialize};

/// Keys with a poisoned record. Every later record of such a key goes to the dead letters too, so that order survives a redrive.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parked(HashSet<(u16, String)>);

impl Parked {
    /// `topic` is the topic's position in the projection's list.
    pub(crate) fn park(&mut self, topic: usize, key: &str) {
        self.0.insert((narrow(topic), key.to_owned()));
    }

    pub(crate) fn contains(&self, topic: usize, key: &str) -> bool {
        // Almost always there is nothing parked, and the look-up needs an owned key.
        !self.0.is_empty() && self.0.contains(&(narrow(topic), key.to_owned()))
    }
}

fn narrow(topic: usize) -> u16 {
    u16::try_from(topic).unwrap_or(u16::MAX)
}
