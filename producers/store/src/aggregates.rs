use std::collections::HashMap;

use souk_domain::{AggregateState, FoldError};
use souk_schemas::Aggregate;
use sqlx::mysql::MySqlRow;
use sqlx::{MySql, MySqlConnection, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::StoreError;
use crate::events::{self, MAX_ROWS, PREPARED_ROWS};
use crate::store::Codec;

/// The state of an aggregate, ready to be written.
#[derive(Debug)]
pub(crate) struct SavedState {
    pub(crate) aggregate: Aggregate,
    pub(crate) id: Uuid,
    pub(crate) sequence: u64,
    state_version: u32,
    state: Vec<u8>,
}

impl SavedState {
    pub(crate) fn of<S: AggregateState>(id: Uuid, state: &S) -> Result<Self, StoreError> {
        Ok(Self {
            aggregate: S::AGGREGATE,
            id,
            sequence: state.sequence(),
            state_version: S::STATE_VERSION,
            state: serde_json::to_vec(state)?,
        })
    }
}

/// Locks one aggregate's row and returns its state.
pub(crate) async fn load_locked<S: AggregateState>(
    tx: &mut MySqlConnection,
    codec: &Codec,
    id: Uuid,
) -> Result<S, StoreError> {
    let row = sqlx::query(
        "SELECT sequence, state_version, state FROM aggregates \
         WHERE aggregate_type = ? AND aggregate_id = ? FOR UPDATE",
    )
    .bind(S::AGGREGATE.name())
    .bind(id.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    match row {
        Some(row) => state_of(tx, codec, id, &row).await,
        None => Ok(S::default()),
    }
}

/// Returns the states of several aggregates in the order of `ids`; locks them in the order of their ids if told so.
pub(crate) async fn load_all<S: AggregateState>(
    tx: &mut MySqlConnection,
    codec: &Codec,
    ids: &[Uuid],
    lock: bool,
) -> Result<Vec<S>, StoreError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut states: HashMap<Uuid, S> = HashMap::with_capacity(sorted.len());
    for chunk in sorted.chunks(MAX_ROWS) {
        for row in select_all(tx, S::AGGREGATE, chunk, lock).await? {
            let id = uuid_of(&row, "aggregate_id")?;
            let state = state_of(tx, codec, id, &row).await?;
            states.insert(id, state);
        }
    }
    Ok(ids
        .iter()
        .map(|id| states.get(id).cloned().unwrap_or_default())
        .collect())
}

async fn select_all(
    tx: &mut MySqlConnection,
    aggregate: Aggregate,
    ids: &[Uuid],
    lock: bool,
) -> Result<Vec<MySqlRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query: QueryBuilder<MySql> = QueryBuilder::new(
        "SELECT aggregate_id, sequence, state_version, state FROM aggregates WHERE aggregate_type = ",
    );
    query
        .push_bind(aggregate.name())
        .push(" AND aggregate_id IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.to_string());
    }
    query.push(") ORDER BY aggregate_id");
    if lock {
        query.push(" FOR UPDATE");
    }
    let persistent = ids.len() <= PREPARED_ROWS;
    Ok(query.build().persistent(persistent).fetch_all(tx).await?)
}

/// Reads the kept state, or folds the events again when another version of the code kept it.
async fn state_of<S: AggregateState>(
    tx: &mut MySqlConnection,
    codec: &Codec,
    id: Uuid,
    row: &MySqlRow,
) -> Result<S, StoreError> {
    let sequence: u64 = row.try_get("sequence")?;
    let state_version: u32 = row.try_get("state_version")?;
    let state: S = if state_version == S::STATE_VERSION {
        serde_json::from_slice(row.try_get("state")?)?
    } else {
        let events = events::read(tx, codec, S::AGGREGATE, id).await?;
        S::fold(events).map_err(|source| does_not_add_up::<S>(id, source))?
    };
    if state.sequence() != sequence {
        let source = FoldError::Gap {
            expected: sequence,
            found: state.sequence().cast_signed(),
        };
        return Err(does_not_add_up::<S>(id, source));
    }
    Ok(state)
}

fn does_not_add_up<S: AggregateState>(id: Uuid, source: FoldError) -> StoreError {
    StoreError::Fold {
        aggregate: S::AGGREGATE.name(),
        id,
        source,
    }
}

/// Writes the states, new ones and changed ones alike; their rows are locked or their first event was just accepted.
pub(crate) async fn save(
    tx: &mut MySqlConnection,
    states: &[SavedState],
) -> Result<(), StoreError> {
    for chunk in states.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> = QueryBuilder::new(
            "INSERT INTO aggregates (aggregate_type, aggregate_id, sequence, state_version, state) ",
        );
        query.push_values(chunk, |mut row, state| {
            row.push_bind(state.aggregate.name())
                .push_bind(state.id.to_string())
                .push_bind(state.sequence)
                .push_bind(state.state_version)
                .push_bind(state.state.as_slice());
        });
        query.push(
            " ON DUPLICATE KEY UPDATE sequence = VALUES(sequence), \
             state_version = VALUES(state_version), state = VALUES(state)",
        );
        let persistent = chunk.len() <= PREPARED_ROWS;
        query
            .build()
            .persistent(persistent)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

pub(crate) fn uuid_of(row: &MySqlRow, column: &str) -> Result<Uuid, StoreError> {
    let text: &str = row.try_get(column)?;
    let id = text.parse();
    Ok(id.map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(error),
    })?)
}
