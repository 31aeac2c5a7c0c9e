use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer,
};
use souk_platform::clients::{KafkaConfig, kafka_config};
use souk_schemas::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Config;
use crate::error::Fault;
use crate::metrics;
use crate::position::Progress;
use crate::row::Row;
use crate::window::{Boundary, Settled, Window};

/// How long the broker may take to say whether a topic exists.
const METADATA: Duration = Duration::from_secs(5);

/// Sends rows in order and moves the position when they are acknowledged.
///
/// Order per key holds because nothing is ever sent past a hole: the producer is idempotent (retries keep the order of a
/// partition), a message never times out, and any other failure is fatal to the producer (`enable.gapless.guarantee`) and
/// ends the session. The next session starts at a position before the hole. What an old producer still has on its way is a
/// gapless run of rows too, so whatever the interleaving, the first copies of a key's events are in order.
pub(crate) struct Publisher {
    producer: Option<ThreadedProducer<Deliveries>>,
    deliveries: Arc<Reports>,
    prefix: String,
    topics: HashMap<String, Topic>,
    window: Window,
    /// Whether an event was settled since the last boundary.
    had_events: bool,
    moved_at: Instant,
}

struct Topic {
    name: String,
    source: String,
}

impl Publisher {
    pub(crate) fn new(config: &Config, kafka: &KafkaConfig, prefix: &str) -> Result<Self, Fault> {
        let deliveries = Arc::new(Reports::default());
        let producer = producer_config(config, kafka)
            .create_with_context(Deliveries(Arc::clone(&deliveries)))?;
        Ok(Self {
            producer: Some(producer),
            deliveries,
            prefix: prefix.to_owned(),
            topics: HashMap::new(),
            window: Window::new(config.in_flight_events, config.in_flight_bytes),
            had_events: false,
            moved_at: Instant::now(),
        })
    }

    pub(crate) fn window(&self) -> &Window {
        &self.window
    }

    /// How long nothing has been acknowledged although something waits.
    pub(crate) fn stalled_for(&self) -> Duration {
        if self.window.is_empty() {
            Duration::ZERO
        } else {
            self.moved_at.elapsed()
        }
    }

    /// Hands a row to the producer. The first of each aggregate type waits for the answer whether its topic exists: the
    /// producer would fail it and deliver the next one if the topic appeared in between.
    pub(crate) async fn send(&mut self, row: &Row) -> Result<(), Fault> {
        if !self.topics.contains_key(&row.aggregate_type) {
            self.find_topic(&row.aggregate_type).await?;
        }
        if self.window.is_empty() {
            self.moved_at = Instant::now();
        }
        let ticket = self
            .window
            .push_event(row.num_bytes(), row.occurred_at, Instant::now());
        let (Some(topic), Some(producer)) = (self.topics.get(&row.aggregate_type), &self.producer)
        else {
            return Err(Fault::TopicMissing(row.aggregate_type.clone()));
        };
        let record = BaseRecord::with_opaque_to(&topic.name, ticket)
            .key(row.aggregate_id.as_bytes())
            .payload(&row.payload)
            .headers(headers(row, &topic.source));
        producer.send(record).map_err(|(error, _)| error.into())
    }

    /// Notes that a place in the log is reached once everything sent so far is acknowledged.
    pub(crate) fn push_boundary(&mut self, boundary: Boundary) {
        self.window.push_boundary(boundary);
    }

    /// Waits for delivery reports; take them by [`Self::settle`].
    pub(crate) async fn reported(&self) {
        self.deliveries.arrived.notified().await;
    }

    /// Takes the delivery reports and moves the position over what is acknowledged. Any failure ends the session.
    pub(crate) fn settle(&mut self, progress: &Progress) -> Result<(), Fault> {
        for (ticket, result) in self.deliveries.take() {
            result?;
            self.window.acknowledge(ticket);
        }
        let mut num_sent = 0;
        while let Some(settled) = self.window.settle() {
            match settled {
                Settled::Event => {
                    num_sent += 1;
                    self.had_events = true;
                }
                Settled::Boundary(Boundary::Start(position)) => progress.start_at(*position),
                Settled::Boundary(Boundary::Commit(mark)) => {
                    progress.pass(&mark, std::mem::take(&mut self.had_events));
                }
            }
        }
        if num_sent > 0 {
            self.moved_at = Instant::now();
            metrics::events_sent(num_sent);
        }
        Ok(())
    }

    /// Waits until another transaction may be sent.
    pub(crate) async fn room(&mut self, progress: &Progress) -> Result<(), Fault> {
        self.settle(progress)?;
        while !self.window.has_room() {
            self.reported().await;
            self.settle(progress)?;
        }
        Ok(())
    }

    /// Waits until everything is acknowledged.
    pub(crate) async fn flush(&mut self, progress: &Progress) -> Result<(), Fault> {
        self.settle(progress)?;
        while !self.window.is_empty() {
            self.reported().await;
            self.settle(progress)?;
        }
        Ok(())
    }

    async fn find_topic(&mut self, aggregate_type: &str) -> Result<(), Fault> {
        let name = format!("{}souk.{aggregate_type}.events.v1", self.prefix);
        let (asked, producer) = (name.clone(), self.producer.clone());
        let exists = tokio::task::spawn_blocking(move || {
            let Some(producer) = producer else {
                return Ok(false);
            };
            let metadata = producer.client().fetch_metadata(Some(&asked), METADATA)?;
            let exists = |topic: &rdkafka::metadata::MetadataTopic| {
                topic.name() == asked && topic.error().is_none() && !topic.partitions().is_empty()
            };
            Ok::<bool, KafkaError>(metadata.topics().iter().any(exists))
        });
        if !exists.await.map_err(|_| Fault::Panicked)?? {
            return Err(Fault::TopicMissing(name));
        }
        let source = format!("/souk/{aggregate_type}");
        self.topics
            .insert(aggregate_type.to_owned(), Topic { name, source });
        Ok(())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        if let Some(producer) = self.producer.take() {
            producer.purge(PurgeConfig::default().queue().inflight());
            // Its own drop waits for its threads, up to half a second.
            std::thread::spawn(move || drop(producer));
        }
    }
}

