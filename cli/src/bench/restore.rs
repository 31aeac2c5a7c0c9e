//! How long a processor takes until it knows again what it knew: from its snapshots, and from the log without them.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::json;
use souk_documents::ORDERS;
use souk_platform::{clients, clock::now_micros};
use souk_schemas::{Aggregate, Timestamp};
use tokio::task::spawn_blocking;

use super::{
    events::Generator,
    machine::Usage,
    raw_index::RawIndex,
    roles::Running,
    stats::{Aim, Findings, Side, real},
    tell,
    topics::{Loader, read_through},
    world::{PATIENCE, Servers, World},
};
use crate::args::{self, Role};

const ONLY_ORDERS: (&str, &str) = ("PROJECTIONS__ONLY", "[\"orders\"]");
const READY_WITHIN: Duration = Duration::from_mins(10);
const SAY_EVERY: u64 = 100_000;
const EVENTS_EACH: u64 = 5;
const READING: Side = Side::Beside("reading those topics alone");

pub(super) async fn measure(
    servers: &Servers,
    options: &args::Bench,
    memory: &mut Findings,
) -> anyhow::Result<Findings> {
    let world = servers.world("restore").await?;
    let orders = options.restored;
    let loader = Loader::new(
        &world.kafka(),
        &world.config.names.prefix,
        world.encoder().await?,
    )?;
    spawn_blocking(move || load(loader, orders))
        .await
        .context("loading panicked")??;
    catch_up(&world, orders).await?;

    let mut findings = Findings::default();
    let snapshots = real(folder_bytes(&world.config.processors.state_dir)?) / 1e6;
    findings.note(
        Side::Ours,
        format!("snapshots of {orders} orders"),
        "MB on disk",
        snapshots,
    );
    let from_snapshots = format!("ready with {orders} orders, from snapshots");
    let from_log = format!("ready with {orders} orders, from the log");
    for round in 0..options.rounds {
        tell(format!(
            "restore: round {} of {}, from snapshots",
            round + 1,
            options.rounds
        ));
        let (took, usage) = start(&world).await?;
        findings.note(Side::Ours, from_snapshots.clone(), "s", took.as_secs_f64());
        memory.note(
            Side::Ours,
            format!("processors, {orders} orders restored"),
            "MB",
            real(usage.rss_bytes) / 1e6,
        );
        tell(format!(
            "restore: round {} of {}, from the log",
            round + 1,
            options.rounds
        ));
        let took = without_snapshots(&world).await?;
        findings.note(Side::Ours, from_log.clone(), "s", took.as_secs_f64());
        let alone = read_alone(&world, orders).await?.as_secs_f64();
        findings.note(READING, from_snapshots.clone(), "s", alone);
        findings.note(READING, from_log.clone(), "s", alone);
    }
    findings.aim(from_snapshots, "s", Aim::AtMost(8.0));
    Ok(findings)
}

/// Puts the history of the orders on the topics.
fn load(mut loader: Loader, orders: u64) -> anyhow::Result<()> {
    let mut generator = Generator::new(2, Timestamp(now_micros()));
    for event in generator.dimensions() {
        loader.send(&event)?;
    }
    for number in 0..orders {
        if number % SAY_EVERY == 0 {
            tell(format!(
                "restore: {number} of {orders} orders are on the topics"
            ));
        }
        for event in generator.order() {
            loader.send(&event)?;
        }
    }
    loader.finish()
}

/// Brings the processor up to date once and stops it, so that it has snapshots.
async fn catch_up(world: &World, orders: u64) -> anyhow::Result<()> {
    tell("restore: bringing the processor up to date");
    let client = clients::opensearch(&world.config.opensearch)
        .context("cannot build a client for OpenSearch")?;
    let index = RawIndex::new(client, format!("{}{ORDERS}", world.config.names.prefix));
    let role = Running::start(world, Role::Processors, &[ONLY_ORDERS])?;
    let done = json!({"bool": {"filter": [{"term": {"payment.status": "captured"}}, {"term": {"status": "confirmed"}}]}});
    let watched = index.watch(orders, &done).await;
    role.stop().await?;
    watched.map(drop)
}

async fn start(world: &World) -> anyhow::Result<(Duration, Usage)> {
    let mut role = Running::start(world, Role::Processors, &[ONLY_ORDERS])?;
    let took = role.wait_ready(READY_WITHIN).await?;
    let usage = Usage::of(role.pid())?;
    role.stop().await?;
    Ok((took, usage))
}

/// The snapshots are put aside meanwhile: a restart that read no news writes none.
async fn without_snapshots(world: &World) -> anyhow::Result<Duration> {
    let state = &world.config.processors.state_dir;
    let aside = state.with_extension("aside");
    fs::rename(state, &aside).context("cannot put the snapshots aside")?;
    let (took, _) = start(world).await?;
    if state.exists() {
        fs::remove_dir_all(state).context("cannot delete a state")?;
    }
    fs::rename(&aside, state).context("cannot put the snapshots back")?;
    Ok(took)
}

async fn read_alone(world: &World, orders: u64) -> anyhow::Result<Duration> {
    let topics = [Aggregate::Order, Aggregate::Payment].map(|aggregate| world.topic(aggregate));
    let kafka = world.kafka();
    let begun = std::time::Instant::now();
    let read = tokio::time::timeout(
        PATIENCE * 2,
        spawn_blocking(move || read_through(&kafka, &topics)),
    )
    .await;
    let read = read
        .context("reading the topics takes too long")?
        .context("reading panicked")??;
    let elapsed = begun.elapsed();
    if read != orders * EVENTS_EACH {
        bail!(
            "{read} records were read, {} were written",
            orders * EVENTS_EACH
        );
    }
    Ok(elapsed)
}

/// Of all files below a folder.
fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let entry = entry.context("cannot read a folder")?;
        let metadata = entry.metadata().context("cannot look at a file")?;
        bytes += if metadata.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_has_as_many_events_as_are_counted() {
        let mut generator = Generator::new(1, Timestamp(2_000_000_000_000_000));
        assert_eq!(u64::try_from(generator.order().len()), Ok(EVENTS_EACH));
    }
}
