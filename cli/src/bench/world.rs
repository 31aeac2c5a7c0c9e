//! The servers of a bench, and the name space each figure has on them.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rdkafka::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use souk_platform::clients;
use souk_schemas::{Aggregate, Encoder, Registry};
use souk_stack::{Mode, Ports, Progress, Server, Stack};
use souk_store::StoreConfig;
use sqlx::MySqlPool;
use tokio::time::sleep;
use url::Url;
use uuid::Uuid;

use super::tell;
use crate::{Invocation, args::Role, config::Config, prepare};

/// The bench listens this far above everybody's default ports, so that it can run beside `souk up`.
const PORT_OFFSET: u16 = 20_000;
/// A bound on whatever ought to happen within seconds.
pub(super) const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(2);

/// Servers nobody else uses.
#[derive(Debug)]
pub(super) struct Servers {
    /// Of the servers and their data, and of states; gone after each bench.
    home: PathBuf,
    /// Of the roles' logs; kept until the next bench.
    logs: PathBuf,
    stack: Stack,
    config: Config,
}

/// What one figure has to itself: a database, a prefix for topics and indices, and folders.
#[derive(Debug)]
pub(super) struct World {
    pub(super) config: Config,
    /// Of the roles' logs.
    pub(super) folder: PathBuf,
    pub(super) http: reqwest::Client,
    stack: Stack,
}

impl Servers {
    /// Describes them; nothing is started yet.
    pub(super) fn new(invocation: &Invocation) -> anyhow::Result<Self> {
        let home = invocation.home.join("bench");
        let logs = invocation.home.join("bench-logs");
        let ports = shifted(Ports::default());
        let stack_config = souk_stack::Config {
            mode: Mode::Native,
            ports,
            ..invocation.config.stack.clone()
        };
        let stack = Stack::new(stack_config, &home);
        let urls = stack.urls();
        let mut config = Config::default();
        config.kafka.bootstrap = urls.kafka;
        config.registry.url =
            Url::parse(&urls.registry).context("the registry's address is not one")?;
        config.opensearch.url =
            Url::parse(&urls.opensearch).context("the address of OpenSearch is not one")?;
        config.debezium.connect_url = Url::parse(&stack.url(Server::Connect))
            .context("the address of Kafka Connect is not one")?;
        config.mysql.url = urls.mysql.into();
        config.auth.secret = format!("bench-{}", Uuid::new_v4().simple()).into();
        config.auth.token_lifetime = Duration::from_hours(12);
        for address in [
            &mut config.command_api.listen,
            &mut config.query_api.listen,
            &mut config.ops.command_api,
            &mut config.ops.query_api,
            &mut config.ops.relay,
            &mut config.ops.processors,
        ] {
            address.set_port(address.port() + PORT_OFFSET);
        }
        Ok(Self {
            home,
            logs,
            stack,
            config,
        })
    }

    /// Starts them empty: what an earlier bench left behind would be measured along.
    pub(super) async fn start(&self) -> anyhow::Result<()> {
        let check = self.stack.check();
        if !check.is_complete() {
            bail!("{check}");
        }
        self.stack
            .purge()
            .await
            .context("cannot delete the data of an earlier bench")?;
        if self.logs.exists() {
            fs::remove_dir_all(&self.logs)
                .with_context(|| format!("cannot delete {}", self.logs.display()))?;
        }
        self.up(&Server::CORE).await
    }

    /// Starts a server that only one figure needs.
    pub(super) async fn up(&self, servers: &[Server]) -> anyhow::Result<()> {
        let progress = Progress::new(|line| tell(line));
        self.stack
            .up(servers, &progress)
            .await
            .context("cannot start the servers")?;
        Ok(())
    }

    /// Ends a server the other figures should not share the machine with.
    pub(super) async fn end(&self, server: Server) -> anyhow::Result<()> {
        self.stack
            .kill(server)
            .await
            .with_context(|| format!("cannot end {server}"))
    }

    /// Stops them and deletes what they have; downloads are kept.
    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        self.stack.purge().await.context("cannot stop the servers")
    }

    /// Makes a database, schemas and topics for one figure.
    pub(super) async fn world(&self, name: &str) -> anyhow::Result<World> {
        let id = Uuid::new_v4().simple().to_string();
        let id: String = id.chars().take(6).collect();
        let mut config = self.config.clone();
        config.names.prefix = format!("b{id}-{name}-");
        config.mysql.url = with_database(&config.mysql.url, &format!("bench_{id}"))?;
        let folder = self.logs.join(format!("{name}-{id}"));
        config.processors.state_dir = self.home.join("state").join(&id);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        prepare::everything(&config).await?;
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .context("cannot build an HTTP client")?;
        Ok(World {
            config,
            folder,
            http,
            stack: self.stack.clone(),
        })
    }
}