fn producer_config(config: &Config, kafka: &KafkaConfig) -> ClientConfig {
    let mut client = kafka_config(kafka);
    // These are promises, not preferences, so they win over `kafka.properties`.
    client
        .set("partitioner", "murmur2_random")
        .set("enable.idempotence", "true")
        .set("enable.gapless.guarantee", "true")
        .set("acks", "all")
        // A timed-out message is the one failure that the gapless guarantee does not cover, so there is no such thing.
        .set("message.timeout.ms", "0")
        .set("allow.auto.create.topics", "false")
        // The window bounds what is in flight; the producer's own bounds must never be met.
        .set("queue.buffering.max.messages", "0")
        .set("queue.buffering.max.kbytes", "2147483647")
        .set("message.max.bytes", "17825792")
        .set("compression.type", "lz4")
        .set(
            "linger.ms",
            (config.linger.as_secs_f64() * 1000.0).to_string(),
        )
        .set("socket.timeout.ms", "10000")
        .set_log_level(RDKafkaLogLevel::Warning);
    client
}

/// The `CloudEvents` binary binding, and the trace the event belongs to.
fn headers(row: &Row, source: &str) -> OwnedHeaders {
    let event_type = format!("souk.{}.{}", row.aggregate_type, row.event_type);
    let time = Timestamp(row.occurred_at).to_string();
    let mut headers = OwnedHeaders::new_with_capacity(8);
    for (key, value) in [
        ("ce_specversion", "1.0"),
        ("ce_id", &row.event_id),
        ("ce_type", &event_type),
        ("ce_source", source),
        ("ce_subject", &row.aggregate_id),
        ("ce_time", &time),
        ("content-type", "application/avro"),
    ] {
        headers = headers.insert(Header {
            key,
            value: Some(value),
        });
    }
    match &row.traceparent {
        Some(traceparent) => headers.insert(Header {
            key: "traceparent",
            value: Some(traceparent),
        }),
        None => headers,
    }
}

/// Delivery reports on their way from the producer's thread. Never more than are in flight.
#[derive(Default)]
struct Reports {
    waiting: Mutex<Vec<(usize, Result<(), KafkaError>)>>,
    arrived: Notify,
}

impl Reports {
    fn push(&self, ticket: usize, result: Result<(), KafkaError>) {
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((ticket, result));
        self.arrived.notify_one();
    }

    fn take(&self) -> Vec<(usize, Result<(), KafkaError>)> {
        std::mem::take(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Deliveries(Arc<Reports>);

impl ClientContext for Deliveries {
    // A lost broker repeats itself for as long as it is away; the session says once that nothing is acknowledged.
    fn log(&self, _level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "kafka client");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client reports an error");
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        self.0.push(
            ticket,
            result
                .as_ref()
                .map(drop)
                .map_err(|(error, _)| error.clone()),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rdkafka::message::Headers;

    use super::*;
    use crate::row::tests::values;

    #[test]
    fn headers_say_what_the_event_is_and_which_trace_it_belongs_to() {
        let row = Row {
            occurred_at: 0,
            ..Row::from_values(values()).unwrap()
        };
        let texts = |row: &Row| -> Vec<(String, String)> {
            let headers = headers(row, "/souk/listing");
            let text = |header: Header<'_, &[u8]>| {
                String::from_utf8(header.value.unwrap().to_vec()).unwrap()
            };
            headers
                .iter()
                .map(|header| (header.key.to_owned(), text(header)))
                .collect()
        };
        let expected = [
            ("ce_specversion", "1.0"),
            ("ce_id", "0190b5a0-0000-7000-8000-000000000001"),
            ("ce_type", "souk.listing.ListingPublished"),
            ("ce_source", "/souk/listing"),
            ("ce_subject", "0190b5a0-0000-7000-8000-000000000002"),
            ("ce_time", "1970-01-01T00:00:00.000000Z"),
            ("content-type", "application/avro"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(texts(&row), expected);
        let traced = Row {
            traceparent: Some("00-1-2-01".to_owned()),
            ..row
        };
        assert_eq!(
            texts(&traced).last().unwrap(),
            &("traceparent".to_owned(), "00-1-2-01".to_owned())
        );
    }

    #[test]
    fn what_keeps_the_order_cannot_be_configured_away() {
        let unsafe_properties = [
            "enable.idempotence",
            "enable.gapless.guarantee",
            "acks",
            "message.timeout.ms",
        ];
        let properties: BTreeMap<_, _> = unsafe_properties
            .map(|key| (key.to_owned(), "1".into()))
            .into_iter()
            .collect();
        let kafka = KafkaConfig {
            properties,
            ..KafkaConfig::default()
        };
        let client = producer_config(&Config::default(), &kafka);
        for (key, value) in [
            ("enable.idempotence", "true"),
            ("enable.gapless.guarantee", "true"),
            ("acks", "all"),
            ("message.timeout.ms", "0"),
            ("partitioner", "murmur2_random"),
            ("linger.ms", "1"),
        ] {
            assert_eq!(client.get(key), Some(value), "{key}");
        }
    }

    #[tokio::test]
    async fn a_producer_can_be_built_without_a_broker() {
        assert!(Publisher::new(&Config::default(), &KafkaConfig::default(), "t-").is_ok());
    }
}
