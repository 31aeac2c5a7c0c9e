use std::future::Future;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use crate::backoff::Backoff;
use crate::error::RuntimeError;

/// A producer that keeps order and never gives a record up.
#[derive(Clone)]
pub(crate) struct Producer(FutureProducer);

impl Producer {
    pub(crate) fn new(kafka: &ClientConfig) -> Result<Self, RuntimeError> {
        kafka
            .clone()
            .set("enable.idempotence", "true")
            // Progress decides when a waiting query is answered: nothing may linger, and batches form by themselves under load.
            .set("linger.ms", "0")
            .set("compression.type", "lz4")
            // A record given up would have to be sent again behind its successors.
            .set("message.timeout.ms", "0")
            // As much as a topic takes: a dead letter is as large as its record.
            .set("message.max.bytes", "18874368")
            .set("queue.buffering.max.messages", "100000")
            .create()
            .map(Self)
            .map_err(RuntimeError::Kafka)
    }

    /// Puts a record in line, waiting only while the line is full; the future inside tells when it is written.
    pub(crate) async fn enqueue(
        &self,
        mut record: FutureRecord<'_, Vec<u8>, Vec<u8>>,
    ) -> Result<impl Future<Output = Result<(), RuntimeError>> + use<>, RuntimeError> {
        let mut backoff = Backoff::default();
        loop {
            match self.0.send_result(record) {
                Ok(delivery) => {
                    return Ok(async move {
                        match delivery.await {
                            Ok(Ok(_)) => Ok(()),
                            Ok(Err((error, _))) => Err(RuntimeError::Kafka(error)),
                            Err(_) => Err(RuntimeError::Kafka(KafkaError::Canceled)),
                        }
                    });
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), refused)) => {
                    record = refused;
                }
                Err((error, _)) => return Err(RuntimeError::Kafka(error)),
            }
            backoff.pause().await;
        }
    }

    /// Sends a record that may be lost.
    pub(crate) fn send_and_forget(&self, topic: &str, key: &str, value: &[u8]) {
        if let Err((error, _)) = self
            .0
            .send_result(FutureRecord::to(topic).key(key).payload(value))
        {
            tracing::warn!(%error, topic, "progress record is dropped");
        }
    }

    /// Waits, blocking, until everything is written or the time is over.
    pub(crate) fn flush(&self, within: Duration) {
        if let Err(error) = self.0.flush(within) {
            tracing::warn!(%error, "not every record was written before the end");
        }
    }
}
