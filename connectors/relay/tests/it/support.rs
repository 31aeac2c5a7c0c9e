use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, params};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use souk_platform::clients::KafkaConfig;
use souk_platform::ops::Health;
use souk_relay::{Config, Deps};
use souk_stack::{Space, TestStack, eventually};
use sqlx::MySqlPool;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A bound on failure, not an expectation.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) const AGGREGATES: [&str; 2] = ["listing", "order"];

const PARTITIONS: i32 = 6;

/// A database with the event store's tables and a name space in Kafka, both the test's own.
pub(crate) struct World {
    pub(crate) space: Space,
    _stack: TestStack,
}

/// An event as a test wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) event_id: String,
    pub(crate) aggregate_type: &'static str,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: u64,
    pub(crate) payload: Vec<u8>,
    pub(crate) traceparent: Option<String>,
    pub(crate) occurred_at: i64,
}

/// A record as a stranger reads it.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) written_at_millis: i64,
}

pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), souk_relay::Error>>,
    pub(crate) health: Health,
}

impl World {
    pub(crate) async fn mysql(name: &str) -> Self {
        let world = Self::without_topics(TestStack::get().await, name).await;
        world.create_topics().await;
        world
    }

    pub(crate) async fn mariadb(name: &str) -> Self {
        let world = Self::without_topics(TestStack::mariadb().await, name).await;
        world.create_topics().await;
        world
    }

    pub(crate) async fn without_topics(stack: TestStack, name: &str) -> Self {
        let space = stack.space(&format!("relay_{name}")).await;
        let world = Self {
            space,
            _stack: stack,
        };
        let pool = MySqlPool::connect(&world.space.mysql_url).await.unwrap();
        souk_store::migrate(&pool).await.unwrap();
        pool.close().await;
        world
    }

    pub(crate) async fn create_topics(&self) {
        let admin: AdminClient<DefaultClientContext> = self.kafka_client().create().unwrap();
        let names: Vec<String> = AGGREGATES
            .iter()
            .map(|aggregate| self.topic(aggregate))
            .collect();
        let topics: Vec<NewTopic<'_>> = names
            .iter()
            .map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)))
            .collect();
        for result in admin
            .create_topics(&topics, &AdminOptions::new())
            .await
            .unwrap()
        {
            result.unwrap();
        }
        let consumer: BaseConsumer = self.kafka_client().create().unwrap();
        eventually(PATIENCE, "leaders of the new topics", async || {
            let has_leader = |topic: &String| {
                (0..PARTITIONS).all(|partition| {
                    consumer
                        .fetch_watermarks(topic, partition, PATIENCE)
                        .is_ok()
                })
            };
            names.iter().all(has_leader).then_some(())
        })
        .await;
    }

    pub(crate) async fn connect(&self) -> Conn {
        let opts = Opts::from_url(&self.space.mysql_url).unwrap();
        Conn::new(mysql_async::OptsBuilder::from_opts(opts).prefer_socket(false))
            .await
            .unwrap()
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(config(), &self.space.mysql_url, &self.space.kafka)
    }

    pub(crate) fn start_quick(&self) -> Running {
        self.start_with(quick_config(), &self.space.mysql_url, &self.space.kafka)
    }

    pub(crate) fn start_with(&self, config: Config, mysql_url: &str, kafka: &str) -> Running {
        // Shown when the test fails.
        tracing_subscriber::fmt().with_test_writer().try_init().ok();
        let health = Health::new();
        let deps = Deps {
            database_url: mysql_url.to_owned().into(),
            kafka: KafkaConfig {
                bootstrap: kafka.to_owned(),
                ..KafkaConfig::default()
            },
            prefix: self.space.prefix.clone(),
            readiness: health.register("relay"),
        };
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(souk_relay::run(config, deps, shutdown.clone()));
        Running {
            shutdown,
            task,
            health,
        }
    }

    pub(crate) fn topic(&self, aggregate: &str) -> String {
        format!("{}souk.{aggregate}.events.v1", self.space.prefix)
    }

    pub(crate) fn log(&self) -> KafkaLog {
        let consumer: BaseConsumer = self
            .kafka_client()
            .set("group.id", format!("{}reader", self.space.prefix))
            .set("enable.auto.commit", "false")
            // A question for the end of a partition waits behind a waiting fetch.
            .set("fetch.wait.max.ms", "10")
            .create()
            .unwrap();
        let topics: Vec<String> = AGGREGATES
            .iter()
            .map(|aggregate| self.topic(aggregate))
            .collect();
        let mut assignment = TopicPartitionList::new();
        for topic in &topics {
            for partition in 0..PARTITIONS {
                assignment
                    .add_partition_offset(topic, partition, Offset::Beginning)
                    .unwrap();
            }
        }
        consumer.assign(&assignment).unwrap();
        KafkaLog {
            consumer,
            topics,
            next: HashMap::new(),
            records: Vec::new(),
        }
    }

    /// One value of one row, by the database's own words.
    pub(crate) async fn ask<T: mysql_async::prelude::FromValue + Send + 'static>(
        &self,
        query: &str,
    ) -> Option<T> {
        let value: Option<Option<T>> = self.connect().await.query_first(query).await.unwrap();
        value.flatten()
    }

    pub(crate) async fn saved_position(&self) -> Option<String> {
        self.ask("SELECT position FROM relay_state").await
    }

    /// Leaves only file and offset of the saved position, as on a server without GTIDs.
    pub(crate) async fn forget_gtid(&self) {
        let saved = self.saved_position().await.unwrap();
        let mut position: serde_json::Value = serde_json::from_str(&saved).unwrap();
        assert!(
            position.as_object_mut().unwrap().remove("gtid").is_some(),
            "{saved}"
        );
        let update = "UPDATE relay_state SET position = ?";
        self.connect()
            .await
            .exec_drop(update, (position.to_string(),))
            .await
            .unwrap();
    }

    /// Waits until no relay reads this database's log any more.
    pub(crate) async fn no_relay_reads(&self) {
        let query = "SELECT COUNT(*) FROM information_schema.processlist \
                     WHERE command LIKE 'Binlog Dump%' AND db = DATABASE()";
        eventually(PATIENCE, "the relay to stop reading the log", async || {
            (self.ask::<u64>(query).await == Some(0)).then_some(())
        })
        .await;
    }

    fn kafka_client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.space.kafka);
        client
    }
}

