//! A topology without I/O for tests of projections: feeds records in any order, keeps an index in memory that obeys external
//! versions, restarts half-way.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use serde_json::Value;
use souk_schemas::Event;

use crate::projection::{Body, Poison, Projection, Record, Rendered, Touched};

/// One projection over a few partitions, in memory.
pub struct Harness<P: Projection> {
    projection: P,
    partitions: Vec<Partition<P>>,
    shared: P::Shared,
    index: BTreeMap<String, (u64, Vec<u8>)>,
    records: BTreeMap<String, Vec<u8>>,
    conflicts: Vec<String>,
}

struct Partition<P: Projection> {
    facts: P::Facts,
    touched: Touched<P::Key>,
}

impl<P: Projection> Partition<P> {
    fn new(facts: P::Facts) -> Self {
        Self {
            facts,
            touched: Touched::default(),
        }
    }
}

impl<P: Projection> fmt::Debug for Harness<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Harness")
            .field("projection", &self.projection.name())
            .field("documents", &self.index.len())
            .field("conflicts", &self.conflicts)
            .finish_non_exhaustive()
    }
}

impl<P: Projection> Harness<P> {
    pub fn new(projection: P) -> Self {
        Self::with_partitions(projection, 2)
    }

    pub fn with_partitions(projection: P, partitions: usize) -> Self {
        Self {
            projection,
            partitions: (0..partitions.max(1))
                .map(|_| Partition::new(P::Facts::default()))
                .collect(),
            shared: P::Shared::default(),
            index: BTreeMap::new(),
            records: BTreeMap::new(),
            conflicts: Vec::new(),
        }
    }

    /// Takes in one event from the topic of its aggregate (ignored when the projection does not read it) and writes what it touched.
    pub fn feed(&mut self, event: &Event) -> Result<(), Poison> {
        self.apply(event)?;
        self.flush();
        Ok(())
    }

    /// Takes in one event without writing anything yet, as a batch does.
    pub fn apply(&mut self, event: &Event) -> Result<(), Poison> {
        let topic = event.aggregate().topic("");
        let key = event.meta().aggregate_id.to_string();
        self.apply_record(&topic, &key, Body::Event(event))
    }

    /// Takes in one record of an internal topic and writes what it touched; `None` is a tombstone.
    pub fn feed_json(
        &mut self,
        topic: &str,
        key: &str,
        value: Option<&[u8]>,
    ) -> Result<(), Poison> {
        self.apply_record(topic, key, value.map_or(Body::Deleted, Body::Json))?;
        self.flush();
        Ok(())
    }

    /// Takes in one record of either kind without writing anything yet.
    pub fn apply_record(&mut self, topic: &str, key: &str, body: Body<'_>) -> Result<(), Poison> {
        let record = Record { topic, key, body };
        if self.projection.shared().contains(&topic)
            && let Some(change) = self.projection.apply_shared(&mut self.shared, &record)?
        {
            for partition in &mut self.partitions {
                for key in self.projection.affected(&partition.facts, &change) {
                    partition.touched.mark(key);
                }
            }
        }
        if self.projection.facts().contains(&topic) {
            let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(key);
            let number = usize::try_from(hash % self.partitions.len() as u64).unwrap_or_default();
            if let Some(partition) = self.partitions.get_mut(number) {
                self.projection.apply_fact(
                    &mut partition.facts,
                    &record,
                    &mut partition.touched,
                )?;
            }
        }
        Ok(())
    }

    /// Renders and writes every touched document once.
    pub fn flush(&mut self) {
        for number in 0..self.partitions.len() {
            let Some(partition) = self.partitions.get_mut(number) else {
                continue;
            };
            let rendered: Vec<Rendered> = partition
                .touched
                .drain()
                .map(|key| self.projection.render(&partition.facts, &self.shared, &key))
                .collect();
            for rendered in rendered {
                self.write(rendered);
            }
        }
    }

