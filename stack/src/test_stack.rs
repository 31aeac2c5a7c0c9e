//! Servers for tests: shared by every test binary of this checkout, with a name space of its own for each test.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rand::Rng as _;
use sqlx::{Connection as _, MySqlConnection};
use tokio::sync::Mutex;

use crate::config::{Config, Ports};
use crate::error::StackError;
use crate::lock::Lock;
use crate::ports;
use crate::progress::Progress;
use crate::server::{Server, Urls};
use crate::stack::Stack;

/// Tests and a developer's `souk up` must not meet.
const PORT_OFFSET: u16 = 10_000;

/// Below the range the kernel gives to outgoing connections.
const OWN_PORTS: Range<u16> = 20_000..30_000;

/// Servers this process has already seen answering.
static ANSWERED: Mutex<Vec<Server>> = Mutex::const_new(Vec::new());

/// Running servers for tests.
#[derive(Debug)]
pub struct TestStack {
    stack: Stack,
    servers: Vec<Server>,
    private: bool,
}

/// A name space of one test: nobody else uses its database or its prefix.
#[derive(Debug, Clone)]
pub struct Space {
    /// With an own, empty database.
    pub mysql_url: String,
    /// Before every topic and index name; ends in a hyphen.
    pub prefix: String,
    /// Bootstrap servers.
    pub kafka: String,
    pub registry_url: String,
    pub opensearch_url: String,
}

impl TestStack {
    /// The shared core servers, started if they are down and left running for the next test.
    ///
    /// # Panics
    /// When they cannot be had; the text says why.
    pub async fn get() -> Self {
        Self::shared(&Server::CORE).await
    }

    /// The shared MariaDB beside the core servers; spaces get their database from it.
    ///
    /// # Panics
    /// When they cannot be had; the text says why.
    pub async fn mariadb() -> Self {
        Self::shared(&[Server::CORE.as_slice(), &[Server::Mariadb]].concat()).await
    }

    /// The shared Kafka Connect beside the core servers.
    ///
    /// # Panics
    /// When they cannot be had; the text says why.
    pub async fn connect() -> Self {
        Self::shared(&[Server::CORE.as_slice(), &[Server::Connect]].concat()).await
    }

    /// A private stack for a test that kills servers: own ports, own data, stopped and deleted when dropped.
    ///
    /// # Panics
    /// When it cannot be started; the text says why.
    pub async fn own(name: &str) -> Self {
        let (stack, ports_lock) =
            own_stack(name).unwrap_or_else(|error| panic!("no ports for tests: {error}"));
        let owned = Self {
            stack,
            servers: Server::CORE.to_vec(),
            private: true,
        };
        bring_up(&owned.stack, &owned.servers)
            .await
            .unwrap_or_else(|error| panic!("no servers for tests: {error}"));
        drop(ports_lock);
        owned
    }

    /// The stack behind, to kill, pause and restart its servers.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Where the core servers are reached.
    pub fn urls(&self) -> Urls {
        self.stack.urls()
    }

    /// Where Kafka Connect's REST API is.
    pub fn connect_url(&self) -> String {
        self.stack.url(Server::Connect)
    }

    /// Makes a name space of the test's own; `name` shows up in its names.
    ///
    /// # Panics
    /// When its database cannot be created.
    pub async fn space(&self, name: &str) -> Space {
        let number: u32 = rand::rng().random();
        let database = format!(
            "{}_{number:08x}",
            name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_")
        );
        let sql = if self.servers.contains(&Server::Mariadb) {
            Server::Mariadb
        } else {
            Server::Mysql
        };
        let url = self.stack.url(sql);
        create_database(&url, &database)
            .await
            .unwrap_or_else(|error| panic!("cannot create database {database}: {error}"));
        let Urls {
            kafka,
            registry,
            opensearch,
            ..
        } = self.stack.urls();
        Space {
            mysql_url: with_database(&url, &database),
            prefix: format!("t{number:08x}-"),
            kafka,
            registry_url: registry,
            opensearch_url: opensearch,
        }
    }

    async fn shared(servers: &[Server]) -> Self {
        let stack = shared_stack();
        // One task at a time; other processes are kept out by the stack's own lock.
        let mut answered = ANSWERED.lock().await;
        let known = servers.iter().all(|server| answered.contains(server));
        if !(known && stack.all_running(servers)) {
            bring_up(&stack, servers)
                .await
                .unwrap_or_else(|error| panic!("no servers for tests: {error}"));
            answered.extend(servers);
        }
        Self {
            stack,
            servers: servers.to_owned(),
            private: false,
        }
    }
}

impl Drop for TestStack {
    fn drop(&mut self) {
        if self.private {
            self.stack.destroy();
        }
    }
}

/// Chooses ports nobody uses; the lock is held until the servers listen, so that no other test chooses the same.
fn own_stack(name: &str) -> Result<(Stack, Lock), StackError> {
    let number: u32 = rand::rng().random();
    let parent = workspace_root().join(".souk/own");
    let lock = Lock::acquire(&parent.join("ports.lock"))?;
    let ports = OWN_PORTS
        .step_by(Ports::IN_A_ROW)
        .map(Ports::from)
        .find(|ports| {
            Server::ALL
                .into_iter()
                .all(|server| ports::ensure_free(server, ports).is_ok())
        })
        .unwrap_or_default();
    let config = Config {
        ports,
        ..Config::default()
    };
    Ok((
        Stack::new(config, parent.join(format!("{name}-{number:08x}"))),
        lock,
    ))
}

async fn bring_up(stack: &Stack, servers: &[Server]) -> Result<(), StackError> {
    stack.up(servers, &Progress::traced()).await.map(drop)
}

fn shared_stack() -> Stack {
    let config = Config {
        ports: Ports::shifted(PORT_OFFSET),
        ..Config::default()
    };
    Stack::new(config, workspace_root().join(".souk/test"))
}

/// The workspace this crate was compiled in, whichever of its crates asks.
fn workspace_root() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_workspace = |folder: &&Path| {
        fs::read_to_string(folder.join("Cargo.toml"))
            .is_ok_and(|manifest| manifest.contains("[workspace]"))
    };
    crate_folder
        .ancestors()
        .find(is_workspace)
        .unwrap_or(crate_folder)
        .to_owned()
}

async fn create_database(url: &str, database: &str) -> Result<(), sqlx::Error> {
    let mut connection = MySqlConnection::connect(url).await?;
    let statement = format!("CREATE DATABASE `{database}`");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await
}

fn with_database(url: &str, database: &str) -> String {
    match url.rsplit_once('/') {
        Some((server, _)) => format!("{server}/{database}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_is_replaced_in_the_url() {
        let url = Server::Mysql.url(7306);
        assert_eq!(
            with_database(&url, "relay_1"),
            "mysql://root@127.0.0.1:7306/relay_1"
        );
    }
}
