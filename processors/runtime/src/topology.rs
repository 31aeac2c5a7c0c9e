use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaResult;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::error::RuntimeError;
use crate::projection::Projection;

/// Topics are created by a deployment step that may run at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The topics of one projection as they are on the broker.
#[derive(Clone, Debug)]
pub(crate) struct Topology {
    /// Without prefix.
    pub(crate) facts: &'static [&'static str],
    pub(crate) shared: &'static [&'static str],
    /// With prefix, in the same order.
    pub(crate) fact_topics: Vec<String>,
    pub(crate) shared_topics: Vec<String>,
    /// Of every fact topic.
    pub(crate) num_partitions: usize,
    /// Of each shared topic.
    pub(crate) shared_partitions: Vec<usize>,
}

impl Topology {
    /// Asks the broker; waits while it is away.
    pub(crate) async fn discover<P: Projection, C: ConsumerContext>(
        projection: &P,
        prefix: &str,
        consumer: &impl Consumer<C>,
    ) -> Result<Self, RuntimeError> {
        let with_prefix = |names: &[&str]| {
            names
                .iter()
                .map(|name| format!("{prefix}{name}"))
                .collect::<Vec<_>>()
        };
        let fact_topics = with_prefix(projection.facts());
        let shared_topics = with_prefix(projection.shared());
        let counts = wait_for_topics(consumer, fact_topics.iter().chain(&shared_topics)).await?;
        let count = |topic: &String| counts.get(topic).copied().unwrap_or_default();
        let num_partitions = fact_topics.first().map(count).unwrap_or_default();
        if let (Some(first), Some(other)) = (
            fact_topics.first(),
            fact_topics
                .iter()
                .find(|topic| count(topic) != num_partitions),
        ) {
            return Err(RuntimeError::NotCoPartitioned(
                first.clone(),
                other.clone(),
                num_partitions,
                count(other),
            ));
        }
        Ok(Self {
            facts: projection.facts(),
            shared: projection.shared(),
            shared_partitions: shared_topics.iter().map(count).collect(),
            fact_topics,
            shared_topics,
            num_partitions,
        })
    }

    /// Position and name (without prefix) of a fact topic.
    pub(crate) fn fact(&self, topic: &str) -> Option<(usize, &'static str)> {
        position(&self.fact_topics, self.facts, topic)
    }

    /// Position and name (without prefix) of a shared topic.
    pub(crate) fn shared(&self, topic: &str) -> Option<(usize, &'static str)> {
        position(&self.shared_topics, self.shared, topic)
    }
}

fn position(
    topics: &[String],
    names: &'static [&'static str],
    topic: &str,
) -> Option<(usize, &'static str)> {
    let position = topics.iter().position(|candidate| candidate == topic)?;
    Some((position, names.get(position)?))
}

async fn wait_for_topics<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topics: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, usize>, RuntimeError> {
    let started = Instant::now();
    let mut counts = BTreeMap::new();
    for topic in topics {
        let mut backoff = Backoff::default();
        loop {
            match num_partitions(consumer, topic) {
                Ok(0) if started.elapsed() > PATIENCE => {
                    return Err(RuntimeError::TopicMissing(topic.clone()));
                }
                Ok(0) => tracing::info!(topic, "waiting for a topic"),
                Ok(count) => {
                    counts.insert(topic.clone(), count);
                    break;
                }
                Err(error) => {
                    tracing::warn!(%error, topic, "kafka cannot be asked for a topic, trying again");
                }
            }
            backoff.pause().await;
        }
    }
    Ok(counts)
}

/// 0 when there is no such topic.
fn num_partitions<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
) -> KafkaResult<usize> {
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(10))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    Ok(found.map_or(0, |found| found.partitions().len()))
}
