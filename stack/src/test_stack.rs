//! Servers for tests: shared by every test binary of this checkout, with a name space of its own for each test.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::config::{Config, Ports};
#[cfg(feature = "docker")]
use crate::containers;
use crate::error::StackError;
#[cfg(feature = "docker")]
use crate::lock::Lock;
use crate::private;
use crate::progress::Progress;
use crate::server::{Server, Urls};
use crate::space::Space;
use crate::stack::Stack;
use crate::sweep;

/// Tests and a developer's `souk up` must not meet.
const PORT_OFFSET: u16 = 10_000;

/// What this process knows of the shared servers; everything is cheap after the first call.
static KNOWN: Mutex<Known> = Mutex::const_new(Known {
    #[cfg(not(feature = "docker"))]
    answered: Vec::new(),
    #[cfg(feature = "docker")]
    containers: None,
    swept: false,
});

struct Known {
    #[cfg(feature = "docker")]
    containers: Option<Stack>,
    /// Servers that have answered, with the pid under which they did.
    #[cfg(not(feature = "docker"))]
    answered: Vec<(Server, u32)>,
    swept: bool,
}

/// Running servers for tests.
#[derive(Debug)]
pub struct TestStack {
    stack: Stack,
    sql: Server,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Left running; spaces are noted in this folder.
    Shared { records: PathBuf },
    /// Stopped and deleted on drop.
    Private,
}

impl TestStack {
    /// The shared core servers, started if they are down and left running for the next test.
    ///
    /// # Panics
    /// When they cannot be had; the text says why.
    pub async fn get() -> Self {
        Self::shared(&[], Server::Mysql).await
    }

    /// The shared `MariaDB` beside the core servers; spaces get their database from it.
    ///
    /// # Panics
    /// When they cannot be had; the text says why.
    pub async fn mariadb() -> Self {
        Self::shared(&[Server::Mariadb], Server::Mariadb).await
    }

    /// The shared Kafka Connect beside the core servers.
    ///
    /// # Panics
    /// When they cannot be had; the text says why.
    pub async fn connect() -> Self {
        Self::shared(&[Server::Connect], Server::Mysql).await
    }

    /// A private stack of the core servers for a test that kills them: own ports, own data, deleted when dropped.
    ///
    /// # Panics
    /// When it cannot be started; the text says why.
    pub async fn own(name: &str) -> Self {
        Self::own_servers(name, &Server::CORE).await
    }

    /// A private stack of these servers only, like [`own`](Self::own).
    ///
    /// # Panics
    /// When it cannot be started; the text says why.
    pub async fn own_servers(name: &str, servers: &[Server]) -> Self {
        Self::try_own(name.to_owned(), servers)
            .await
            .unwrap_or_else(|error| panic!("no servers for tests: {error}"))
    }

    /// Stops what tests have left running: the shared servers, which are kept in `test` under `souk_home`.
    pub async fn stop(souk_home: &Path) -> Result<(), StackError> {
        Stack::new(Config::default(), souk_home.join("test"))
            .down()
            .await
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

    /// Makes a name space of the test's own; `name` shows up in its database's name.
    ///
    /// # Panics
    /// When it cannot be made; the text says why.
    pub async fn space(&self, name: &str) -> Space {
        let records = match &self.kind {
            Kind::Shared { records } => Some(records.as_path()),
            Kind::Private => None,
        };
        Space::create(name, &self.stack.url(self.sql), self.stack.urls(), records)
            .await
            .unwrap_or_else(|error| panic!("no space named {name}: {error}"))
    }

    async fn try_own(name: String, servers: &[Server]) -> Result<Self, StackError> {
        let parent = workspace_root().join(".souk/own");
        let stack = spawn_blocking(move || private::reserve(&parent, &name))
            .await
            .unwrap_or_else(|error| Err(StackError::io("background work")(error.into())))?;
        let sql = if servers.contains(&Server::Mysql) {
            Server::Mysql
        } else {
            Server::Mariadb
        };
        // Made before the start, so that a start that fails is cleaned up as well.
        let owned = Self {
            stack,
            sql,
            kind: Kind::Private,
        };
        owned.stack.up(servers, &Progress::traced()).await?;
        Ok(owned)
    }

    async fn shared(more: &[Server], sql: Server) -> Self {
        let servers = [Server::CORE.as_slice(), more].concat();
        let home = workspace_root().join(".souk/test");
        let records = home.join("spaces");
        // One task at a time; other processes are kept out by the stack's own lock.
        let mut known = KNOWN.lock().await;
        let stack = shared_stack(&mut known, home, &servers)
            .await
            .unwrap_or_else(|error| panic!("no servers for tests: {error}"));
        if !known.swept {
            known.swept = true;
            sweep_in_background(records.clone(), stack.urls());
        }
        Self {
            stack,
            sql,
            kind: Kind::Shared { records },
        }
    }
}

#[cfg(not(feature = "docker"))]
async fn shared_stack(
    known: &mut Known,
    home: PathBuf,
    servers: &[Server],
) -> Result<Stack, StackError> {
    let config = Config {
        ports: Ports::shifted(PORT_OFFSET),
        ..Config::default()
    };
    let stack = Stack::new(config, home);
    if !known.answers(&stack, servers) {
        stack.up(servers, &Progress::traced()).await?;
        known.note(&stack, servers);
    }
    Ok(stack)
}

#[cfg(feature = "docker")]
async fn shared_stack(
    known: &mut Known,
    home: PathBuf,
    servers: &[Server],
) -> Result<Stack, StackError> {
    if servers.iter().any(|server| !Server::CORE.contains(server)) {
        return Err(StackError::NotHere {
            action: "running mariadb or connect",
            mode: "docker",
        });
    }
    if let Some(stack) = &known.containers {
        return Ok(stack.clone());
    }
    // Two test binaries must not create the same containers.
    let lock = spawn_blocking(move || Lock::acquire(&home.join("containers.lock")));
    let _lock = lock
        .await
        .map_err(|error| StackError::io("background work")(error.into()))??;
    let stack = containers::start(Ports::shifted(PORT_OFFSET))
        .await
        .map_err(|error| StackError::Command {
            command: "starting containers".to_owned(),
            detail: error.to_string(),
        })?;
    known.containers = Some(stack.clone());
    Ok(stack)
}

impl Drop for TestStack {
    fn drop(&mut self) {
        if matches!(self.kind, Kind::Private) {
            self.stack.destroy();
        }
    }
}

#[cfg(not(feature = "docker"))]
impl Known {
    /// Whether all of these run as the very processes that have answered before.
    fn answers(&self, stack: &Stack, servers: &[Server]) -> bool {
        stack.running_pids(servers).is_some_and(|pids| {
            servers
                .iter()
                .copied()
                .zip(pids)
                .all(|running| self.answered.contains(&running))
        })
    }

    fn note(&mut self, stack: &Stack, servers: &[Server]) {
        let pids = stack.running_pids(servers).unwrap_or_default();
        self.answered.extend(servers.iter().copied().zip(pids));
    }
}

/// On a thread of its own: a test's runtime ends with its test.
fn sweep_in_background(records: PathBuf, urls: Urls) {
    thread::spawn(move || {
        if let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
        {
            runtime.block_on(sweep::spaces(records, urls));
        }
    });
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
