//! Waits until what was imported can be found.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    config::Config,
    door::{Imported, Outcome},
    index::Index,
    say,
};

/// Nothing may stand still for longer.
const STANDSTILL: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(250);
/// Ids asked for in one request.
const ASKED_AT_ONCE: usize = 1_000;

/// Something that was created, and the index where it appears.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Created {
    alias: &'static str,
    id: Uuid,
}

impl Created {
    /// Categories have no documents of their own, and what existed before is not waited for.
    pub(crate) fn of(kind: &str, imported: &Imported) -> Option<Self> {
        let alias = match kind {
            "users" => "souk-users",
            "listings" => "souk-catalog",
            "orders" | "credits" => "souk-orders",
            _ => return None,
        };
        let id = imported
            .id
            .filter(|_| imported.outcome == Outcome::Created)?;
        Some(Self { alias, id })
    }
}

/// Returns when every created thing is in its index; fails when nothing moves for two minutes.
pub(crate) async fn wait(config: &Config, created: &[Created], quiet: bool) -> anyhow::Result<()> {
    let index = Index::new(config)?;
    let mut missing: BTreeMap<&'static str, Vec<Uuid>> = BTreeMap::new();
    for thing in created {
        missing.entry(thing.alias).or_default().push(thing.id);
    }
    for (alias, ids) in missing {
        wait_for(&index, alias, ids, quiet).await?;
    }
    Ok(())
}

async fn wait_for(
    index: &Index,
    alias: &'static str,
    mut missing: Vec<Uuid>,
    quiet: bool,
) -> anyhow::Result<()> {
    let mut moved = Instant::now();
    let mut told = Instant::now();
    while !missing.is_empty() {
        // What was written in order appears in order: the oldest are asked for first.
        let asked = missing.len().min(ASKED_AT_ONCE);
        let still = index
            .missing(alias, missing.get(..asked).unwrap_or_default())
            .await
            .context("cannot ask the index")?;
        let stands_still = still.len() == asked;
        missing.splice(..asked, still);
        if !stands_still {
            moved = Instant::now();
            continue;
        }
        if moved.elapsed() > STANDSTILL {
            bail!(
                "{} documents of {alias} are not searchable and nothing has moved for {} s; `souk status` says what is down",
                missing.len(),
                STANDSTILL.as_secs()
            );
        }
        if !quiet && told.elapsed() > Duration::from_secs(2) {
            say(format!(
                "{} documents of {alias} are not searchable yet",
                missing.len()
            ));
            told = Instant::now();
        }
        sleep(POLL).await;
    }
    Ok(())
}
