//! Debezium in the relay's place, by configuration: the same table, the same topics, keys and payloads.

use std::time::Duration;

use backon::{ConstantBuilder, Retryable};
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::database::Database;
use crate::error::Error;

/// What a connector has to know of our servers.
#[derive(Clone, Debug)]
pub struct ConnectorOptions {
    /// The event store's address, `mysql://user:password@host:port/database`, as Kafka Connect reaches it.
    pub database_url: SecretString,
    /// Kafka's address as Kafka Connect reaches it.
    pub kafka_bootstrap: String,
    /// What goes before the names of topics.
    pub prefix: String,
    /// The connector's own id among the database's replicas.
    pub server_id: u32,
}

#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error(transparent)]
    Address(#[from] Error),
    #[error("the connector's template is not JSON")]
    Template(#[from] serde_json::Error),
    #[error("kafka connect does not answer")]
    Unreachable(#[source] reqwest::Error),
    #[error("kafka connect refused with {status}: {body}")]
    Refused { status: StatusCode, body: String },
}

/// The name under which the connector is registered.
pub fn connector_name(prefix: &str) -> String {
    format!("{prefix}souk-events")
}

/// Builds the configuration of Debezium's MySQL connector with the event router over the table `events`.
pub fn connector_config(options: &ConnectorOptions) -> Result<Value, ConnectError> {
    let database = Database::new(&options.database_url)?;
    let opts = &database.opts;
    let mut config: Value = serde_json::from_str(TEMPLATE)?;
    let database = &database.name;
    let prefix = &options.prefix;
    for (key, value) in [
        ("database.hostname", json!(opts.ip_or_hostname())),
        ("database.port", json!(opts.tcp_port().to_string())),
        ("database.user", json!(opts.user().unwrap_or("root"))),
        ("database.password", json!(opts.pass().unwrap_or_default())),
        ("database.server.id", json!(options.server_id.to_string())),
        ("database.include.list", json!(database)),
        ("table.include.list", json!(format!("{database}.events"))),
        ("topic.prefix", json!(connector_name(prefix))),
        (
            "schema.history.internal.kafka.bootstrap.servers",
            json!(options.kafka_bootstrap),
        ),
        (
            "schema.history.internal.kafka.topic",
            json!(format!("{prefix}souk.debezium.schema-history.v1")),
        ),
        (
            "transforms.outbox.route.topic.replacement",
            json!(format!("{prefix}souk.${{routedByValue}}.events.v1")),
        ),
    ] {
        config[key] = value;
    }
    Ok(config)
}

/// Registers the connector, or changes it. The relay must be stopped, and stay disabled.
pub async fn register(connect_url: &Url, options: &ConnectorOptions) -> Result<(), ConnectError> {
    let config = connector_config(options)?;
    let url = connector_url(connect_url, &options.prefix, "/config");
    let refusal = send(client()?.put(url).json(&config)).await?;
    refusal.map_or(Ok(()), |(status, body)| {
        // Kafka Connect quotes the configuration in its refusals.
        let password = config["database.password"]
            .as_str()
            .filter(|password| !password.is_empty());
        let body = password.map_or(body.clone(), |password| body.replace(password, "[hidden]"));
        Err(ConnectError::Refused { status, body })
    })
}

/// Removes the connector, so that the relay may run again. It is no error when there is none.
pub async fn unregister(connect_url: &Url, prefix: &str) -> Result<(), ConnectError> {
    match send(client()?.delete(connector_url(connect_url, prefix, ""))).await? {
        None | Some((StatusCode::NOT_FOUND, _)) => Ok(()),
        Some((status, body)) => Err(ConnectError::Refused { status, body }),
    }
}

/// Whether the connector is registered for this prefix: the relay must not start then.
pub async fn is_registered(connect_url: &Url, prefix: &str) -> Result<bool, ConnectError> {
    match send(client()?.get(connector_url(connect_url, prefix, ""))).await? {
        None => Ok(true),
        Some((StatusCode::NOT_FOUND, _)) => Ok(false),
        Some((status, body)) => Err(ConnectError::Refused { status, body }),
    }
}

/// Returns what Kafka Connect said against it, if anything. Its workers answer nothing while they divide their tasks.
async fn send(request: RequestBuilder) -> Result<Option<(StatusCode, String)>, ConnectError> {
    let attempt = async || {
        let Some(request) = request.try_clone() else {
            return Ok(None);
        };
        let response = request.send().await.map_err(ConnectError::Unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(None);
        }
        let body = response.text().await.unwrap_or_default();
        if status == StatusCode::CONFLICT || body.contains("rebalance") {
            return Err(ConnectError::Refused { status, body });
        }
        Ok(Some((status, body)))
    };
    let pauses = ConstantBuilder::default()
        .with_delay(Duration::from_millis(500))
        .with_max_times(60);
    attempt
        .retry(pauses)
        .when(|error| matches!(error, ConnectError::Refused { .. }))
        .await
}

fn connector_url(connect_url: &Url, prefix: &str, suffix: &str) -> String {
    format!(
        "{}/connectors/{}{suffix}",
        connect_url.as_str().trim_end_matches('/'),
        connector_name(prefix)
    )
}

fn client() -> Result<Client, ConnectError> {
    Client::builder()
        .timeout(Duration::from_mins(1))
        .build()
        .map_err(ConnectError::Unreachable)
}

/// What does not depend on the servers; the file is also what people register by hand.
const TEMPLATE: &str = include_str!("../../kafka-connect/debezium-events.json");

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> ConnectorOptions {
        ConnectorOptions {
            database_url: url.into(),
            kafka_bootstrap: "127.0.0.1:7092".to_owned(),
            prefix: "t-".to_owned(),
            server_id: 7,
        }
    }

    #[test]
    fn the_connector_writes_the_relays_topics_with_the_payload_untouched() {
        let config = connector_config(&options(
            "mysql://me:a%20b@db.example:3307/souk?ssl-mode=DISABLED",
        ))
        .unwrap();
        for (key, value) in [
            ("database.hostname", "db.example"),
            ("database.port", "3307"),
            ("database.user", "me"),
            ("database.password", "a b"),
            ("database.server.id", "7"),
            ("table.include.list", "souk.events"),
            ("include.schema.changes", "false"),
            (
                "transforms.outbox.route.topic.replacement",
                "t-souk.${routedByValue}.events.v1",
            ),
            ("transforms.outbox.table.field.event.key", "aggregate_id"),
            (
                "value.converter",
                "org.apache.kafka.connect.converters.ByteArrayConverter",
            ),
        ] {
            assert_eq!(config[key], value, "{key}");
        }
        // Kafka Connect takes texts only, and nothing may be left to fill in.
        for (key, value) in config.as_object().unwrap() {
            let text = value
                .as_str()
                .unwrap_or_else(|| panic!("{key} is not a text"));
            assert!(!text.contains("CHANGE_ME"), "{key}");
        }
    }

    #[test]
    fn an_address_without_a_database_is_refused() {
        assert!(connector_config(&options("mysql://root@127.0.0.1:7306")).is_err());
    }
}
