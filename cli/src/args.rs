//! The command line: parsing only.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

/// The backend of a marketplace, as a stream-processing pipeline.
#[derive(Debug, Parser)]
#[command(
    name = "souk",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Configuration file (TOML). Without it `souk.toml` in the current folder is read if there is one.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Folder for data, logs and pids; by default `.souk` here.
    #[arg(long, global = true, env = "SOUK_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start everything: servers, roles and a demo marketplace; serve until Ctrl-C.
    #[command(
        after_help = "Examples:\n  souk up\n  souk up --detach && souk status\n  souk up --no-demo"
    )]
    Up(Up),
    /// Say what runs, where and whether it is ready. Fails when something is not.
    Status(Json),
    /// Stop everything.
    Down(Down),
    /// Say what the machine lacks for running the servers natively. Fails when something is missing.
    Check,
    /// Check the configuration and print it, secrets hidden.
    Config,
    /// Run one role in the foreground, as deployments do.
    Run {
        /// The role.
        role: Role,
        /// End when standard input does: whoever started this role holds the other end, and a crash lets go of it too.
        #[arg(long, hide = true)]
        supervised: bool,
    },
    /// Create or update the tables of the write side.
    Migrate,
    /// Schemas: check, register, generate.
    #[command(subcommand)]
    Schemas(Schemas),
    /// Topics of the catalogue.
    #[command(subcommand)]
    Topics(Topics),
    /// Servers of the stack, one by one.
    #[command(subcommand)]
    Server(ServerCommand),
    /// Debezium instead of the relay.
    #[command(subcommand)]
    Debezium(Debezium),
    /// Bring data of another system in, through the command API.
    #[command(subcommand)]
    Import(Import),
    /// Print data from the index.
    #[command(subcommand)]
    Export(Export),
    /// Measure, each figure beside its limit or a peer, on servers of its own.
    #[command(
        after_help = "Examples:\n  souk bench\n  souk bench freshness --rounds 5\n  souk bench relay catch-up --json"
    )]
    Bench(Bench),
}

impl Command {
    /// Whether it signs or reads tokens, and so cannot do without the secret.
    pub(crate) fn signs(&self) -> bool {
        matches!(
            self,
            Self::Up(_) | Self::Run { .. } | Self::Import(_) | Self::Bench(_) | Self::Config
        )
    }
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// Return once everything is ready; `souk down` stops it.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Start with an empty marketplace.
    #[arg(long)]
    pub(crate) no_demo: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Json {
    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Also delete all data.
    #[arg(long)]
    pub(crate) purge: bool,
    /// Stop the servers that tests left running instead.
    #[arg(long)]
    pub(crate) tests: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    CommandApi,
    Relay,
    Processors,
    QueryApi,
}

impl Role {
    /// In the order in which they are started.
    pub(crate) const ALL: [Self; 4] = [
        Self::CommandApi,
        Self::Relay,
        Self::Processors,
        Self::QueryApi,
    ];

    /// As written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CommandApi => "command-api",
            Self::Relay => "relay",
            Self::Processors => "processors",
            Self::QueryApi => "query-api",
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Schemas {
    /// Check `FULL_TRANSITIVE` compatibility against every earlier version, offline.
    Check(Json),
    /// Register every schema of this build; what is registered already stays.
    Register,
    /// Write the Rust types and docs/EVENTS.md from the schemas.
    Generate,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Topics {
    /// Create missing topics and correct their settings.
    Apply(Json),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServerCommand {
    /// End a server at once, as a crash would.
    Kill { name: souk_stack::Server },
    /// Freeze a server.
    Pause { name: souk_stack::Server },
    /// Let a frozen server go on.
    Resume { name: souk_stack::Server },
    /// Start a server that is down.
    Start { name: souk_stack::Server },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Debezium {
    /// Register the connector at Kafka Connect.
    Register,
}

/// Where the command API is and who imports.
#[derive(Debug, Args)]
pub(crate) struct Admin {
    /// Command API; by default the one of this configuration.
    #[arg(long, value_name = "URL")]
    pub(crate) command_url: Option<Url>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// UCI Online Retail: invoice lines of a shop, as CSV or gzipped CSV.
    OnlineRetail(ImportFile),
    /// Products, one JSON object a line.
    Products(ImportFile),
}

#[derive(Debug, Args)]
pub(crate) struct ImportFile {
    /// The file.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) admin: Admin,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not wait until everything imported can be found.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Monthly invoices: `external_id,year,month,currency,entries,total_minor`, sorted.
    Invoices {
        /// As CSV, the only form there is.
        #[arg(long, required = true)]
        csv: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    Relay,
    CatchUp,
    Freshness,
    Commands,
    Restore,
    Memory,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure; everything by default.
    pub(crate) figures: Vec<Figure>,
    /// Interleaved rounds; medians are printed.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// Seconds of each paced measurement.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
    /// Events of the relay's backlog.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(crate) backlog: u64,
    /// Documents of each catch-up.
    #[arg(long, default_value_t = 150_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(crate) documents: u64,
    /// Listings in the index whose freshness is measured.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(crate) listings: u32,
    /// Orders whose state is restored.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(100..=100_000_000))]
    pub(crate) restored: u64,
    /// Commands of each round that are sent as fast as they are answered.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=10_000_000))]
    pub(crate) commands: u64,
    /// Print one JSON document.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The origin of an HTTP server that listens there: `http://127.0.0.1:7401`.
pub(crate) fn origin(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
