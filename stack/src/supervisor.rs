//! Runs the servers as processes of this machine. Everything here blocks its thread.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::check::{self, Check};
use crate::config::{Config, Mode};
use crate::error::StackError;
use crate::jdk::{self, Found, Jdk};
use crate::lock::Lock;
use crate::machine::Machine;
use crate::native::{self, Context, Home};
use crate::ports;
use crate::process::{self, Alive};
use crate::progress::Progress;
use crate::provision::{Cache, Tools, remove_folder};
use crate::server::{Server, ServerState};

const STOP_WITHIN: Duration = Duration::from_secs(30);
const OBEYS_WITHIN: Duration = Duration::from_secs(30);

/// The processes of one home folder.
#[derive(Debug)]
pub(crate) struct Supervisor {
    config: Config,
    home: Home,
    machine: Machine,
    cache: Cache,
}

impl Supervisor {
    pub(crate) fn new(config: Config, home: Home) -> Self {
        let machine = Machine::observe();
        let cache = Cache::new(machine.cache_folder(config.cache.as_deref()));
        Self {
            config,
            home,
            machine,
            cache,
        }
    }

    pub(crate) fn check(&self) -> Check {
        check::check(&Mode::Native, &self.machine)
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn find(&self, server: Server) -> Option<Alive> {
        process::find(&self.home.record(server))
    }

    pub(crate) fn provision(
        &self,
        servers: &[Server],
        progress: &Progress,
    ) -> Result<(), StackError> {
        if self.cache.lacks(servers).is_empty() {
            return Ok(());
        }
        let check = self.check();
        if !check.is_complete() {
            return Err(StackError::Missing(check));
        }
        let jdk = self.jdk()?;
        let tools = Tools {
            machine: &self.machine,
            jdk: &jdk,
        };
        self.cache.fill(servers, &tools, progress)
    }

    /// Starts those that are down and wakes those that are paused.
    pub(crate) fn launch(&self, servers: &[Server], progress: &Progress) -> Result<(), StackError> {
        let _lock = Lock::acquire(&self.home.lock())?;
        let mut down = Vec::new();
        for server in servers {
            match self.find(*server) {
                // Harmless unless it is paused, or just about to be.
                Some(alive) => alive.signal(Signal::CONT),
                None => down.push(*server),
            }
        }
        if down.is_empty() {
            return Ok(());
        }
        down.sort();
        down.dedup();
        self.provision(&down, progress)?;
        for server in &down {
            ports::ensure_free(*server, &self.config.ports)?;
        }
        let jdk = self.jdk()?;
        let context = Context {
            home: &self.home,
            cache: &self.cache,
            config: &self.config,
            jdk: &jdk,
            progress,
        };
        for server in down {
            let launch = native::prepare(server, &context)?;
            progress.say(format!("starting {server}"));
            process::start(
                server,
                &launch,
                &self.home.record(server),
                &self.home.log(server),
            )?;
        }
        Ok(())
    }

    /// Ends one server as a power cut would.
    pub(crate) fn kill(&self, server: Server) -> Result<(), StackError> {
        self.signal(server, Signal::KILL, is_gone)
    }

    pub(crate) fn pause(&self, server: Server) -> Result<(), StackError> {
        self.signal(server, Signal::STOP, |alive| {
            alive.is_none_or(|alive| alive.state == ServerState::Paused)
        })
    }

    pub(crate) fn resume(&self, server: Server) -> Result<(), StackError> {
        self.signal(server, Signal::CONT, |alive| {
            alive.is_none_or(|alive| alive.state == ServerState::Running)
        })
    }

    /// Sends a signal and waits for its effect, which a process with many threads shows a little later.
    fn signal(
        &self,
        server: Server,
        signal: Signal,
        done: impl Fn(Option<Alive>) -> bool,
    ) -> Result<(), StackError> {
        self.find(server)
            .ok_or(StackError::NotRunning(server))?
            .signal(signal);
        if process::wait_until(&self.home.record(server), OBEYS_WITHIN, done) {
            return Ok(());
        }
        Err(StackError::Command {
            command: format!("signal {signal:?} to {server}"),
            detail: format!("no effect within {OBEYS_WITHIN:?}"),
        })
    }

    /// All are asked at once and then waited for; who does not go in time is killed.
    pub(crate) fn stop_all(&self) -> Result<(), StackError> {
        let _lock = Lock::acquire(&self.home.lock())?;
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
            let record = self.home.record(server);
            if !process::wait_until(
                &record,
                STOP_WITHIN.saturating_sub(started.elapsed()),
                is_gone,
            ) {
                alive.signal(Signal::KILL);
                process::wait_until(&record, OBEYS_WITHIN, is_gone);
            }
        }
        Ok(())
    }

    /// Stops everything and forgets it; downloads are kept.
    pub(crate) fn purge(&self) -> Result<(), StackError> {
        self.stop_all()?;
        remove_folder(&self.home.root)
    }

    /// Like purge, without asking politely; what cannot be deleted stays.
    pub(crate) fn destroy(&self) {
        let alive: Vec<Alive> = Server::ALL
            .into_iter()
            .filter_map(|server| self.find(server))
            .collect();
        for alive in alive {
            alive.signal(Signal::KILL);
        }
        for server in Server::ALL {
            process::wait_until(&self.home.record(server), OBEYS_WITHIN, is_gone);
        }
        if let Err(error) = remove_folder(&self.home.root) {
            tracing::warn!(%error, "a private stack left files behind");
        }
    }

    fn jdk(&self) -> Result<Jdk, StackError> {
        match jdk::find(&self.machine) {
            Found::Jdk(jdk) => Ok(jdk),
            Found::Nothing(_) => Err(StackError::Missing(self.check())),
        }
    }
}

fn is_gone(alive: Option<Alive>) -> bool {
    alive.is_none()
}
