use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rdkafka::producer::FutureRecord;

use crate::error::RuntimeError;
use crate::kafka::producer::Producer;
use crate::projection::Rendered;
use crate::sink::{BulkBuilder, Sink, Written};

/// Where rendered output goes.
#[derive(Clone)]
pub(crate) enum Target {
    Index(Arc<Sink>),
    Topic { producer: Producer, topic: String },
}

/// Rendered output of one batch.
pub(crate) enum Output {
    Documents(BulkBuilder),
    Records {
        records: Vec<(String, Vec<u8>)>,
        num_bytes: usize,
    },
}

impl Target {
    pub(crate) fn output(&self, num_bytes: usize) -> Output {
        match self {
            Self::Index(_) => Output::Documents(BulkBuilder::with_capacity(num_bytes)),
            Self::Topic { .. } => Output::Records {
                records: Vec::new(),
                num_bytes: 0,
            },
        }
    }

    /// Tells whether what is written becomes visible only with a refresh.
    pub(crate) fn needs_refresh(&self) -> bool {
        matches!(self, Self::Index(_))
    }

    /// Writes everything, however long it takes.
    pub(crate) async fn write(&self, output: Output) -> Result<Written, RuntimeError> {
        match (self, output) {
            (Self::Index(sink), Output::Documents(bulk)) => sink.write(bulk.build()).await,
            (Self::Topic { producer, topic }, Output::Records { records, .. }) => {
                let mut deliveries = FuturesUnordered::new();
                for (key, value) in records {
                    let key = key.into_bytes();
                    let record = FutureRecord::to(topic).key(&key).payload(&value);
                    deliveries.push(producer.enqueue(record).await?);
                }
                while let Some(delivered) = deliveries.next().await {
                    delivered?;
                }
                Ok(Written::default())
            }
            _ => Ok(Written::default()),
        }
    }
}

impl Output {
    pub(crate) fn push(&mut self, rendered: Rendered) {
        match (self, rendered) {
            (_, Rendered::Nothing) => {}
            (Self::Documents(bulk), Rendered::Document(document)) => bulk.push(document),
            (Self::Records { records, num_bytes }, Rendered::Record { key, value }) => {
                *num_bytes += key.len() + value.len();
                records.push((key, value));
            }
            (_, Rendered::Document(_) | Rendered::Record { .. }) => {
                tracing::error!("projection rendered something that its destination does not take");
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Documents(bulk) => bulk.len(),
            Self::Records { records, .. } => records.len(),
        }
    }

    pub(crate) fn num_bytes(&self) -> usize {
        match self {
            Self::Documents(bulk) => bulk.num_bytes(),
            Self::Records { num_bytes, .. } => *num_bytes,
        }
    }
}
