use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::{JoinSet, spawn_blocking};

use crate::check::{self, Check};
use crate::compose::Compose;
use crate::config::{Config, Mode};
use crate::error::StackError;
use crate::machine::Machine;
use crate::native::Home;
use crate::process::{self, Alive};
use crate::progress::Progress;
use crate::ready;
use crate::server::{Server, ServerState, ServerStatus, Urls};
use crate::supervisor::Supervisor;

/// Generous: a first start on a busy machine with two cores has taken a minute.
const START_WITHIN: Duration = Duration::from_mins(5);
/// Somebody else's servers are expected to be there already.
const REACH_WITHIN: Duration = Duration::from_secs(15);
const SAY_EVERY: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// The servers of one home folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stack(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    runner: Runner,
}

#[derive(Debug)]
enum Runner {
    Native(Supervisor),
    Docker(Compose),
    External(Urls),
}

impl Stack {
    /// Describes a stack; nothing is touched yet. Everything it keeps, downloads apart, is under `home`.
    pub fn new(config: Config, home: impl Into<PathBuf>) -> Self {
        let home = Home { root: home.into() };
        let runner = match &config.mode {
            Mode::Native => Runner::Native(Supervisor::new(config.clone(), home)),
            Mode::Docker => Runner::Docker(Compose::new(config.ports, home)),
            Mode::External { urls } => Runner::External(urls.clone()),
        };
        Self(Arc::new(Inner { config, runner }))
    }

    /// Says what the machine lacks for this mode, everything at once.
    pub fn check(&self) -> Check {
        check::check(&self.0.config.mode, &Machine::observe())
    }

    /// Downloads what these servers need, unless it is there.
    pub async fn provision(
        &self,
        servers: &[Server],
        progress: &Progress,
    ) -> Result<(), StackError> {
        let (servers, progress) = (servers.to_owned(), progress.clone());
        self.blocking(move |runner| match runner {
            Runner::Native(supervisor) => supervisor.provision(&servers, &progress),
            Runner::Docker(compose) => compose.pull(&servers, &progress),
            Runner::External(_) => Ok(()),
        })
        .await
    }

    /// Starts whichever of these servers are down, wakes the paused, and returns when all of them answer.
    pub async fn up(&self, servers: &[Server], progress: &Progress) -> Result<Urls, StackError> {
        let (wanted, sink) = (servers.to_owned(), progress.clone());
        self.blocking(move |runner| match runner {
            Runner::Native(supervisor) => supervisor.launch(&wanted, &sink),
            Runner::Docker(compose) => compose.up(&wanted, &sink),
            Runner::External(_) => Ok(()),
        })
        .await?;
        self.wait_ready(servers, progress).await?;
        Ok(self.urls())
    }

    /// Stops every server, politely at first; data is kept.
    pub async fn down(&self) -> Result<(), StackError> {
        self.blocking(|runner| match runner {
            Runner::Native(supervisor) => supervisor.stop_all(),
            Runner::Docker(compose) => compose.down(),
            Runner::External(_) => Ok(()),
        })
        .await
    }

    /// Stops every server and deletes its data and logs; downloads are kept.
    pub async fn purge(&self) -> Result<(), StackError> {
        self.blocking(|runner| match runner {
            Runner::Native(supervisor) => supervisor.purge(),
            Runner::Docker(compose) => compose.purge(),
            Runner::External(_) => Err(not_here("deleting data")),
        })
        .await
    }

    /// What runs, in the order of starting. External servers are asked; the others are looked up.
    pub async fn status(&self) -> Result<Vec<ServerStatus>, StackError> {
        if let Runner::External(urls) = &self.0.runner {
            return Ok(external_status(urls).await);
        }
        let stack = self.clone();
        self.blocking(move |runner| match runner {
            Runner::Native(supervisor) => Ok(Server::ALL
                .into_iter()
                .map(|server| stack.native_status(supervisor, server))
                .collect()),
            Runner::Docker(compose) => {
                let states = compose.states()?;
                Ok(states
                    .into_iter()
                    .map(|(server, state)| stack.line(server, state, None))
                    .collect())
            }
            Runner::External(_) => Ok(Vec::new()),
        })
        .await
    }

    /// Ends one server with SIGKILL, as a power cut would.
    pub async fn kill(&self, server: Server) -> Result<(), StackError> {
        self.blocking(move |runner| match runner {
            Runner::Native(supervisor) => supervisor.kill(server),
            Runner::Docker(compose) => compose.control("kill", server),
            Runner::External(_) => Err(not_here("killing a server")),
        })
        .await
    }

    /// Stops one server's clock: its connections stay open and nothing answers.
    pub async fn pause(&self, server: Server) -> Result<(), StackError> {
        self.blocking(move |runner| match runner {
            Runner::Native(supervisor) => supervisor.pause(server),
            Runner::Docker(compose) => compose.control("pause", server),
            Runner::External(_) => Err(not_here("pausing a server")),
        })
        .await
    }

    /// Lets a paused server go on.
    pub async fn resume(&self, server: Server) -> Result<(), StackError> {
        self.blocking(move |runner| match runner {
            Runner::Native(supervisor) => supervisor.resume(server),
            Runner::Docker(compose) => compose.control("unpause", server),
            Runner::External(_) => Err(not_here("resuming a server")),
        })
        .await
    }

