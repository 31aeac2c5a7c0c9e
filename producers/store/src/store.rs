use std::sync::Arc;
use std::time::Duration;

use souk_domain::AggregateState;
use souk_schemas::{Decoder, Encoder};
use sqlx::MySqlPool;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::aggregates;
use crate::config::StoreConfig;
use crate::error::StoreError;

/// Writes events as they go to Kafka, and reads them back.
#[derive(Clone, Debug)]
pub struct Codec {
    /// Knows the registered schemas.
    pub encoder: Arc<Encoder>,
    /// Reads stored events where a state has to be folded again.
    pub decoder: Arc<Decoder>,
}

/// The event store of one process; clones share everything.
#[derive(Clone, Debug)]
pub struct Store {
    pool: MySqlPool,
    codec: Codec,
    in_flight: Arc<Semaphore>,
    tasks: TaskTracker,
    resolve_timeout: Duration,
}

impl Store {
    /// Builds the store on a pool made by [`open_pool`](crate::open_pool).
    pub fn new(config: &StoreConfig, pool: MySqlPool, codec: Codec) -> Self {
        Self {
            pool,
            codec,
            in_flight: Arc::new(Semaphore::new(config.max_in_flight)),
            tasks: TaskTracker::new(),
            resolve_timeout: config.resolve_timeout,
        }
    }

    /// Returns the pool, for reads outside of commands.
    pub fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// Returns the state of an aggregate that is only looked at, outside of any command.
    pub async fn peek<S: AggregateState>(&self, id: impl Into<Uuid>) -> Result<S, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let mut states =
            aggregates::load_all(&mut connection, &self.codec, &[id.into()], false).await?;
        Ok(states.pop().unwrap_or_default())
    }

    /// Asks the server whether it is there.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits for every command in flight to end, then closes the pool. No command may be started afterwards.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.pool.close().await;
    }

    /// Returns how many more commands may be started now.
    pub fn available_permits(&self) -> usize {
        self.in_flight.available_permits()
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec.clone()
    }

    pub(crate) fn in_flight(&self) -> Arc<Semaphore> {
        self.in_flight.clone()
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    pub(crate) fn resolve_timeout(&self) -> Duration {
        self.resolve_timeout
    }
}
