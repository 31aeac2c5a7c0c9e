use std::fmt::Debug;
use std::hash::Hash;

use hashbrown::HashSet;
use serde::Serialize;
use serde::de::DeserializeOwned;
use souk_schemas::Event;

/// The pure middle of a topology: records in, documents out. No clock, network or randomness, so that replaying the topics
/// gives the same documents.
///
/// *Facts* are read by partition and kept only for the partitions an instance owns; *shared* topics ("dimensions") are read
/// whole by every instance. A document is rendered from both, and its version must depend on nothing else (DESIGN §5).
pub trait Projection: Send + Sync + 'static {
    /// Names a document within this projection.
    type Key: Eq + Hash + Clone + Ord + Send + Sync + Debug;
    /// What the records of one partition number said.
    type Facts: Default + Serialize + DeserializeOwned + Send;
    /// What the shared topics said.
    type Shared: Default + Serialize + DeserializeOwned + Send + Sync;
    /// What one shared record changed; kept for a while, and in the snapshot, so that a partition can catch up on it.
    type Change: Clone + Send + Serialize + DeserializeOwned;

    /// Short and stable: it names the consumer group, the dead-letter topics and the snapshots.
    fn name(&self) -> &'static str;

    /// Raise it whenever the serialised shape or the meaning of `Facts`, `Shared` or `Change` changes: older snapshots are then
    /// ignored and the state is read from the topics again.
    fn state_version(&self) -> u32 {
        1
    }

    /// Topics (without prefix) read by partition; all co-partitioned.
    fn facts(&self) -> &'static [&'static str];

    /// Topics (without prefix) every instance reads whole.
    fn shared(&self) -> &'static [&'static str];

    fn destination(&self) -> Destination;

    /// Takes in one record and marks the documents it touched. A record already known (a duplicate) changes and marks nothing;
    /// one that leaves a gap is poison.
    fn apply_fact(
        &self,
        facts: &mut Self::Facts,
        record: &Record<'_>,
        touched: &mut Touched<Self::Key>,
    ) -> Result<(), Poison>;

    /// Takes in one record of a shared topic and says what other documents may have to show; `None` for a duplicate or for
    /// something no document shows.
    fn apply_shared(
        &self,
        shared: &mut Self::Shared,
        record: &Record<'_>,
    ) -> Result<Option<Self::Change>, Poison>;

    /// Lists the documents of one partition that show `change`.
    fn affected(&self, facts: &Self::Facts, change: &Self::Change) -> Vec<Self::Key>;

    /// Lists every document of one partition, for when it is not known which changes they have missed.
    fn keys(&self, facts: &Self::Facts) -> Vec<Self::Key>;

    /// Builds the document as it is now.
    fn render(&self, facts: &Self::Facts, shared: &Self::Shared, key: &Self::Key) -> Rendered;
}

/// Where a projection's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Documents behind an alias (without prefix).
    Index {
        alias: &'static str,
        /// The JSON body an index is created with: `{"settings": {..}, "mappings": {..}}`, or only the mapping itself.
        mapping: &'static str,
    },
    /// Records on a topic (without prefix).
    Topic(&'static str),
}

/// One record as a projection sees it.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Without the prefix of this deployment.
    pub topic: &'a str,
    pub key: &'a str,
    pub body: Body<'a>,
}

#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// A domain event, decoded.
    Event(&'a Event),
    /// The value of an internal topic. Consistency tokens wait for the aggregates it names in a field `applied`:
    /// `[["order", "<uuid>", 5]]`; of events the runtime knows it by itself.
    Json(&'a [u8]),
    /// A record without value.
    Deleted,
}

/// The documents touched since the last batch, each once.
#[derive(Debug)]
pub struct Touched<K>(HashSet<K>);

impl<K: Eq + Hash> Touched<K> {
    pub fn mark(&mut self, key: K) {
        self.0.insert(key);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, key: &K) -> bool {
        self.0.contains(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = &K> {
        self.0.iter()
    }

    /// Takes keys out for as long as `more` holds.
    pub(crate) fn drain_while(&mut self, more: impl Fn() -> bool) -> impl Iterator<Item = K> {
        self.0.extract_if(move |_| more())
    }

    /// Takes every key out and leaves the set empty, its memory kept.
    pub fn drain(&mut self) -> impl Iterator<Item = K> {
        self.0.drain()
    }
}

impl<K> Default for Touched<K> {
    fn default() -> Self {
        Self(HashSet::new())
    }
}

/// What a document looks like now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// There is nothing to write (yet).
    Nothing,
    Document(Document),
    /// For [`Destination::Topic`].
    Record {
        key: String,
        value: Vec<u8>,
    },
}

/// A whole document. A deleted one is a document with `"deleted": true`: OpenSearch forgets the versions of ids it deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    /// The external version; the same version always means the same body.
    pub version: u64,
    /// One line of JSON.
    pub body: Vec<u8>,
}

/// A record this projection can never take in: it goes to the dead-letter topic and its key is parked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Poison {
    /// Stable, for machines: `sequence_gap`.
    pub code: &'static str,
    /// For people; never personal data.
    pub message: String,
}

impl Poison {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// An event of an aggregate came before its predecessor.
    pub fn gap(expected: i64, found: i64) -> Self {
        Self::new(
            "sequence_gap",
            format!("expected sequence {expected}, found {found}"),
        )
    }
}