impl Running {
    /// Stops it as an operator does.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it as a crash does: nothing is flushed, saved or given back.
    pub(crate) async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// Quick to save and to try again, and never at odds with a machine that stands still for seconds: a session that ends
/// repeats events, which is right and which many tests forbid.
pub(crate) fn config() -> Config {
    Config {
        lease: Duration::from_mins(1),
        save_interval: Duration::from_millis(50),
        heartbeat: Duration::from_secs(20),
        backoff: Duration::from_millis(300),
        ..Config::default()
    }
}

/// For tests in which an owner dies or its connections do.
pub(crate) fn quick_config() -> Config {
    Config {
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(300),
        ..config()
    }
}

/// An event with a payload that no text encoding survives; its size depends on the sequence.
pub(crate) fn event(aggregate_type: &'static str, aggregate_id: Uuid, sequence: u64) -> Written {
    let length = usize::try_from(sequence % 7 * 300 + 6).unwrap();
    let payload = (0..length)
        .map(|index| u8::try_from((index * 31 + length) % 256).unwrap())
        .collect();
    Written {
        event_id: Uuid::now_v7().to_string(),
        aggregate_type,
        aggregate_id: aggregate_id.to_string(),
        sequence,
        payload,
        traceparent: sequence
            .is_multiple_of(2)
            .then(|| format!("00-{}-00f067aa0ba902b7-01", Uuid::new_v4().simple())),
        occurred_at: souk_platform::clock::now_micros(),
    }
}

/// Writes an event on a connection or within a transaction.
pub(crate) async fn append(target: &mut impl Queryable, event: &Written) {
    let query = "INSERT INTO events (event_id, aggregate_type, aggregate_id, sequence, event_type, payload, correlation_id, \
                 traceparent, occurred_at) VALUES (:event_id, :aggregate_type, :aggregate_id, :sequence, 'Happened', \
                 :payload, :event_id, :traceparent, :occurred_at)";
    let params = params! {
        "event_id" => &event.event_id,
        "aggregate_type" => event.aggregate_type,
        "aggregate_id" => &event.aggregate_id,
        "sequence" => event.sequence,
        "payload" => &event.payload,
        "traceparent" => &event.traceparent,
        "occurred_at" => event.occurred_at,
    };
    target.exec_drop(query, params).await.unwrap();
}

/// Writes the next `count` events of a new aggregate, each in a transaction of its own.
pub(crate) async fn append_history(
    conn: &mut Conn,
    aggregate_type: &'static str,
    count: u64,
) -> Vec<Written> {
    let id = Uuid::now_v7();
    let mut written = Vec::new();
    for sequence in 1..=count {
        let event = event(aggregate_type, id, sequence);
        append(conn, &event).await;
        written.push(event);
    }
    written
}

/// Everything in the test's topics, read as far as it goes at the time of asking.
pub(crate) struct KafkaLog {
    consumer: BaseConsumer,
    topics: Vec<String>,
    next: HashMap<(String, i32), i64>,
    pub(crate) records: Vec<Received>,
}

impl KafkaLog {
    pub(crate) fn read_to_end(&mut self) {
        let mut ends = HashMap::new();
        for topic in &self.topics {
            for partition in 0..PARTITIONS {
                let (_, end) = self
                    .consumer
                    .fetch_watermarks(topic, partition, PATIENCE)
                    .unwrap();
                ends.insert((topic.clone(), partition), end);
            }
        }
        while ends
            .iter()
            .any(|(place, end)| self.next.get(place).copied().unwrap_or(0) < *end)
        {
            let Some(message) = self.consumer.poll(PATIENCE) else {
                panic!("kafka sends nothing")
            };
            let Ok(message) = message else { continue };
            self.next.insert(
                (message.topic().to_owned(), message.partition()),
                message.offset() + 1,
            );
            let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
            self.records.push(Received {
                topic: message.topic().to_owned(),
                partition: message.partition(),
                key: text(message.key()),
                payload: message.payload().unwrap().to_vec(),
                headers: message
                    .headers()
                    .unwrap()
                    .iter()
                    .filter(|header| header.value.is_some())
                    .map(|header| (header.key.to_owned(), text(header.value)))
                    .collect(),
                written_at_millis: message.timestamp().to_millis().unwrap(),
            });
        }
    }

