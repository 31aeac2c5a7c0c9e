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
        self.kafka + 1
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
    fn unknown_settings_are_refused() {
        let accepted: Config = serde_json::from_str(r#"{"ports": {"mysql": 3306}}"#).unwrap();
        assert_eq!(accepted.ports.mysql, 3306);
        assert_eq!(accepted.ports.kafka, Ports::default().kafka);
        assert!(serde_json::from_str::<Config>(r#"{"ports": {"mysqld": 3306}}"#).is_err());
        assert!(serde_json::from_str::<Config>(r#"{"port": {}}"#).is_err());
    }
}