    /// Renders and writes every document again, as a partition does when it does not know what it missed.
    pub fn render_all(&mut self) {
        for partition in &mut self.partitions {
            for key in self.projection.keys(&partition.facts) {
                partition.touched.mark(key);
            }
        }
        self.flush();
    }

    /// Writes what is pending, then goes through a snapshot of all state, as a restarted instance does.
    ///
    /// # Errors
    /// When the state cannot be serialised or read back.
    pub fn restart(&mut self) -> Result<(), postcard::Error> {
        self.flush();
        for partition in &mut self.partitions {
            let bytes = postcard::to_stdvec(&partition.facts)?;
            *partition = Partition::new(postcard::from_bytes(&bytes)?);
        }
        let bytes = postcard::to_stdvec(&self.shared)?;
        self.shared = postcard::from_bytes(&bytes)?;
        Ok(())
    }

    /// The index: id to document. An id whose body is not JSON maps to a string that says so.
    pub fn documents(&self) -> BTreeMap<String, Value> {
        self.index
            .iter()
            .map(|(id, (_, body))| (id.clone(), parse(body)))
            .collect()
    }

    /// The external version a document has now.
    pub fn version(&self, id: &str) -> Option<u64> {
        self.index.get(id).map(|(version, _)| *version)
    }

    /// The destination topic as a compacted table: the last value of each key.
    pub fn records(&self) -> BTreeMap<String, Value> {
        self.records
            .iter()
            .map(|(key, value)| (key.clone(), parse(value)))
            .collect()
    }

    /// Documents that were rendered with one version and two bodies; a right projection has none.
    pub fn conflicts(&self) -> &[String] {
        &self.conflicts
    }

    pub fn projection(&self) -> &P {
        &self.projection
    }

    fn write(&mut self, rendered: Rendered) {
        match rendered {
            Rendered::Nothing => {}
            Rendered::Record { key, value } => {
                self.records.insert(key, value);
            }
            Rendered::Document(document) => {
                if document.body.contains(&b'\n') {
                    self.conflicts
                        .push(format!("{}: the body has more than one line", document.id));
                }
                match self.index.get(&document.id) {
                    Some((version, _)) if *version > document.version => {}
                    Some((version, body)) if *version == document.version => {
                        if *body != document.body {
                            self.conflicts.push(format!(
                                "{}: two bodies with version {version}",
                                document.id
                            ));
                        }
                    }
                    _ => {
                        self.index
                            .insert(document.id, (document.version, document.body));
                    }
                }
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| Value::String(format!("not JSON: {error}")))
}

/// Merges streams (one per key or topic) in an order chosen by `seed`. Each stream keeps its order, but goes back a few items
/// now and then, as a consumer does after a crash: items come more than once, and none is missing.
pub fn interleave<T: Clone>(streams: &[Vec<T>], seed: u64) -> Vec<T> {
    let mut random = Random(seed ^ 0x9e37_79b9_7f4a_7c15);
    let mut cursors = vec![0_usize; streams.len()];
    let mut rewinds = streams.len() * 2;
    let mut merged = Vec::new();
    loop {
        let open: Vec<usize> = (0..streams.len())
            .filter(|&stream| cursors.get(stream) < streams.get(stream).map(Vec::len).as_ref())
            .collect();
        let Some(&stream) = open.get(random.below(open.len())) else {
            return merged;
        };
        let (Some(cursor), Some(items)) = (cursors.get_mut(stream), streams.get(stream)) else {
            return merged;
        };
        merged.extend(items.get(*cursor).cloned());
        *cursor += 1;
        if rewinds > 0 && random.below(4) == 0 {
            rewinds -= 1;
            *cursor = cursor.saturating_sub(random.below(4));
        }
    }
}

struct Random(u64);

impl Random {
    /// A number below `bound`; 0 when `bound` is 0.
    fn below(&mut self, bound: usize) -> usize {
        // splitmix64: every seed gives a good stream, and no dependency is needed.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^= word >> 31;
        usize::try_from(word.checked_rem(bound as u64).unwrap_or_default()).unwrap_or_default()
    }
}
