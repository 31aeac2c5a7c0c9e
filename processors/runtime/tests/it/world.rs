use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::{Value, json};
use souk_platform::clients::{KafkaConfig, OpenSearchConfig, kafka_config, opensearch};
use souk_platform::progress;
use souk_runtime::{Config, Deps, Processor, Projection, RuntimeError, Status, run};
use souk_schemas::{Decoder, registry::Registry};
use souk_stack::{Space, TestStack, eventually};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::shelf::{ALIAS, COPIES, ITEMS, PEOPLE, PRICES};

pub(crate) const SOON: Duration = Duration::from_secs(90);
pub(crate) const PARTITIONS: i32 = 4;

/// One test's topics, index and state directory.
pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) producer: FutureProducer,
    pub(crate) config: Config,
    http: reqwest::Client,
    asking: Mutex<HashMap<String, BaseConsumer>>,
}

/// A processor at work.
pub(crate) struct Running {
    pub(crate) processor: Processor,
    shutdown: CancellationToken,
}

impl World {
    pub(crate) async fn new(name: &str) -> Self {
        // `RUST_LOG=debug cargo test` shows what the processors say; the first test to get here wins.
        let filter = EnvFilter::builder()
            .with_default_directive(LevelFilter::WARN.into())
            .from_env_lossy();
        let logs = tracing_subscriber::fmt().with_env_filter(filter);
        drop(logs.with_test_writer().try_init());
        let space = TestStack::get().await.space(name).await;
        let config = Config {
            state_dir: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(&space.prefix),
            ..Config::default()
        };
        let world = Self {
            producer: kafka(&space).create().unwrap(),
            http: reqwest::Client::new(),
            asking: Mutex::default(),
            space,
            config,
        };
        for topic in [ITEMS, PRICES, PEOPLE, COPIES] {
            world.create_topic(topic, PARTITIONS).await;
        }
        world.create_topic(progress::TOPIC, 1).await;
        world
    }

    pub(crate) async fn create_topic(&self, topic: &str, partitions: i32) {
        let admin: AdminClient<DefaultClientContext> = kafka(&self.space).create().unwrap();
        let name = self.topic(topic);
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        for result in admin
            .create_topics([&topic], &AdminOptions::new())
            .await
            .unwrap()
        {
            result.unwrap();
        }
    }

    pub(crate) fn topic(&self, topic: &str) -> String {
        format!("{}{topic}", self.space.prefix)
    }

    pub(crate) fn deps(&self) -> Deps {
        self.deps_with(&self.space.opensearch_url, &self.space.registry_url)
    }

    pub(crate) fn deps_with(&self, opensearch_url: &str, registry_url: &str) -> Deps {
        let config = OpenSearchConfig {
            url: opensearch_url.parse().unwrap(),
            ..OpenSearchConfig::default()
        };
        Deps {
            prefix: self.space.prefix.clone(),
            kafka: kafka(&self.space),
            opensearch: opensearch(&config).unwrap(),
            decoder: Arc::new(Decoder::new(Registry::new(registry_url).unwrap())),
        }
    }

    pub(crate) fn start<P: Projection>(&self, projection: P) -> Running {
        self.start_with(projection, self.config.clone(), self.deps())
    }

    pub(crate) fn start_with<P: Projection>(
        &self,
        projection: P,
        config: Config,
        deps: Deps,
    ) -> Running {
        assert_eq!(
            deps.prefix, self.space.prefix,
            "every test keeps to its own space"
        );
        let shutdown = CancellationToken::new();
        let (status, told) = watch::channel(Status::default());
        let running = run(projection, config, deps, status, shutdown.clone());
        let task = tokio::spawn(async move {
            let result = running.await;
            if let Err(error) = &result {
                tracing::error!(?error, "processor failed");
            }
            result
        });
        Running {
            processor: Processor { task, status: told },
            shutdown,
        }
    }

    pub(crate) async fn send(&self, topic: &str, key: &str, value: &Value) {
        self.send_bytes(topic, key, value.to_string().as_bytes())
            .await;
    }

    pub(crate) async fn send_bytes(&self, topic: &str, key: &str, value: &[u8]) {
        let topic = self.topic(topic);
        let record = FutureRecord::to(&topic).key(key).payload(value);
        self.producer.send(record, SOON).await.unwrap();
    }

    /// Writes `count` first lines of items `item-0`, `item-1`, .. of one owner, in one go.
    pub(crate) async fn send_items(&self, numbers: std::ops::Range<usize>, owner: &str) {
        let topic = self.topic(ITEMS);
        let sends = numbers.map(|number| {
            let key = format!("item-{number}");
            let value =
                json!({"seq": 1, "text": format!("text {number}"), "owner": owner, "size": number})
                    .to_string();
            let (producer, topic) = (&self.producer, &topic);
            async move {
                let record = FutureRecord::to(topic).key(&key).payload(&value);
                producer.send(record, SOON).await.unwrap();
            }
        });
        futures::future::join_all(sends).await;
    }

