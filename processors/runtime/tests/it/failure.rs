use std::sync::Arc;

use rdkafka::message::{Message, OwnedMessage};
use serde_json::json;
use souk_platform::clock::now_micros;
use souk_runtime::{Config, RuntimeError};
use souk_schemas::ids::EventId;
use souk_schemas::registry::Registry;
use souk_schemas::{Encoder, Event, EventMeta, Timestamp, UserEvent, UserRegistered};
use souk_stack::eventually;
use uuid::Uuid;

use crate::cable::Cable;
use crate::faults::{Faults, Plan};
use crate::people::{self, People, USERS};
use crate::shelf::{ITEMS, PEOPLE, Shelf};
use crate::world::{PARTITIONS, SOON, World, header};

const ITEM_LETTERS: &str = "souk.test-items.v1.shelf.dlq";

#[tokio::test(flavor = "multi_thread")]
async fn poison_parks_its_key_and_everything_else_goes_on() {
    let world = World::new("runtime-poison").await;
    let line =
        |seq: i64| json!({"seq": seq, "text": format!("text {seq}"), "owner": "o", "size": 1});
    world.send(ITEMS, "a", &line(1)).await;
    world.send_bytes(ITEMS, "a", b"\xff not JSON").await;
    world.send(ITEMS, "a", &line(2)).await;
    world.send_items(0..20, "o").await;
    let running = world.start(Shelf);
    let documents = world.wait_for("all but the poisoned", 21, |_| true).await;
    assert_eq!(documents["a"]["text"], "text 1");
    world.wait_for_commit("shelf", ITEMS, 23).await;

    let letters = world.read(ITEM_LETTERS, 2).await;
    assert_eq!(letters[0].payload(), Some(&b"\xff not JSON"[..]));
    assert_eq!(letters[0].key(), Some(&b"a"[..]));
    assert_eq!(
        header(&letters[0], "__connect.errors.topic"),
        world.topic(ITEMS)
    );
    assert_eq!(header(&letters[0], "__connect.errors.offset"), "1");
    let codes = |letters: &[OwnedMessage]| {
        letters
            .iter()
            .map(|letter| header(letter, "__connect.errors.exception.class.name"))
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&letters), ["not_a_line", "key_parked"]);

    // The key stays parked for an instance that has to read everything again.
    running.kill().await;
    let running = world.start(Shelf);
    world.send(ITEMS, "a", &line(3)).await;
    let letters = world.read(ITEM_LETTERS, 3).await;
    assert_eq!(codes(&letters), ["not_a_line", "key_parked", "key_parked"]);
    assert_eq!(world.documents().await["a"]["text"], "text 1");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_on_a_shared_topic_is_dead_lettered_once() {
    let world = World::new("runtime-shared-poison").await;
    world.send_items(0..20, "o").await;
    world
        .send(PEOPLE, "o", &json!({"seq": 5, "text": "from nowhere"}))
        .await;
    world
        .send(PEOPLE, "p", &json!({"seq": 1, "text": "Paul"}))
        .await;
    let mut running = world.start(Shelf);
    running.wait_for_partitions(|count| count == 4).await;
    let letters = world.read("souk.test-people.v1.shelf.dlq", 1).await;
    assert_eq!(
        header(&letters[0], "__connect.errors.exception.class.name"),
        "sequence_gap"
    );
    world
        .send(
            ITEMS,
            "x",
            &json!({"seq": 1, "text": "t", "owner": "p", "size": 1}),
        )
        .await;
    world.wait_for("all documents", 21, |_| true).await;
    assert_eq!(world.documents().await["x"]["owner_name"], "Paul");
    running.stop().await;
    assert_eq!(
        world.read("souk.test-people.v1.shelf.dlq", 1).await.len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_document_is_dead_lettered_and_its_next_version_written() {
    let world = World::new("runtime-rejected").await;
    world.send_items(0..20, "o").await;
    world
        .send(
            ITEMS,
            "bad",
            &json!({"seq": 1, "text": "t", "owner": "o", "size": "huge"}),
        )
        .await;
    let running = world.start(Shelf);
    world.wait_for("all but the rejected", 20, |_| true).await;
    let letters = world.read(ITEM_LETTERS, 1).await;
    assert_eq!(letters[0].key(), Some(&b"bad"[..]));
    let code = header(&letters[0], "__connect.errors.exception.class.name");
    assert!(code.ends_with("_parsing_exception"), "{code}");
    world.wait_for_commit("shelf", ITEMS, 21).await;
    world
        .send(
            ITEMS,
            "bad",
            &json!({"seq": 2, "text": "t", "owner": "o", "size": 3}),
        )
        .await;
    world
        .wait_for("the repaired document too", 21, |_| true)
        .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_poison_in_a_row_stops_the_processor() {
    let world = World::new("runtime-fatal").await;
    for number in 0..10 {
        world
            .send_bytes(ITEMS, &format!("key-{number}"), b"{}")
            .await;
    }
    let config = Config {
        max_dead_letters_in_a_row: 5,
        ..world.config.clone()
    };
    let running = world.start_with(Shelf, config, world.deps());
    let result = running.end().await;
    assert!(
        matches!(
            result,
            Err(RuntimeError::TooManyDeadLetters { count: 5, .. })
        ),
        "{result:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_refused_with_429_is_sent_again_alone() {
    let world = World::new("runtime-429").await;
    world.send_items(0..10, "o").await;
    let plan = Plan::FailFirstItem(429, "rejected_execution_exception");
    let faults = Faults::before(&world.space.opensearch_url, plan).await;
    let deps = world.deps_with(&faults.url(), &world.space.registry_url);
    let running = world.start_with(Shelf, world.config.clone(), deps);
    world.wait_for("all documents", 10, |_| true).await;
    let passed = faults.seen().passed;
    assert_eq!(
        passed.iter().sum::<usize>(),
        11,
        "one document is sent twice: {passed:?}"
    );
    assert!(passed.contains(&1));
    world.wait_for_commit("shelf", ITEMS, 10).await;
    assert_eq!(running.processor.status.borrow().num_dead_letters, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_writing_and_rejects_nothing() {
    let world = World::new("runtime-disk").await;
    world.send_items(0..10, "o").await;
    let plan = Plan::FailFirstItem(429, "cluster_block_exception");
    let faults = Faults::before(&world.space.opensearch_url, plan).await;
    let deps = world.deps_with(&faults.url(), &world.space.registry_url);
    let running = world.start_with(Shelf, world.config.clone(), deps);
    world.wait_for("all documents", 10, |_| true).await;
    assert_eq!(running.processor.status.borrow().num_dead_letters, 0);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_the_registry_and_what_is_no_event_is_poison() {
    let world = World::new("runtime-registry").await;
    world.create_topic(USERS, PARTITIONS).await;
    let registry = Registry::new(&world.space.registry_url).unwrap();
    registry.register_all(&world.space.prefix).await.unwrap();
    let encoder = Encoder::connect(&registry, &world.space.prefix)
        .await
        .unwrap();
    let user = Uuid::from_u128(7);
    let payload = encoder.encode(&registered(user));
    world.send_bytes(USERS, &user.to_string(), &payload).await;
    world.send_bytes(USERS, "stranger", b"not a frame").await;

    let cable = Cable::to(&world.space.registry_url).await;
    cable.cut();
    let deps = world.deps_with(
        &world.space.opensearch_url,
        &cable.url(&world.space.registry_url),
    );
    let running = world.start_with(People, world.config.clone(), deps);
    eventually(SOON, "a few questions to the registry", async || {
        (cable.refused() >= 3).then_some(())
    })
    .await;
    let letters_before = running.processor.status.borrow().num_dead_letters;
    assert!(
        letters_before <= 1,
        "an outage of the registry is nobody's poison"
    );
    cable.mend();
    let documents = eventually(SOON, "the person", async || {
        let documents = world.documents_of(people::ALIAS).await;
        (!documents.is_empty()).then_some(documents)
    })
    .await;
    assert_eq!(documents[&user.to_string()], json!({"name": "Ulla"}));
    let letters = world.read("souk.user.events.v1.people.dlq", 1).await;
    assert_eq!(letters[0].payload(), Some(&b"not a frame"[..]));
    running.stop().await;
}

fn registered(user: Uuid) -> Event {
    Event::from(UserEvent::from(UserRegistered {
        meta: EventMeta {
            event_id: EventId(Uuid::from_u128(1)),
            aggregate_id: user,
            sequence: 1,
            occurred_at: Timestamp(now_micros()),
            actor: None,
            correlation_id: Uuid::from_u128(2),
            causation_id: None,
        },
        email: "ulla@example.org".to_owned(),
        name: "Ulla".to_owned(),
        age: None,
        time_zone: "UTC".to_owned(),
        roles: Vec::new(),
        external_id: None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_the_live_index_does_not_take_stops_the_processor() {
    let world = World::new("runtime-mapping").await;
    let url = format!(
        "{}/{}souk-test-shelf-000001",
        world.space.opensearch_url, world.space.prefix
    );
    let body = json!({
        "mappings": {"properties": {"price": {"type": "keyword"}}},
        "aliases": {format!("{}souk-test-shelf", world.space.prefix): {}},
    });
    let created = reqwest::Client::new()
        .put(url)
        .json(&body)
        .send()
        .await
        .unwrap();
    assert!(created.status().is_success());
    let running = world.start(Shelf);
    let result = running.end().await;
    assert!(
        matches!(&result, Err(RuntimeError::Mapping { .. })),
        "{result:?}"
    );
    drop(Arc::new(world));
}
