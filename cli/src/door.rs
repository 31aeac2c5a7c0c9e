//! A client of the command API for the operator's own work: the import door, and commands in a person's name.

use std::{fmt::Write as _, time::Duration};

use anyhow::{Context as _, bail};
use backon::{ExponentialBuilder, Retryable as _};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use souk_platform::{Principal, Role, Roles, auth::Issuer};
use uuid::Uuid;

use crate::config::Config;

/// Who imports, in the events' `actor`.
const OPERATOR: Uuid = Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001);
const PATIENCE: Duration = Duration::from_mins(1);
/// Requests at once; the command API carries the items of one request out side by side as well.
const IN_FLIGHT: usize = 4;
/// A request has at most so many items, and about so many bytes.
const MOST_ITEMS: usize = 500;
const MOST_BYTES: usize = 4_000_000;

/// What became of one item.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Imported {
    pub(crate) external_id: String,
    #[serde(default)]
    pub(crate) id: Option<Uuid>,
    pub(crate) outcome: Outcome,
    #[serde(default)]
    pub(crate) problem: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Created,
    Existing,
    Refused,
}

impl Imported {
    /// Why it was refused, in one line.
    pub(crate) fn reason(&self) -> String {
        let problem = self.problem.clone().unwrap_or_default();
        let errors: Vec<String> = problem["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| {
                format!(
                    "{} {}",
                    error["pointer"].as_str().unwrap_or_default(),
                    error["message"].as_str().unwrap_or_default()
                )
            })
            .collect();
        let detail = problem["detail"].as_str().unwrap_or("no reason given");
        if errors.is_empty() {
            detail.to_owned()
        } else {
            errors.join("; ")
        }
    }
}

/// The command API, as the operator of this configuration.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    base: String,
    issuer: Issuer,
    http: reqwest::Client,
}

impl Door {
    /// Signs its own tokens: whoever has the configuration is the operator.
    pub(crate) fn new(config: &Config, url: Option<&url::Url>) -> anyhow::Result<Self> {
        let base = url.map_or_else(
            || crate::args::origin(config.command_api.listen),
            |url| url.as_str().trim_end_matches('/').to_owned(),
        );
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .context("cannot build an HTTP client")?;
        Ok(Self {
            base,
            issuer: Issuer::new(&config.auth),
            http,
        })
    }

    /// Imports items of one kind in batches, calling `progress` with the number of items done; the results are in the items' order.
    ///
    /// A batch whose answer is lost is sent again under the same idempotency key, so nothing is doubled.
    pub(crate) async fn import(
        &self,
        kind: &str,
        items: Vec<Value>,
        progress: impl Fn(u64),
    ) -> anyhow::Result<Vec<Imported>> {
        let batches = batches(items);
        let progress = &progress;
        let results: Vec<Vec<Imported>> = stream::iter(batches)
            .map(|batch| async move {
                let imported = self.import_batch(kind, &batch).await?;
                progress(batch.len() as u64);
                anyhow::Ok(imported)
            })
            .buffered(IN_FLIGHT)
            .try_collect()
            .await?;
        Ok(results.into_iter().flatten().collect())
    }

    async fn import_batch(&self, kind: &str, batch: &[Value]) -> anyhow::Result<Vec<Imported>> {
        #[derive(Deserialize)]
        struct Report {
            items: Vec<Imported>,
        }
        let body = json!({"items": batch});
        let operator = Principal {
            user_id: OPERATOR,
            roles: Roles::from_iter([Role::Admin]),
        };
        // A repeated import is told what exists already; a repeated request is answered as the first one was.
        let key = Uuid::new_v4().to_string();
        let answer = self
            .post(&operator, &format!("/admin/import/{kind}"), &key, &body)
            .await?;
        let report: Report = serde_json::from_value(answer)
            .context("the command API answers in a form of its own")?;
        if report.items.len() != batch.len() {
            bail!(
                "the command API answered {} items of {}",
                report.items.len(),
                batch.len()
            );
        }
        Ok(report.items)
    }

