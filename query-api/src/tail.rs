//! Reads the progress topic from its beginning, without a consumer group: every instance needs every report.

use std::convert::Infallible;
use std::time::Duration;

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use souk_platform::ops::Readiness;
use souk_platform::progress::{Progress, TOPIC};
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::visibility::Visibility;

const PARTITION: i32 = 0;
const BACK_OFF: Duration = Duration::from_secs(1);
const BROKER_TIMEOUT: Duration = Duration::from_secs(5);

/// Feeds a [`Visibility`] from Kafka.
#[derive(Debug)]
pub(crate) struct Tail {
    topic: String,
    client: ClientConfig,
    visibility: Visibility,
    readiness: Readiness,
    /// Where to go on after a failure.
    next: Offset,
}

impl Tail {
    pub(crate) fn new(
        mut client: ClientConfig,
        prefix: &str,
        visibility: Visibility,
        readiness: Readiness,
    ) -> Self {
        client
            // librdkafka wants a name even though nothing is ever committed under it.
            .set("group.id", format!("{prefix}souk.query-api.progress"))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "false")
            .set("fetch.wait.max.ms", "20")
            .remove("partitioner");
        Self {
            topic: format!("{prefix}{TOPIC}"),
            client,
            visibility,
            readiness,
            next: Offset::Beginning,
        }
    }

    /// Tails until `shutdown`; a failure is waited out, and reading goes on where it stopped.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        let forgetting = forget_regularly(self.visibility.clone());
        let tailing = async {
            loop {
                let Err(error) = self.tail().await;
                tracing::warn!(%error, topic = self.topic, "progress cannot be read, trying again");
                self.readiness
                    .not_ready("the progress topic cannot be read");
                sleep(BACK_OFF).await;
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = forgetting => {}
            () = tailing => {}
        }
    }

    async fn tail(&mut self) -> Result<Infallible, TailError> {
        let (consumer, mut position, end) = self.start().await?;
        loop {
            if position >= end {
                self.visibility.read_to_the_end();
                self.readiness.ready();
            }
            let message = consumer.recv().await?;
            position = message.offset() + 1;
            self.next = Offset::Offset(position);
            self.take(message.payload(), position >= end);
        }
    }

    /// Returns a consumer at the next report to read, its position, and where the topic ends now: once that is reached, everything
    /// written before our start is known.
    async fn start(&self) -> Result<(StreamConsumer, i64, i64), TailError> {
        let (client, topic, next) = (self.client.clone(), self.topic.clone(), self.next);
        let started = spawn_blocking(move || {
            let consumer: StreamConsumer = client.create()?;
            let (low, high) = consumer.fetch_watermarks(&topic, PARTITION, BROKER_TIMEOUT)?;
            let mut assignment = TopicPartitionList::new();
            assignment.add_partition_offset(&topic, PARTITION, next)?;
            consumer.assign(&assignment)?;
            let position = if let Offset::Offset(offset) = next {
                offset
            } else {
                low
            };
            Ok::<_, KafkaError>((consumer, position, high))
        });
        Ok(started.await??)
    }

    fn take(&self, payload: Option<&[u8]>, is_last: bool) {
        match serde_json::from_slice::<Progress>(payload.unwrap_or_default()) {
            Ok(progress) if is_last => self.visibility.note_last(progress),
            Ok(progress) => self.visibility.note(progress),
            Err(error) => {
                tracing::warn!(%error, topic = self.topic, "a progress report cannot be read, it is skipped");
            }
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum TailError {
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    #[error(transparent)]
    Task(#[from] JoinError),
}

async fn forget_regularly(visibility: Visibility) {
    let mut ticks = interval(Duration::from_secs(30));
    loop {
        ticks.tick().await;
        visibility.forget_old();
    }
}
