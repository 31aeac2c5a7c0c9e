use std::collections::HashSet;
use std::time::Duration;

use mysql_async::TxOpts;
use mysql_async::prelude::Queryable;
use souk_platform::clock::now_micros;
use souk_relay::{Config, Error};
use souk_stack::eventually;

use crate::support::{KafkaLog, PATIENCE, World, Written, append_history, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_relay_stands_by_and_takes_over_when_the_first_dies() {
    takes_over(World::mysql("standby").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_relay_stands_by_and_takes_over_on_mariadb() {
    takes_over(World::mariadb("standby").await).await;
}

async fn takes_over(world: World) {
    let mut conn = world.connect().await;
    let mut log = world.log();
    let first = world.start_quick();
    let owner = owner(&world, None).await;
    let second = world.start_quick();
    eventually(PATIENCE, "the second to stand by", async || {
        second.health.is_ready().then_some(())
    })
    .await;

    let mut written = append_history(&mut conn, "listing", 20).await;
    log.wait_for(&written).await;
    assert_eq!(
        world.ask::<String>("SELECT owner FROM relay_state").await,
        Some(owner.clone())
    );
    log.assert_no_repeats();

    first.kill().await;
    written.extend(append_history(&mut conn, "listing", 20).await);
    log.wait_for(&written).await;
    assert_ne!(
        world.ask::<String>("SELECT owner FROM relay_state").await,
        Some(owner)
    );
    second.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_relay_lets_the_next_one_in_at_once() {
    let world = World::mysql("release").await;
    let mut log = world.log();
    // Nobody could wait for a lease of an hour to end.
    let patient = || Config {
        lease: Duration::from_hours(1),
        save_interval: Duration::from_millis(50),
        ..config()
    };
    let start = || world.start_with(patient(), &world.space.mysql_url, &world.space.kafka);
    let mut written = Vec::new();
    for _ in 0..2 {
        let relay = start();
        written.extend(append_history(&mut world.connect().await, "listing", 2).await);
        log.wait_for(&written).await;
        relay.stop().await;
    }
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_whose_lease_was_taken_stops_and_does_not_touch_the_position() {
    let world = World::mysql("taken").await;
    let mut conn = world.connect().await;
    let mut log = world.log();
    let relay = world.start_quick();
    let mut written = append_history(&mut conn, "listing", 5).await;
    log.wait_for(&written).await;
    let position = eventually(PATIENCE, "a saved position", async || {
        world.saved_position().await
    })
    .await;

    let take = "UPDATE relay_state SET owner = 'another', lease_until = (UNIX_TIMESTAMP() + 3600) * 1000000";
    conn.query_drop(take).await.unwrap();
    world.no_relay_reads().await;
    let late = append_history(&mut conn, "listing", 5).await;
    written.extend(late.clone());
    assert_eq!(world.saved_position().await, Some(position));

    // It comes back when the other has gone, and not before.
    let given_back = now_micros();
    conn.query_drop("UPDATE relay_state SET owner = NULL, lease_until = 0")
        .await
        .unwrap();
    log.wait_for(&written).await;
    assert_sent_after(&log, &late, given_back);
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_cannot_renew_stops_before_its_lease_ends() {
    let world = World::mysql("renew").await;
    let mut conn = world.connect().await;
    let mut log = world.log();
    let relay = world.start_quick();
    let mut written = append_history(&mut conn, "listing", 5).await;
    log.wait_for(&written).await;

    // Renewals wait for this lock.
    let mut locker = world.connect().await;
    let mut lock = locker.start_transaction(TxOpts::default()).await.unwrap();
    let query = "SELECT lease_until - CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) FROM relay_state FOR UPDATE";
    let left: Option<i64> = lock.query_first(query).await.unwrap();
    let lease_ends = now_micros() + left.unwrap();
    world.no_relay_reads().await;
    let stopped = now_micros();
    // Generous to a busy machine: without the stop it would wait for as long as the lock is held.
    assert!(
        stopped < lease_ends + 20_000_000,
        "still reading {} µs after the lease",
        stopped - lease_ends
    );

    let late = append_history(&mut conn, "listing", 5).await;
    written.extend(late.clone());
    let unlocked = now_micros();
    lock.rollback().await.unwrap();
    log.wait_for(&written).await;
    assert_sent_after(&log, &late, unlocked);
    relay.stop().await;
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_relay_refuses_to_start() {
    let world = World::mysql("disabled").await;
    let deps = souk_relay::Deps {
        database_url: world.space.mysql_url.clone().into(),
        kafka: souk_platform::clients::KafkaConfig::default(),
        prefix: world.space.prefix.clone(),
        readiness: souk_platform::ops::Health::new().register("relay"),
    };
    let config = Config {
        enabled: false,
        ..config()
    };
    let outcome = souk_relay::run(config, deps, tokio_util::sync::CancellationToken::new()).await;
    assert!(matches!(outcome, Err(Error::Disabled)), "{outcome:?}");
}

fn assert_sent_after(log: &KafkaLog, written: &[Written], micros: i64) {
    let ids: HashSet<&str> = written
        .iter()
        .map(|event| event.event_id.as_str())
        .collect();
    for record in log
        .records
        .iter()
        .filter(|record| ids.contains(record.id()))
    {
        assert!(record.written_at_millis >= micros / 1000, "{record:?}");
    }
}

async fn owner(world: &World, not: Option<&str>) -> String {
    eventually(PATIENCE, "an owner of the lease", async || {
        let owner = world.ask::<String>("SELECT owner FROM relay_state").await;
        owner.filter(|owner| Some(owner.as_str()) != not)
    })
    .await
}
