//! Keeps the roles running as processes of their own, each with a log file.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::args::Role;

/// A role that has drained for this long is killed.
const DRAIN: Duration = Duration::from_secs(30);
/// First pause before a role that ended is started again; it doubles up to [`LONGEST_PAUSE`].
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A role that ran for this long has recovered.
const STEADY: Duration = Duration::from_mins(1);

/// What every role is started with.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) home: PathBuf,
    pub(crate) config: Option<PathBuf>,
}

/// Runs `roles` until `stop`, and starts again what ends before; returns when all of them have ended.
pub(crate) async fn supervise(
    launch: Launch,
    roles: &[Role],
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let mut running = JoinSet::new();
    for role in roles {
        running.spawn(keep_running(launch.clone(), *role, stop.clone()));
    }
    while let Some(ended) = running.join_next().await {
        ended.context("a supervising task panicked")??;
    }
    Ok(())
}

/// The log of one role.
pub(crate) fn log_file(home: &Path, role: Role) -> PathBuf {
    home.join("logs").join(format!("{}.log", role.name()))
}

async fn keep_running(launch: Launch, role: Role, stop: CancellationToken) -> anyhow::Result<()> {
    let mut pause = SHORTEST_PAUSE;
    loop {
        let started = Instant::now();
        let mut child = start(&launch, role)?;
        // Waiting for a child closes its input, so the other end is held apart.
        let _lifeline = child.stdin.take();
        tokio::select! {
            status = child.wait() => {
                let status = status.with_context(|| format!("cannot wait for {}", role.name()))?;
                if stop.is_cancelled() {
                    return Ok(());
                }
                if started.elapsed() > STEADY {
                    pause = SHORTEST_PAUSE;
                }
                tracing::warn!(role = role.name(), %status, log = %log_file(&launch.home, role).display(), pause_ms = pause.as_millis(), "role ended, starting it again");
            }
            () = stop.cancelled() => return end(child, role).await,
        }
        if stop.run_until_cancelled(sleep(pause)).await.is_none() {
            return Ok(());
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn start(launch: &Launch, role: Role) -> anyhow::Result<Child> {
    let log = log_file(&launch.home, role);
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let file = File::options()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| format!("cannot open {}", log.display()))?;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut command = Command::new(program);
    command.arg("--home").arg(&launch.home);
    if let Some(config) = &launch.config {
        command.arg("--config").arg(config);
    }
    command
        .args(["run", role.name(), "--supervised"])
        // Closed when we end, however we end: see `roles::run`.
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(file)
        // Ctrl-C goes to the whole foreground group; roles are asked to end by us, in order.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", role.name()))
}

async fn end(mut child: Child, role: Role) -> anyhow::Result<()> {
    if let Some(pid) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
    {
        // It may have ended by itself in this moment, which is as good.
        kill_process(pid, Signal::TERM).unwrap_or_default();
    }
    if timeout(DRAIN, child.wait()).await.is_err() {
        tracing::warn!(
            role = role.name(),
            drain_seconds = DRAIN.as_secs(),
            "role did not drain in time, killing it"
        );
        child
            .kill()
            .await
            .with_context(|| format!("cannot kill {}", role.name()))?;
    }
    Ok(())
}
