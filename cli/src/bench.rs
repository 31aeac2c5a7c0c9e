//! `souk bench`: figures of speed, each beside its limit or a peer in the same run, on servers of its own.
//!
//! Start reading at [`measure`]; each figure is a file of its own under `bench/`. What they mean is in docs/PERFORMANCE.md.

mod catch_up;
mod commands;
mod events;
mod freshness;
mod machine;
mod market;
mod memory;
mod raw_index;
mod relay;
mod restore;
mod roles;
mod stats;
mod topics;
mod world;

use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::ValueEnum as _;
use serde_json::{Value, json};
use souk_platform::shutdown::token_on_signals;

use self::{
    machine::{Load, Machine},
    stats::Findings,
    world::Servers,
};
use crate::{
    Invocation,
    args::{self, Figure},
    say,
};

/// Nothing that is measured here takes this long; each step has a bound of its own besides.
const LONGEST_FIGURE: Duration = Duration::from_hours(2);

/// Measures what is asked for and prints it; fails when a figure could not be measured, not when it is bad.
pub(crate) async fn bench(
    invocation: &Invocation,
    options: &args::Bench,
) -> anyhow::Result<ExitCode> {
    let _lock = lock(&invocation.home)?;
    let servers = Servers::new(invocation)?;
    let stop = token_on_signals();
    let measured = stop
        .run_until_cancelled(Box::pin(measure(&servers, options)))
        .await;
    tell("stopping the servers");
    let stopped = servers.stop().await;
    let all_measured = measured.context("interrupted")??;
    stopped?;
    Ok(if all_measured {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns whether every figure could be measured.
async fn measure(servers: &Servers, options: &args::Bench) -> anyhow::Result<bool> {
    let machine = Machine::observe()?;
    tell(machine.line());
    tell("starting servers of the bench's own");
    servers.start().await?;
    if !options.json {
        say(format!("machine: {}", machine.line()));
    }
    let mut reports = Vec::new();
    let mut noted = Findings::default();
    for figure in Figure::value_variants()
        .iter()
        .filter(|figure| options.figures.is_empty() || options.figures.contains(figure))
    {
        let report = Report::of(*figure, servers, options, &mut noted).await?;
        if !options.json {
            say(report.text());
        }
        reports.push(report);
    }
    if options.json {
        let figures: Vec<Value> = reports.iter().map(Report::json).collect();
        let document =
            json!({"machine": machine, "options": options_json(options), "figures": figures});
        say(serde_json::to_string_pretty(&document).context("cannot print the figures")?);
    }
    Ok(reports.iter().all(|report| report.outcome.is_ok()))
}

/// One figure with what the machine was doing.
struct Report {
    title: String,
    took: Duration,
    before: Load,
    after: Load,
    outcome: Result<Findings, String>,
}

impl Report {
    async fn of(
        figure: Figure,
        servers: &Servers,
        options: &args::Bench,
        noted: &mut Findings,
    ) -> anyhow::Result<Self> {
        let title = figure
            .to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default();
        let (before, begun) = (Load::now()?, Instant::now());
        let measuring = Box::pin(async {
            match figure {
                Figure::Relay => relay::measure(servers, options, noted).await,
                Figure::CatchUp => catch_up::measure(servers, options, noted).await,
                Figure::Freshness => freshness::measure(servers, options, noted).await,
                Figure::Commands => commands::measure(servers, options, noted).await,
                Figure::Restore => restore::measure(servers, options, noted).await,
                Figure::Memory => memory::measure(servers, std::mem::take(noted)).await,
            }
        });
        let outcome = match tokio::time::timeout(LONGEST_FIGURE, measuring).await {
            Ok(outcome) => outcome.map_err(|error| format!("{error:#}")),
            Err(_) => Err(format!("not done after {} s", LONGEST_FIGURE.as_secs())),
        };
        if let Err(error) = &outcome {
            tell(format!("{title} could not be measured: {error}"));
        }
        Ok(Self {
            title,
            took: begun.elapsed(),
            before,
            after: Load::now()?,
            outcome,
        })
    }

    fn text(&self) -> String {
        let head = format!(
            "\n{} (load average before {}, after {}; took {} s)\n",
            self.title,
            self.before.line(),
            self.after.line(),
            self.took.as_secs()
        );
        match &self.outcome {
            Ok(findings) => format!("{head}\n{}", findings.table(&self.title)),
            Err(error) => format!("{head}\ncould not be measured: {error}"),
        }
    }

    fn json(&self) -> Value {
        json!({
            "figure": self.title,
            "load_before": self.before,
            "load_after": self.after,
            "took_seconds": self.took.as_secs(),
            "rows": self.outcome.as_ref().ok().map(Findings::json),
            "error": self.outcome.as_ref().err(),
        })
    }
}

fn options_json(options: &args::Bench) -> Value {
    json!({
        "rounds": options.rounds,
        "seconds": options.seconds,
        "backlog": options.backlog,
        "documents": options.documents,
        "listings": options.listings,
        "restored": options.restored,
        "commands": options.commands,
    })
}

/// Two benches would measure each other.
fn lock(home: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(home).with_context(|| format!("cannot create {}", home.display()))?;
    let path = home.join("bench.lock");
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    if file.try_lock().is_err() {
        bail!("another bench runs in {}", home.display());
    }
    Ok(file)
}

/// Says how far we are, beside the output proper.
fn tell(line: impl AsRef<str>) {
    writeln!(io::stderr().lock(), "{}", line.as_ref()).unwrap_or_default();
}
