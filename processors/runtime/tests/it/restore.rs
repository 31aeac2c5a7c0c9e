use std::fs;
use std::time::Duration;

use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::json;
use souk_runtime::{Config, Status};
use souk_stack::eventually;

use crate::shelf::{ITEMS, PRICES, Shelf};
use crate::world::{PARTITIONS, SOON, World};

const ITEMS_WRITTEN: usize = 300;

/// A world whose processor has written items and stopped in good order, with snapshots.
async fn stopped(name: &str) -> World {
    let world = World::new(name).await;
    world.send_items(0..ITEMS_WRITTEN, "o").await;
    let running = world.start(Shelf);
    world
        .wait_for("all documents", ITEMS_WRITTEN, |_| true)
        .await;
    world.wait_for_commit("shelf", ITEMS, 300).await;
    running.stop().await;
    world
}

/// Starts again, changes a document that needs the state, and returns what the start took.
async fn restart(world: &World, price_seq: i64) -> Status {
    let mut running = world.start(Shelf);
    running.wait_for_partitions(|count| count == 4).await;
    let status = running.processor.status.borrow().clone();
    world
        .send(
            PRICES,
            "item-7",
            &json!({"seq": price_seq, "price": price_seq}),
        )
        .await;
    eventually(SOON, "a document of old and new facts", async || {
        let documents = world.documents().await;
        let document = &documents["item-7"];
        (document["text"] == "text 7" && document["price"] == price_seq).then_some(())
    })
    .await;
    running.stop().await;
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_spare_reading_the_topics_again_and_damaged_ones_are_ignored() {
    let world = stopped("runtime-snapshot").await;
    let status = restart(&world, 1).await;
    assert_eq!((status.num_from_snapshot, status.num_replayed), (4, 0));

    for entry in fs::read_dir(&world.config.state_dir).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let status = restart(&world, 2).await;
    assert_eq!((status.num_from_snapshot, status.num_replayed), (0, 301));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_ahead_of_the_commits_is_not_used() {
    let world = stopped("runtime-ahead").await;
    let consumer = world.consumer("souk.shelf");
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(&world.topic(ITEMS), partition, Offset::Offset(1))
            .unwrap();
    }
    consumer.commit(&list, CommitMode::Sync).unwrap();
    drop(consumer);
    let status = restart(&world, 1).await;
    assert_eq!((status.num_from_snapshot, status.num_replayed), (0, 4));
    world.wait_for_commit("shelf", ITEMS, 300).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_taken_while_busy_and_survive_a_crash() {
    let world = World::new("runtime-busy").await;
    let config = Config {
        snapshot_every: Duration::from_millis(200),
        ..world.config.clone()
    };
    let running = world.start_with(Shelf, config.clone(), world.deps());
    let name = |partition: i32| {
        config
            .state_dir
            .join(format!("{}shelf-{partition}.snapshot", world.space.prefix))
    };
    let mut written = 0;
    eventually(SOON, "a snapshot of every partition", async || {
        world.send_items(written..written + 50, "o").await;
        written += 50;
        (0..PARTITIONS)
            .all(|partition| name(partition).exists())
            .then_some(())
    })
    .await;
    running.kill().await;

    world.send_items(written..written + 50, "o").await;
    let mut running = world.start_with(Shelf, config, world.deps());
    running.wait_for_partitions(|count| count == 4).await;
    assert_eq!(running.processor.status.borrow().num_from_snapshot, 4);
    world
        .wait_for("all documents", written + 50, |_| true)
        .await;
    running.stop().await;
}
