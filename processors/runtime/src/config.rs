use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opensearch::OpenSearch;
use rdkafka::ClientConfig;
use serde::{Deserialize, Serialize};
use souk_platform::config::{Problems, Validate};
use souk_schemas::Decoder;

/// How processors behave; the same for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where snapshots of the state are kept. They can be thrown away; the topics are then read again.
    pub state_dir: PathBuf,
    pub group_protocol: GroupProtocol,
    /// A bulk request is sent when it has about this size, or as soon as there is nothing more to read.
    pub bulk_bytes: usize,
    pub bulks_in_flight: usize,
    /// How many documents of a change that touches many (a rename) go along with one bulk.
    pub slow_lane_documents: usize,
    /// Shortest time between the starts of two refreshes.
    #[serde(with = "humantime_serde")]
    pub refresh_min: Duration,
    /// Time between the starts of two refreshes while bulks go out full; in between it grows with the load.
    #[serde(with = "humantime_serde")]
    pub refresh_max: Duration,
    #[serde(with = "humantime_serde")]
    pub commit_every: Duration,
    #[serde(with = "humantime_serde")]
    pub snapshot_every: Duration,
    /// So many poisoned records in a row mean that something is wrong with us, not with them.
    pub max_dead_letters_in_a_row: u32,
    /// How long a shutdown may take to write what was read.
    #[serde(with = "humantime_serde")]
    pub drain: Duration,
    /// Of an index that is created.
    pub index_replicas: u32,
    /// Of an index that is created.
    pub index_shards: u32,
}

/// How instances share the partitions among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GroupProtocol {
    /// KIP-848: the broker assigns, incrementally. Kafka 4 and newer.
    Consumer,
    /// The older protocol: every rebalance takes all partitions away first, because its only co-partitioning assignor is eager.
    Classic,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from(".souk/state"),
            group_protocol: GroupProtocol::Consumer,
            bulk_bytes: 1_000_000,
            bulks_in_flight: 2,
            slow_lane_documents: 500,
            refresh_min: Duration::from_millis(25),
            refresh_max: Duration::from_secs(1),
            commit_every: Duration::from_millis(200),
            snapshot_every: Duration::from_mins(1),
            max_dead_letters_in_a_row: 100,
            drain: Duration::from_secs(20),
            index_replicas: 0,
            index_shards: 1,
        }
    }
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.require(
            (10_000..=50_000_000).contains(&self.bulk_bytes),
            "bulk_bytes",
            "must be between 10,000 and 50,000,000",
        );
        problems.require(
            (1..=8).contains(&self.bulks_in_flight),
            "bulks_in_flight",
            "must be between 1 and 8",
        );
        problems.require(
            self.slow_lane_documents > 0,
            "slow_lane_documents",
            "must be at least 1",
        );
        problems.require(
            self.refresh_min <= self.refresh_max,
            "refresh_min",
            "must not be above refresh_max",
        );
        problems.require(self.index_shards > 0, "index_shards", "must be at least 1");
    }
}

/// What a processor works with.
#[derive(Clone, Debug)]
pub struct Deps {
    /// Goes before every topic and alias.
    pub prefix: String,
    /// What every Kafka client of ours starts from: `souk_platform::clients::kafka_config`.
    pub kafka: ClientConfig,
    pub opensearch: OpenSearch,
    pub decoder: Arc<Decoder>,
}
