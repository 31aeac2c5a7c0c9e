//! A server is ready when it answers what its clients will ask.

use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use sqlx::{Connection as _, MySqlConnection};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::server::Server;

const PATIENCE: Duration = Duration::from_secs(5);

/// Asks once; the error says what came back instead.
pub(crate) async fn probe(server: Server, url: &str) -> Result<(), String> {
    let answer = async {
        match server {
            Server::Mysql | Server::Mariadb => probe_sql(url).await,
            Server::Kafka => probe_kafka(url.to_owned()).await,
            Server::Registry => probe_http(&format!("{url}/subjects")).await,
            Server::Opensearch => {
                probe_http(&format!(
                    "{url}/_cluster/health?wait_for_status=yellow&timeout=2s"
                ))
                .await
            }
            Server::Connect => probe_http(&format!("{url}/connectors")).await,
        }
    };
    timeout(PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
}

async fn probe_sql(url: &str) -> Result<(), String> {
    let mut connection = MySqlConnection::connect(url)
        .await
        .map_err(|error| error.to_string())?;
    let answer = sqlx::query("SELECT 1").execute(&mut connection).await;
    connection
        .close()
        .await
        .map_err(|error| error.to_string())?;
    answer.map(drop).map_err(|error| error.to_string())
}

async fn probe_kafka(bootstrap: String) -> Result<(), String> {
    spawn_blocking(move || {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            // A server that is still starting is no news.
            .set("log_level", "0")
            .create()
            .map_err(|error| error.to_string())?;
        let metadata = consumer
            .fetch_metadata(None, PATIENCE / 2)
            .map_err(|error| error.to_string())?;
        if metadata.brokers().is_empty() {
            return Err("the cluster has no broker yet".to_owned());
        }
        Ok(())
    })
    .await
    .map_err(|error| error.to_string())?
}

async fn probe_http(url: &str) -> Result<(), String> {
    let response = reqwest::get(url).await.map_err(|error| error.to_string())?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(format!("HTTP {status}"))
}
