use std::{collections::HashMap, time::Duration};

use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _},
    message::Message as _,
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// A record as it lies on the topic.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) key: String,
    pub(crate) payload: Vec<u8>,
}

/// Every record of a topic, partition by partition, up to the ends it had when asked.
pub(crate) fn read_topic(bootstrap: &str, topic: &str) -> Vec<Record> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "none")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer can be made");
    let metadata = consumer
        .fetch_metadata(Some(topic), TIMEOUT)
        .expect("Kafka answers");
    let mut ends: HashMap<i32, i64> = HashMap::new();
    let mut assignment = TopicPartitionList::new();
    for partition in metadata
        .topics()
        .iter()
        .flat_map(rdkafka::metadata::MetadataTopic::partitions)
    {
        let (low, high) = consumer
            .fetch_watermarks(topic, partition.id(), TIMEOUT)
            .expect("Kafka answers");
        if high > low {
            ends.insert(partition.id(), high);
            assignment
                .add_partition_offset(topic, partition.id(), Offset::Beginning)
                .expect("a partition can be assigned");
        }
    }
    consumer
        .assign(&assignment)
        .expect("partitions can be assigned");
    let mut records: HashMap<i32, Vec<Record>> = HashMap::new();
    while !ends.is_empty() {
        let message = consumer
            .poll(TIMEOUT)
            .expect("a record comes in time")
            .expect("Kafka answers");
        let text =
            |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
        records
            .entry(message.partition())
            .or_default()
            .push(Record {
                key: text(message.key()),
                payload: message.payload().unwrap_or_default().to_vec(),
            });
        if ends
            .get(&message.partition())
            .is_some_and(|end| message.offset() + 1 >= *end)
        {
            ends.remove(&message.partition());
        }
    }
    records.into_values().flatten().collect()
}

/// Keys of every record.
pub(crate) fn keys_of(bootstrap: &str, topic: &str) -> Vec<String> {
    read_topic(bootstrap, topic)
        .into_iter()
        .map(|record| record.key)
        .collect()
}
