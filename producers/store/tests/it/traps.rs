//! The four traps of the command path, each with what happens when one steps into it.

use futures::future::join_all;
use souk_domain::listing::ListingError;
use souk_stack::Space;
use souk_store::StoreError;
use sqlx::Executor as _;
use sqlx::mysql::MySqlPoolOptions;

use crate::proxy::{Fault, Proxy};
use crate::support::{
    Offer, Reserve, TestError, command, connect, database, offer, on_both_servers, options,
    sequences, store_on, without_key,
};

on_both_servers!(
    a_cancelled_begin_costs_nobody_their_write,
    a_cancelled_begin_loses_a_write_without_after_release,
    a_commit_that_was_carried_out_unheard_is_found_by_its_key,
    a_commit_that_never_arrived_is_made_good,
    a_lost_answer_without_a_key_is_an_unknown_outcome,
    no_update_is_lost_under_repeatable_read,
);

async fn a_cancelled_begin_costs_nobody_their_write(space: Space) {
    assert_eq!(rows_after_a_cancelled_begin(&space, options()).await, 1);
}

/// What `after_release` is there for. Should this fail one day, sqlx has learned to begin.
async fn a_cancelled_begin_loses_a_write_without_after_release(space: Space) {
    let unprotected = options().after_release(|_, _| Box::pin(async { Ok(true) }));
    assert_eq!(rows_after_a_cancelled_begin(&space, unprotected).await, 0);
}

/// Cancels a `begin()` that the server has heard, then lets the next borrower of the connection write a row.
async fn rows_after_a_cancelled_begin(space: &Space, options: MySqlPoolOptions) -> i64 {
    let direct = database(space).await;
    let proxy = Proxy::before(&space.mysql_url).await;
    let pool = connect(options.max_connections(1), &proxy.url(&space.mysql_url)).await;
    proxy.arm("BEGIN", Fault::HoldAnswer);
    tokio::select! {
        _ = pool.begin() => panic!("the answer was held back"),
        () = proxy.held() => {}
    }
    proxy.release();
    let insert = "INSERT INTO relay_state (name) VALUES ('written')";
    pool.execute(insert)
        .await
        .expect("the write is acknowledged");
    pool.close().await;
    sqlx::query_scalar("SELECT COUNT(*) FROM relay_state")
        .fetch_one(&direct)
        .await
        .unwrap()
}

async fn a_commit_that_was_carried_out_unheard_is_found_by_its_key(space: Space) {
    let direct = database(&space).await;
    let proxy = Proxy::before(&space.mysql_url).await;
    let store = store_on(connect(options(), &proxy.url(&space.mysql_url)).await);
    let lamp = Offer::new(1);
    proxy.arm("COMMIT", Fault::LoseAnswer);

    let outcome = store.transact(command("offer a lamp"), lamp).await.unwrap();

    assert!(outcome.replayed, "the first attempt was committed");
    assert_eq!((outcome.answer, outcome.tokens.len()), (2, 1));
    assert_eq!(sequences(&direct, lamp.id).await, [1, 2]);
}

async fn a_commit_that_never_arrived_is_made_good(space: Space) {
    let direct = database(&space).await;
    let proxy = Proxy::before(&space.mysql_url).await;
    let store = store_on(connect(options(), &proxy.url(&space.mysql_url)).await);
    let lamp = Offer::new(1);
    proxy.arm("COMMIT", Fault::LoseStatement);

    let outcome = store.transact(command("offer a lamp"), lamp).await.unwrap();

    assert!(!outcome.replayed, "the first attempt was rolled back");
    assert_eq!(sequences(&direct, lamp.id).await, [1, 2]);
}

async fn a_lost_answer_without_a_key_is_an_unknown_outcome(space: Space) {
    let direct = database(&space).await;
    let proxy = Proxy::before(&space.mysql_url).await;
    let store = store_on(connect(options(), &proxy.url(&space.mysql_url)).await);
    let lamp = Offer::new(1);
    proxy.arm("COMMIT", Fault::LoseAnswer);

    let error = store.transact(without_key(), lamp).await.unwrap_err();

    assert!(
        matches!(error, TestError::Store(StoreError::OutcomeUnknown(_))),
        "{error:?}"
    );
    assert_eq!(sequences(&direct, lamp.id).await, [1, 2]);
}

async fn no_update_is_lost_under_repeatable_read(space: Space) {
    database(&space).await;
    let repeatable = options().max_connections(8).after_connect(|connection, _| {
        Box::pin(async move {
            let level = "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ";
            connection.execute(level).await?;
            Ok(())
        })
    });
    let store = store_on(connect(repeatable, &space.mysql_url).await);
    let lamp = offer(&store, 10).await;

    let attempts = (0..16).map(|_| store.transact(without_key(), Reserve(lamp)));
    let (mut reserved, mut refused) = (0, 0);
    for outcome in join_all(attempts).await {
        match outcome {
            Ok(_) => reserved += 1,
            Err(TestError::Listing(ListingError::OutOfStock { .. })) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }

    assert_eq!((reserved, refused), (10, 6));
    let expected: Vec<u64> = (1..=12).collect();
    assert_eq!(sequences(store.pool(), lamp).await, expected);
}
