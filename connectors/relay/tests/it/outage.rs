use std::time::Duration;

use souk_relay::Config;
use souk_stack::TestStack;

use crate::proxy::Proxy;
use crate::support::{World, append_history, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_may_come_later_than_the_relay() {
    let world = World::mysql("late_kafka").await;
    let mut conn = world.connect().await;
    let mut written = append_history(&mut conn, "listing", 10).await;
    let proxy = Proxy::unreachable(world.space.kafka.clone()).await;
    let relay = world.start_with(config(), &world.space.mysql_url, &proxy.address.to_string());
    written.extend(append_history(&mut conn, "order", 10).await);
    assert!(!relay.health.is_ready());

    proxy.become_reachable();
    let mut log = world.log();
    log.wait_for(&written).await;
    relay.stop().await;
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_wait_for_their_topic_in_order() {
    let world = World::without_topics(TestStack::get().await, "late_topic").await;
    let mut conn = world.connect().await;
    let mut written = append_history(&mut conn, "listing", 10).await;
    let relay = world.start();
    written.extend(append_history(&mut conn, "listing", 10).await);
    world.create_topics().await;
    written.extend(append_history(&mut conn, "listing", 10).await);
    let mut log = world.log();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_may_come_later_than_the_relay() {
    let world = World::mysql("late_tables").await;
    let mut conn = world.connect().await;
    let relay = {
        use mysql_async::prelude::Queryable;
        conn.query_drop("RENAME TABLE events TO hidden_events, relay_state TO hidden_state")
            .await
            .unwrap();
        let relay = world.start();
        conn.query_drop("RENAME TABLE hidden_events TO events, hidden_state TO relay_state")
            .await
            .unwrap();
        relay
    };
    let written = append_history(&mut conn, "listing", 10).await;
    let mut log = world.log();
    log.wait_for(&written).await;
    relay.stop().await;
    log.assert_complete(&written);
}

/// The network dies without a word while the log is idle; only missing heartbeats tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_connection_to_an_idle_log_is_noticed() {
    let world = World::mysql("dead").await;
    let mut conn = world.connect().await;
    let (_, target) = world.space.mysql_url.split_once('@').unwrap();
    let (server, database) = target.split_once('/').unwrap();
    let proxy = Proxy::open(server.to_owned()).await;
    let url = format!("mysql://root@{}/{database}", proxy.address);
    // The lease must not be what notices: it would take nearly an hour, far beyond the test's patience.
    let config = Config {
        lease: Duration::from_hours(1),
        heartbeat: Duration::from_millis(500),
        ..config()
    };
    let relay = world.start_with(config, &url, &world.space.kafka);
    let mut log = world.log();
    let mut written = append_history(&mut conn, "listing", 10).await;
    log.wait_for(&written).await;

    proxy.freeze_current();
    written.extend(append_history(&mut conn, "listing", 10).await);
    log.wait_for(&written).await;
    relay.kill().await;
    log.assert_complete(&written);
}
