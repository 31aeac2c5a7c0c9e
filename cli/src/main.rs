//! `souk`: every role and every operator verb of the marketplace's backend.

mod args;
mod bench;
mod config;
mod demo;
mod door;
mod export;
mod import;
mod index;
mod prepare;
mod roles;
mod status;
mod supervisor;
mod up;
mod verbs;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Parser as _;
use souk_stack::Stack;

use crate::{
    args::{Cli, Command},
    config::Config,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&anyhow::Error::new(error).context("cannot start the runtime"));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(Box::pin(run(cli)));
    // A blocking read of a client library must not hold up a process that is done.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::FAILURE
    })
}

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) home: PathBuf,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) config: Config,
}

impl Invocation {
    pub(crate) fn stack(&self) -> Stack {
        Stack::new(self.config.stack.clone(), &self.home)
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let home = absolute(cli.home.as_deref().unwrap_or(Path::new(".souk")))?;
    if matches!(cli.command, Command::Up(_) | Command::Bench(_)) {
        prepare::create_home(&home)?;
    }
    let config = Config::read(cli.config.as_deref(), &home, cli.command.signs())?;
    let telemetry = &config.telemetry;
    souk_platform::telemetry::init(telemetry.format, &telemetry.filter)
        .context("cannot start logging")?;
    let config_file = cli.config.as_deref().map(absolute).transpose()?;
    let invocation = Invocation {
        home,
        config_file,
        config,
    };
    match cli.command {
        Command::Up(up) => up::up(invocation, &up).await,
        Command::Status(json) => status::status(&invocation, json.json).await,
        Command::Down(down) => up::down(&invocation, &down).await,
        Command::Check => verbs::check(&invocation),
        Command::Config => Ok(verbs::config(&invocation)),
        Command::Run { role, supervised } => roles::run(invocation.config, role, supervised)
            .await
            .map(|()| ExitCode::SUCCESS),
        Command::Migrate => prepare::migrate(&invocation.config)
            .await
            .map(|()| ExitCode::SUCCESS),
        Command::Schemas(schemas) => verbs::schemas(&invocation, &schemas).await,
        Command::Topics(topics) => verbs::topics(&invocation, &topics).await,
        Command::Server(command) => verbs::server(&invocation, &command).await,
        Command::Debezium(command) => verbs::debezium(&invocation, &command).await,
        Command::Import(command) => import::import(&invocation, &command).await,
        Command::Bench(options) => bench::bench(&invocation, &options).await,
        Command::Export(command) => export::export(&invocation, &command).await,
    }
}

fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find {}", path.display()))
}

/// Prints a line for people or programs; a reader that went away is not an error.
pub(crate) fn say(line: impl AsRef<str>) {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", line.as_ref())
        .and_then(|()| out.flush())
        .unwrap_or_default();
}

fn complain(error: &anyhow::Error) {
    writeln!(io::stderr().lock(), "souk: {error:#}").unwrap_or_default();
}
