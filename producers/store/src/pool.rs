use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions};
use sqlx::{Connection, Executor, MySqlPool};

use crate::config::StoreConfig;
use crate::error::StoreError;

/// A connection that rested longer is asked whether it still lives; a busy one would only pay for the question.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// The server drops a session that is silent for this long, and with it the locks of a client that vanished without a goodbye.
const SESSION_TIMEOUT_SECONDS: u64 = 120;

/// READ COMMITTED takes no locks on gaps: under REPEATABLE READ two commands that look for rows which do not exist yet, and
/// then insert them, end in a deadlock. What a decision rests on is locked either way.
const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Opens the pool without waiting for the server; commands that find it away are refused.
///
/// `url` is `mysql://user:password@host:port/database`, with `?ssl-mode=disabled` where the network needs no TLS.
pub fn open_pool(config: &StoreConfig, url: &SecretString) -> Result<MySqlPool, StoreError> {
    // The parser's own error may quote the URL, which holds a password.
    let options: MySqlConnectOptions = url
        .expose_secret()
        .parse()
        .map_err(|_: sqlx::Error| StoreError::Url)?;
    Ok(pool_options(config).connect_lazy_with(options))
}

/// The options of every pool of ours.
///
/// `after_release` is what keeps acknowledged writes: a cancelled `begin()` of sqlx 0.9.0 gives its connection back with the
/// transaction open, and whatever the next borrower writes would be rolled back when that connection closes.
pub fn pool_options(config: &StoreConfig) -> MySqlPoolOptions {
    let timeouts = session_timeouts(config.lock_wait);
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
            let timeouts = timeouts.clone();
            Box::pin(async move {
                connection.execute(ISOLATION).await?;
                connection.execute(sqlx::AssertSqlSafe(timeouts)).await?;
                Ok(())
            })
        })
        .after_release(|connection, _| Box::pin(roll_back(connection)))
}

fn session_timeouts(lock_wait: Duration) -> String {
    let lock_wait = lock_wait.as_secs().max(1);
    format!(
        "SET SESSION innodb_lock_wait_timeout = {lock_wait}, SESSION wait_timeout = {SESSION_TIMEOUT_SECONDS}"
    )
}

async fn roll_back(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    connection.execute("ROLLBACK").await?;
    Ok(true)
}
