use std::time::Duration;

use rdkafka::{
    ClientConfig,
    admin::{
        AdminClient, AdminOptions, AlterConfig, NewTopic, ResourceSpecifier, TopicReplication,
    },
    client::DefaultClientContext,
};
use souk_schemas::topics::{Outcome, Report, apply};
use souk_stack::{TestStack, eventually};

fn client(bootstrap: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", bootstrap);
    client
}

fn outcome<'a>(report: &'a Report, topic: &str) -> &'a Outcome {
    let topic = report.topics.iter().find(|known| known.topic == topic);
    &topic.unwrap().outcome
}

/// A broker learns of a setting a moment after the controller has acknowledged it.
async fn wait_for_setting(
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
    name: &str,
    wanted: &str,
) {
    let what = format!("{name} of {topic} to be {wanted}");
    eventually(Duration::from_mins(1), &what, async || {
        let described = admin
            .describe_configs(&[ResourceSpecifier::Topic(topic)], &AdminOptions::new())
            .await
            .unwrap();
        let value = described[0].as_ref().unwrap().get(name)?.value.clone();
        (value.as_deref() == Some(wanted)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn topics_are_created_once_with_their_dead_letters() {
    let space = TestStack::get().await.space("topics").await;
    let client = client(&space.kafka);
    let first = apply(&client, &space.prefix, 1).await.unwrap();
    let all = |report: &Report, expected: &Outcome| {
        report.topics.iter().all(|topic| topic.outcome == *expected)
    };
    assert!(all(&first, &Outcome::Created), "{first}");
    let dead_letters = format!("{}souk.order.events.v1.orders.dlq", space.prefix);
    assert_eq!(outcome(&first, &dead_letters), &Outcome::Created);
    let second = apply(&client, &space.prefix, 1).await.unwrap();
    assert!(all(&second, &Outcome::Unchanged), "{second}");
}

#[tokio::test]
async fn settings_that_differ_are_corrected_and_others_are_kept() {
    let space = TestStack::get().await.space("settings").await;
    let client = client(&space.kafka);
    apply(&client, &space.prefix, 1).await.unwrap();
    let topic = format!("{}souk.user.events.v1", space.prefix);
    let admin: AdminClient<DefaultClientContext> = client.create().unwrap();
    let by_hand = AlterConfig::new(ResourceSpecifier::Topic(&topic))
        .set("retention.ms", "1000")
        .set("max.message.bytes", "2000000")
        .set("segment.bytes", "104857600");
    let altered = admin
        .alter_configs(&[by_hand], &AdminOptions::new())
        .await
        .unwrap();
    assert!(altered[0].is_ok(), "{altered:?}");
    wait_for_setting(&admin, &topic, "retention.ms", "1000").await;

    let report = apply(&client, &space.prefix, 1).await.unwrap();
    assert_eq!(
        outcome(&report, &topic),
        &Outcome::Updated {
            changes: vec![
                "max.message.bytes: 2000000 -> 20971520".to_owned(),
                "retention.ms: 1000 -> -1".to_owned(),
            ]
        }
    );
    wait_for_setting(&admin, &topic, "retention.ms", "-1").await;
    wait_for_setting(&admin, &topic, "segment.bytes", "104857600").await;
}

#[tokio::test]
async fn another_number_of_partitions_is_reported_and_left_alone() {
    let space = TestStack::get().await.space("partitions").await;
    let client = client(&space.kafka);
    let topic = format!("{}souk.listing.events.v1", space.prefix);
    let admin: AdminClient<DefaultClientContext> = client.create().unwrap();
    let narrow = NewTopic::new(&topic, 3, TopicReplication::Fixed(1));
    admin
        .create_topics(&[narrow], &AdminOptions::new())
        .await
        .unwrap();

    let report = apply(&client, &space.prefix, 1).await.unwrap();
    let differ = Outcome::PartitionsDiffer {
        found: 3,
        wanted: 6,
    };
    assert_eq!(outcome(&report, &topic), &differ);
    assert!(!report.is_complete());
    assert!(report.to_string().contains("has 3 partitions, not 6"));
}
