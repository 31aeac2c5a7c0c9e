use std::time::Duration;

use rdkafka::error::KafkaError;

/// Why a relay does not start at all. Everything else is retried for as long as it takes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "the relay is disabled (relay.enabled is false): a Debezium connector publishes the event store, and both must never run"
    )]
    Disabled,
    #[error("the database address is not usable: {0}")]
    Address(String),
}

/// Why a session ended. The next one starts from the last saved position.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("mysql: {0}")]
    Database(#[from] mysql_async::Error),
    #[error("mysql did not answer within {limit:?} while {what}")]
    Unanswered { what: &'static str, limit: Duration },
    #[error("this server cannot be relayed from: {0}")]
    Server(String),
    #[error("table events: {0}")]
    Table(String),
    #[error("the binary log ended")]
    LogEnded,
    #[error("the binary log was silent for {0:?}")]
    Silent(Duration),
    #[error("the binary log cannot be read: {0}")]
    Unreadable(String),
    /// The log does not hold every committed row, so the table has to be scanned.
    #[error("the binary log does not tell everything: {0}")]
    Incomplete(String),
    #[error("kafka: {0}")]
    Kafka(#[from] KafkaError),
    #[error("topic {0} does not exist")]
    TopicMissing(String),
    #[error("the lease was lost")]
    LeaseLost,
    #[error("a task of the relay panicked")]
    Panicked,
}
