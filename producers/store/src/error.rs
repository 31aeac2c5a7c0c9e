use souk_domain::FoldError;
use sqlx::mysql::MySqlDatabaseError;

const CHANGED_SINCE_READ: u16 = 1020;
const DUPLICATE_KEY: u16 = 1062;
const LOCK_WAIT_TIMEOUT: u16 = 1205;
const DEADLOCK: u16 = 1213;

/// Disk full, out of memory, too many connections, of this user too, shutting down, interrupted, killed, read-only while it
/// fails over, and what a connection is told that was silent for too long.
const SERVER_AWAY: [u16; 16] = [
    1021, 1037, 1040, 1041, 1053, 1077, 1079, 1114, 1203, 1226, 1290, 1317, 1836, 1927, 3169, 4031,
];

/// Why a transaction could not be carried out, for reasons that are not the command's.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address cannot be one.
    #[error("the event store's address must be mysql://user:password@host:port/database")]
    Url,
    /// Another command was in the way; the whole decision may be made again.
    #[error("another command was in the way")]
    Contended(#[source] sqlx::Error),
    /// The server is away or the pool is exhausted; nothing was done.
    #[error("the event store is not available")]
    Unavailable(#[source] sqlx::Error),
    /// As many commands run as may run; nothing was done.
    #[error("too many commands are in flight")]
    Busy,
    /// The COMMIT got no answer and nothing could be learned about it since; only a repeat under the same key is safe.
    #[error("the outcome of the command is not known")]
    OutcomeUnknown(#[source] sqlx::Error),
    /// A command with the same key is still running.
    #[error("a command with this idempotency key is still running")]
    InProgress,
    /// The key was used for another command.
    #[error("the idempotency key was used for another command")]
    KeyReused,
    /// The stored events of an aggregate do not add up.
    #[error("the events of {aggregate} {id} do not add up")]
    Fold {
        /// Name of the aggregate.
        aggregate: &'static str,
        /// Its id.
        id: uuid::Uuid,
        /// What is wrong.
        source: FoldError,
    },
    /// A stored event cannot be read.
    #[error("a stored event cannot be decoded")]
    Decode(#[source] souk_schemas::DecodeError),
    /// A stored state or answer cannot be read or written.
    #[error("stored JSON cannot be read or written")]
    Json(#[from] serde_json::Error),
    /// The command's task ended without an answer.
    #[error("the command's task was lost")]
    TaskLost(#[source] tokio::task::JoinError),
    /// Anything else the server said.
    #[error("the event store failed")]
    Database(#[source] sqlx::Error),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match number(&error) {
            Some(CHANGED_SINCE_READ | DEADLOCK | LOCK_WAIT_TIMEOUT) => {
                return Self::Contended(error);
            }
            Some(number) if SERVER_AWAY.contains(&number) => return Self::Unavailable(error),
            Some(_) => return Self::Database(error),
            None => {}
        }
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::BeginFailed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            other => Self::Database(other),
        }
    }
}

/// Whether a statement failed because a row with the same unique key exists.
pub(crate) fn is_duplicate(error: &sqlx::Error) -> bool {
    number(error) == Some(DUPLICATE_KEY)
}

pub(crate) fn is_lock_wait_timeout(error: &sqlx::Error) -> bool {
    number(error) == Some(LOCK_WAIT_TIMEOUT)
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let database = error.as_database_error()?;
    Some(database.try_downcast_ref::<MySqlDatabaseError>()?.number())
}
