//! Reads documents straight from the index, for operators.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use opensearch::{OpenSearch, SearchParts, params::TrackTotalHits};
use serde_json::{Value, json};
use souk_platform::clients::opensearch;

use crate::config::Config;

/// Documents of one request.
const PAGE: i64 = 1_000;

/// A document to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) id: String,
    /// An imported buyer's invoice has at least so many entries; 0 for other documents.
    pub(crate) num_entries: u64,
}

impl Wanted {
    fn is_reached(&self, found: &Value) -> bool {
        let num_entries = found["num_entries"].as_u64().unwrap_or_default();
        // The buyer's own event may come after the entries; only then the invoice says whose it is.
        let names_its_buyer = !found["buyer_external_id"].is_null();
        self.num_entries == 0 || num_entries >= self.num_entries && names_its_buyer
    }
}

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

    /// Which of these documents a search does not find, or not yet as wanted.
    pub(crate) async fn missing(
        &self,
        alias: &str,
        documents: &[Wanted],
    ) -> anyhow::Result<Vec<Wanted>> {
        let ids: Vec<&str> = documents
            .iter()
            .map(|document| document.id.as_str())
            .collect();
        let body = json!({"size": ids.len(), "_source": ["num_entries", "buyer_external_id"], "query": {"ids": {"values": ids}}});
        let answer = self.search(alias, &body).await?;
        let found: HashMap<&str, &Value> = hits(&answer)
            .iter()
            .filter_map(|hit| Some((hit["_id"].as_str()?, &hit["_source"])))
            .collect();
        let is_there = |wanted: &Wanted| {
            let found = found.get(wanted.id.as_str());
            found.is_some_and(|found| wanted.is_reached(found))
        };
        Ok(documents
            .iter()
            .filter(|wanted| !is_there(wanted))
            .cloned()
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
