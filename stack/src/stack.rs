use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::task::{JoinSet, spawn_blocking};

use crate::check::{self, Check};
use crate::config::{Config, Mode};
use crate::error::StackError;
use crate::jdk::{self, Found};
use crate::lock::Lock;
use crate::machine::Machine;
use crate::native::{self, Context, Home};
use crate::ports;
use crate::process::{self, Alive};
use crate::progress::Progress;
use crate::provision::{Cache, Tools, remove_folder};
use crate::ready;
use crate::server::{Server, ServerState, ServerStatus, Urls};

const START_WITHIN: Duration = Duration::from_mins(3);
const STOP_WITHIN: Duration = Duration::from_secs(30);
const GONE_WITHIN: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);

/// The servers of one home folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stack(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    home: Home,
    machine: Machine,
    cache: Cache,
}

impl Stack {
    /// Describes a stack; nothing is touched yet. Everything it keeps, downloads apart, is under `home`.
    pub fn new(config: Config, home: impl Into<PathBuf>) -> Self {
        let machine = Machine::observe();
        let cache = Cache::new(machine.cache_folder(config.cache.as_deref()));
        Self(Arc::new(Inner {
            config,
            home: Home { root: home.into() },
            machine,
            cache,
        }))
    }

    /// Says what the machine lacks for this mode, everything at once.
    pub fn check(&self) -> Check {
        check::check(&self.0.config.mode, &self.0.machine)
    }

    /// Downloads what these servers need, unless it is there.
    pub async fn provision(
        &self,
        servers: &[Server],
        progress: &Progress,
    ) -> Result<(), StackError> {
        let (stack, servers, progress) = (self.clone(), servers.to_owned(), progress.clone());
        blocking(move || stack.fill_cache(&servers, &progress)).await
    }

    /// Starts whichever of these servers are down and returns when all of them answer.
    pub async fn up(&self, servers: &[Server], progress: &Progress) -> Result<Urls, StackError> {
        let (stack, wanted, sink) = (self.clone(), servers.to_owned(), progress.clone());
        blocking(move || stack.launch_missing(&wanted, &sink)).await?;
        self.wait_ready(servers, progress).await?;
        Ok(self.urls())
    }

    /// Stops every server, politely at first; data is kept.
    pub async fn down(&self) -> Result<(), StackError> {
        let stack = self.clone();
        blocking(move || stack.stop_all()).await
    }

    /// Stops every server and deletes its data and logs; downloads are kept.
    pub async fn purge(&self) -> Result<(), StackError> {
        let stack = self.clone();
        blocking(move || {
            stack.stop_all()?;
            remove_folder(&stack.0.home.root)
        })
        .await
    }

    /// What runs, in the order of starting.
    pub fn status(&self) -> Vec<ServerStatus> {
        Server::ALL
            .into_iter()
            .map(|server| self.status_of(server))
            .collect()
    }

    /// Ends one server with SIGKILL, as a power cut would.
    pub async fn kill(&self, server: Server) -> Result<(), StackError> {
        let alive = self.alive(server)?;
        let record = self.0.home.record(server);
        alive.signal(Signal::KILL);
        blocking(move || {
            if process::wait_gone(&record, GONE_WITHIN) {
                return Ok(());
            }
            Err(StackError::Command {
                command: format!("kill {server}"),
                detail: "it is still there".to_owned(),
            })
        })
        .await
    }

    /// Stops one server's clock with SIGSTOP: its connections stay open and nothing answers.
    pub fn pause(&self, server: Server) -> Result<(), StackError> {
        self.alive(server)?.signal(Signal::STOP);
        Ok(())
    }

    /// Lets a paused server go on.
    pub fn resume(&self, server: Server) -> Result<(), StackError> {
        self.alive(server)?.signal(Signal::CONT);
        Ok(())
    }

    /// Starts one server, if it is down, and returns when it answers.
    pub async fn start(&self, server: Server) -> Result<(), StackError> {
        self.up(&[server], &Progress::traced()).await.map(drop)
    }

    /// Where the core servers are reached.
    pub fn urls(&self) -> Urls {
        if let Mode::External { urls } = &self.0.config.mode {
            return urls.clone();
        }
        Urls {
            mysql: self.url(Server::Mysql),
            kafka: self.url(Server::Kafka),
            registry: self.url(Server::Registry),
            opensearch: self.url(Server::Opensearch),
        }
    }

    /// Where one server is reached.
    pub fn url(&self, server: Server) -> String {
        server.url(self.0.config.ports.of(server))
    }

    /// Whether all of these run and are not paused, as far as the process table knows.
    pub(crate) fn all_running(&self, servers: &[Server]) -> bool {
        servers
            .iter()
            .all(|server| self.status_of(*server).state == ServerState::Running)
    }

