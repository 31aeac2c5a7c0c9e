//! Kafka as a measurement needs it: records put on topics, and taken off them with the moment they came.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer as _},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Header, OwnedHeaders},
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};
use souk_schemas::{Encoder, Event};

use super::world::PATIENCE;

const TIMEOUT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// Puts events on their topics as the relay would: same keys, headers and payloads. Blocks.
pub(super) struct Loader {
    producer: ThreadedProducer<DefaultProducerContext>,
    encoder: Encoder,
    kafka: ClientConfig,
    prefix: String,
    sent: BTreeMap<String, u64>,
}

impl Loader {
    pub(super) fn new(
        kafka: &ClientConfig,
        prefix: &str,
        encoder: Encoder,
    ) -> anyhow::Result<Self> {
        let mut config = kafka.clone();
        config
            .set("enable.idempotence", "true")
            .set("compression.type", "lz4")
            .set("linger.ms", "20")
            .set("batch.num.messages", "20000")
            .set("queue.buffering.max.messages", "200000");
        let producer = config.create().context("cannot build a producer")?;
        Ok(Self {
            producer,
            encoder,
            kafka: kafka.clone(),
            prefix: prefix.to_owned(),
            sent: BTreeMap::new(),
        })
    }

    pub(super) fn send(&mut self, event: &Event) -> anyhow::Result<()> {
        let topic = event.aggregate().topic(&self.prefix);
        let key = event.meta().aggregate_id.to_string();
        let payload = self.encoder.encode(event);
        let mut record = BaseRecord::to(&topic)
            .key(&key)
            .payload(&payload)
            .headers(headers(event));
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                    record = refused;
                    thread::sleep(Duration::from_millis(5));
                }
                Err((error, _)) => return Err(error).context("cannot send an event"),
            }
        }
        *self.sent.entry(topic).or_default() += 1;
        Ok(())
    }

    /// Waits until everything is on its topic, and looks whether it is: these topics have no other writer.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.producer
            .flush(PATIENCE)
            .context("cannot send every event")?;
        let consumer: BaseConsumer = self.kafka.create().context("cannot build a consumer")?;
        for (topic, sent) in &self.sent {
            let found: i64 = ends(&consumer, topic)?.iter().map(|(_, end)| end).sum();
            if u64::try_from(found).ok() != Some(*sent) {
                bail!("{sent} events were sent to {topic}, which has {found}");
            }
        }
        Ok(())
    }
}

fn headers(event: &Event) -> OwnedHeaders {
    let meta = event.meta();
    let aggregate = event.aggregate().name();
    [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", meta.event_id.to_string()),
        (
            "ce_type",
            format!("souk.{aggregate}.{}", event.event_type()),
        ),
        ("ce_source", format!("/souk/{aggregate}")),
        ("ce_subject", meta.aggregate_id.to_string()),
        ("ce_time", meta.occurred_at.to_string()),
        ("content-type", "application/avro".to_owned()),
    ]
    .iter()
    .fold(OwnedHeaders::new(), |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    })
}

