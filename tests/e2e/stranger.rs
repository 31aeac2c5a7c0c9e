//! Somebody who knows our topics and the registry, and none of our code.

use std::{collections::HashMap, process::Command};

use serde_json::Value;
use souk_schemas::Aggregate;
use uuid::Uuid;

use crate::support::{App, PATIENCE, listing_body, publish};

/// Reads every event topic from the beginning to its end; prints a line of JSON a record.
const CONSUMER: &str = include_str!("stranger.py");

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_reads_every_topic_in_order() {
    let app = App::start("stranger").await;
    trade(&app).await;

    let keys = kcat_keys(&app, Aggregate::Listing);
    if let Some(keys) = &keys {
        assert!(
            !keys.is_empty() && keys.iter().all(|key| Uuid::parse_str(key).is_ok()),
            "keys are UUID text: {keys:?}"
        );
    } else {
        println!("SKIPPED in part: kcat is not installed");
    }

    let Some(records) = python_records(&app) else {
        println!("SKIPPED in part: Python lacks confluent-kafka with its Avro support");
        return;
    };
    for aggregate in Aggregate::ALL {
        let of_topic: Vec<&Value> = records
            .iter()
            .filter(|record| record["topic"] == app.topic(aggregate.name()))
            .collect();
        assert!(!of_topic.is_empty(), "{} has records", aggregate.name());
        require_order(&of_topic);
        for record in of_topic {
            assert_eq!(
                record["value"]["meta"]["aggregate_id"], record["key"],
                "{record}"
            );
            assert_eq!(
                record["headers"]["ce_id"], record["value"]["meta"]["event_id"],
                "{record}"
            );
            let full_name = format!("souk.{}.", aggregate.name());
            assert!(
                record["headers"]["ce_type"]
                    .as_str()
                    .is_some_and(|name| name.starts_with(&full_name)),
                "{record}"
            );
        }
    }
}

/// At least one event of every aggregate.
async fn trade(app: &App) {
    let (seller, buyer, admin) = (
        app.register("Seller").await,
        app.register("Buyer").await,
        app.admin().await,
    );
    app.post(
        Some(&admin),
        "/categories",
        serde_json::json!({"name": "Lamps"}),
    )
    .await
    .created();
    let address = serde_json::json!({"recipient": "B", "line1": "1 Mill Lane", "city": "Dublin", "postal_code": "D01", "country": "IE"});
    app.post(Some(&buyer), "/accounts/me/addresses", address)
        .await
        .created();
    let (listing, _) = publish(app, &seller, listing_body("A lamp", 4_250, 3)).await;
    let order = serde_json::json!({"lines": [{"listing_id": listing, "quantity": 1}], "payment_method": "wallet"});
    let placed = app.post(Some(&buyer), "/orders", order).await.created();
    let path = format!("/orders/{}", placed.id());
    souk_stack::eventually(PATIENCE, "the order to be paid", async || {
        let order = app
            .get(Some(&buyer), &path, Some(placed.token()))
            .await
            .success();
        (order.body["item"]["payment"]["status"] == "captured").then_some(())
    })
    .await;
}

fn require_order(records: &[&Value]) {
    let mut last: HashMap<&str, i64> = HashMap::new();
    for record in records {
        let key = record["key"].as_str().expect("a key is text");
        let sequence = record["value"]["meta"]["sequence"]
            .as_i64()
            .expect("a sequence is a number");
        let before = last.insert(key, sequence).unwrap_or(0);
        assert_eq!(
            sequence,
            before + 1,
            "no event of {key} is missing, repeated or out of order"
        );
    }
}

fn kcat_keys(app: &App, aggregate: Aggregate) -> Option<Vec<String>> {
    let output = Command::new("kcat")
        .args([
            "-b",
            &app.space.kafka,
            "-C",
            "-t",
            &app.topic(aggregate.name()),
            "-o",
            "beginning",
            "-e",
            "-q",
            "-f",
            "%k\\n",
        ])
        .output()
        .ok()?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(str::to_owned)
            .collect(),
    )
}

fn python_records(app: &App) -> Option<Vec<Value>> {
    let importable = Command::new("python3")
        .args(["-c", "import confluent_kafka.schema_registry.avro"])
        .output()
        .ok()?;
    if !importable.status.success() {
        return None;
    }
    let topics: Vec<String> = Aggregate::ALL
        .iter()
        .map(|aggregate| app.topic(aggregate.name()))
        .collect();
    let output = Command::new("python3")
        .args(["-c", CONSUMER, &app.space.kafka, &app.space.registry_url])
        .args(topics)
        .output()
        .expect("python3 ran a moment ago");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let parse =
        |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    Some(
        String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(parse)
            .collect(),
    )
}