    /// Kills every server and deletes everything; blocks the thread, and what cannot be deleted stays.
    pub(crate) fn destroy(&self) {
        for server in Server::ALL {
            if let Some(alive) = self.find(server) {
                alive.signal(Signal::KILL);
                process::wait_gone(&self.0.home.record(server), GONE_WITHIN);
            }
        }
        if let Err(error) = remove_folder(&self.0.home.root) {
            tracing::warn!(%error, "a private stack left files behind");
        }
    }

    fn status_of(&self, server: Server) -> ServerStatus {
        let alive = self.find(server);
        ServerStatus {
            name: server,
            state: alive.map_or(ServerState::Down, |alive| alive.state),
            pid: alive.map(Alive::pid),
            port: Some(self.0.config.ports.of(server)),
            url: self.url(server),
            rss_bytes: alive.map(|alive| alive.rss_bytes),
        }
    }

    fn find(&self, server: Server) -> Option<Alive> {
        process::find(&self.0.home.record(server))
    }

    fn alive(&self, server: Server) -> Result<Alive, StackError> {
        self.find(server).ok_or(StackError::NotRunning(server))
    }

    fn fill_cache(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        if self.0.cache.lacks(servers).is_empty() {
            return Ok(());
        }
        let check = self.check();
        let Found::Jdk(jdk) = jdk::find(&self.0.machine) else {
            return Err(StackError::Missing(check));
        };
        if !check.is_complete() {
            return Err(StackError::Missing(check));
        }
        let tools = Tools {
            machine: &self.0.machine,
            jdk: &jdk,
        };
        self.0.cache.fill(servers, &tools, progress)
    }

    fn launch_missing(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        let home = &self.0.home;
        let _lock = Lock::acquire(&home.lock())?;
        let mut down: Vec<Server> = servers
            .iter()
            .copied()
            .filter(|server| self.find(*server).is_none())
            .collect();
        down.sort();
        if down.is_empty() {
            return Ok(());
        }
        self.fill_cache(&down, progress)?;
        let Found::Jdk(jdk) = jdk::find(&self.0.machine) else {
            return Err(StackError::Missing(self.check()));
        };
        for server in &down {
            ports::ensure_free(*server, &self.0.config.ports)?;
        }
        let context = Context {
            home,
            cache: &self.0.cache,
            config: &self.0.config,
            jdk: &jdk,
            progress,
        };
        for server in down {
            let launch = native::prepare(server, &context)?;
            progress.say(format!("starting {server}"));
            process::start(server, &launch, &home.record(server), &home.log(server))?;
        }
        Ok(())
    }

    async fn wait_ready(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        let mut waiting = JoinSet::new();
        for server in servers.iter().copied() {
            waiting.spawn(self.clone().wait_answer(server));
        }
        while let Some(outcome) = waiting.join_next().await {
            let (server, took) =
                outcome.map_err(|error| StackError::io("waiting for servers")(error.into()))??;
            progress.say(format!(
                "{server} answers after {:.1} s",
                took.as_secs_f32()
            ));
        }
        Ok(())
    }

    async fn wait_answer(self, server: Server) -> Result<(Server, Duration), StackError> {
        let started = Instant::now();
        let url = self.url(server);
        let log = self.0.home.log(server);
        loop {
            let answer = ready::probe(server, &url).await;
            let Err(detail) = answer else {
                return Ok((server, started.elapsed()));
            };
            if self.find(server).is_none() {
                let tail = process::tail(&log);
                return Err(StackError::Ended { server, log, tail });
            }
            if started.elapsed() > START_WITHIN {
                let tail = process::tail(&log);
                return Err(StackError::NotReady {
                    server,
                    waited: START_WITHIN,
                    detail,
                    log,
                    tail,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// All are asked at once and then waited for; who does not go in time is killed.
    fn stop_all(&self) -> Result<(), StackError> {
        let _lock = Lock::acquire(&self.0.home.lock())?;
        let running: Vec<(Server, Alive)> = Server::ALL
            .into_iter()
            .rev()
            .filter_map(|server| Some((server, self.find(server)?)))
            .collect();
        for (_, alive) in &running {
            alive.signal(Signal::TERM);
            // A paused server would not hear of it.
            alive.signal(Signal::CONT);
        }
        let started = Instant::now();
        for (server, alive) in running {
            let record = self.0.home.record(server);
            if !process::wait_gone(&record, STOP_WITHIN.saturating_sub(started.elapsed())) {
                alive.signal(Signal::KILL);
                process::wait_gone(&record, GONE_WITHIN);
            }
        }
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StackError> + Send + 'static,
) -> Result<T, StackError> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StackError::io("background work")(error.into())))
}
