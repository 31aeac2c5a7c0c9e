//! Reads documents straight from the index, for operators.

use anyhow::{Context as _, bail};
use opensearch::{OpenSearch, SearchParts, params::TrackTotalHits};
use serde_json::{Value, json};
use souk_platform::clients::opensearch;
use uuid::Uuid;

use crate::config::Config;

/// Documents of one request.
const PAGE: i64 = 1_000;

/// The indices of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    client: OpenSearch,
    prefix: String,
}

impl Index {
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let client =
            opensearch(&config.opensearch).context("cannot build a client for OpenSearch")?;
        Ok(Self {
            client,
            prefix: config.names.prefix.clone(),
        })
    }

    /// Which of these ids a search does not find.
    pub(crate) async fn missing(&self, alias: &str, ids: &[Uuid]) -> anyhow::Result<Vec<Uuid>> {
        let body = json!({"size": ids.len(), "_source": false, "query": {"ids": {"values": ids}}});
        let answer = self.search(alias, &body).await?;
        let found: std::collections::HashSet<&str> = hits(&answer)
            .iter()
            .filter_map(|hit| hit["_id"].as_str())
            .collect();
        Ok(ids
            .iter()
            .filter(|id| !found.contains(id.to_string().as_str()))
            .copied()
            .collect())
    }

    /// Calls `visit` with every document that is not deleted, by id.
    pub(crate) async fn scan(
        &self,
        alias: &str,
        mut visit: impl FnMut(Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut after: Option<Value> = None;
        loop {
            let mut body = json!({"size": PAGE, "query": {"term": {"deleted": false}}, "sort": [{"id": "asc"}]});
            if let Some(after) = &after {
                body["search_after"] = after.clone();
            }
            let mut answer = self.search(alias, &body).await?;
            let Value::Array(page) = answer["hits"]["hits"].take() else {
                bail!("OpenSearch answers without hits")
            };
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = Some(last["sort"].clone());
            for mut hit in page {
                visit(hit["_source"].take())?;
            }
        }
    }

    async fn search(&self, alias: &str, body: &Value) -> anyhow::Result<Value> {
        let index = format!("{}{alias}", self.prefix);
        let answer = self
            .client
            .search(SearchParts::Index(&[&index]))
            .track_total_hits(TrackTotalHits::Track(false))
            .body(body)
            .send()
            .await
            .context("OpenSearch cannot be reached; is `souk up` running?")?;
        let status = answer.status_code();
        let value: Value = answer
            .json()
            .await
            .context("OpenSearch answers with something else than JSON")?;
        if !status.is_success() {
            bail!(
                "OpenSearch answers {status} for {index}: {}",
                value["error"]["reason"].as_str().unwrap_or("no reason")
            );
        }
        Ok(value)
    }
}

fn hits(answer: &Value) -> &[Value] {
    answer["hits"]["hits"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}
