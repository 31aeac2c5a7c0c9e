//! What a command is promised: all or nothing, once, in order, whoever hangs up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;
use souk_domain::listing::{Listing, ListingError};
use souk_schemas::ids::ListingId;
use souk_stack::{Space, eventually};
use souk_store::{Store, StoreConfig, StoreError, UseCase, Work, purge_idempotency};
use sqlx::Row as _;
use tokio::sync::{Barrier, Notify};

use crate::support::{
    Offer, Reserve, TestError, codec, command, config, database, offer, on_both_servers, sequences,
    store, without_key,
};

const DEADLINE: Duration = Duration::from_mins(2);

on_both_servers!(
    events_are_written_as_they_go_to_kafka,
    a_repeated_key_gets_the_same_answer,
    a_key_used_for_something_else_is_refused,
    the_same_key_at_the_same_time_is_carried_out_once,
    a_refused_command_leaves_nothing_behind,
    a_client_that_hangs_up_does_not_stop_its_command,
    commands_that_wait_for_each_other_are_both_carried_out,
    two_first_commands_of_one_aggregate_do_not_overwrite_each_other,
    a_state_kept_by_another_version_is_folded_again,
    old_keys_are_forgotten,
);

async fn events_are_written_as_they_go_to_kafka(space: Space) {
    let store = store(&space).await;
    let id = offer(&store, 3).await;
    let row =
        sqlx::query("SELECT * FROM events WHERE aggregate_id = ? ORDER BY position DESC LIMIT 1")
            .bind(id.to_string())
            .fetch_one(store.pool())
            .await
            .unwrap();
    let payload: Vec<u8> = row.get("payload");
    let event = codec().decoder.decode(&payload).await.unwrap();
    let meta = event.meta();
    assert_eq!(event.event_type(), "ListingPublished");
    assert_eq!(row.get::<String, _>("event_type"), "ListingPublished");
    assert_eq!(row.get::<String, _>("event_id"), meta.event_id.to_string());
    assert_eq!(
        row.get::<i64, _>("occurred_at"),
        meta.occurred_at.as_micros()
    );
    assert_eq!(row.get::<u64, _>("sequence"), 2);
    assert_eq!(
        row.get::<Option<String>, _>("traceparent"),
        without_key().traceparent
    );
}

async fn a_repeated_key_gets_the_same_answer(space: Space) {
    let store = store(&space).await;
    let lamp = Offer::new(1);
    let first = store.transact(command("once"), lamp).await.unwrap();
    let second = store.transact(command("once"), lamp).await.unwrap();
    assert!(!first.replayed && second.replayed);
    assert_eq!(
        (first.answer, &first.tokens),
        (second.answer, &second.tokens)
    );
    assert_eq!(sequences(store.pool(), lamp.id).await, [1, 2]);
}

async fn a_key_used_for_something_else_is_refused(space: Space) {
    let store = store(&space).await;
    let lamp = Offer::new(1);
    store.transact(command("once"), lamp).await.unwrap();
    let mut other = command("once");
    other.idempotency.as_mut().unwrap().request_hash = [2; 32];
    let error = store.transact(other, lamp).await.unwrap_err();
    assert!(
        matches!(error, TestError::Store(StoreError::KeyReused)),
        "{error:?}"
    );
}

async fn the_same_key_at_the_same_time_is_carried_out_once(space: Space) {
    let store = store(&space).await;
    let lamp = Offer::new(1);
    let sent = (0..8).map(|_| store.transact(command("once"), lamp));
    let outcomes: Vec<_> = join_all(sent)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let num_new = outcomes.iter().filter(|outcome| !outcome.replayed).count();
    assert_eq!(num_new, 1);
    assert!(outcomes.iter().all(|outcome| outcome.answer == 2));
    assert_eq!(sequences(store.pool(), lamp.id).await, [1, 2]);
}

async fn a_refused_command_leaves_nothing_behind(space: Space) {
    let store = store(&space).await;
    let lamp = offer(&store, 0).await;
    let error = store
        .transact(command("reserve"), Reserve(lamp))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TestError::Listing(ListingError::OutOfStock { .. })),
        "{error:?}"
    );
    let num_keys: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM idempotency")
        .fetch_one(store.pool())
        .await
        .unwrap();
    assert_eq!(
        (num_keys, sequences(store.pool(), lamp).await),
        (0, vec![1, 2])
    );
}

/// Offers a lamp, but waits in the middle.
struct SlowOffer {
    offer: Offer,
    begun: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl UseCase for SlowOffer {
    type Answer = u64;
    type Error = TestError;

    async fn run(&self, work: &mut Work) -> Result<u64, TestError> {
        self.begun.notify_one();
        self.go_on.notified().await;
        self.offer.run(work).await
    }
}

async fn a_client_that_hangs_up_does_not_stop_its_command(space: Space) {
    let store = store(&space).await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let lamp = Offer::new(1);
    let slow = SlowOffer {
        offer: lamp,
        begun: Arc::clone(&begun),
        go_on: Arc::clone(&go_on),
    };
    tokio::select! {
        _ = store.transact(command("slow"), slow) => panic!("it waits"),
        () = begun.notified() => {}
    }
    go_on.notify_one();
    eventually(DEADLINE, "the command to be carried out", async || {
        (sequences(store.pool(), lamp.id).await == [1, 2]).then_some(())
    })
    .await;
    let repeated = store.transact(command("slow"), lamp).await.unwrap();
    assert!(repeated.replayed);
}

/// Reserves from two listings, one after the other; at the first attempt both are made sure to hold one lock.
struct ReserveBoth {
    first: ListingId,
    second: ListingId,
    meet: Arc<Barrier>,
    attempts: AtomicU32,
}

impl UseCase for ReserveBoth {
    type Answer = ();
    type Error = TestError;

