use std::sync::Arc;
use std::time::Duration;

use souk_domain::listing::{DraftListing, Listing, ListingError};
use souk_domain::{AggregateState as _, Amount};
use souk_schemas::ids::{ListingId, OrderId, UserId};
use souk_schemas::{Aggregate, Condition, Decoder, Encoder, RegisteredSchema};
use souk_stack::Space;
use souk_store::{
    Codec, Command, CommandError, IdempotencyKey, Store, StoreConfig, StoreError, UseCase, Work,
    migrate, open_pool, pool_options,
};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::{MySqlPool, Row as _};
use uuid::Uuid;

pub(crate) const SELLER: UserId = UserId(Uuid::from_u128(1));

/// Generous: a busy machine must not look like an outage.
pub(crate) fn config() -> StoreConfig {
    StoreConfig {
        max_connections: 8,
        acquire_timeout: Duration::from_mins(1),
        lock_wait: Duration::from_mins(1),
        resolve_timeout: Duration::from_mins(2),
        ..StoreConfig::default()
    }
}

/// A migrated database, reached without any proxy.
pub(crate) async fn database(space: &Space) -> MySqlPool {
    let pool = open_pool(&config(), &space.mysql_url.clone().into()).unwrap();
    migrate(&pool).await.unwrap();
    pool
}

pub(crate) async fn store(space: &Space) -> Store {
    store_on(database(space).await)
}

pub(crate) fn store_on(pool: MySqlPool) -> Store {
    Store::new(&config(), pool, codec())
}

/// The options that production uses, with few connections.
pub(crate) fn options() -> MySqlPoolOptions {
    pool_options(&config()).max_connections(2)
}

pub(crate) async fn connect(options: MySqlPoolOptions, url: &str) -> MySqlPool {
    options.connect(url).await.unwrap()
}

/// Schemas numbered by their place; the store does not care who numbers them.
pub(crate) fn codec() -> Codec {
    let id_of = |schema: &RegisteredSchema| {
        let place = souk_schemas::SCHEMAS
            .iter()
            .position(|other| other.full_name() == schema.full_name());
        u32::try_from(place.unwrap()).unwrap()
    };
    Codec {
        encoder: Arc::new(Encoder::with_ids(id_of)),
        decoder: Arc::new(Decoder::with_ids(id_of)),
    }
}

pub(crate) fn command(key: &str) -> Command {
    let idempotency = IdempotencyKey {
        actor: SELLER.0,
        key: key.to_owned(),
        request_hash: [1; 32],
    };
    Command {
        idempotency: Some(idempotency),
        ..without_key()
    }
}

pub(crate) fn without_key() -> Command {
    Command {
        actor: Some(SELLER),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        ..Command::of_system(Uuid::from_u128(2))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum TestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Listing(#[from] ListingError),
}

impl CommandError for TestError {
    fn into_store_error(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error) => Ok(error),
            other @ Self::Listing(_) => Err(other),
        }
    }
}

/// Drafts and publishes a listing; answers with its sequence.
#[derive(Clone, Copy)]
pub(crate) struct Offer {
    pub(crate) id: ListingId,
    pub(crate) quantity: i64,
}

impl Offer {
    pub(crate) fn new(quantity: i64) -> Self {
        Self {
            id: ListingId(Uuid::now_v7()),
            quantity,
        }
    }
}

impl UseCase for Offer {
    type Answer = u64;
    type Error = TestError;

    async fn run(&self, work: &mut Work) -> Result<u64, TestError> {
        let mut listing: Listing = work.load(self.id).await?;
        let command = DraftListing {
            title: "A lamp".to_owned(),
            description: String::new(),
            category_id: None,
            condition: Condition::Good,
            brand: None,
            attributes: Vec::new(),
            place: None,
            price: Amount {
                amount_minor: 1250,
                currency: "EUR".to_owned(),
            },
            quantity: self.quantity,
            external_id: None,
        };
        let events = Listing::draft(work.context(), self.id, SELLER, command)?;
        work.record(&mut listing, events)?;
        let events = listing.publish(work.context())?;
        work.record(&mut listing, events)?;
        Ok(listing.sequence())
    }
}

/// Reserves one piece; answers with the listing's sequence.
#[derive(Clone, Copy)]
pub(crate) struct Reserve(pub(crate) ListingId);

impl UseCase for Reserve {
    type Answer = u64;
    type Error = TestError;

    async fn run(&self, work: &mut Work) -> Result<u64, TestError> {
        let mut listing: Listing = work.load(self.0).await?;
        let order_id = OrderId(work.context().new_id());
        let events = listing.reserve(work.context(), order_id, 1)?;
        work.record(&mut listing, events)?;
        Ok(listing.sequence())
    }
}

pub(crate) async fn offer(store: &Store, quantity: i64) -> ListingId {
    let offer = Offer::new(quantity);
    store.transact(without_key(), offer).await.unwrap();
    offer.id
}

/// The sequences of a listing's events, by position.
pub(crate) async fn sequences(pool: &MySqlPool, id: ListingId) -> Vec<u64> {
    let rows = sqlx::query(
        "SELECT sequence FROM events WHERE aggregate_type = ? AND aggregate_id = ? ORDER BY position",
    )
    .bind(Aggregate::Listing.name())
    .bind(id.to_string())
    .fetch_all(pool)
    .await
    .unwrap();
    rows.iter().map(|row| row.get("sequence")).collect()
}

/// Declares each test twice: on MySQL, and on MariaDB.
macro_rules! on_both_servers {
    ($($name:ident),+ $(,)?) => {
        mod mysql {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let space = souk_stack::TestStack::get().await.space(stringify!($name)).await;
                    super::$name(space).await;
                }
            )+
        }

        mod mariadb {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let space = souk_stack::TestStack::mariadb().await.space(stringify!($name)).await;
                    super::$name(space).await;
                }
            )+
        }
    };
}

pub(crate) use on_both_servers;