impl World {
    /// The process of a server that runs.
    pub(super) async fn pid(&self, server: Server) -> anyhow::Result<u32> {
        let all = self
            .stack
            .status()
            .await
            .context("cannot ask for the servers")?;
        let pid = all
            .into_iter()
            .find(|status| status.name == server)
            .and_then(|status| status.pid);
        pid.with_context(|| format!("{server} does not run"))
    }

    /// The processes of the four servers of the pipeline.
    pub(super) async fn servers(&self) -> anyhow::Result<Vec<(String, u32)>> {
        let mut pids = Vec::new();
        for server in Server::CORE {
            pids.push((server.to_string(), self.pid(server).await?));
        }
        Ok(pids)
    }

    pub(super) fn kafka(&self) -> ClientConfig {
        clients::kafka_config(&self.config.kafka)
    }

    pub(super) fn topic(&self, aggregate: Aggregate) -> String {
        aggregate.topic(&self.config.names.prefix)
    }

    pub(super) async fn encoder(&self) -> anyhow::Result<Encoder> {
        let registry =
            Registry::new(self.config.registry.url.as_str()).context("cannot use the registry")?;
        Encoder::connect(&registry, &self.config.names.prefix)
            .await
            .context("cannot look up the schemas")
    }

    pub(super) fn pool(&self, connections: u32) -> anyhow::Result<MySqlPool> {
        let config = StoreConfig {
            max_connections: connections,
            acquire_timeout: PATIENCE,
            ..StoreConfig::default()
        };
        souk_store::open_pool(&config, &self.config.mysql.url)
            .context("cannot open connections to MySQL")
    }

    /// What a role has to be told by its environment to work in this world.
    pub(super) fn settings(&self) -> Vec<(String, String)> {
        let config = &self.config;
        let mut settings: Vec<(String, String)> = [
            ("NAMES__PREFIX", config.names.prefix.clone()),
            ("MYSQL__URL", config.mysql.url.expose_secret().to_owned()),
            ("KAFKA__BOOTSTRAP", config.kafka.bootstrap.clone()),
            ("REGISTRY__URL", config.registry.url.to_string()),
            ("OPENSEARCH__URL", config.opensearch.url.to_string()),
            (
                "AUTH__SECRET",
                config.auth.secret.expose_secret().to_owned(),
            ),
            (
                "AUTH__TOKEN_LIFETIME",
                format!("{}s", config.auth.token_lifetime.as_secs()),
            ),
            ("COMMAND_API__LISTEN", config.command_api.listen.to_string()),
            ("QUERY_API__LISTEN", config.query_api.listen.to_string()),
            (
                "PROCESSORS__STATE_DIR",
                config.processors.state_dir.display().to_string(),
            ),
            ("TELEMETRY__FILTER", "warn".to_owned()),
        ]
        .map(|(key, value)| (format!("SOUK__{key}"), value))
        .into();
        settings.extend(Role::ALL.map(|role| {
            let key = role.name().replace('-', "_").to_uppercase();
            (format!("SOUK__OPS__{key}"), config.ops.of(role).to_string())
        }));
        settings
    }
}

/// Waits until `done`, looking often enough that the waiting does not show in a figure.
pub(super) async fn until(
    within: Duration,
    what: &str,
    mut done: impl FnMut() -> bool,
) -> anyhow::Result<()> {
    let started = Instant::now();
    while !done() {
        if started.elapsed() > within {
            bail!("waited {} s in vain for {what}", within.as_secs());
        }
        sleep(POLL).await;
    }
    Ok(())
}

fn shifted(ports: Ports) -> Ports {
    Ports {
        mysql: ports.mysql + PORT_OFFSET,
        kafka: ports.kafka + PORT_OFFSET,
        registry: ports.registry + PORT_OFFSET,
        opensearch: ports.opensearch + PORT_OFFSET,
        mariadb: ports.mariadb + PORT_OFFSET,
        connect: ports.connect + PORT_OFFSET,
    }
}

fn with_database(url: &SecretString, database: &str) -> anyhow::Result<SecretString> {
    let mut url = Url::parse(url.expose_secret()).context("the address of MySQL is not one")?;
    url.set_path(database);
    Ok(String::from(url).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ports_of_a_bench_are_nobody_elses() {
        let problems = souk_stack::Config {
            ports: shifted(Ports::default()),
            ..souk_stack::Config::default()
        }
        .problems();
        assert_eq!(problems, []);
    }

    #[test]
    fn a_database_is_put_into_the_address() {
        let url = with_database(&"mysql://root@127.0.0.1:27306/souk".into(), "bench_1").unwrap();
        assert_eq!(url.expose_secret(), "mysql://root@127.0.0.1:27306/bench_1");
    }
}
