//! How the servers are reached: configuration sections shared by all roles, and clients built from them.

use std::collections::BTreeMap;
use std::time::Duration;

use opensearch::OpenSearch;
use opensearch::auth::Credentials;
use opensearch::http::transport::{BuildError, SingleNodeConnectionPool, TransportBuilder};
use rdkafka::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::config::{Problems, Validate};

/// What goes before the names of topics and indices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamesConfig {
    /// Lower-case letters, digits and dashes; empty in production, one per test otherwise.
    pub prefix: String,
}

impl Validate for NamesConfig {
    fn validate(&self, problems: &mut Problems) {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = self.prefix.len() <= 40
            && self.prefix.bytes().all(allowed)
            && !self.prefix.starts_with('-');
        problems.require(
            fits,
            "prefix",
            "must be at most 40 lower-case letters, digits and dashes, not starting with a dash",
        );
    }
}

/// Where Kafka is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KafkaConfig {
    /// Host and port of one or more brokers, separated by commas.
    pub bootstrap: String,
    /// Further librdkafka properties, such as `security.protocol`; they win over ours.
    pub properties: BTreeMap<String, SecretString>,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self {
            bootstrap: "127.0.0.1:7092".to_owned(),
            properties: BTreeMap::new(),
        }
    }
}

impl Validate for KafkaConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.require(
            !self.bootstrap.trim().is_empty(),
            "bootstrap",
            "must name at least one broker",
        );
    }
}

/// Builds what every Kafka client of ours starts from; callers add what is theirs.
pub fn kafka_config(config: &KafkaConfig) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", &config.bootstrap)
        .set("client.id", "souk")
        // Brokers come back within seconds; librdkafka's own 10 s between attempts would dominate a restart.
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        // Java clients hash keys this way, and co-partitioned topics have several writers.
        .set("partitioner", "murmur2_random");
    for (key, value) in &config.properties {
        client.set(key, value.expose_secret());
    }
    client
}

/// Where the schema registry is (Confluent's API).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistryConfig {
    pub url: Url,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            url: local("http://127.0.0.1:7081/apis/ccompat/v7"),
        }
    }
}

impl Validate for RegistryConfig {
    fn validate(&self, problems: &mut Problems) {
        require_http(&self.url, problems);
    }
}

/// Where OpenSearch is.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenSearchConfig {
    pub url: Url,
    /// Basic authentication; both or none.
    pub username: Option<String>,
    pub password: Option<SecretString>,
    /// No request may take longer.
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
}

impl Default for OpenSearchConfig {
    fn default() -> Self {
        Self {
            url: local("http://127.0.0.1:7200"),
            username: None,
            password: None,
            request_timeout: Duration::from_secs(10),
        }
    }
}

impl Validate for OpenSearchConfig {
    fn validate(&self, problems: &mut Problems) {
        require_http(&self.url, problems);
        problems.require(
            self.username.is_some() == self.password.is_some(),
            "password",
            "must be given together with username",
        );
        problems.require(
            !self.request_timeout.is_zero(),
            "request_timeout",
            "must be above 0",
        );
    }
}

/// Builds a client that keeps its connections and gives up after `request_timeout`.
pub fn opensearch(config: &OpenSearchConfig) -> Result<OpenSearch, BuildError> {
    let pool = SingleNodeConnectionPool::new(config.url.clone());
    let mut transport = TransportBuilder::new(pool)
        .disable_proxy()
        .timeout(config.request_timeout);
    if let (Some(username), Some(password)) = (&config.username, &config.password) {
        transport = transport.auth(Credentials::Basic(
            username.clone(),
            password.expose_secret().to_owned(),
        ));
    }
    Ok(OpenSearch::new(transport.build()?))
}

fn require_http(url: &Url, problems: &mut Problems) {
    problems.require(
        matches!(url.scheme(), "http" | "https"),
        "url",
        "must start with http:// or https://",
    );
}

fn local(url: &str) -> Url {
    Url::parse(url).expect("the default addresses are URLs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_kafka_properties_win() {
        let properties = BTreeMap::from([("client.id".to_owned(), SecretString::from("mine"))]);
        let client = kafka_config(&KafkaConfig {
            properties,
            ..KafkaConfig::default()
        });
        assert_eq!(client.get("client.id"), Some("mine"));
        assert_eq!(client.get("bootstrap.servers"), Some("127.0.0.1:7092"));
    }

    #[test]
    fn the_default_sections_are_valid_and_a_client_can_be_built() {
        let mut problems = Problems::default();
        problems.section("names", &NamesConfig::default());
        problems.section("kafka", &KafkaConfig::default());
        problems.section("registry", &RegistryConfig::default());
        problems.section("opensearch", &OpenSearchConfig::default());
        assert!(problems.is_empty(), "{problems:?}");
        assert!(opensearch(&OpenSearchConfig::default()).is_ok());
    }

    #[test]
    fn bad_prefixes_and_half_credentials_are_refused() {
        let mut problems = Problems::default();
        problems.section(
            "names",
            &NamesConfig {
                prefix: "T_1".to_owned(),
            },
        );
        problems.section(
            "opensearch",
            &OpenSearchConfig {
                username: Some("me".to_owned()),
                ..OpenSearchConfig::default()
            },
        );
        let text = format!("{problems:?}");
        assert!(
            text.contains("names.prefix") && text.contains("opensearch.password"),
            "{text}"
        );
    }
}
