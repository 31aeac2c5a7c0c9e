use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig,
    admin::{
        AdminClient, AdminOptions, AlterConfig, ConfigSource, NewTopic, OwnedResourceSpecifier,
        ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
};
use serde::Serialize;

use super::{Catalogue, WantedTopic};

/// How long Kafka may take for each step.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How often Kafka is asked whether new topics are ready.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Why Kafka's topics are not as the catalogue says.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Kafka could not be asked.
    #[error("cannot ask Kafka for its topics")]
    Kafka(#[from] KafkaError),
    /// Kafka refused one topic.
    #[error("{topic}: {reason}")]
    Refused {
        /// The topic, with prefix.
        topic: String,
        /// Kafka's reason.
        reason: RDKafkaErrorCode,
    },
    /// Some partitions still have no leader.
    #[error("topics have no leaders after {} s, first {topic}", TIMEOUT.as_secs())]
    NotReady {
        /// The first of them, with prefix.
        topic: String,
    },
    /// The task that talks to Kafka ended early.
    #[error("the call of Kafka was cancelled")]
    Cancelled(#[from] tokio::task::JoinError),
}

/// What [`apply`] found and did.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// One line a topic, in the catalogue's order, dead letters behind their source.
    pub topics: Vec<TopicReport>,
}

/// What [`apply`] found and did about one topic.
#[derive(Clone, Debug, Serialize)]
pub struct TopicReport {
    /// With prefix.
    pub topic: String,
    /// What was found and done.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What [`apply`] found and did about a topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was missing.
    Created,
    /// It was as it should be.
    Unchanged,
    /// Settings differed and were set.
    Updated {
        /// `name: old -> new`.
        changes: Vec<String>,
    },
    /// It has another number of partitions. That is left alone: another number would send keys to other partitions, and
    /// order per key would be lost.
    PartitionsDiffer {
        /// As it is.
        found: usize,
        /// As the catalogue says.
        wanted: usize,
    },
}

impl Report {
    /// Whether every topic is now as the catalogue says.
    pub fn is_complete(&self) -> bool {
        self.topics
            .iter()
            .all(|topic| !matches!(topic.outcome, Outcome::PartitionsDiffer { .. }))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for TopicReport { topic, outcome } in &self.topics {
            writeln!(formatter, "{topic:<52}  {outcome}")?;
        }
        write!(formatter, "{} topics", self.topics.len())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created => formatter.write_str("created"),
            Self::Unchanged => formatter.write_str("unchanged"),
            Self::Updated { changes } => write!(formatter, "updated ({})", changes.join(", ")),
            Self::PartitionsDiffer { found, wanted } => write!(
                formatter,
                "has {found} partitions, not {wanted}: not touched, because its keys would move"
            ),
        }
    }
}

/// Creates the topics of this build's catalogue that Kafka lacks, corrects settings that differ, and returns when every
/// partition has a leader; doing it again changes nothing.
pub async fn apply(
    client: &ClientConfig,
    prefix: &str,
    replication: i32,
) -> Result<Report, ApplyError> {
    let admin = Admin {
        client: client.create()?,
        options: AdminOptions::new()
            .request_timeout(Some(TIMEOUT))
            .operation_timeout(Some(TIMEOUT)),
    };
    let wanted = Catalogue::bundled().wanted(prefix);
    let existing = admin.partitions(client).await?;
    let (known, missing): (Vec<_>, Vec<_>) = wanted
        .iter()
        .partition(|topic| existing.contains_key(&topic.name));
    admin.create(&missing, replication).await?;
    let changes = admin.correct(&known).await?;
    admin.wait_for_leaders(client, &wanted).await?;
    Ok(Report {
        topics: wanted
            .into_iter()
            .map(|topic| judge(topic, &existing, &changes))
            .collect(),
    })
}

fn judge(
    topic: WantedTopic,
    existing: &HashMap<String, Partitions>,
    changes: &HashMap<String, Vec<String>>,
) -> TopicReport {
    let wanted = topic.partitions as usize;
    let outcome = match (existing.get(&topic.name), changes.get(&topic.name)) {
        (None, _) => Outcome::Created,
        (Some(found), _) if found.count != wanted => Outcome::PartitionsDiffer {
            found: found.count,
            wanted,
        },
        (Some(_), Some(changes)) => Outcome::Updated {
            changes: changes.clone(),
        },
        (Some(_), None) => Outcome::Unchanged,
    };
    TopicReport {
        topic: topic.name,
        outcome,
    }
}

struct Partitions {
    count: usize,
    all_led: bool,
}

struct Admin {
    client: AdminClient<DefaultClientContext>,
    options: AdminOptions,
}

impl Admin {
    /// Every topic that Kafka has.
    async fn partitions(
        &self,
        client: &ClientConfig,
    ) -> Result<HashMap<String, Partitions>, ApplyError> {
        // The metadata call blocks; it gets a client of its own because it runs on a thread of its own.
        let admin: AdminClient<DefaultClientContext> = client.create()?;
        let metadata =
            tokio::task::spawn_blocking(move || admin.inner().fetch_metadata(None, TIMEOUT))
                .await??;
        Ok(metadata
            .topics()
            .iter()
            .map(|topic| {
                let partitions = Partitions {
                    count: topic.partitions().len(),
                    all_led: topic
                        .partitions()
                        .iter()
                        .all(|partition| partition.leader() >= 0),
                };
                (topic.name().to_owned(), partitions)
            })
            .collect())
    }