    /// Waits until every event is there, however often.
    pub(crate) async fn wait_for(&mut self, written: &[Written]) {
        eventually(PATIENCE, "every event in kafka", async || {
            self.read_to_end();
            let ids: HashSet<&str> = self.records.iter().map(Received::id).collect();
            written
                .iter()
                .all(|event| ids.contains(event.event_id.as_str()))
                .then_some(())
        })
        .await;
    }

    /// Asserts that exactly the written events are there, unchanged, each aggregate's first copies in order.
    pub(crate) fn assert_complete(&self, written: &[Written]) {
        self.assert_complete_with(written, headers);
    }

    /// As above, with other headers.
    pub(crate) fn assert_complete_with(
        &self,
        written: &[Written],
        headers: impl Fn(&Written) -> BTreeMap<String, String>,
    ) {
        let by_id: HashMap<&str, &Written> = written
            .iter()
            .map(|event| (event.event_id.as_str(), event))
            .collect();
        let mut known: HashMap<&str, u64> = HashMap::new();
        let mut partitions: HashMap<&str, i32> = HashMap::new();
        for record in &self.records {
            let event = by_id
                .get(record.id())
                .unwrap_or_else(|| panic!("never committed: {record:?}"));
            assert_eq!(record.key, event.aggregate_id);
            assert_eq!(record.payload, event.payload, "{}", record.id());
            let suffix = format!("souk.{}.events.v1", event.aggregate_type);
            assert!(record.topic.ends_with(&suffix), "{}", record.topic);
            assert_eq!(record.headers, headers(event));
            let partition = *partitions
                .entry(&event.aggregate_id)
                .or_insert(record.partition);
            assert_eq!(
                record.partition, partition,
                "an aggregate is in one partition"
            );
            let known = known.entry(&event.aggregate_id).or_default();
            assert!(
                event.sequence <= *known + 1,
                "gap after {known} of {}: {}",
                event.aggregate_id,
                event.sequence
            );
            *known = event.sequence.max(*known);
        }
        let received: HashSet<&str> = self.records.iter().map(Received::id).collect();
        let missing: Vec<_> = written
            .iter()
            .filter(|event| !received.contains(event.event_id.as_str()))
            .collect();
        assert!(
            missing.is_empty(),
            "{} events are missing, such as {:?}",
            missing.len(),
            missing[0]
        );
    }

    /// Asserts that no event is there twice.
    pub(crate) fn assert_no_repeats(&self) {
        let mut seen = HashSet::new();
        for record in &self.records {
            assert!(seen.insert(record.id()), "twice: {record:?}");
        }
    }
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        &self.headers["ce_id"]
    }
}

fn headers(event: &Written) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", event.event_id.clone()),
        ("ce_type", format!("souk.{}.Happened", event.aggregate_type)),
        ("ce_source", format!("/souk/{}", event.aggregate_type)),
        ("ce_subject", event.aggregate_id.clone()),
        (
            "ce_time",
            souk_schemas::Timestamp(event.occurred_at).to_string(),
        ),
        ("content-type", "application/avro".to_owned()),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into();
    if let Some(traceparent) = &event.traceparent {
        headers.insert("traceparent".to_owned(), traceparent.clone());
    }
    headers
}
