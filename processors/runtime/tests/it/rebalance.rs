use std::path::Path;

use serde_json::json;
use souk_runtime::{Config, GroupProtocol};

use crate::shelf::{ITEMS, PEOPLE, PRICES, Shelf};
use crate::world::World;

async fn instances_share_and_take_over(protocol: GroupProtocol) {
    let world = World::new("runtime-rebalance").await;
    let config = |instance: &str| Config {
        group_protocol: protocol,
        state_dir: Path::new(&world.config.state_dir).join(instance),
        ..world.config.clone()
    };
    world
        .send(PEOPLE, "o", &json!({"seq": 1, "text": "Olga"}))
        .await;
    world.send_items(0..500, "o").await;
    let mut first = world.start_with(Shelf, config("first"), world.deps());
    first.wait_for_partitions(|count| count == 4).await;
    world.wait_for("the first documents", 500, |_| true).await;

    let mut second = world.start_with(Shelf, config("second"), world.deps());
    let writing = world.send_items(500..2000, "o");
    let sharing = async {
        second.wait_for_partitions(|count| count == 2).await;
        first.wait_for_partitions(|count| count == 2).await;
    };
    tokio::join!(writing, sharing);
    world.send_items(2000..2500, "o").await;
    world
        .wait_for("documents written by both", 2500, |document| {
            document["owner_name"] == "Olga"
        })
        .await;

    first.kill().await;
    world
        .send(PEOPLE, "o", &json!({"seq": 2, "text": "Olivia"}))
        .await;
    for number in 0..20 {
        world
            .send(
                PRICES,
                &format!("item-{number}"),
                &json!({"seq": 1, "price": 9}),
            )
            .await;
    }
    second.wait_for_partitions(|count| count == 4).await;
    world
        .wait_for("the rename by the one that is left", 2500, |document| {
            document["owner_name"] == "Olivia"
        })
        .await;
    world.wait_for_commit("shelf", PRICES, 20).await;
    let documents = world.documents().await;
    for number in 0..20 {
        assert_eq!(documents[&format!("item-{number}")]["price"], 9);
    }
    world.wait_for_commit("shelf", ITEMS, 2500).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_the_partitions_and_one_takes_over() {
    instances_share_and_take_over(GroupProtocol::Consumer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_older_group_protocol_works_too() {
    instances_share_and_take_over(GroupProtocol::Classic).await;
}
