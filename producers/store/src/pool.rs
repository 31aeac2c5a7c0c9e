use std::time::Duration;

use sqlx::mysql::{MySqlConnection, MySqlPoolOptions};
use sqlx::{Connection, Executor, MySqlPool};

use crate::config::StoreConfig;

/// A connection that rested longer is asked whether it still lives; a busy one would only pay for the question.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The server drops a session that is silent for this long, and with it the locks of a client that vanished without a goodbye.
const SESSION_TIMEOUT_SECONDS: u64 = 120;

/// Opens the pool without waiting for the server; the first command that finds it away is refused.
pub fn open_pool(config: &StoreConfig) -> Result<MySqlPool, sqlx::Error> {
    let options = config.connect_options()?;
    Ok(pool_options(config).connect_lazy_with(options))
}

/// The options of every pool of ours.
///
/// `after_release` is what keeps acknowledged writes: a cancelled `begin()` of sqlx 0.9.0 gives its connection back with the
/// transaction open, and whatever the next borrower writes would be rolled back when that connection closes.
pub fn pool_options(config: &StoreConfig) -> MySqlPoolOptions {
    let session = session_settings(config.lock_wait);
    MySqlPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout)
        .idle_timeout(Duration::from_secs(SESSION_TIMEOUT_SECONDS / 2))
        .max_lifetime(Duration::from_mins(30))
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| {
            let session = session.clone();
            Box::pin(async move {
                connection.execute(sqlx::AssertSqlSafe(session)).await?;
                Ok(())
            })
        })
        .after_release(|connection, _| Box::pin(roll_back(connection)))
}

/// READ COMMITTED takes no locks on gaps: under REPEATABLE READ two commands that look for rows which do not exist yet, and
/// then insert them, end in a deadlock. What a decision rests on is locked either way.
fn session_settings(lock_wait: Duration) -> String {
    let lock_wait = lock_wait.as_secs().max(1);
    format!(
        "SET SESSION transaction_isolation = 'READ-COMMITTED', \
         SESSION innodb_lock_wait_timeout = {lock_wait}, \
         SESSION wait_timeout = {SESSION_TIMEOUT_SECONDS}"
    )
}

async fn roll_back(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    connection.execute("ROLLBACK").await?;
    Ok(true)
}