    /// Sends a command in the name of a person; the same command again is the same command.
    pub(crate) async fn post_as(
        &self,
        person: Uuid,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let principal = Principal {
            user_id: person,
            roles: Roles::from_iter([Role::Buyer]),
        };
        let key = idempotency_key(path, &body.to_string());
        self.post(&principal, path, &key, body).await
    }

    async fn post(
        &self,
        principal: &Principal,
        path: &str,
        key: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let text = body.to_string();
        let back_off = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(5))
            .with_max_times(8)
            .with_jitter();
        (|| self.post_once(principal, path, key, &text))
            .retry(back_off)
            .when(|error| error.is_worth_repeating)
            .notify(|error, pause| tracing::warn!(error = %error.error, pause_ms = pause.as_millis(), "the command API did not take a request, sending it again"))
            .await
            .map_err(|error| error.error)
    }

    async fn post_once(
        &self,
        principal: &Principal,
        path: &str,
        key: &str,
        body: &str,
    ) -> Result<Value, PostError> {
        let request = self
            .http
            .post(format!("{}/api/v1{path}", self.base))
            .bearer_auth(self.issuer.issue(principal))
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/json")
            .body(body.to_owned());
        let answer = request.send().await.map_err(|error| {
            PostError::again(
                anyhow::Error::new(error)
                    .context("the command API cannot be reached; is `souk up` running?"),
            )
        })?;
        let status = answer.status();
        let bytes = answer
            .bytes()
            .await
            .map_err(|error| PostError::again(error.into()))?;
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status.is_success() {
            return Ok(value);
        }
        let error = anyhow::anyhow!(
            "the command API answered {status}: {}",
            value["detail"].as_str().unwrap_or("no detail")
        );
        let passing = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::CONFLICT && value["code"] == "in_progress";
        Err(if passing {
            PostError::again(error)
        } else {
            PostError {
                error,
                is_worth_repeating: false,
            }
        })
    }
}

struct PostError {
    error: anyhow::Error,
    is_worth_repeating: bool,
}

impl PostError {
    fn again(error: anyhow::Error) -> Self {
        Self {
            error,
            is_worth_repeating: true,
        }
    }
}

/// The same request has the same key: a repeated run is answered from what the first run did.
fn idempotency_key(path: &str, body: &str) -> String {
    let digest = Sha256::new()
        .chain_update(path)
        .chain_update(b"\n")
        .chain_update(body)
        .finalize();
    digest
        .iter()
        .fold(String::with_capacity(64), |mut key, byte| {
            write!(key, "{byte:02x}").expect("a string takes everything");
            key
        })
}

fn batches(items: Vec<Value>) -> Vec<Vec<Value>> {
    let mut batches = vec![Vec::new()];
    let mut bytes = 0;
    for item in items {
        let size = item.to_string().len();
        let full = batches.last().is_some_and(|batch: &Vec<Value>| {
            batch.len() >= MOST_ITEMS || bytes + size > MOST_BYTES
        });
        if full {
            batches.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(batch) = batches.last_mut() {
            batch.push(item);
        }
    }
    batches.retain(|batch| !batch.is_empty());
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_and_keep_the_order() {
        let items: Vec<Value> = (0..1_201).map(Value::from).collect();
        let batches = batches(items.clone());
        assert_eq!(
            batches.iter().map(Vec::len).collect::<Vec<_>>(),
            [500, 500, 201]
        );
        assert_eq!(batches.concat(), items);
        let large = Value::String("x".repeat(MOST_BYTES));
        assert_eq!(super::batches(vec![large.clone(), large]).len(), 2);
        assert!(super::batches(Vec::new()).is_empty());
    }

    #[test]
    fn a_key_belongs_to_path_and_body() {
        assert_eq!(idempotency_key("/a", "b"), idempotency_key("/a", "b"));
        assert_ne!(idempotency_key("/a", "b"), idempotency_key("/a", "c"));
        assert_ne!(idempotency_key("/a", "b"), idempotency_key("/b", "b"));
        assert_eq!(idempotency_key("/a", "b").len(), 64);
    }
}
