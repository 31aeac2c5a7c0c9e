use std::{
    collections::{BTreeMap, HashSet},
    sync::Mutex,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::support::Answer;

/// What was acknowledged, written down by the clients and by nobody else.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<Entries>);

#[derive(Clone, Debug, Default)]
pub(super) struct Entries {
    /// Aggregate, id and sequence of every acknowledged command.
    pub(super) acknowledged: HashSet<(String, String, u64)>,
    /// Per person: acknowledged drafts of listings.
    pub(super) drafts: BTreeMap<String, u64>,
    /// Per person: acknowledged orders.
    pub(super) orders: BTreeMap<String, u64>,
    num_commands: usize,
}

impl Ledger {
    /// Writes down what the answer's consistency token says.
    pub(super) fn acknowledge(&self, answer: &Answer) {
        let mut entries = self.0.lock().expect("no writer panicked while writing");
        entries.num_commands += 1;
        for token in answer.token().split(',') {
            let plain = URL_SAFE_NO_PAD
                .decode(token.trim())
                .expect("a token is base64url");
            let plain = String::from_utf8(plain).expect("a token is text");
            let [aggregate, id, sequence, _at] = plain.split(':').collect::<Vec<_>>()[..] else {
                panic!("a token has four parts: {plain}")
            };
            entries.acknowledged.insert((
                aggregate.to_owned(),
                id.to_owned(),
                sequence.parse().expect("a sequence is a number"),
            ));
        }
    }

    pub(super) fn drafted(&self, person: &str) {
        *self
            .0
            .lock()
            .expect("no writer panicked while writing")
            .drafts
            .entry(person.to_owned())
            .or_default() += 1;
    }

    pub(super) fn ordered(&self, person: &str) {
        *self
            .0
            .lock()
            .expect("no writer panicked while writing")
            .orders
            .entry(person.to_owned())
            .or_default() += 1;
    }

    pub(super) fn len(&self) -> usize {
        self.0
            .lock()
            .expect("no writer panicked while writing")
            .num_commands
    }

    pub(super) fn entries(&self) -> Entries {
        self.0
            .lock()
            .expect("no writer panicked while writing")
            .clone()
    }
}
