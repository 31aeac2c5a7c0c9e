//! Roles as processes of their own, of this same binary.

use std::{
    fs::File,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

use super::world::{PATIENCE, World};
use crate::args::{Role, origin};

const POLL: Duration = Duration::from_millis(5);

/// A role that runs; it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    role: Role,
    child: Child,
    pid: u32,
    ready_url: String,
    log: PathBuf,
    http: reqwest::Client,
    pub(super) started: Instant,
}

impl Running {
    /// Starts a role in this world with its defaults, apart from `settings` (`SECTION__KEY`) and what this process's own environment says.
    pub(super) fn start(
        world: &World,
        role: Role,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let log = world.folder.join(format!("{}.log", role.name()));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .with_context(|| format!("cannot open {}", log.display()))?;
        let program = std::env::current_exe().context("cannot find this program's own file")?;
        let started = Instant::now();
        let child = Command::new(program)
            .arg("--home")
            .arg(&world.folder)
            .args(["run", role.name()])
            // Here is no configuration file that could be read by chance.
            .current_dir(&world.folder)
            .envs(world.settings())
            .envs(
                settings
                    .iter()
                    .map(|(key, value)| (format!("SOUK__{key}"), *value)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            // Ctrl-C goes to the whole foreground group; roles are ended by us.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", role.name()))?;
        let pid = child
            .id()
            .with_context(|| format!("{} ended at once", role.name()))?;
        let ready_url = format!("{}/readyz", origin(world.config.ops.of(role)));
        Ok(Self {
            role,
            child,
            pid,
            ready_url,
            log,
            http: world.http.clone(),
            started,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn name(&self) -> &'static str {
        self.role.name()
    }

    /// Waits until the role says that it is ready; returns how long that took since its start.
    pub(super) async fn wait_ready(&mut self, within: Duration) -> anyhow::Result<Duration> {
        while !self.is_ready().await {
            if let Some(status) = self.child.try_wait().context("cannot look after a role")? {
                bail!(
                    "{} ended with {status}; see {}",
                    self.name(),
                    self.log.display()
                );
            }
            if self.started.elapsed() > within {
                bail!(
                    "{} was not ready within {} s; see {}",
                    self.name(),
                    within.as_secs(),
                    self.log.display()
                );
            }
            sleep(POLL).await;
        }
        Ok(self.started.elapsed())
    }

    async fn is_ready(&self) -> bool {
        let answer = self
            .http
            .get(&self.ready_url)
            .timeout(Duration::from_secs(5))
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Asks the role to drain and waits for its end.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) {
            // It may have ended by itself in this moment, which the status below shows.
            kill_process(pid, Signal::TERM).unwrap_or_default();
        }
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.with_context(|| {
            format!("{} did not drain; see {}", self.name(), self.log.display())
        })?;
        let status = status.with_context(|| format!("cannot wait for {}", self.name()))?;
        if !status.success() {
            bail!(
                "{} ended with {status}; see {}",
                self.name(),
                self.log.display()
            );
        }
        Ok(())
    }
}

/// Starts roles and waits until all are ready.
pub(super) async fn start_all(world: &World, roles: &[Role]) -> anyhow::Result<Vec<Running>> {
    let mut running = Vec::new();
    for role in roles {
        running.push(Running::start(world, *role, &[])?);
    }
    for role in &mut running {
        role.wait_ready(PATIENCE).await?;
    }
    Ok(running)
}

pub(super) async fn stop_all(roles: Vec<Running>) -> anyhow::Result<()> {
    for role in roles {
        role.stop().await?;
    }
    Ok(())
}
