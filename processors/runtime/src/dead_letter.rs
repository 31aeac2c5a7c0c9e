use std::collections::HashSet;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::backoff::Backoff;
use crate::error::RuntimeError;
use crate::kafka::producer::Producer;

/// A record, or a rejected document, that nobody can take in, with what is needed to try again later: its bytes untouched and
/// the headers Kafka Connect gives its dead letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// Without prefix.
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl DeadLetter {
    fn headers(&self, prefix: &str, processor: &str) -> OwnedHeaders {
        let fields = [
            ("__connect.errors.topic", format!("{prefix}{}", self.topic)),
            ("__connect.errors.partition", self.partition.to_string()),
            ("__connect.errors.offset", self.offset.to_string()),
            ("__connect.errors.connector.name", processor.to_owned()),
            ("__connect.errors.exception.class.name", self.code.clone()),
            ("__connect.errors.exception.message", self.message.clone()),
        ];
        fields
            .iter()
            .fold(OwnedHeaders::new(), |headers, (key, value)| {
                headers.insert(Header {
                    key,
                    value: Some(value),
                })
            })
    }
}

/// Writes dead letters in the order given and tells when each is safe.
pub(crate) struct DeadLetterQueue {
    pub(crate) producer: Producer,
    pub(crate) kafka: ClientConfig,
    pub(crate) prefix: String,
    pub(crate) processor: &'static str,
}

impl DeadLetterQueue {
    /// Ends when `letters` is closed. Each letter comes with a number that is given back to `safe` once the letter is.
    pub(crate) async fn run<E>(
        self,
        mut letters: mpsc::Receiver<(u64, DeadLetter)>,
        safe: mpsc::Sender<E>,
        event: fn(Result<u64, RuntimeError>) -> E,
    ) {
        let mut known = HashSet::new();
        let mut deliveries = FuturesOrdered::new();
        loop {
            tokio::select! {
                letter = letters.recv() => {
                    let Some((number, letter)) = letter else { return };
                    let topic = format!("{}{}.{}.dlq", self.prefix, letter.topic, self.processor);
                    if known.insert(topic.clone()) {
                        self.create_topic(&topic).await;
                    }
                    let headers = letter.headers(&self.prefix, self.processor);
                    let mut record = FutureRecord::to(&topic).key(&letter.key).headers(headers);
                    if let Some(value) = &letter.value {
                        record = record.payload(value);
                    }
                    match self.producer.enqueue(record).await {
                        Ok(delivery) => deliveries.push_back(async move { delivery.await.map(|()| number) }),
                        Err(error) => drop(safe.send(event(Err(error))).await),
                    }
                }
                Some(delivered) = deliveries.next() => drop(safe.send(event(delivered)).await),
            }
        }
    }

    /// Dead-letter topics are named after processors, which the catalogue of topics does not know; so they are made when first needed.
    async fn create_topic(&self, topic: &str) {
        let settings = NewTopic::new(topic, 1, TopicReplication::Fixed(-1))
            .set("retention.ms", "-1")
            .set("max.message.bytes", "20971520");
        let mut backoff = Backoff::default();
        loop {
            let error = match self.try_create(&settings).await {
                Ok(()) => return,
                Err(error) => error,
            };
            tracing::warn!(%error, topic, "dead-letter topic cannot be created, trying again");
            backoff.pause().await;
        }
    }

    async fn try_create(&self, topic: &NewTopic<'_>) -> Result<(), KafkaError> {
        let admin: AdminClient<DefaultClientContext> = self.kafka.create()?;
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
        for result in admin.create_topics([topic], &options).await? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(KafkaError::AdminOp(code)),
            }
        }
        Ok(())
    }
}
