use std::collections::BTreeSet;

use rdkafka::message::Message;
use serde_json::{Value, json};
use souk_platform::progress::{Progress, TOPIC};
use souk_runtime::Config;
use souk_stack::eventually;
use uuid::Uuid;

use crate::faults::{Faults, Plan};
use crate::shelf::{COPIES, Copies, ITEMS, PEOPLE, PRICES, Shelf};
use crate::world::{SOON, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_joins_everything_that_was_said_in_any_order() {
    let world = World::new("runtime-join").await;
    world
        .send(PRICES, "a", &json!({"seq": 1, "price": 5}))
        .await;
    world
        .send(
            ITEMS,
            "a",
            &json!({"seq": 1, "text": "first", "owner": "o", "size": 1}),
        )
        .await;
    let running = world.start(Shelf);
    world
        .wait_for("the item", 1, |document| document["price"] == 5)
        .await;
    world
        .send(PEOPLE, "o", &json!({"seq": 1, "text": "Olga"}))
        .await;
    world
        .wait_for("the owner's name", 1, |document| {
            document["owner_name"] == "Olga"
        })
        .await;
    world
        .send(
            ITEMS,
            "a",
            &json!({"seq": 2, "text": "second", "owner": "o", "size": 2}),
        )
        .await;
    world
        .send(
            ITEMS,
            "a",
            &json!({"seq": 2, "text": "repeated", "owner": "o", "size": 2}),
        )
        .await;
    world
        .send(PRICES, "a", &json!({"seq": 2, "price": 6}))
        .await;
    let documents = world
        .wait_for("the second state", 1, |document| {
            document["sources"] == json!({"item": 2, "price": 2, "person": 1})
        })
        .await;
    assert_eq!(
        documents["a"],
        json!({"text": "second", "owner": "o", "owner_name": "Olga", "size": 2, "price": 6,
               "sources": {"item": 2, "price": 2, "person": 1}})
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_only_when_the_document_can_be_searched() {
    let world = World::new("runtime-progress").await;
    world.send_items(0..20, "o").await;
    let (order, user) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut running = world.start(Shelf);
    running.wait_until_ready().await;
    world
        .send(ITEMS, "a", &json!({"seq": 1, "text": "t", "owner": "o", "size": 1, "applied": [["order", order, 7]]}))
        .await;
    let told = told(&world, order).await;
    let found = world.documents().await;
    assert_eq!(
        found["a"]["text"], "t",
        "it could not be searched when it was told"
    );
    assert_eq!(
        (told.processor.as_str(), told.topic),
        ("shelf", world.topic(ITEMS))
    );

    world
        .send(
            PEOPLE,
            "o",
            &json!({"seq": 1, "text": "Olga", "applied": [["user", user, 3]]}),
        )
        .await;
    let told = self::told(&world, user).await;
    let found = world.documents().await;
    assert!(
        found
            .values()
            .all(|document| document["owner_name"] == "Olga"),
        "told before every document showed it"
    );
    assert_eq!((told.topic, told.applied[0].2), (world.topic(PEOPLE), 3));
    running.stop().await;
}

async fn told(world: &World, id: Uuid) -> Progress {
    eventually(SOON, "progress of an aggregate", async || {
        told_so_far(world)
            .await
            .into_iter()
            .find(|progress| speaks_of(progress, id))
    })
    .await
}

async fn told_so_far(world: &World) -> Vec<Progress> {
    let records = world.read(TOPIC, 1).await;
    let progress = records.iter();
    progress
        .map(|record| serde_json::from_slice(record.payload().unwrap()).unwrap())
        .collect()
}

fn speaks_of(progress: &Progress, id: Uuid) -> bool {
    progress.applied.iter().any(|applied| applied.1 == id)
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_waits_for_the_refresh_and_for_the_last_document() {
    let world = World::new("runtime-early").await;
    let (order, user) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let faults = Faults::before(&world.space.opensearch_url, Plan::HoldRefreshes).await;
    let config = Config {
        slow_lane_documents: 5,
        ..world.config.clone()
    };
    let deps = world.deps_with(&faults.url(), &world.space.registry_url);
    let running = world.start_with(Shelf, config, deps);
    world.send_items(0..20, "o").await;
    world
        .send(
            ITEMS,
            "a",
            &json!({"seq": 1, "text": "t", "owner": "o", "size": 1, "applied": [["order", order, 7]]}),
        )
        .await;
    eventually(SOON, "a refresh", async || {
        (faults.seen().refreshes_held > 0).then_some(())
    })
    .await;
    assert!(
        !told_so_far(&world)
            .await
            .iter()
            .any(|progress| speaks_of(progress, order))
    );
    faults.plan(Plan::Pass);
    told(&world, order).await;

    faults.plan(Plan::HoldAfter(1));
    world
        .send(
            PEOPLE,
            "o",
            &json!({"seq": 1, "text": "Olga", "applied": [["user", user, 3]]}),
        )
        .await;
    eventually(SOON, "the first documents with the name", async || {
        let documents = world.documents().await;
        documents
            .values()
            .any(|document| document["owner_name"] == "Olga")
            .then_some(())
    })
    .await;
    eventually(SOON, "the second bulk", async || {
        (faults.seen().held > 0).then_some(())
    })
    .await;
    assert!(
        !told_so_far(&world)
            .await
            .iter()
            .any(|progress| speaks_of(progress, user))
    );
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_partition_is_as_fresh_as_the_clock() {
    let world = World::new("runtime-idle").await;
    world.send_items(0..4, "o").await;
    let running = world.start(Shelf);
    let started = souk_platform::clock::now_micros();
    eventually(
        SOON,
        "every partition of every topic to be as fresh as the clock",
        async || {
            let records = world.read(TOPIC, 1).await;
            let fresh: BTreeSet<(String, i32)> = records
                .iter()
                .map(|record| {
                    serde_json::from_slice::<Progress>(record.payload().unwrap()).unwrap()
                })
                .filter(|progress| progress.as_of > started)
                .map(|progress| (progress.topic, progress.partition))
                .collect();
            (fresh.len() == 12).then_some(())
        },
    )
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_a_topic_destination_are_written_before_their_source_is_committed() {
    let world = World::new("runtime-topic").await;
    world.send_items(0..50, "o").await;
    let running = world.start(Copies);
    world.wait_for_commit("copies", ITEMS, 50).await;
    let copies = world.read(COPIES, 50).await;
    let items: BTreeSet<String> = copies
        .iter()
        .map(|copy| {
            assert_eq!(copy.key(), Some(&b"o"[..]));
            let value: Value = serde_json::from_slice(copy.payload().unwrap()).unwrap();
            value["item"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(items.len(), 50);
    assert_eq!(
        copies
            .iter()
            .map(Message::partition)
            .collect::<BTreeSet<_>>()
            .len(),
        1
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_finishes_what_was_read() {
    let world = World::new("runtime-drain").await;
    world.send_items(0..3000, "o").await;
    let mut running = world.start(Shelf);
    running.wait_until_ready().await;
    eventually(SOON, "the first documents", async || {
        (!world.documents().await.is_empty()).then_some(())
    })
    .await;
    running.stop().await;
    let committed = world.committed("shelf", ITEMS);
    let documents = world.documents().await;
    assert_eq!(
        documents.len(),
        usize::try_from(committed).unwrap(),
        "what was committed and what can be searched differ"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn large_documents_are_spread_over_several_bulks() {
    let world = World::new("runtime-large").await;
    let text = "x".repeat(4000);
    for number in 0..40 {
        let line = json!({"seq": 1, "text": text, "owner": "o", "size": number});
        world.send(ITEMS, &format!("item-{number}"), &line).await;
    }
    let faults = Faults::before(&world.space.opensearch_url, Plan::Pass).await;
    let config = Config {
        bulk_bytes: 10_000,
        ..world.config.clone()
    };
    let deps = world.deps_with(&faults.url(), &world.space.registry_url);
    let running = world.start_with(Shelf, config, deps);
    world.wait_for("all documents", 40, |_| true).await;
    world.wait_for_commit("shelf", ITEMS, 40).await;
    let passed = faults.seen().passed;
    assert!(passed.iter().all(|documents| *documents <= 5), "{passed:?}");
    running.stop().await;
}
