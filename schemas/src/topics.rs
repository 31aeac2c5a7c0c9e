//! The catalogue of topics (`topics.yaml`), and what makes Kafka look like it.

mod apply;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub use apply::{ApplyError, Outcome, Report, TopicReport, apply};

use crate::{RegisteredSchema, SCHEMAS};

const BUNDLED: &str = include_str!("../topics.yaml");

/// Every topic of the marketplace.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The largest record of any topic, compressed.
    pub max_record_bytes: u32,
    /// What all topics of dead letters have in common.
    pub dead_letters: DeadLetters,
    /// All others.
    pub topics: Vec<Topic>,
}

/// What all topics of dead letters have in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetters {
    /// Of each of them.
    pub partitions: u32,
    /// How long a dead letter waits.
    pub retention: Retention,
}

/// One topic.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Without the prefix of the installation.
    pub name: String,
    /// What it is for.
    pub doc: String,
    /// Whom to ask.
    pub owner: String,
    /// What the key of its records is.
    pub key: String,
    /// Rule between versions of its schemas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility: Option<String>,
    /// Full names of the record types in it; none where values are JSON.
    #[serde(default)]
    pub schemas: Vec<String>,
    /// How many there are; never changed afterwards.
    pub partitions: u32,
    /// How long records are kept.
    pub retention: Retention,
    /// What happens to old records.
    pub cleanup: Cleanup,
    /// Roles that write it.
    pub producers: Vec<String>,
    /// Projections that read it; each has a topic of dead letters beside it.
    pub processors: Vec<String>,
    /// Others that read it.
    #[serde(default)]
    pub readers: Vec<String>,
    /// Further settings, by Kafka's names.
    #[serde(default)]
    pub configs: BTreeMap<String, String>,
}

/// What happens to old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cleanup {
    /// They go when their time is over.
    Delete,
    /// The newest of each key stays.
    Compact,
}

/// How long records are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Retention {
    /// They never go.
    Forever,
    /// They go after that time.
    For(Duration),
}

/// The catalogue is not YAML of that form.
#[derive(Debug, thiserror::Error)]
#[error("topics.yaml: {0}")]
pub struct CatalogueError(#[from] serde_yaml_ng::Error);

impl Catalogue {
    /// The catalogue of this build.
    pub fn bundled() -> Self {
        parse_bundled()
    }

    /// Reads a catalogue; [`Self::problems`] says whether it makes sense.
    pub fn parse(yaml: &str) -> Result<Self, CatalogueError> {
        Ok(serde_yaml_ng::from_str(yaml)?)
    }

    /// Everything that contradicts itself or the schemas of this build.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut names = BTreeSet::new();
        let mut listed = BTreeSet::new();
        for topic in &self.topics {
            if !names.insert(&topic.name) {
                problems.push(format!("{} is listed twice", topic.name));
            }
            topic.check(&mut problems);
            for schema in &topic.schemas {
                if !listed.insert(schema.clone()) {
                    problems.push(format!("{schema} is listed twice"));
                }
            }
        }
        for schema in SCHEMAS {
            if !listed.contains(&schema.full_name()) {
                problems.push(format!("{} is in no topic", schema.full_name()));
            }
        }
        let of_events = self.topics.iter().filter(|topic| !topic.schemas.is_empty());
        let counts: BTreeSet<u32> = of_events.map(|topic| topic.partitions).collect();
        if counts.len() > 1 {
            problems.push(format!(
                "topics of events are joined, but have different numbers of partitions: {counts:?}"
            ));
        }
        problems
    }

    /// Every topic that Kafka should have, dead letters included.
    pub(crate) fn wanted(&self, prefix: &str) -> Vec<WantedTopic> {
        let mut wanted = Vec::new();
        for topic in &self.topics {
            let mut configs = self.configs(topic.cleanup, topic.retention);
            configs.extend(topic.configs.clone());
            wanted.push(WantedTopic {
                name: format!("{prefix}{}", topic.name),
                partitions: topic.partitions,
                configs,
            });
            for processor in &topic.processors {
                wanted.push(WantedTopic {
                    name: dead_letter_topic(prefix, &topic.name, processor),
                    partitions: self.dead_letters.partitions,
                    configs: self.configs(Cleanup::Delete, self.dead_letters.retention),
                });
            }
        }
        wanted
    }

    fn configs(&self, cleanup: Cleanup, retention: Retention) -> BTreeMap<String, String> {
        let policy = match cleanup {
            Cleanup::Delete => "delete",
            Cleanup::Compact => "compact",
        };
        BTreeMap::from([
            ("cleanup.policy".to_owned(), policy.to_owned()),
            ("retention.ms".to_owned(), retention.millis()),
            (
                "max.message.bytes".to_owned(),
                self.max_record_bytes.to_string(),
            ),
        ])
    }
}

/// Where a processor puts records of a topic (named without prefix) that it cannot use.
pub fn dead_letter_topic(prefix: &str, topic: &str, processor: &str) -> String {
    format!("{prefix}{topic}.{processor}.dlq")
}

/// A topic as Kafka should have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WantedTopic {
    pub(crate) name: String,
    pub(crate) partitions: u32,
    pub(crate) configs: BTreeMap<String, String>,
}

impl Topic {
    fn check(&self, problems: &mut Vec<String>) {
        let mut add = |problem: &str| problems.push(format!("{} {problem}", self.name));
        if self.partitions == 0 {
            add("has no partitions");
        }
        if self.doc.is_empty() || self.owner.is_empty() || self.key.is_empty() {
            add("lacks its doc, owner or key");
        }
        if self.producers.is_empty() || self.processors.len() + self.readers.len() == 0 {
            add("is written or read by nobody");
        }
        if !self.schemas.is_empty() && self.compatibility.as_deref() != Some("FULL_TRANSITIVE") {
            add("has schemas, which are registered as FULL_TRANSITIVE");
        }
        if self.cleanup == Cleanup::Compact && self.retention != Retention::Forever {
            add("is compacted, so nothing in it expires");
        }
        for schema in &self.schemas {
            match RegisteredSchema::by_full_name(schema) {
                None => add(&format!("lists {schema}, which does not exist")),
                Some(known) if known.aggregate.topic("") != self.name => {
                    add(&format!("lists {schema}, which belongs to another topic"));
                }
                Some(_) => {}
            }
        }
    }
}

fn parse_bundled() -> Catalogue {
    Catalogue::parse(BUNDLED).expect("topics.yaml is part of this build and read by a test")
}

impl Retention {
    /// As Kafka has it.
    fn millis(self) -> String {
        match self {
            Self::Forever => "-1".to_owned(),
            Self::For(time) => time.as_millis().to_string(),
        }
    }
}

impl TryFrom<String> for Retention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let unit = text.chars().next_back().unwrap_or_default();
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => 0,
        };
        match text.strip_suffix(unit).map(str::parse::<u32>) {
            Some(Ok(number)) if number > 0 && seconds > 0 => {
                Ok(Self::For(Duration::from_secs(u64::from(number) * seconds)))
            }
            _ => Err(format!(
                "retention {text} is neither `forever` nor a number with s, m, h or d"
            )),
        }
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> Self {
        match retention {
            Retention::Forever => "forever".to_owned(),
            Retention::For(time) => match time.as_secs() {
                seconds if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
                seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
                seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
                seconds => format!("{seconds}s"),
            },
        }
    }
}
