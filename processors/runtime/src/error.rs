use crate::projection::Poison;

/// Why a processor stopped; someone must act.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    #[error("kafka refuses to go on")]
    Kafka(#[source] rdkafka::error::KafkaError),
    #[error("topic {0} is missing; `souk topics apply` creates it")]
    TopicMissing(String),
    #[error("topics {0} and {1} are joined but have {2} and {3} partitions")]
    NotCoPartitioned(String, String, usize, usize),
    #[error("partition {0} was given to us in two steps, its topics at different offsets")]
    SplitAssignment(i32),
    #[error("index {alias} does not take this processor's mapping and has to be rebuilt: {reason}")]
    Mapping { alias: String, reason: String },
    #[error("opensearch refuses {what} with status {status}: {reason}")]
    OpenSearch {
        what: &'static str,
        status: u16,
        reason: String,
    },
    #[error("{count} records in a row are poison, the last one at {position}: {poison}")]
    TooManyDeadLetters {
        count: u32,
        position: String,
        poison: Poison,
    },
    #[error("state directory {0} cannot be used")]
    StateDirectory(std::path::PathBuf, #[source] std::io::Error),
    #[error("the worker thread cannot be started")]
    Thread(#[source] std::io::Error),
    #[error("the worker thread ended without an answer")]
    Panicked,
}

/// What becomes of a record that could not be taken in: the first two of a failure's three destinies. The third, to stop, is a
/// [`RuntimeError`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// Dead letter, its key parked, go on.
    Poison(Poison),
    /// Wait and try again.
    Retry(String),
}
