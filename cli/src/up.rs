//! `souk up` and `souk down`: the whole pipeline on one machine.

use std::{
    fs::File,
    io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use souk_platform::shutdown::token_on_signals;
use souk_stack::{Progress, Server, Stack};
use tokio::{process::Command, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Invocation,
    args::{Down, Role, Up, origin},
    demo, prepare, say,
    status::{role_status, roles_wanted},
    supervisor::{self, Launch, log_file},
    verbs,
};

/// How long the roles may take until they are ready; a state that has to be read from the log again takes a while.
const READY_WITHIN: Duration = Duration::from_mins(5);
const POLL: Duration = Duration::from_millis(200);
/// How long `down` waits for a detached `up` to drain and stop the servers.
const DOWN_WITHIN: Duration = Duration::from_mins(2);

/// Starts everything and serves until Ctrl-C, or until it is ready with `--detach`.
pub(crate) async fn up(invocation: Invocation, up: &Up) -> anyhow::Result<ExitCode> {
    if up.detach {
        detach(&invocation, up).await
    } else {
        serve(&invocation, up).await
    }
}

async fn serve(invocation: &Invocation, up: &Up) -> anyhow::Result<ExitCode> {
    let lock = Lock::take(&invocation.home)?;
    let stop = token_on_signals();
    let stack = invocation.stack();
    let outcome = stop.run_until_cancelled(start(invocation, &stack)).await;
    let served = match outcome {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok(())) => run_roles(invocation, up, &lock, stop).await,
    };
    say("stopping the servers");
    let stopped = stack.down().await.context("cannot stop the servers");
    served.and(stopped).map(|()| ExitCode::SUCCESS)
}

/// Servers, tables, schemas and topics.
async fn start(invocation: &Invocation, stack: &Stack) -> anyhow::Result<()> {
    let config = &invocation.config;
    require_free_ports(invocation)?;
    let check = stack.check();
    if !check.is_complete() {
        bail!("{check}");
    }
    let mut servers = Server::CORE.to_vec();
    if config.debezium.enabled {
        servers.push(Server::Connect);
    }
    let progress = Progress::new(|line| say(line));
    stack
        .up(&servers, &progress)
        .await
        .context("cannot start the servers")?;
    say("creating tables, schemas and topics");
    prepare::everything(config).await?;
    if config.debezium.enabled {
        verbs::register_debezium(invocation).await?;
    }
    Ok(())
}

/// A taken port is named before anything has been started in vain.
fn require_free_ports(invocation: &Invocation) -> anyhow::Result<()> {
    let config = &invocation.config;
    let mut wanted: Vec<(String, SocketAddr)> = vec![
        ("command_api.listen".to_owned(), config.command_api.listen),
        ("query_api.listen".to_owned(), config.query_api.listen),
    ];
    wanted.extend(Role::ALL.into_iter().map(|role| {
        (
            format!("ops.{}", role.name().replace('-', "_")),
            config.ops.of(role),
        )
    }));
    let taken: Vec<String> = wanted
        .iter()
        .filter(|(_, address)| {
            TcpListener::bind(address).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
        })
        .map(|(key, address)| format!("{address} ({key})"))
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    bail!(
        "in use by another process: {}; stop it, or configure other addresses",
        taken.join(", ")
    );
}

async fn run_roles(
    invocation: &Invocation,
    up: &Up,
    lock: &Lock,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let launch = Launch {
        home: invocation.home.clone(),
        config: invocation.config_file.clone(),
    };
    let roles = roles_wanted(invocation);
    let mut supervisor = tokio::spawn({
        let (roles, stop) = (roles.clone(), stop.clone());
        async move { supervisor::supervise(launch, &roles, stop).await }
    });
    let started = tokio::select! {
        // A role that cannot even be started is told at once.
        ended = &mut supervisor => return ended.context("the supervisor panicked")?,
        started = stop.run_until_cancelled(get_ready(invocation, up, &roles)) => started,
    };
    if let Some(Err(error)) = started {
        stop.cancel();
        supervisor.await.context("the supervisor panicked")??;
        return Err(error);
    }
    if started.is_some() {
        lock.mark_ready()?;
        print_welcome(invocation);
    }
    supervisor.await.context("the supervisor panicked")?
}

async fn get_ready(invocation: &Invocation, up: &Up, roles: &[Role]) -> anyhow::Result<()> {
    for role in roles {
        wait_ready(invocation, *role).await?;
        say(format!("{} is ready", role.name()));
    }
    if !up.no_demo {
        demo::load(&invocation.config)
            .await
            .context("cannot load the demo marketplace")?;
    }
    Ok(())
}