    async fn create(&self, topics: &[&WantedTopic], replication: i32) -> Result<(), ApplyError> {
        if topics.is_empty() {
            return Ok(());
        }
        let new: Vec<NewTopic<'_>> = topics
            .iter()
            .map(|topic| {
                let partitions = topic.partitions.try_into().unwrap_or(i32::MAX);
                let replication = TopicReplication::Fixed(replication);
                topic.configs.iter().fold(
                    NewTopic::new(&topic.name, partitions, replication),
                    |new, (name, value)| new.set(name, value),
                )
            })
            .collect();
        for created in self.client.create_topics(&new, &self.options).await? {
            match created {
                // Somebody else applies the catalogue at the same time.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, reason)) => return Err(ApplyError::Refused { topic, reason }),
            }
        }
        Ok(())
    }

    /// Sets what differs and returns it, by topic.
    async fn correct(
        &self,
        topics: &[&WantedTopic],
    ) -> Result<HashMap<String, Vec<String>>, ApplyError> {
        let mut changes = HashMap::new();
        let mut settings = Vec::new();
        for (topic, current) in topics.iter().zip(self.settings(topics).await?) {
            let differing: Vec<String> = topic
                .configs
                .iter()
                .filter_map(|(name, value)| {
                    let found = current.all.get(name).map_or("unset", String::as_str);
                    (found != value).then(|| format!("{name}: {found} -> {value}"))
                })
                .collect();
            if differing.is_empty() {
                continue;
            }
            // What is not named in this call falls back to its default: settings made by hand are repeated.
            let mut all = current.own;
            all.extend(topic.configs.clone());
            settings.push((topic.name.as_str(), all));
            changes.insert(topic.name.clone(), differing);
        }
        let altered: Vec<AlterConfig<'_>> = settings
            .iter()
            .map(|(topic, settings)| {
                settings.iter().fold(
                    AlterConfig::new(ResourceSpecifier::Topic(topic)),
                    |alter, (name, value)| alter.set(name, value),
                )
            })
            .collect();
        if altered.is_empty() {
            return Ok(changes);
        }
        for result in self.client.alter_configs(&altered, &self.options).await? {
            result.map_err(|(specifier, reason)| refused(specifier, reason))?;
        }
        Ok(changes)
    }

    async fn settings(&self, topics: &[&WantedTopic]) -> Result<Vec<Settings>, ApplyError> {
        let specifiers: Vec<ResourceSpecifier<'_>> = topics
            .iter()
            .map(|topic| ResourceSpecifier::Topic(&topic.name))
            .collect();
        if specifiers.is_empty() {
            return Ok(Vec::new());
        }
        let described = self
            .client
            .describe_configs(&specifiers, &self.options)
            .await?;
        let mut by_topic = HashMap::new();
        for resource in described {
            let resource =
                resource.map_err(|reason| ApplyError::Kafka(KafkaError::AdminOp(reason)))?;
            let mut settings = Settings::default();
            for entry in resource.entries {
                let Some(value) = entry.value else { continue };
                if entry.source == ConfigSource::DynamicTopic {
                    settings.own.insert(entry.name.clone(), value.clone());
                }
                settings.all.insert(entry.name, value);
            }
            if let OwnedResourceSpecifier::Topic(topic) = resource.specifier {
                by_topic.insert(topic, settings);
            }
        }
        Ok(topics
            .iter()
            .map(|topic| by_topic.remove(&topic.name).unwrap_or_default())
            .collect())
    }

    async fn wait_for_leaders(
        &self,
        client: &ClientConfig,
        topics: &[WantedTopic],
    ) -> Result<(), ApplyError> {
        let started = Instant::now();
        loop {
            let existing = self.partitions(client).await?;
            let waiting = topics.iter().find(|topic| {
                existing
                    .get(&topic.name)
                    .is_none_or(|found| found.count == 0 || !found.all_led)
            });
            match waiting {
                None => return Ok(()),
                Some(topic) if started.elapsed() > TIMEOUT => {
                    return Err(ApplyError::NotReady {
                        topic: topic.name.clone(),
                    });
                }
                Some(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }
}

/// The settings of one topic.
#[derive(Default)]
struct Settings {
    /// All, with those it inherits.
    all: BTreeMap<String, String>,
    /// Those made on the topic itself.
    own: BTreeMap<String, String>,
}

fn refused(specifier: OwnedResourceSpecifier, reason: RDKafkaErrorCode) -> ApplyError {
    ApplyError::Refused {
        topic: match specifier {
            OwnedResourceSpecifier::Topic(topic) | OwnedResourceSpecifier::Group(topic) => topic,
            OwnedResourceSpecifier::Broker(broker) => broker.to_string(),
        },
        reason,
    }
}
