//! How each server is laid out on disk and started, without Docker.

mod connect;
mod debian_prefix;
pub(crate) mod kafka;
mod mariadb;
pub(crate) mod mysql;
mod opensearch;
mod registry;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::config::Config;
use crate::error::StackError;
use crate::jdk::Jdk;
use crate::process::{Launch, write_atomically};
use crate::progress::Progress;
use crate::provision::Cache;
use crate::server::Server;

/// The folder a stack keeps everything in.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) root: PathBuf,
}

/// What a server's configuration is made from.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) home: &'a Home,
    pub(crate) cache: &'a Cache,
    pub(crate) config: &'a Config,
    pub(crate) jdk: &'a Jdk,
    pub(crate) progress: &'a Progress,
}

impl Home {
    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn record(&self, server: Server) -> PathBuf {
        self.root.join("run").join(format!("{server}.json"))
    }

    pub(crate) fn log(&self, server: Server) -> PathBuf {
        self.root.join("logs").join(format!("{server}.log"))
    }

    pub(crate) fn data(&self, server: Server) -> PathBuf {
        self.root.join("data").join(server.name())
    }

    pub(crate) fn config(&self, file: &str) -> PathBuf {
        self.root.join("config").join(file)
    }
}

/// Lays out what the server needs on its first start, writes its configuration, and says how it is started.
pub(crate) fn prepare(server: Server, context: &Context<'_>) -> Result<Launch, StackError> {
    match server {
        Server::Mysql => mysql::prepare(context),
        Server::Mariadb => mariadb::prepare(context),
        Server::Kafka => kafka::prepare(context),
        Server::Registry => registry::prepare(context),
        Server::Opensearch => opensearch::prepare(context),
        Server::Connect => connect::prepare(context),
    }
}

impl Context<'_> {
    /// A JVM with a heap of `heap_mib`, started in `folder`.
    fn java(&self, heap_mib: u32, folder: impl Into<PathBuf>) -> Launch {
        Launch::new(self.jdk.java(), folder)
            .arg(format!("-Xmx{heap_mib}m"))
            .arg("-XX:+ExitOnOutOfMemoryError")
    }

    fn first_start(&self, server: Server) {
        self.progress
            .say(format!("preparing {server} for its first start"));
    }
}

/// Runs one step of a first start to its end.
fn run(server: Server, command: &mut Command) -> Result<(), StackError> {
    let failed = |detail: String| StackError::Command {
        command: format!("the first start of {server}"),
        detail,
    };
    let output = command
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(failed(String::from_utf8_lossy(&text).into_owned()))
}

/// `key=value` lines.
fn properties(pairs: &[(&str, String)]) -> String {
    pairs.iter().fold(String::new(), |text, (key, value)| {
        text + key + "=" + value + "\n"
    })
}

fn write_config(path: &Path, text: &str) -> Result<(), StackError> {
    write_atomically(path, text.as_bytes())
}