/// Reads topics from now on, on a thread of its own, until it is finished.
#[derive(Debug)]
pub(super) struct Tail<T> {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Tail<T> {
    /// Hands every record that comes from now on to `take`, with the moment it came.
    pub(super) fn start(
        kafka: &ClientConfig,
        topics: &[String],
        mut state: T,
        mut take: impl FnMut(&mut T, &BorrowedMessage<'_>, Instant) + Send + 'static,
    ) -> anyhow::Result<Self> {
        let consumer = consumer(kafka)?;
        let mut list = TopicPartitionList::new();
        for topic in topics {
            for (partition, end) in ends(&consumer, topic)? {
                list.add_partition_offset(topic, partition, Offset::Offset(end))
                    .context("cannot place a consumer")?;
            }
        }
        consumer.assign(&list).context("cannot assign partitions")?;
        let (stop, count) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let thread = thread::spawn({
            let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
            move || {
                while !stop.load(Ordering::Acquire) {
                    // Errors of a moment repair themselves; a record that never comes is what the figure's own patience ends.
                    if let Some(Ok(message)) = consumer.poll(POLL) {
                        take(&mut state, &message, Instant::now());
                        count.fetch_add(1, Ordering::Release);
                    }
                }
                state
            }
        });
        Ok(Self {
            stop,
            count,
            thread,
        })
    }

    /// How many records have come.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Stops reading and returns what was gathered.
    pub(super) fn finish(self) -> anyhow::Result<T> {
        self.stop.store(true, Ordering::Release);
        self.thread
            .join()
            .map_err(|_| anyhow::anyhow!("a reading thread panicked"))
    }
}

/// Reads whole topics, one thread a partition number, as the processors do when they restore; returns how many records there were. Blocks.
pub(super) fn read_through(kafka: &ClientConfig, topics: &[String]) -> anyhow::Result<u64> {
    let probe = consumer(kafka)?;
    let mut parts: BTreeMap<i32, Vec<(String, i64)>> = BTreeMap::new();
    for topic in topics {
        for (partition, end) in ends(&probe, topic)? {
            parts
                .entry(partition)
                .or_default()
                .push((topic.clone(), end));
        }
    }
    let threads: Vec<JoinHandle<anyhow::Result<u64>>> = parts
        .into_iter()
        .map(|(partition, topics)| {
            let kafka = kafka.clone();
            thread::spawn(move || {
                topics
                    .iter()
                    .map(|(topic, end)| read_partition(&kafka, topic, partition, *end))
                    .sum()
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| {
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("a reading thread panicked"))?
        })
        .sum()
}

fn read_partition(
    kafka: &ClientConfig,
    topic: &str,
    partition: i32,
    end: i64,
) -> anyhow::Result<u64> {
    let consumer = consumer(kafka)?;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, Offset::Beginning)
        .context("cannot place a consumer")?;
    consumer
        .assign(&list)
        .context("cannot assign a partition")?;
    let mut count = 0;
    let mut next = 0;
    while next < end {
        let message = consumer
            .poll(TIMEOUT)
            .with_context(|| format!("no record came from {topic}"))?;
        next = rdkafka::Message::offset(&message.context("cannot read a record")?) + 1;
        count += 1;
    }
    Ok(count)
}

/// Deletes consumer groups, so that a processor starts from nothing; their last member may still be leaving.
pub(super) async fn delete_group(kafka: &ClientConfig, group: &str) -> anyhow::Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        kafka.create().context("cannot build an admin client")?;
    let started = Instant::now();
    loop {
        let options = AdminOptions::new().request_timeout(Some(TIMEOUT));
        let results = admin
            .delete_groups(&[group], &options)
            .await
            .context("cannot ask Kafka to delete a group")?;
        let Some(Err((_, code))) = results.into_iter().find(Result::is_err) else {
            return Ok(());
        };
        if code == RDKafkaErrorCode::GroupIdNotFound {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            bail!("kafka does not delete the group {group}: {code}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Reads as our processors do, so that neither side of a comparison has better settings.
fn consumer(kafka: &ClientConfig) -> anyhow::Result<BaseConsumer> {
    let mut config = kafka.clone();
    // A consumer warns of it at every start.
    config.remove("partitioner");
    config
        .set("group.id", "souk-bench")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "16384")
        .create()
        .context("cannot build a consumer")
}

fn ends(consumer: &BaseConsumer, topic: &str) -> anyhow::Result<Vec<(i32, i64)>> {
    let metadata = consumer
        .fetch_metadata(Some(topic), TIMEOUT)
        .with_context(|| format!("cannot ask for {topic}"))?;
    let partitions = metadata
        .topics()
        .iter()
        .flat_map(rdkafka::metadata::MetadataTopic::partitions);
    partitions
        .map(|partition| {
            let (_, end) = consumer
                .fetch_watermarks(topic, partition.id(), TIMEOUT)
                .with_context(|| format!("cannot ask for the end of {topic}"))?;
            Ok((partition.id(), end))
        })
        .collect()
}
