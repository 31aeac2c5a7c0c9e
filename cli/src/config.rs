//! The whole configuration: one section a component.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use souk_platform::{
    auth::AuthConfig,
    clients::{KafkaConfig, NamesConfig, OpenSearchConfig, RegistryConfig},
    config::{Problems, Validate, load},
    telemetry::TelemetryConfig,
};
use uuid::Uuid;

/// Read when `--config` is not given and the file exists.
const DEFAULT_FILE: &str = "souk.toml";

/// Everything that can be configured. `souk up` needs none of it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) names: NamesConfig,
    pub(crate) mysql: MySqlConfig,
    pub(crate) kafka: KafkaConfig,
    pub(crate) registry: RegistryConfig,
    pub(crate) opensearch: OpenSearchConfig,
    pub(crate) auth: AuthConfig,
    pub(crate) telemetry: TelemetryConfig,
    pub(crate) ops: OpsConfig,
    pub(crate) command_api: souk_command_api::Config,
    pub(crate) query_api: souk_query_api::Config,
    pub(crate) relay: souk_relay::Config,
    pub(crate) processors: souk_runtime::Config,
    pub(crate) projections: ProjectionsConfig,
    pub(crate) topics: TopicsConfig,
    pub(crate) debezium: DebeziumConfig,
    pub(crate) stack: souk_stack::Config,
    pub(crate) demo: DemoConfig,
}

/// Where the event store is.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MySqlConfig {
    /// `mysql://user:password@host:port/database`
    pub(crate) url: SecretString,
}

impl Default for MySqlConfig {
    fn default() -> Self {
        Self {
            url: "mysql://root@127.0.0.1:7306/souk".into(),
        }
    }
}

/// Where each role serves `/livez`, `/readyz`, `/startupz` and `/metrics`; loopback unless told otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpsConfig {
    pub(crate) command_api: SocketAddr,
    pub(crate) query_api: SocketAddr,
    pub(crate) relay: SocketAddr,
    pub(crate) processors: SocketAddr,
}

impl Default for OpsConfig {
    fn default() -> Self {
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        Self {
            command_api: local(7411),
            query_api: local(7412),
            relay: local(7413),
            processors: local(7414),
        }
    }
}

/// Which projections the processors role runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ProjectionsConfig {
    /// Names such as `catalog`; all of them when empty. Several processes may share them out.
    pub(crate) only: Vec<String>,
}

/// How topics are created.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TopicsConfig {
    /// Copies of each partition; 1 on one broker, 3 in production.
    pub(crate) replication: i32,
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self { replication: 1 }
    }
}

/// Debezium in the relay's place; never both on one table.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DebeziumConfig {
    /// The relay refuses to start, and `souk up` starts Kafka Connect and registers the connector.
    pub(crate) enabled: bool,
    pub(crate) connect_url: url::Url,
    /// The connector's own id among the database's replicas.
    pub(crate) server_id: u32,
}

impl Default for DebeziumConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            connect_url: url::Url::parse("http://127.0.0.1:7083")
                .expect("the default address is an address"),
            server_id: 7_083,
        }
    }
}

/// The demo marketplace of `souk up`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DemoConfig {
    pub(crate) seed: u64,
    pub(crate) listings: usize,
    pub(crate) orders: usize,
}

impl Default for DemoConfig {
    fn default() -> Self {
        Self {
            seed: 2026,
            listings: 2_400,
            orders: 240,
        }
    }
}

impl Config {
    /// Reads the file given, or `souk.toml` if it is here, then the environment.
    ///
    /// A secret that is not configured is taken from `home`, where `souk up` put one: so every command on one machine agrees.
    /// `signs` says whether the command signs or reads tokens; one that does not needs no secret.
    pub(crate) fn read(file: Option<&Path>, home: &Path, signs: bool) -> anyhow::Result<Self> {
        let default_file = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default_file.exists().then_some(default_file));
        let Unchecked(mut config) = load(file)?;
        if config.auth.secret.expose_secret().is_empty()
            && let Ok(secret) = fs::read_to_string(secret_file(home))
        {
            config.auth.secret = secret.trim().into();
        }
        if !signs && config.auth.secret.expose_secret().is_empty() {
            config.auth.secret = new_secret().into();
        }
        if config.processors.state_dir == souk_runtime::Config::default().state_dir {
            config.processors.state_dir = home.join("state");
        }
        let mut problems = Problems::default();
        config.validate(&mut problems);
        problems.into_result()?;
        Ok(config)
    }
}

