use std::collections::BTreeMap;

use souk_relay::debezium::{ConnectorOptions, is_registered, register, unregister};
use souk_stack::{TestStack, eventually};
use url::Url;

use crate::support::{PATIENCE, World, Written, append_history};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn debezium_writes_the_same_keys_and_payloads_to_the_same_topics() {
    let stack = TestStack::connect().await;
    let connect_url = Url::parse(&stack.connect_url()).unwrap();
    let world = World::without_topics(stack, "debezium").await;
    world.create_topics().await;
    let prefix = &world.space.prefix;
    let mut conn = world.connect().await;
    let mut written = append_history(&mut conn, "listing", 10).await;

    assert!(!is_registered(&connect_url, prefix).await.unwrap());
    let options = ConnectorOptions {
        database_url: world.space.mysql_url.clone().into(),
        kafka_bootstrap: world.space.kafka.clone(),
        prefix: prefix.clone(),
        server_id: 1_000_000 + uuid::Uuid::new_v4().as_fields().0 % 1_000_000,
    };
    register(&connect_url, &options).await.unwrap();
    wait_until_registered(&connect_url, prefix, true).await;
    let mut log = world.log();
    log.wait_for(&written).await;
    for aggregate in ["order", "listing"] {
        written.extend(append_history(&mut conn, aggregate, 10).await);
    }
    log.wait_for(&written).await;
    unregister(&connect_url, prefix).await.unwrap();
    wait_until_registered(&connect_url, prefix, false).await;
    log.read_to_end();
    log.assert_complete_with(&written, headers);
}

async fn wait_until_registered(connect_url: &Url, prefix: &str, registered: bool) {
    eventually(
        PATIENCE,
        "kafka connect to know its connectors",
        async || (is_registered(connect_url, prefix).await.unwrap() == registered).then_some(()),
    )
    .await;
}

/// What Kafka Connect can place: short type names, the time as a number, no version (it would read "1.0" as a number).
fn headers(event: &Written) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = [
        ("id", event.event_id.clone()),
        ("ce_id", event.event_id.clone()),
        ("ce_type", "Happened".to_owned()),
        ("ce_source", "/souk".to_owned()),
        ("ce_subject", event.aggregate_id.clone()),
        ("occurred_at", event.occurred_at.to_string()),
        ("content-type", "application/avro".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if let Some(traceparent) = &event.traceparent {
        headers.insert("traceparent".to_owned(), traceparent.clone());
    }
    headers
}