    /// Starts one server, if it is down, and returns when it answers.
    pub async fn start(&self, server: Server) -> Result<(), StackError> {
        self.up(&[server], &Progress::traced()).await.map(drop)
    }

    /// Where the core servers are reached.
    pub fn urls(&self) -> Urls {
        if let Runner::External(urls) = &self.0.runner {
            return urls.clone();
        }
        Urls {
            mysql: self.url(Server::Mysql),
            kafka: self.url(Server::Kafka),
            registry: self.url(Server::Registry),
            opensearch: self.url(Server::Opensearch),
        }
    }

    /// Where one server is reached; `MariaDB` and Kafka Connect are never external.
    pub fn url(&self, server: Server) -> String {
        match &self.0.runner {
            Runner::External(urls) => urls.of(server).map(str::to_owned),
            _ => None,
        }
        .unwrap_or_else(|| server.url(self.0.config.ports.of(server)))
    }

    /// The pids of these servers when every one of them runs and is not paused.
    #[cfg(not(feature = "docker"))]
    pub(crate) fn running_pids(&self, servers: &[Server]) -> Option<Vec<u32>> {
        let Runner::Native(supervisor) = &self.0.runner else {
            return None;
        };
        servers
            .iter()
            .map(|server| {
                supervisor
                    .find(*server)
                    .filter(|alive| alive.state == ServerState::Running)
            })
            .map(|alive| alive.map(Alive::pid))
            .collect()
    }

    /// Kills every native server and deletes everything; blocks the thread.
    pub(crate) fn destroy(&self) {
        if let Runner::Native(supervisor) = &self.0.runner {
            supervisor.destroy();
        }
    }

    fn native_status(&self, supervisor: &Supervisor, server: Server) -> ServerStatus {
        let alive = supervisor.find(server);
        let state = alive.map_or(ServerState::Down, |alive| alive.state);
        self.line(server, state, alive)
    }

    fn line(&self, name: Server, state: ServerState, alive: Option<Alive>) -> ServerStatus {
        ServerStatus {
            name,
            state,
            pid: alive.map(Alive::pid),
            port: Some(self.0.config.ports.of(name)),
            url: self.url(name),
            rss_bytes: alive.map(|alive| alive.rss_bytes),
        }
    }

    async fn wait_ready(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        let mut waiting = JoinSet::new();
        for server in servers.iter().copied() {
            waiting.spawn(self.clone().wait_answer(server, progress.clone()));
        }
        while let Some(outcome) = waiting.join_next().await {
            outcome.map_err(|error| StackError::io("waiting for servers")(error.into()))??;
        }
        Ok(())
    }

    async fn wait_answer(self, server: Server, progress: Progress) -> Result<(), StackError> {
        let started = Instant::now();
        let mut said = Duration::ZERO;
        let url = self.url(server);
        loop {
            let Err(detail) = ready::probe(server, &url).await else {
                progress.say(format!("{server} answers at {url}"));
                return Ok(());
            };
            let waited = started.elapsed();
            if let Some(error) = self.given_up(server, waited, &detail) {
                return Err(error);
            }
            if waited > said + SAY_EVERY {
                said = waited;
                progress.say(format!("waiting for {server} ({} s)", waited.as_secs()));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Why waiting longer for this server makes no sense.
    fn given_up(&self, server: Server, waited: Duration, detail: &str) -> Option<StackError> {
        let Runner::Native(supervisor) = &self.0.runner else {
            let within = match self.0.runner {
                Runner::External(_) => REACH_WITHIN,
                _ => START_WITHIN,
            };
            return (waited > within).then(|| StackError::Unreachable {
                server,
                url: self.url(server),
                detail: detail.to_owned(),
            });
        };
        let log = supervisor.home().log(server);
        if supervisor.find(server).is_none() {
            let tail = process::tail(&log);
            return Some(StackError::Ended { server, log, tail });
        }
        (waited > START_WITHIN).then(|| StackError::NotReady {
            server,
            waited,
            detail: detail.to_owned(),
            tail: process::tail(&log),
            log,
        })
    }

    /// Runs the mode's work on a thread that may block.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Runner) -> Result<T, StackError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StackError>> + Send + 'static {
        let inner = Arc::clone(&self.0);
        async move {
            spawn_blocking(move || work(&inner.runner))
                .await
                .unwrap_or_else(|error| Err(StackError::io("background work")(error.into())))
        }
    }
}

fn not_here(action: &'static str) -> StackError {
    StackError::NotHere {
        action,
        mode: "external",
    }
}

async fn external_status(urls: &Urls) -> Vec<ServerStatus> {
    let mut lines = Vec::new();
    for name in Server::CORE {
        let url = urls.of(name).unwrap_or_default().to_owned();
        let state = match ready::probe(name, &url).await {
            Ok(()) => ServerState::Running,
            Err(_) => ServerState::Down,
        };
        lines.push(ServerStatus {
            name,
            state,
            pid: None,
            port: None,
            url,
            rss_bytes: None,
        });
    }
    lines
}