/// 244 random bits.
pub(crate) fn new_secret() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Where `souk up` keeps the secret that signs tokens, when none is configured.
pub(crate) fn secret_file(home: &Path) -> PathBuf {
    home.join("secret")
}

/// The configuration before it is completed.
#[derive(Deserialize)]
#[serde(transparent)]
struct Unchecked(Config);

impl Validate for Unchecked {
    fn validate(&self, _problems: &mut Problems) {}
}

impl Validate for Config {
    fn validate(&self, problems: &mut Problems) {
        problems.section("names", &self.names);
        problems.section("kafka", &self.kafka);
        problems.section("registry", &self.registry);
        problems.section("opensearch", &self.opensearch);
        problems.section("auth", &self.auth);
        problems.section("command_api", &self.command_api);
        problems.section("query_api", &self.query_api);
        problems.section("relay", &self.relay);
        problems.section("processors", &self.processors);
        for problem in self.stack.problems() {
            problems.add(&format!("stack.{}", problem.key), problem.message);
        }
        let mysql = url::Url::parse(self.mysql.url.expose_secret());
        let named = mysql.is_ok_and(|url| url.scheme() == "mysql" && url.path().len() > 1);
        problems.require(
            named,
            "mysql.url",
            "must look like mysql://user:password@host:port/database",
        );
        problems.require(
            (1..=10).contains(&self.topics.replication),
            "topics.replication",
            "must be between 1 and 10",
        );
        problems.require(
            (1..=200_000).contains(&self.demo.listings),
            "demo.listings",
            "must be between 1 and 200,000",
        );
        problems.require(
            self.demo.orders <= self.demo.listings,
            "demo.orders",
            "must not be above demo.listings: nothing is sold twice",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, secret: Option<&str>) -> anyhow::Result<Config> {
        let home = std::env::temp_dir().join(format!("souk-config-{}", Uuid::new_v4()));
        fs::create_dir_all(&home).unwrap();
        if let Some(secret) = secret {
            fs::write(secret_file(&home), secret).unwrap();
        }
        let file = home.join("souk.toml");
        fs::write(&file, toml).unwrap();
        let config = Config::read(Some(&file), &home, true);
        fs::remove_dir_all(&home).unwrap();
        config
    }

    #[test]
    fn nothing_has_to_be_configured_on_a_machine_of_ones_own() {
        let secret = "a secret that souk up made, of more than 32 bytes";
        let config = read("", Some(secret)).unwrap();
        assert_eq!(config.auth.secret.expose_secret(), secret);
        assert!(config.processors.state_dir.ends_with("state"));
        assert!(
            !format!("{config:?}").contains(secret),
            "secrets are not printed"
        );
    }

    #[test]
    fn a_command_that_signs_nothing_needs_no_secret() {
        let nowhere = std::env::temp_dir().join(format!("souk-config-{}", Uuid::new_v4()));
        assert!(Config::read(None, &nowhere, false).is_ok());
        let error = format!("{:#}", Config::read(None, &nowhere, true).unwrap_err());
        assert!(error.contains("auth.secret"), "{error}");
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let toml = r#"
            [names]
            prefix = "Not Allowed"
            [mysql]
            url = "postgres://localhost/souk"
            [demo]
            listings = 10
            orders = 11
            [topics]
            replication = 0
        "#;
        let error = format!("{:#}", read(toml, None).unwrap_err());
        for key in [
            "names.prefix",
            "mysql.url",
            "demo.orders",
            "topics.replication",
            "auth.secret",
        ] {
            assert!(error.contains(key), "{key} in {error}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = format!("{:#}", read("[relay]\nspeed = 3\n", None).unwrap_err());
        assert!(error.contains("relay.speed"), "{error}");
    }
}
