use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A server the stack can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Server {
    Mysql,
    Kafka,
    Registry,
    Opensearch,
    /// The second SQL dialect; started only when asked for.
    Mariadb,
    /// Kafka Connect with Debezium; started only when asked for, needs Kafka.
    Connect,
}

impl Server {
    /// Every server there is, in the order in which they are started.
    pub const ALL: [Self; 6] = [
        Self::Mysql,
        Self::Mariadb,
        Self::Kafka,
        Self::Registry,
        Self::Opensearch,
        Self::Connect,
    ];

    /// What the pipeline needs.
    pub const CORE: [Self; 4] = [Self::Mysql, Self::Kafka, Self::Registry, Self::Opensearch];

    /// The name used in commands, files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Kafka => "kafka",
            Self::Registry => "registry",
            Self::Opensearch => "opensearch",
            Self::Mariadb => "mariadb",
            Self::Connect => "connect",
        }
    }

    /// The address of this server when it listens on `port` of this machine.
    pub(crate) fn url(self, port: u16) -> String {
        match self {
            Self::Mysql | Self::Mariadb => format!("mysql://root@127.0.0.1:{port}/souk"),
            Self::Kafka => format!("127.0.0.1:{port}"),
            Self::Registry => format!("http://127.0.0.1:{port}/apis/ccompat/v7"),
            Self::Opensearch | Self::Connect => format!("http://127.0.0.1:{port}"),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Server {
    type Err = UnknownServer;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|server| server.name() == name)
            .ok_or_else(|| UnknownServer(name.to_owned()))
    }
}

/// No server has this name.
#[derive(Debug, thiserror::Error)]
#[error(
    "no server is named {0}; there are mysql, mariadb, kafka, registry, opensearch and connect"
)]
pub struct UnknownServer(String);

/// Whether a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerState {
    Running,
    /// Stopped by `pause`; it keeps its port but answers nothing.
    Paused,
    Down,
}

/// One line of `souk status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStatus {
    pub name: Server,
    pub state: ServerState,
    pub pid: Option<u32>,
    pub port: Option<u16>,
    pub url: String,
    pub rss_bytes: Option<u64>,
}

/// Where the servers are reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Urls {
    /// `mysql://user@host:port/database`
    pub mysql: String,
    /// Bootstrap servers, `host:port`.
    pub kafka: String,
    /// Root of the Confluent API.
    pub registry: String,
    pub opensearch: String,
}

impl Urls {
    /// The address of one of the four core servers.
    pub fn of(&self, server: Server) -> Option<&str> {
        match server {
            Server::Mysql => Some(&self.mysql),
            Server::Kafka => Some(&self.kafka),
            Server::Registry => Some(&self.registry),
            Server::Opensearch => Some(&self.opensearch),
            Server::Mariadb | Server::Connect => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_is_found_by_its_name() {
        for server in Server::ALL {
            assert_eq!(server.name().parse::<Server>().unwrap(), server);
        }
        assert!("postgres".parse::<Server>().is_err());
    }
}
