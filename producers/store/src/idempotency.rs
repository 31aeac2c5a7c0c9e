use sqlx::{MySqlConnection, MySqlPool, Row};
use uuid::Uuid;

use crate::error::{StoreError, is_duplicate, is_lock_wait_timeout};

/// What makes a repeated command the same command.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    /// Whose key it is; the nil UUID for people who are not signed in.
    pub actor: Uuid,
    /// As the client chose it; at most 255 ASCII characters.
    pub key: String,
    /// Digest of everything the command says.
    pub request_hash: [u8; 32],
}

/// Whether a key is new, and if not, what was answered under it.
#[derive(Debug)]
pub(crate) enum Claim {
    New,
    Answered(Vec<u8>),
}

/// Takes the key for this transaction. While another transaction holds it, this waits for that one to end; so a command whose
/// COMMIT got no answer learns here what became of it.
pub(crate) async fn claim(
    tx: &mut MySqlConnection,
    key: &IdempotencyKey,
    now_micros: i64,
) -> Result<Claim, StoreError> {
    let inserted = sqlx::query(
        "INSERT INTO idempotency (actor, idempotency_key, request_hash, created_at) VALUES (?, ?, ?, ?)",
    )
    .bind(key.actor.to_string())
    .bind(&key.key)
    .bind(key.request_hash.as_slice())
    .bind(now_micros)
    .execute(&mut *tx)
    .await;
    match inserted {
        Ok(_) => Ok(Claim::New),
        Err(error) if is_lock_wait_timeout(&error) => Err(StoreError::InProgress),
        Err(error) if is_duplicate(&error) => answered(tx, key).await,
        Err(error) => Err(error.into()),
    }
}

async fn answered(tx: &mut MySqlConnection, key: &IdempotencyKey) -> Result<Claim, StoreError> {
    let row = sqlx::query(
        "SELECT request_hash, response FROM idempotency WHERE actor = ? AND idempotency_key = ?",
    )
    .bind(key.actor.to_string())
    .bind(&key.key)
    .fetch_optional(tx)
    .await?;
    // The row can only be gone if it was purged in between; the client may ask again.
    let Some(row) = row else {
        return Err(StoreError::InProgress);
    };
    let request_hash: Vec<u8> = row.try_get("request_hash")?;
    if request_hash != key.request_hash {
        return Err(StoreError::KeyReused);
    }
    let response: Option<Vec<u8>> = row.try_get("response")?;
    response.map(Claim::Answered).ok_or(StoreError::InProgress)
}

/// Keeps the answer under the claimed key.
pub(crate) async fn store_answer(
    tx: &mut MySqlConnection,
    key: &IdempotencyKey,
    answer: &[u8],
) -> Result<(), StoreError> {
    sqlx::query("UPDATE idempotency SET response = ? WHERE actor = ? AND idempotency_key = ?")
        .bind(answer)
        .bind(key.actor.to_string())
        .bind(&key.key)
        .execute(tx)
        .await?;
    Ok(())
}

/// Forgets up to `limit` keys that are older than `before_micros`; returns how many there were.
pub async fn purge_idempotency(
    pool: &MySqlPool,
    before_micros: i64,
    limit: u32,
) -> Result<u64, StoreError> {
    let deleted = sqlx::query("DELETE FROM idempotency WHERE created_at < ? LIMIT ?")
        .bind(before_micros)
        .bind(limit)
        .execute(pool)
        .await?;
    Ok(deleted.rows_affected())
}
