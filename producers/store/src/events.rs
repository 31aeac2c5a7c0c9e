use souk_schemas::{Aggregate, Event, EventMeta};
use sqlx::{MySql, MySqlConnection, QueryBuilder, Row};
use uuid::Uuid;

use crate::error::{StoreError, is_duplicate};
use crate::store::Codec;

/// Rows of one statement; eleven parameters each, far below the protocol's 65,535.
pub(crate) const MAX_ROWS: usize = 500;

/// A statement of more rows is too rare to keep prepared.
pub(crate) const PREPARED_ROWS: usize = 8;

/// An event that is decided and not yet written.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(crate) aggregate: Aggregate,
    pub(crate) event_type: &'static str,
    pub(crate) meta: EventMeta,
    pub(crate) payload: Vec<u8>,
    pub(crate) traceparent: Option<String>,
}

/// Appends the events, inside the command's transaction. A sequence that is taken means that another command was faster.
pub(crate) async fn append(
    tx: &mut MySqlConnection,
    events: &[NewEvent],
) -> Result<(), StoreError> {
    for chunk in events.chunks(MAX_ROWS) {
        let mut query: QueryBuilder<MySql> = QueryBuilder::new(
            "INSERT INTO events (event_id, aggregate_type, aggregate_id, sequence, event_type, payload, \
             actor, correlation_id, causation_id, traceparent, occurred_at) ",
        );
        query.push_values(chunk, |mut row, event| {
            let meta = &event.meta;
            row.push_bind(meta.event_id.to_string())
                .push_bind(event.aggregate.name())
                .push_bind(meta.aggregate_id.to_string())
                .push_bind(meta.sequence)
                .push_bind(event.event_type)
                .push_bind(event.payload.as_slice())
                .push_bind(meta.actor.map(|id| id.to_string()))
                .push_bind(meta.correlation_id.to_string())
                .push_bind(meta.causation_id.map(|id| id.to_string()))
                .push_bind(event.traceparent.as_deref())
                .push_bind(meta.occurred_at.as_micros());
        });
        let result = query
            .build()
            .persistent(chunk.len() <= PREPARED_ROWS)
            .execute(&mut *tx)
            .await;
        result.map_err(|error| {
            if is_duplicate(&error) {
                StoreError::Contended(error)
            } else {
                error.into()
            }
        })?;
    }
    Ok(())
}

/// Reads every event of one aggregate, in order.
pub(crate) async fn read(
    connection: &mut MySqlConnection,
    codec: &Codec,
    aggregate: Aggregate,
    id: Uuid,
) -> Result<Vec<Event>, StoreError> {
    let rows = sqlx::query(
        "SELECT payload FROM events WHERE aggregate_type = ? AND aggregate_id = ? ORDER BY sequence",
    )
    .bind(aggregate.name())
    .bind(id.to_string())
    .fetch_all(connection)
    .await?;
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let payload: Vec<u8> = row.try_get("payload")?;
        events.push(
            codec
                .decoder
                .decode(&payload)
                .await
                .map_err(StoreError::Decode)?,
        );
    }
    Ok(events)
}
