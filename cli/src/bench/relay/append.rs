//! Rows appended to the event store, each in a transaction of its own.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use souk_schemas::Event;
use sqlx::{Executor as _, MySqlPool};
use tokio::{task::JoinSet, time::sleep_until};
use uuid::Uuid;

/// Connections that append at a pace.
const WRITERS: u64 = 8;
/// Connections that append the backlog.
pub(super) const LOADERS: usize = 16;

/// A row to be appended.
pub(super) struct Row {
    pub(super) event: Event,
    pub(super) payload: Vec<u8>,
}

/// Appends open loop: a late row does not delay the ones after it. Returns when each was acknowledged.
pub(super) async fn append_paced(
    pool: &MySqlPool,
    rows: Vec<Row>,
    per_second: u64,
) -> anyhow::Result<Vec<(Uuid, Instant)>> {
    let start = tokio::time::Instant::now();
    let mut lanes: Vec<Vec<(u32, Row)>> = (0..WRITERS).map(|_| Vec::new()).collect();
    let gap = Duration::from_secs(1) / u32::try_from(per_second)?;
    for (number, row) in (0_u32..).zip(rows) {
        let lane = usize::try_from(u64::from(number) % WRITERS)?;
        lanes[lane].push((number, row));
    }
    let mut writers = JoinSet::new();
    for lane in lanes {
        let pool = pool.clone();
        writers.spawn(async move {
            let mut committed = Vec::with_capacity(lane.len());
            for (number, row) in lane {
                sleep_until(start + gap * number).await;
                append(&pool, &row).await?;
                committed.push((row.event.meta().aggregate_id, Instant::now()));
            }
            anyhow::Ok(committed)
        });
    }
    let mut all = Vec::new();
    while let Some(committed) = writers.join_next().await {
        all.extend(committed.context("a writer panicked")??);
    }
    Ok(all)
}

/// Appends as fast as it goes, each row in a transaction of its own. The disk is not waited for: only what is read later is measured.
pub(super) async fn append_backlog(pool: &MySqlPool, rows: Vec<Row>) -> anyhow::Result<()> {
    pool.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2, GLOBAL sync_binlog = 0")
        .await
        .context("cannot hurry MySQL")?;
    let mut lanes: Vec<Vec<Row>> = (0..LOADERS).map(|_| Vec::new()).collect();
    for (number, row) in rows.into_iter().enumerate() {
        lanes[number % LOADERS].push(row);
    }
    let mut writers = JoinSet::new();
    for lane in lanes {
        let pool = pool.clone();
        writers.spawn(async move {
            for row in lane {
                append(&pool, &row).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written.context("a writer panicked")??;
    }
    pool.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1, GLOBAL sync_binlog = 1")
        .await
        .context("cannot slow MySQL down again")?;
    Ok(())
}

pub(super) async fn append(pool: &MySqlPool, row: &Row) -> anyhow::Result<()> {
    let meta = row.event.meta();
    sqlx::query(
        "INSERT INTO events (event_id, aggregate_type, aggregate_id, sequence, event_type, payload, actor, correlation_id, occurred_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(meta.event_id.to_string())
    .bind(row.event.aggregate().name())
    .bind(meta.aggregate_id.to_string())
    .bind(meta.sequence)
    .bind(row.event.event_type())
    .bind(row.payload.as_slice())
    .bind(meta.actor.map(|id| id.to_string()))
    .bind(meta.correlation_id.to_string())
    .bind(meta.occurred_at.as_micros())
    .execute(pool)
    .await
    .context("cannot append an event")?;
    Ok(())
}
