use opensearch::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::backoff::Backoff;
use crate::error::RuntimeError;
use crate::sink::client::{Client, ClientError};

impl Client {
    /// Makes sure the alias exists and takes documents of this mapping; waits while OpenSearch is away.
    pub(crate) async fn prepare(
        &self,
        mapping: &str,
        shards: u32,
        replicas: u32,
    ) -> Result<(), RuntimeError> {
        let body =
            index_body(mapping, shards, replicas).map_err(|error| RuntimeError::Mapping {
                alias: self.alias.clone(),
                reason: error.to_string(),
            })?;
        let mut backoff = Backoff::default();
        loop {
            match self.try_prepare(&body).await {
                Ok(prepared) => return prepared,
                Err(error) => {
                    tracing::warn!(%error, alias = self.alias, "index cannot be prepared, trying again");
                }
            }
            backoff.pause().await;
        }
    }

    async fn try_prepare(&self, body: &Value) -> Result<Result<(), RuntimeError>, ClientError> {
        let found = self
            .json(
                Method::Get,
                &format!("_alias/{}", self.alias),
                String::new(),
            )
            .await?;
        if found.status == StatusCode::NOT_FOUND {
            return self.create(body).await;
        }
        found.into_result()?;
        self.merge_mapping(body).await
    }

    /// Creates the first generation together with its alias; another instance may do the same at the same time.
    async fn create(&self, body: &Value) -> Result<Result<(), RuntimeError>, ClientError> {
        let index = format!("{}-000001", self.alias);
        let mut body = body.clone();
        merge(
            &mut body,
            json!({ "aliases": { (&self.alias): { "is_write_index": true } } }),
        );
        let created = self.json(Method::Put, &index, body.to_string()).await?;
        if created.status.is_success() {
            tracing::info!(index, "index created");
            return Ok(Ok(()));
        }
        let reason = created.text();
        match (created.status.as_u16(), error_type(&reason).as_str()) {
            (400, "resource_already_exists_exception") => {
                // Seen between another instance's creation of the index and of its alias, or after a person removed the alias.
                let action = json!({ "actions": [{ "add": { "index": index, "alias": self.alias, "is_write_index": true } }] });
                self.json(Method::Post, "_aliases", action.to_string())
                    .await?
                    .into_result()?;
                Ok(Ok(()))
            }
            (400, _) => Ok(Err(self.mapping_error(reason))),
            (status, _) => Err(ClientError::Status(status, reason)),
        }
    }

    /// New fields are added to a live index; a field that changed needs a rebuild.
    async fn merge_mapping(&self, body: &Value) -> Result<Result<(), RuntimeError>, ClientError> {
        let path = format!("{}/_mapping", self.alias);
        let mappings = body.get("mappings").cloned().unwrap_or_default();
        let merged = self.json(Method::Put, &path, mappings.to_string()).await?;
        let reason = merged.text();
        match merged.status.as_u16() {
            200..300 => Ok(Ok(())),
            400 => Ok(Err(self.mapping_error(reason))),
            status => Err(ClientError::Status(status, reason)),
        }
    }

    fn mapping_error(&self, reason: String) -> RuntimeError {
        RuntimeError::Mapping {
            alias: self.alias.clone(),
            reason,
        }
    }
}

fn error_type(body: &str) -> String {
    serde_json::from_str(body)
        .ok()
        .and_then(|value: Value| value.pointer("/error/type")?.as_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The body an index is created with: the projection's own, with our settings where it says nothing.
fn index_body(mapping: &str, shards: u32, replicas: u32) -> Result<Value, serde_json::Error> {
    let body: Value = serde_json::from_str(mapping)?;
    let mut settings = json!({ "index": {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        // We refresh ourselves, right after what we wrote.
        "refresh_interval": "-1",
    } });
    merge(
        &mut settings,
        body.get("settings").cloned().unwrap_or_default(),
    );
    let mappings = body.get("mappings").cloned().unwrap_or(body);
    Ok(json!({ "settings": settings, "mappings": mappings }))
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_mapping_and_a_whole_body_both_work() {
        let bare = index_body(r#"{"dynamic":"strict","properties":{}}"#, 1, 0).unwrap();
        assert_eq!(bare["mappings"]["dynamic"], "strict");
        assert_eq!(bare["settings"]["index"]["refresh_interval"], "-1");
        let whole = index_body(
            r#"{"settings":{"index":{"number_of_shards":3},"analysis":{"a":1}},"mappings":{"dynamic":"strict"}}"#,
            1,
            2,
        )
        .unwrap();
        assert_eq!(whole["settings"]["index"]["number_of_shards"], 3);
        assert_eq!(whole["settings"]["index"]["number_of_replicas"], 2);
        assert_eq!(whole["settings"]["analysis"]["a"], 1);
    }
}
