use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::server::{Server, Urls};

/// How the servers are had, where they listen and how big they may grow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Default: native.
    pub mode: Mode,
    pub ports: Ports,
    pub memory: Memory,
    /// Where downloads are kept; default: `souk` in the user's cache folder.
    pub cache: Option<PathBuf>,
}

/// A setting that cannot be right: its dotted key and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    pub key: String,
    pub message: String,
}

/// Who runs the servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mode {
    /// This crate, as processes of this machine.
    #[default]
    Native,
    /// `docker compose`, from `docker-compose.yml`.
    Docker,
    /// Somebody else; only their reachability is checked.
    External { urls: Urls },
}

/// The ports the servers listen on, on 127.0.0.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ports {
    /// Default: 7306.
    pub mysql: u16,
    /// Default: 7092; Kafka's controller listens on the next one.
    pub kafka: u16,
    /// Default: 7081.
    pub registry: u16,
    /// Default: 7200.
    pub opensearch: u16,
    /// Default: 7307.
    pub mariadb: u16,
    /// Default: 7083.
    pub connect: u16,
}

/// Heap sizes of the servers on the JVM, in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// Default: 512.
    pub kafka_mib: u32,
    /// Default: 384.
    pub registry_mib: u32,
    /// Default: 1024.
    pub opensearch_mib: u32,
    /// Default: 512.
    pub connect_mib: u32,
    /// Buffer pool of MySQL, default: 256.
    pub mysql_pool_mib: u32,
}

impl Config {
    /// Everything that is wrong with these settings.
    pub fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut refuse =
            |key: String, message: String| problems.push(ConfigProblem { key, message });
        let mut taken = BTreeMap::new();
        for server in Server::ALL {
            for port in self.ports.all_of(server) {
                // OpenSearch's runner counts from the port before, Kafka's controller takes the port after.
                if !(2..u16::MAX).contains(&port) {
                    refuse(
                        format!("ports.{server}"),
                        format!("{port} is not a usable port"),
                    );
                }
                if let Some(other) = taken.insert(port, server).filter(|other| *other != server) {
                    refuse(
                        format!("ports.{server}"),
                        format!("{port} is already needed by {other}"),
                    );
                }
            }
        }
        for (key, mebibytes, least) in [
            ("kafka_mib", self.memory.kafka_mib, 256),
            ("registry_mib", self.memory.registry_mib, 192),
            ("opensearch_mib", self.memory.opensearch_mib, 512),
            ("connect_mib", self.memory.connect_mib, 256),
            ("mysql_pool_mib", self.memory.mysql_pool_mib, 16),
        ] {
            if mebibytes < least {
                refuse(
                    format!("memory.{key}"),
                    format!("{mebibytes} is too little, it takes {least}"),
                );
            }
        }
        problems
    }
}

impl Ports {
    /// The port of one server.
    pub const fn of(&self, server: Server) -> u16 {
        match server {
            Server::Mysql => self.mysql,
            Server::Kafka => self.kafka,
            Server::Registry => self.registry,
            Server::Opensearch => self.opensearch,
            Server::Mariadb => self.mariadb,
            Server::Connect => self.connect,
        }
    }

    /// The default ports moved up by `offset`, so that two stacks can run side by side.
    pub(crate) fn shifted(offset: u16) -> Self {
        let base = Self::default();
        Self {
            mysql: base.mysql + offset,
            kafka: base.kafka + offset,
            registry: base.registry + offset,
            opensearch: base.opensearch + offset,
            mariadb: base.mariadb + offset,
            connect: base.connect + offset,
        }
    }

    /// How many ports [`Ports::from`] takes.
    pub(crate) const IN_A_ROW: usize = 7;

    /// Ports in a row from `first`.
    pub(crate) const fn from(first: u16) -> Self {
        Self {
            mysql: first,
            mariadb: first + 1,
            kafka: first + 2,
            // first + 3 is Kafka's controller.
            registry: first + 4,
            opensearch: first + 5,
            connect: first + 6,
        }
    }

    /// Every port a server binds, its own first.
    pub(crate) fn all_of(&self, server: Server) -> Vec<u16> {
        match server {
            Server::Kafka => vec![self.kafka, self.kafka_controller()],
            _ => vec![self.of(server)],
        }
    }

    pub(crate) const fn kafka_controller(&self) -> u16 {
        self.kafka.saturating_add(1)
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self {
            mysql: 7306,
            kafka: 7092,
            registry: 7081,
            opensearch: 7200,
            mariadb: 7307,
            connect: 7083,
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            kafka_mib: 512,
            registry_mib: 384,
            opensearch_mib: 1024,
            connect_mib: 512,
            mysql_pool_mib: 256,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        for ports in [
            Ports::default(),
            Ports::shifted(10_000),
            Ports::from(20_000),
        ] {
            let all: Vec<u16> = Server::ALL
                .into_iter()
                .flat_map(|server| ports.all_of(server))
                .collect();
            assert_eq!(
                all.iter().collect::<BTreeSet<_>>().len(),
                all.len(),
                "{ports:?}"
            );
        }
    }

    #[test]
    fn every_problem_is_listed() {
        assert_eq!(Config::default().problems(), []);
        let ports = Ports {
            registry: 7093,
            opensearch: 0,
            ..Ports::default()
        };
        let memory = Memory {
            kafka_mib: 1,
            ..Memory::default()
        };
        let config = Config {
            ports,
            memory,
            ..Config::default()
        };
        let keys: Vec<String> = config
            .problems()
            .into_iter()
            .map(|problem| problem.key)
            .collect();
        assert_eq!(
            keys,
            ["ports.registry", "ports.opensearch", "memory.kafka_mib"]
        );
    }

    #[test]
    fn unknown_settings_are_refused() {
        let accepted: Config = serde_json::from_str(r#"{"ports": {"mysql": 3306}}"#).unwrap();
        assert_eq!(accepted.ports.mysql, 3306);
        assert_eq!(accepted.ports.kafka, Ports::default().kafka);
        assert!(serde_json::from_str::<Config>(r#"{"ports": {"mysqld": 3306}}"#).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"port": {}}"#).is_err());
    }
}
