use std::path::{Path, PathBuf};

use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sqlx::{Connection as _, MySqlConnection};

use crate::error::StackError;
use crate::process::{Identity, write_atomically};
use crate::server::Urls;

/// A name space of one test: nobody else uses its database or its prefix.
///
/// Dropping it costs nothing; what was made in it goes when a later test binary finds this one gone.
#[derive(Debug, Clone)]
pub struct Space {
    /// With an own, empty database.
    pub mysql_url: String,
    /// Before every topic and index name; ends in a hyphen.
    pub prefix: String,
    /// Bootstrap servers.
    pub kafka: String,
    pub registry_url: String,
    pub opensearch_url: String,
}

/// What is left of a space on the disk, so that somebody can clean up after its process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SpaceRecord {
    pub(crate) owner: Identity,
    pub(crate) sql_url: String,
    pub(crate) database: String,
    pub(crate) prefix: String,
}

impl Space {
    /// Makes a space on these servers and notes it in `records`, if given.
    pub(crate) async fn create(
        name: &str,
        sql_url: &str,
        urls: Urls,
        records: Option<&Path>,
    ) -> Result<Self, SpaceError> {
        let number: u32 = rand::rng().random();
        let (prefix, database) = (format!("t{number:08x}-"), database_name(name, number));
        if let (Some(records), Some(owner)) = (records, Identity::of_this_process()) {
            let record = SpaceRecord {
                owner,
                sql_url: sql_url.to_owned(),
                database: database.clone(),
                prefix: prefix.clone(),
            };
            record.write(records)?;
        }
        let mut connection = MySqlConnection::connect(sql_url).await?;
        let statement = format!("CREATE DATABASE `{database}`");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
        connection.close().await?;
        Ok(Self {
            mysql_url: with_database(sql_url, &database),
            prefix,
            kafka: urls.kafka,
            registry_url: urls.registry,
            opensearch_url: urls.opensearch,
        })
    }
}

impl SpaceRecord {
    pub(crate) fn path(&self, records: &Path) -> PathBuf {
        records.join(format!("{}.json", self.database))
    }

    fn write(&self, records: &Path) -> Result<(), SpaceError> {
        let text = serde_json::to_vec(self)?;
        Ok(write_atomically(&self.path(records), &text)?)
    }
}

/// Why a space could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpaceError {
    #[error("its database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("its record: {0}")]
    Record(#[from] StackError),
    #[error("its record: {0}")]
    Json(#[from] serde_json::Error),
}

/// At most 64 characters are allowed.
fn database_name(name: &str, number: u32) -> String {
    let name: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .take(40)
        .collect();
    format!("{name}_{number:08x}")
}

fn with_database(url: &str, database: &str) -> String {
    match url.rsplit_once('/') {
        Some((server, _)) => format!("{server}/{database}"),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Server;

    #[test]
    fn database_is_replaced_in_the_url() {
        let url = Server::Mysql.url(7306);
        assert_eq!(
            with_database(&url, "relay_1"),
            "mysql://root@127.0.0.1:7306/relay_1"
        );
    }

    #[test]
    fn database_names_are_short_and_plain() {
        assert_eq!(database_name("late commit", 1), "late_commit_00000001");
        assert!(database_name(&"x".repeat(100), 1).len() < 64);
    }
}
