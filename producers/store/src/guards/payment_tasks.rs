//! What is still to be asked of the payment gateway; survives restarts, shared by every process.

use std::time::Duration;

use sqlx::mysql::MySqlRow;
use sqlx::{MySql, MySqlConnection, MySqlPool, QueryBuilder, Row};
use uuid::Uuid;

use crate::aggregates::uuid_of;
use crate::error::StoreError;

/// One thing to ask of the gateway, repeated under the same key until it is settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentTask {
    /// Also the gateway's idempotency key.
    pub task_id: Uuid,
    /// Whose payment it is.
    pub order_id: Uuid,
    /// What is asked.
    pub kind: String,
    /// The rest, as the process manager wrote it.
    pub task: Vec<u8>,
    /// How often it was picked; by [`pick_due`], this time included.
    pub attempts: u32,
}

/// Adds a task; it is due at `due_at_micros`.
pub async fn insert(
    tx: &mut MySqlConnection,
    task: &PaymentTask,
    due_at_micros: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO payment_tasks (task_id, order_id, kind, task, due_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(task.task_id.to_string())
    .bind(task.order_id.to_string())
    .bind(&task.kind)
    .bind(&task.task)
    .bind(due_at_micros)
    .execute(tx)
    .await?;
    Ok(())
}

/// Picks tasks that are due and puts them out of reach for `lease`: should this process die, they are due again then.
///
/// Must not be cancelled half-way; call it from a task that is never dropped.
pub async fn pick_due(
    pool: &MySqlPool,
    now_micros: i64,
    lease: Duration,
    limit: u32,
) -> Result<Vec<PaymentTask>, StoreError> {
    let mut tx = pool.begin().await?;
    let rows = sqlx::query(
        "SELECT task_id, order_id, kind, task, attempts FROM payment_tasks \
         WHERE due_at <= ? ORDER BY due_at LIMIT ? FOR UPDATE SKIP LOCKED",
    )
    .bind(now_micros)
    .bind(limit)
    .fetch_all(&mut *tx)
    .await?;
    let mut tasks: Vec<PaymentTask> = rows.iter().map(task_of).collect::<Result<_, _>>()?;
    for task in &mut tasks {
        task.attempts += 1;
    }
    if !tasks.is_empty() {
        let lease_micros = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
        lease_tasks(&mut tx, &tasks, now_micros.saturating_add(lease_micros)).await?;
    }
    tx.commit().await?;
    Ok(tasks)
}

async fn lease_tasks(
    tx: &mut MySqlConnection,
    tasks: &[PaymentTask],
    until_micros: i64,
) -> Result<(), StoreError> {
    let mut query: QueryBuilder<MySql> =
        QueryBuilder::new("UPDATE payment_tasks SET attempts = attempts + 1, due_at = ");
    query.push_bind(until_micros).push(" WHERE task_id IN (");
    let mut list = query.separated(", ");
    for task in tasks {
        list.push_bind(task.task_id.to_string());
    }
    query.push(")");
    query.build().persistent(false).execute(tx).await?;
    Ok(())
}

/// Returns the open tasks of one order, for decisions that must count what is already asked for.
pub async fn of_order(
    tx: &mut MySqlConnection,
    order_id: Uuid,
) -> Result<Vec<PaymentTask>, StoreError> {
    let rows = sqlx::query(
        "SELECT task_id, order_id, kind, task, attempts FROM payment_tasks WHERE order_id = ?",
    )
    .bind(order_id.to_string())
    .fetch_all(tx)
    .await?;
    rows.iter().map(task_of).collect()
}

fn task_of(row: &MySqlRow) -> Result<PaymentTask, StoreError> {
    Ok(PaymentTask {
        task_id: uuid_of(row, "task_id")?,
        order_id: uuid_of(row, "order_id")?,
        kind: row.try_get("kind")?,
        task: row.try_get("task")?,
        attempts: row.try_get("attempts")?,
    })
}

/// Removes a task; `false` when someone else settled it, and then nothing may be recorded for it again.
pub async fn settle(tx: &mut MySqlConnection, task_id: Uuid) -> Result<bool, StoreError> {
    let deleted = sqlx::query("DELETE FROM payment_tasks WHERE task_id = ?")
        .bind(task_id.to_string())
        .execute(tx)
        .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Makes a task due later, after the gateway could not be asked.
pub async fn postpone(
    pool: &MySqlPool,
    task_id: Uuid,
    due_at_micros: i64,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE payment_tasks SET due_at = ? WHERE task_id = ?")
        .bind(due_at_micros)
        .bind(task_id.to_string())
        .execute(pool)
        .await?;
    Ok(())
}

/// Returns when the next task is due, if there is any.
pub async fn next_due(pool: &MySqlPool) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT MIN(due_at) AS due_at FROM payment_tasks")
        .fetch_one(pool)
        .await?;
    Ok(row.try_get("due_at")?)
}