async fn wait_ready(invocation: &Invocation, role: Role) -> anyhow::Result<()> {
    let log = log_file(&invocation.home, role);
    let ready = async {
        while !role_status(&invocation.config.ops, role).await?.ready {
            sleep(POLL).await;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(READY_WITHIN, ready).await {
        Ok(ready) => ready,
        Err(_) => bail!(
            "{} was not ready within {} s; see {}",
            role.name(),
            READY_WITHIN.as_secs(),
            log.display()
        ),
    }
}

fn print_welcome(invocation: &Invocation) {
    let config = &invocation.config;
    let (command, query) = (
        origin(config.command_api.listen),
        origin(config.query_api.listen),
    );
    let stack = invocation.stack();
    say(format!(
        "
souk is up

  command API   {command}/api/v1
  query API     {query}/api/v1
  MySQL         {}
  Kafka         {}
  registry      {}
  OpenSearch    {}
  logs          {}

try
  curl '{query}/api/v1/catalog/search?q=rain+jacket&limit=3'
  curl '{query}/api/v1/catalog/search?brand=Velora&sort=price_asc&price_max=50000'
  curl -X POST {command}/api/v1/users/register -H 'Content-Type: application/json' -H \"Idempotency-Key: $RANDOM\" \\
       -d '{{\"email\":\"you@example.org\",\"name\":\"Your Name\",\"password\":\"correct horse battery\"}}'
  curl -X POST {command}/api/v1/users/login -H 'Content-Type: application/json' -H \"Idempotency-Key: $RANDOM\" \\
       -d '{{\"email\":\"you@example.org\",\"password\":\"correct horse battery\"}}'
  souk status
",
        stack.url(Server::Mysql),
        stack.url(Server::Kafka),
        stack.url(Server::Registry),
        stack.url(Server::Opensearch),
        invocation.home.join("logs").display(),
    ));
}

/// Starts this program again, without a terminal, and waits until it serves.
async fn detach(invocation: &Invocation, up: &Up) -> anyhow::Result<ExitCode> {
    drop(Lock::take(&invocation.home)?);
    let log = invocation.home.join("logs").join("up.log");
    std::fs::create_dir_all(invocation.home.join("logs"))
        .context("cannot create the folder for logs")?;
    let file = File::create(&log).with_context(|| format!("cannot open {}", log.display()))?;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let mut command = Command::new("setsid");
    command.arg(program).arg("--home").arg(&invocation.home);
    if let Some(config) = &invocation.config_file {
        command.arg("--config").arg(config);
    }
    command.arg("up");
    if up.no_demo {
        command.arg("--no-demo");
    }
    let errors = file.try_clone().context("cannot share the log")?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .spawn()
        .context("cannot start the process that stays")?;
    say(format!("starting; follow it in {}", log.display()));
    loop {
        if Lock::is_ready(&invocation.home, child.id()) {
            print_welcome(invocation);
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(status) = child
            .try_wait()
            .context("cannot wait for the process that stays")?
        {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let last: Vec<&str> = text.lines().rev().take(10).collect();
            bail!(
                "ended with {status} before it was ready:\n{}",
                last.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        }
        sleep(POLL).await;
    }
}

/// Stops a detached `up` and the servers; with `--purge` their data goes too.
pub(crate) async fn down(invocation: &Invocation, down: &Down) -> anyhow::Result<ExitCode> {
    if down.tests {
        souk_stack::TestStack::stop(&invocation.home)
            .await
            .context("cannot stop the servers of the tests")?;
        say("the servers of the tests are stopped");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(pid) = Lock::holder(&invocation.home) {
        say(format!("asking process {pid} to end"));
        end(&invocation.home, pid).await?;
    }
    let stack = invocation.stack();
    stack.down().await.context("cannot stop the servers")?;
    if down.purge {
        stack.purge().await.context("cannot delete the data")?;
        let state = &invocation.config.processors.state_dir;
        if state.exists() {
            std::fs::remove_dir_all(state)
                .with_context(|| format!("cannot delete {}", state.display()))?;
        }
        say("everything is stopped and deleted");
    } else {
        say("everything is stopped; data is kept");
    }
    Ok(ExitCode::SUCCESS)
}

async fn end(home: &Path, pid: i32) -> anyhow::Result<()> {
    let Some(process) = rustix::process::Pid::from_raw(pid) else {
        return Ok(());
    };
    rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap_or_default();
    let gone = async {
        while Lock::holder(home).is_some() {
            sleep(POLL).await;
        }
    };
    if tokio::time::timeout(DOWN_WITHIN, gone).await.is_err() {
        bail!(
            "process {pid} did not end within {} s; end it yourself and repeat",
            DOWN_WITHIN.as_secs()
        );
    }
    Ok(())
}

/// Only one `up` serves a home. The lock is the file's, so it goes with the process, however that ends.
#[derive(Debug)]
struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    fn path(home: &Path) -> PathBuf {
        home.join("up.lock")
    }

    fn take(home: &Path) -> anyhow::Result<Self> {
        let path = Self::path(home);
        let file = open(&path)?;
        if file.try_lock().is_err() {
            bail!(
                "souk is up already in {}; `souk status` shows it, `souk down` stops it",
                home.display()
            );
        }
        std::fs::write(&path, std::process::id().to_string())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { file, path })
    }

    /// The process that serves this home.
    fn holder(home: &Path) -> Option<i32> {
        let path = Self::path(home);
        let file = open(&path).ok()?;
        if file.try_lock().is_ok() {
            return None;
        }
        std::fs::read_to_string(path)
            .ok()?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    }

    fn mark_ready(&self) -> anyhow::Result<()> {
        let text = format!("{} ready", std::process::id());
        std::fs::write(&self.path, text)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }

    fn is_ready(home: &Path, pid: Option<u32>) -> bool {
        let text = std::fs::read_to_string(Self::path(home)).unwrap_or_default();
        pid.is_some_and(|pid| text == format!("{pid} ready"))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The process ends next, and the lock with it; an error here changes nothing.
        self.file.unlock().unwrap_or_default();
    }
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::options()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))
}
