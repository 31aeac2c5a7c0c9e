//! Cleans up the spaces of test processes that have ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use sqlx::{Connection as _, MySqlConnection};

use crate::lock::Lock;
use crate::server::Urls;
use crate::space::SpaceRecord;

const PATIENCE: Duration = Duration::from_secs(30);

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Deletes what spaces of ended processes have left on the shared servers, as far as it is easily done.
///
/// Only one process sweeps at a time; the others need not wait.
pub(crate) async fn spaces(records: PathBuf, urls: Urls) {
    let Ok(Some(_lock)) = Lock::try_acquire(&records.join("sweep.lock")) else {
        return;
    };
    let left = orphans(&records);
    if left.is_empty() {
        return;
    }
    if let Err(error) = delete_all(&left, &urls).await {
        // Whatever remains is tried again next time.
        tracing::debug!(%error, "spaces of earlier tests remain");
        return;
    }
    for record in left {
        if let Err(error) = fs::remove_file(record.path(&records)) {
            tracing::debug!(%error, "the record of a space remains");
        }
    }
}

fn orphans(records: &Path) -> Vec<SpaceRecord> {
    entries(records)
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter_map(|path| serde_json::from_slice::<SpaceRecord>(&fs::read(path).ok()?).ok())
        .filter(|record| !record.owner.is_alive())
        .collect()
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

async fn delete_all(spaces: &[SpaceRecord], urls: &Urls) -> Outcome {
    for space in spaces {
        delete_indices(space, &urls.opensearch).await?;
    }
    delete_topics(spaces, &urls.kafka).await?;
    for space in spaces {
        drop_database(space).await?;
    }
    Ok(())
}

async fn drop_database(space: &SpaceRecord) -> Outcome {
    let mut connection = MySqlConnection::connect(&space.sql_url).await?;
    let statement = format!("DROP DATABASE IF EXISTS `{}`", space.database);
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(())
}

async fn delete_indices(space: &SpaceRecord, opensearch: &str) -> Outcome {
    let url = format!(
        "{opensearch}/{}*?ignore_unavailable=true&allow_no_indices=true",
        space.prefix
    );
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    client.delete(url).send().await?.error_for_status()?;
    Ok(())
}

async fn delete_topics(spaces: &[SpaceRecord], bootstrap: &str) -> Outcome {
    let client: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()?;
    let metadata = client.inner().fetch_metadata(None, PATIENCE)?;
    let topics: Vec<&str> = metadata
        .topics()
        .iter()
        .map(rdkafka::metadata::MetadataTopic::name)
        .filter(|topic| spaces.iter().any(|space| topic.starts_with(&space.prefix)))
        .collect();
    if topics.is_empty() {
        return Ok(());
    }
    // A topic that is already gone is no reason to stop.
    client
        .delete_topics(
            &topics,
            &AdminOptions::new().operation_timeout(Some(PATIENCE)),
        )
        .await?;
    Ok(())
}
