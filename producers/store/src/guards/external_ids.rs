//! What imported things are called elsewhere: one id of ours for each, so that a repeated import doubles nothing.

use std::collections::HashMap;

use sqlx::{MySql, MySqlConnection, QueryBuilder, Row};
use uuid::Uuid;

use crate::aggregates::uuid_of;
use crate::error::StoreError;
use crate::events::{MAX_ROWS, PREPARED_ROWS};

/// A name space of external ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Namespace {
    /// `user`, `category`, `listing`, `order`.
    pub kind: &'static str,
    /// The seller of a listing or an order, the nil UUID otherwise.
    pub owner: Uuid,
}

/// An external id and the id of ours it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The id of ours.
    pub id: Uuid,
    /// Whether this transaction gave it out.
    pub is_new: bool,
}

/// Gives each external id the id proposed for it unless it has one; returns in the same order which ids hold.
pub async fn claim(
    tx: &mut MySqlConnection,
    namespace: Namespace,
    proposed: &[(&str, Uuid)],
) -> Result<Vec<Claimed>, StoreError> {
    // Always in the same order, so that two imports never wait for each other.
    let mut sorted = proposed.to_vec();
    sorted.sort_unstable();
    for chunk in sorted.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> =
            QueryBuilder::new("INSERT IGNORE INTO external_ids (kind, owner, external_id, id) ");
        query.push_values(chunk, |mut row, (external_id, id)| {
            row.push_bind(namespace.kind)
                .push_bind(namespace.owner.to_string())
                .push_bind(*external_id)
                .push_bind(id.to_string());
        });
        let persistent = chunk.len() <= PREPARED_ROWS;
        query
            .build()
            .persistent(persistent)
            .execute(&mut *tx)
            .await?;
    }
    let names: Vec<&str> = proposed
        .iter()
        .map(|(external_id, _)| *external_id)
        .collect();
    let ids = resolve(tx, namespace, &names).await?;
    let mut claimed = Vec::with_capacity(proposed.len());
    for (external_id, proposed_id) in proposed {
        let id = ids
            .get(*external_id)
            .copied()
            .ok_or(sqlx::Error::RowNotFound)?;
        claimed.push(Claimed {
            id,
            is_new: id == *proposed_id,
        });
    }
    Ok(claimed)
}

/// Finds the ids of ours; unknown external ids are left out.
pub async fn resolve(
    connection: &mut MySqlConnection,
    namespace: Namespace,
    external_ids: &[&str],
) -> Result<HashMap<String, Uuid>, StoreError> {
    let mut found = HashMap::with_capacity(external_ids.len());
    for chunk in external_ids.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> =
            QueryBuilder::new("SELECT external_id, id FROM external_ids WHERE kind = ");
        query
            .push_bind(namespace.kind)
            .push(" AND owner = ")
            .push_bind(namespace.owner.to_string());
        push_names(&mut query, chunk);
        let persistent = chunk.len() <= PREPARED_ROWS;
        let rows = query
            .build()
            .persistent(persistent)
            .fetch_all(&mut *connection)
            .await?;
        for row in rows {
            found.insert(row.try_get("external_id")?, uuid_of(&row, "id")?);
        }
    }
    Ok(found)
}

/// Gives up ids that were claimed for things which were then refused.
pub async fn release(
    tx: &mut MySqlConnection,
    namespace: Namespace,
    external_ids: &[&str],
) -> Result<(), StoreError> {
    for chunk in external_ids.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> =
            QueryBuilder::new("DELETE FROM external_ids WHERE kind = ");
        query
            .push_bind(namespace.kind)
            .push(" AND owner = ")
            .push_bind(namespace.owner.to_string());
        push_names(&mut query, chunk);
        query.build().persistent(false).execute(&mut *tx).await?;
    }
    Ok(())
}

fn push_names(query: &mut QueryBuilder<MySql>, external_ids: &[&str]) {
    query.push(" AND external_id IN (");
    let mut list = query.separated(", ");
    for external_id in external_ids {
        list.push_bind(*external_id);
    }
    query.push(")");
}
