use std::time::Duration;

use serde_json::json;
use souk_runtime::Config;
use souk_stack::eventually;

use crate::cable::Cable;
use crate::faults::{Faults, Plan};
use crate::shelf::{ITEMS, PEOPLE, PRICES, Shelf};
use crate::world::{SOON, World};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_it_is_killed_again_and_again() {
    let world = World::new("runtime-kill").await;
    let config = Config {
        snapshot_every: Duration::from_millis(100),
        bulk_bytes: 20_000,
        ..world.config.clone()
    };
    for round in 0..3 {
        let config = Config {
            // The first dies without a commit, so that the second writes everything again.
            commit_every: Duration::from_millis(if round == 0 { 3_600_000 } else { 200 }),
            ..config.clone()
        };
        let running = world.start_with(Shelf, config, world.deps());
        world
            .send_items(round * 1000..(round + 1) * 1000, "o")
            .await;
        eventually(SOON, "some of the new documents", async || {
            (world.documents().await.len() > round * 1000).then_some(())
        })
        .await;
        assert_eq!(
            running.processor.status.borrow().num_dead_letters,
            0,
            "what is written again is superseded, not rejected"
        );
        running.kill().await;
    }
    world
        .send(PEOPLE, "o", &json!({"seq": 1, "text": "Olga"}))
        .await;
    for number in 0..10 {
        world
            .send(
                PRICES,
                &format!("item-{number}"),
                &json!({"seq": 1, "price": 7}),
            )
            .await;
    }
    let running = world.start_with(Shelf, config, world.deps());
    let documents = world
        .wait_for("all documents with their owner's name", 3000, |document| {
            document["owner_name"] == "Olga"
        })
        .await;
    for number in 0..3000 {
        assert_eq!(
            documents[&format!("item-{number}")]["text"],
            format!("text {number}")
        );
    }
    eventually(SOON, "the new prices", async || {
        let documents = world.documents().await;
        (0..10)
            .all(|number| documents[&format!("item-{number}")]["price"] == 7)
            .then_some(())
    })
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_reaches_every_document_although_it_is_killed_half_way() {
    for snapshot_every in [Duration::from_millis(20), Duration::from_hours(1)] {
        let world = World::new("runtime-rename").await;
        let config = Config {
            slow_lane_documents: 20,
            snapshot_every,
            ..world.config.clone()
        };
        world
            .send(PEOPLE, "o", &json!({"seq": 1, "text": "Olga"}))
            .await;
        world.send_items(0..400, "o").await;
        let faults = Faults::before(&world.space.opensearch_url, Plan::Pass).await;
        let deps = world.deps_with(&faults.url(), &world.space.registry_url);
        let running = world.start_with(Shelf, config.clone(), deps);
        world
            .wait_for("the old name", 400, |document| {
                document["owner_name"] == "Olga"
            })
            .await;
        world.wait_for_commit("shelf", ITEMS, 400).await;

        faults.plan(Plan::HoldAfter(3));
        world
            .send(PEOPLE, "o", &json!({"seq": 2, "text": "Olivia"}))
            .await;
        eventually(SOON, "the fourth bulk of the rename", async || {
            (faults.seen().held > 0).then_some(())
        })
        .await;
        if snapshot_every < Duration::from_secs(1) {
            let snapshot = config
                .state_dir
                .join(format!("{}shelf-shared.snapshot", world.space.prefix));
            eventually(SOON, "a snapshot that knows the new name", async || {
                let bytes = std::fs::read(&snapshot).ok()?;
                bytes
                    .windows(6)
                    .any(|window| window == b"Olivia")
                    .then_some(())
            })
            .await;
        }
        let passed = faults.seen().passed;
        assert_eq!(
            passed[passed.len() - 3..],
            [20, 20, 20],
            "a rename goes bit by bit, so that nobody waits for all of it"
        );
        running.kill().await;
        world.refresh().await;
        let documents = world.documents().await;
        let renamed = documents
            .values()
            .filter(|document| document["owner_name"] == "Olivia")
            .count();
        assert!(renamed > 0 && renamed < 400, "{renamed} of 400 are renamed");

        let running = world.start_with(Shelf, config, world.deps());
        world
            .wait_for("the new name", 400, |document| {
                document["owner_name"] == "Olivia"
            })
            .await;
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_never_passes_a_record_that_is_not_written() {
    let world = World::new("runtime-commit").await;
    let faults = Faults::before(&world.space.opensearch_url, Plan::HoldNext).await;
    let config = Config {
        bulk_bytes: 10_000,
        commit_every: Duration::ZERO,
        ..world.config.clone()
    };
    let deps = world.deps_with(&faults.url(), &world.space.registry_url);
    let mut running = world.start_with(Shelf, config, deps);
    running.wait_until_ready().await;
    world
        .send(
            ITEMS,
            "first",
            &json!({"seq": 1, "text": "t", "owner": "o", "size": 1}),
        )
        .await;
    eventually(SOON, "the first bulk", async || {
        (faults.seen().held == 1).then_some(())
    })
    .await;
    // The bulks behind it are written; each starts only when the one before it is settled with the worker.
    world.send_items(0..1000, "o").await;
    eventually(SOON, "bulks that overtake the first one", async || {
        (faults.seen().passed.len() >= 5).then_some(())
    })
    .await;
    assert_eq!(world.committed("shelf", ITEMS), 0);
    running.kill().await;

    let running = world.start(Shelf);
    world.wait_for("all documents", 1001, |_| true).await;
    world.wait_for_commit("shelf", ITEMS, 1001).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_committed_while_opensearch_is_away_and_then_it_goes_on() {
    let world = World::new("runtime-outage").await;
    let cable = Cable::to(&world.space.opensearch_url).await;
    let mut deps = world.deps_with(
        &cable.url(&world.space.opensearch_url),
        &world.space.registry_url,
    );
    deps.kafka.set("max.poll.interval.ms", "6000");
    // With bulks this small reading comes to a standstill, and the consumer is paused.
    let config = Config {
        bulk_bytes: 10_000,
        ..world.config.clone()
    };
    let mut running = world.start_with(Shelf, config, deps);
    running.wait_until_ready().await;
    world.send_items(0..10, "o").await;
    world.wait_for_commit("shelf", ITEMS, 10).await;
    cable.cut();
    world.send_items(10..500, "o").await;
    eventually(SOON, "a few attempts", async || {
        (cable.refused() >= 24).then_some(())
    })
    .await;
    assert_eq!(world.committed("shelf", ITEMS), 10);
    cable.mend();
    world.wait_for("all documents", 500, |_| true).await;
    world.wait_for_commit("shelf", ITEMS, 500).await;
    assert_eq!(
        running.processor.status.borrow().num_replayed,
        0,
        "its partitions were taken away because it did not poll"
    );
    running.stop().await;
}