    /// Everything that can be searched now, by id.
    pub(crate) async fn documents(&self) -> BTreeMap<String, Value> {
        self.documents_of(ALIAS).await
    }

    pub(crate) async fn documents_of(&self, alias: &str) -> BTreeMap<String, Value> {
        let url = format!(
            "{}/{}{alias}/_search",
            self.space.opensearch_url, self.space.prefix
        );
        let request = self.http.post(url).json(&json!({"size": 10000}));
        let found: Value = request.send().await.unwrap().json().await.unwrap();
        let hits = found["hits"]["hits"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        hits.iter()
            .map(|hit| {
                (
                    hit["_id"].as_str().unwrap().to_owned(),
                    hit["_source"].clone(),
                )
            })
            .collect()
    }

    /// Makes what is written searchable, as the processor would.
    pub(crate) async fn refresh(&self) {
        let url = format!(
            "{}/{}{ALIAS}/_refresh",
            self.space.opensearch_url, self.space.prefix
        );
        self.http.post(url).send().await.unwrap();
    }

    /// Waits until there are `count` documents that all hold to `rule`.
    pub(crate) async fn wait_for(
        &self,
        what: &str,
        count: usize,
        rule: impl Fn(&Value) -> bool,
    ) -> BTreeMap<String, Value> {
        eventually(SOON, what, async || {
            let documents = self.documents().await;
            (documents.len() == count && documents.values().all(&rule)).then_some(documents)
        })
        .await
    }

    /// A consumer that does not join the group it names.
    pub(crate) fn consumer(&self, group: &str) -> BaseConsumer {
        let mut config = kafka(&self.space);
        config.remove("partitioner");
        config
            .set("group.id", format!("{}{group}", self.space.prefix))
            .set("auto.offset.reset", "earliest")
            .create()
            .unwrap()
    }

    /// The sum of the committed offsets of a topic.
    pub(crate) fn committed(&self, group: &str, topic: &str) -> i64 {
        let mut asking = self.asking.lock().unwrap();
        let consumer = asking
            .entry(group.to_owned())
            .or_insert_with(|| self.consumer(&format!("souk.{group}")));
        let mut list = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            list.add_partition(&self.topic(topic), partition);
        }
        let committed = consumer
            .committed_offsets(list, Duration::from_secs(30))
            .unwrap();
        let offsets = committed.elements();
        offsets
            .iter()
            .map(|element| match element.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            })
            .sum()
    }

    pub(crate) async fn wait_for_commit(&self, group: &str, topic: &str, sum: i64) {
        let what = format!("{sum} records of {topic} to be committed");
        eventually(SOON, &what, async || {
            (self.committed(group, topic) == sum).then_some(())
        })
        .await;
    }

    /// Reads a topic from its beginning until `count` records were there.
    pub(crate) async fn read(&self, topic: &str, count: usize) -> Vec<OwnedMessage> {
        let consumer = self.consumer("reader");
        let name = self.topic(topic);
        let partitions = eventually(SOON, &format!("topic {topic}"), async || {
            let metadata = consumer
                .fetch_metadata(Some(&name), Duration::from_secs(10))
                .ok()?;
            let partitions = metadata.topics().first()?.partitions().len();
            (partitions > 0).then_some(partitions)
        })
        .await;
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(&name, i32::try_from(partition).unwrap(), Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&list).unwrap();
        let mut messages = Vec::new();
        eventually(SOON, &format!("{count} records on {topic}"), async || {
            while let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) {
                messages.push(message.detach());
            }
            (messages.len() >= count).then_some(())
        })
        .await;
        messages
    }
}

impl Running {
    /// Stops it in good order.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.processor.task.await.unwrap().unwrap();
    }

    /// Waits until it ends by itself.
    pub(crate) async fn end(self) -> Result<(), RuntimeError> {
        let ended = tokio::time::timeout(SOON, self.processor.task).await;
        ended.expect("an end in time").unwrap()
    }

    /// Kills it: nothing is finished.
    pub(crate) async fn kill(self) {
        self.processor.task.abort();
        assert!(self.processor.task.await.unwrap_err().is_cancelled());
    }

    /// Waits until it has so many partitions and is ready.
    pub(crate) async fn wait_for_partitions(&mut self, rule: impl Fn(usize) -> bool) {
        let ready = self
            .processor
            .status
            .wait_for(|status| status.ready && rule(status.partitions.len()));
        tokio::time::timeout(SOON, ready)
            .await
            .expect("ready in time")
            .unwrap();
    }

    pub(crate) async fn wait_until_ready(&mut self) {
        self.wait_for_partitions(|count| count > 0).await;
    }
}

pub(crate) fn kafka(space: &Space) -> ClientConfig {
    kafka_config(&KafkaConfig {
        bootstrap: space.kafka.clone(),
        ..KafkaConfig::default()
    })
}

pub(crate) fn header(message: &OwnedMessage, name: &str) -> String {
    let headers = message.headers().expect("headers");
    let header = headers
        .iter()
        .find(|header| header.key == name)
        .expect(name);
    String::from_utf8(header.value.unwrap().to_vec()).unwrap()
}