    async fn run(&self, work: &mut Work) -> Result<(), TestError> {
        let _: Listing = work.load(self.first).await?;
        if self.attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            self.meet.wait().await;
        }
        Reserve(self.second).run(work).await?;
        Ok(())
    }
}

async fn commands_that_wait_for_each_other_are_both_carried_out(space: Space) {
    let store = store(&space).await;
    let (lamp, chair) = (offer(&store, 5).await, offer(&store, 5).await);
    let meet = Arc::new(Barrier::new(2));
    let reserve = |first, second| ReserveBoth {
        first,
        second,
        meet: Arc::clone(&meet),
        attempts: AtomicU32::new(0),
    };
    let (one, other) = tokio::join!(
        store.transact(without_key(), reserve(lamp, chair)),
        store.transact(without_key(), reserve(chair, lamp)),
    );
    one.unwrap();
    other.unwrap();
    assert_eq!(sequences(store.pool(), lamp).await, [1, 2, 3]);
    assert_eq!(sequences(store.pool(), chair).await, [1, 2, 3]);
}

/// Looks at a listing that does not exist, waits for the other to have looked as well, then offers it.
struct OfferTogether {
    offer: Offer,
    meet: Arc<Barrier>,
    attempts: AtomicU32,
}

impl UseCase for OfferTogether {
    type Answer = bool;
    type Error = TestError;

    async fn run(&self, work: &mut Work) -> Result<bool, TestError> {
        let listing: Listing = work.load(self.offer.id).await?;
        if self.attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            self.meet.wait().await;
        }
        if listing.offer().is_some() {
            return Ok(false);
        }
        self.offer.run(work).await?;
        Ok(true)
    }
}

async fn two_first_commands_of_one_aggregate_do_not_overwrite_each_other(space: Space) {
    let store = store(&space).await;
    let lamp = Offer::new(1);
    let meet = Arc::new(Barrier::new(2));
    let together = || OfferTogether {
        offer: lamp,
        meet: Arc::clone(&meet),
        attempts: AtomicU32::new(0),
    };
    let (one, other) = tokio::join!(
        store.transact(without_key(), together()),
        store.transact(without_key(), together()),
    );
    let mut created = [one.unwrap().answer, other.unwrap().answer];
    created.sort_unstable();
    assert_eq!(created, [false, true]);
    assert_eq!(sequences(store.pool(), lamp.id).await, [1, 2]);
}

async fn a_state_kept_by_another_version_is_folded_again(space: Space) {
    let store = store(&space).await;
    let lamp = offer(&store, 2).await;
    sqlx::query("UPDATE aggregates SET state_version = 0, state = 'of old'")
        .execute(store.pool())
        .await
        .unwrap();
    store.transact(without_key(), Reserve(lamp)).await.unwrap();
    let (version, state): (u32, Vec<u8>) =
        sqlx::query_as("SELECT state_version, state FROM aggregates")
            .fetch_one(store.pool())
            .await
            .unwrap();
    let listing: Listing = serde_json::from_slice(&state).unwrap();
    assert_eq!((version, listing.offer().unwrap().available()), (1, 1));
}

async fn old_keys_are_forgotten(space: Space) {
    let store = store(&space).await;
    store.transact(command("old"), Offer::new(1)).await.unwrap();
    let pool = store.pool();
    assert_eq!(purge_idempotency(pool, 0, 100).await.unwrap(), 0);
    assert_eq!(purge_idempotency(pool, i64::MAX, 100).await.unwrap(), 1);
}

#[tokio::test]
async fn more_commands_than_allowed_are_refused_at_once() {
    let space = souk_stack::TestStack::get().await.space("busy").await;
    let one_at_a_time = StoreConfig {
        max_in_flight: 1,
        ..config()
    };
    let store = Store::new(&one_at_a_time, database(&space).await, codec());
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = SlowOffer {
        offer: Offer::new(1),
        begun: Arc::clone(&begun),
        go_on: Arc::clone(&go_on),
    };
    let (first, ()) = tokio::join!(store.transact(without_key(), slow), async {
        begun.notified().await;
        let error = store
            .transact(without_key(), Offer::new(1))
            .await
            .unwrap_err();
        assert!(
            matches!(error, TestError::Store(StoreError::Busy)),
            "{error:?}"
        );
        go_on.notify_one();
    });
    first.unwrap();
    store.drain().await;
}

#[tokio::test]
async fn a_server_that_is_away_is_an_unavailable_store() {
    let config = StoreConfig {
        acquire_timeout: Duration::from_millis(100),
        ..StoreConfig::default()
    };
    // Nothing listens on the discard port.
    let pool = souk_store::open_pool(&config, &"mysql://root@127.0.0.1:9/nowhere".into()).unwrap();
    let store = Store::new(&config, pool, codec());
    let error = store
        .transact(command("away"), Offer::new(1))
        .await
        .unwrap_err();
    assert!(
        matches!(error, TestError::Store(StoreError::Unavailable(_))),
        "{error:?}"
    );
}
