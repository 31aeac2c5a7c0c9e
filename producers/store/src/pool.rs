use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPoolOptions, MySqlSslMode};
use sqlx::{Connection, Executor, MySqlPool};
use url::Url;

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
/// `url` is `mysql://user:password@host:port/database`; `?ssl-mode=` says how much TLS is wanted.
pub fn open_pool(config: &StoreConfig, url: &SecretString) -> Result<MySqlPool, StoreError> {
    let options = connect_options(url.expose_secret())?;
    Ok(pool_options(config).connect_lazy_with(options))
}

fn connect_options(url: &str) -> Result<MySqlConnectOptions, StoreError> {
    // The parsers' own errors may quote the URL, which holds a password.
    let options: MySqlConnectOptions = url.parse().map_err(|_: sqlx::Error| StoreError::Url)?;
    let url = Url::parse(url).map_err(|_| StoreError::Url)?;
    if !matches!(url.scheme(), "mysql" | "mariadb") {
        return Err(StoreError::Url);
    }
    let is_local = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    let is_asked = url
        .query_pairs()
        .any(|(name, _)| name == "ssl-mode" || name == "sslmode");
    if is_local && url.password().is_none() && !is_asked {
        // Nothing leaves the machine and there is no secret to hide: TLS would only cost both sides a share of each command.
        return Ok(options.ssl_mode(MySqlSslMode::Disabled));
    }
    Ok(options)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_only_where_nothing_could_be_overheard() {
        let rows = [
            ("mysql://root@127.0.0.1:7306/souk", MySqlSslMode::Disabled),
            (
                "mysql://root@127.0.0.1:7306/souk?ssl-mode=required",
                MySqlSslMode::Required,
            ),
            (
                "mysql://souk:secret@127.0.0.1/souk",
                MySqlSslMode::Preferred,
            ),
            ("mysql://root@db.example.com/souk", MySqlSslMode::Preferred),
        ];
        for (url, expected) in rows {
            let mode = connect_options(url).unwrap().get_ssl_mode();
            assert_eq!(format!("{mode:?}"), format!("{expected:?}"), "{url}");
        }
    }

    #[test]
    fn a_broken_url_is_not_repeated() {
        let error = connect_options("postgres://nobody:hunter2@nowhere").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
