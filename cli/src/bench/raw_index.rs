//! OpenSearch without us: the limit that indexing is measured against.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use opensearch::{
    OpenSearch,
    http::{
        Method, StatusCode,
        headers::{CONTENT_TYPE, HeaderMap, HeaderValue},
    },
};
use serde_json::{Value, json};
use souk_runtime::Document;

use super::world::PATIENCE;

const POLL: Duration = Duration::from_millis(20);

/// One index or alias.
#[derive(Clone, Debug)]
pub(super) struct RawIndex {
    client: OpenSearch,
    pub(super) name: String,
}

/// What was seen while an index filled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filling {
    /// Documents written when the first were seen.
    pub(super) already: u64,
    /// From then until everything was searchable.
    pub(super) elapsed: Duration,
}

impl RawIndex {
    pub(super) fn new(client: OpenSearch, name: impl Into<String>) -> Self {
        Self {
            client,
            name: name.into(),
        }
    }

    /// Creates an empty index with exactly the settings and mapping of this one.
    pub(super) async fn twin(&self, name: impl Into<String>) -> anyhow::Result<Self> {
        let answer = self.ask(Method::Get, &self.name, &[], Bytes::new()).await?;
        let index = answer
            .as_object()
            .and_then(|indices| indices.values().next())
            .context("OpenSearch shows no index")?;
        let mut settings = index["settings"]["index"].clone();
        if let Some(settings) = settings.as_object_mut() {
            for own in ["creation_date", "uuid", "version", "provided_name"] {
                settings.remove(own);
            }
        }
        let body = json!({"settings": {"index": settings}, "mappings": index["mappings"]});
        let twin = Self::new(self.client.clone(), name);
        twin.ask(Method::Put, &twin.name, &[], body.to_string().into())
            .await?;
        Ok(twin)
    }

    /// Deletes the index behind this name, if there is one.
    pub(super) async fn delete(&self) -> anyhow::Result<()> {
        let (status, body) = self
            .send(Method::Get, &self.name, &[], Bytes::new())
            .await?;
        if status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        for index in body
            .as_object()
            .into_iter()
            .flat_map(|indices| indices.keys())
        {
            self.ask(Method::Delete, index, &[], Bytes::new()).await?;
        }
        Ok(())
    }

    pub(super) async fn bulk(&self, body: Bytes) -> anyhow::Result<()> {
        let path = format!("{}/_bulk", self.name);
        let answer = self
            .ask(
                Method::Post,
                &path,
                &[("filter_path", "errors,items.*.error.type")],
                body,
            )
            .await?;
        let failed =
            |item: &Value| item["index"]["error"]["type"] != "version_conflict_engine_exception";
        if answer["errors"] == true
            && answer["items"]
                .as_array()
                .is_some_and(|items| items.iter().any(failed))
        {
            bail!("OpenSearch refuses documents: {}", answer["items"]);
        }
        Ok(())
    }

    pub(super) async fn refresh(&self) -> anyhow::Result<()> {
        let path = format!("{}/_refresh", self.name);
        self.ask(
            Method::Post,
            &path,
            &[("filter_path", "_shards.failed")],
            Bytes::new(),
        )
        .await
        .map(drop)
    }

    /// Writes bulks, two at a time, and refreshes as often as our processors do while they catch up, and at the end.
    pub(super) async fn fill(
        &self,
        bulks: &[Bytes],
        in_flight: usize,
        refresh_every: Duration,
    ) -> anyhow::Result<()> {
        let write = stream::iter(bulks)
            .map(|bulk| self.bulk(bulk.clone()))
            .buffer_unordered(in_flight)
            .try_collect::<()>();
        let refresh = async {
            let mut ticks = tokio::time::interval(refresh_every);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                self.refresh().await?;
            }
        };
        tokio::select! {
            written = write => written?,
            failed = refresh => return failed,
        }
        self.refresh().await
    }

    /// Watches the index fill until a search for `done` finds `documents`.
    pub(super) async fn watch(&self, documents: u64, done: &Value) -> anyhow::Result<Filling> {
        let begun = Instant::now();
        let mut first: Option<(Instant, u64)> = None;
        loop {
            let now = Instant::now();
            let written = self.num_written().await?;
            if written > 0 && first.is_none() {
                first = Some((now, written));
            }
            if written >= documents
                && let Some((since, already)) = first
                && self.count(done).await? >= documents
            {
                return Ok(Filling {
                    already: already.min(documents),
                    elapsed: since.elapsed(),
                });
            }
            if begun.elapsed() > PATIENCE * 5 {
                bail!(
                    "{} has {written} of {documents} documents after {} s",
                    self.name,
                    begun.elapsed().as_secs()
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// How many documents match, of those that can be searched.
    pub(super) async fn count(&self, query: &Value) -> anyhow::Result<u64> {
        let path = format!("{}/_count", self.name);
        let (status, answer) = self
            .send(
                Method::Post,
                &path,
                &[],
                json!({"query": query}).to_string().into(),
            )
            .await?;
        Ok(if status.is_success() {
            answer["count"].as_u64().unwrap_or_default()
        } else {
            0
        })
    }

    /// Up to `most` documents as a bulk writes them, each with the version after its own.
    pub(super) async fn newer_copies(&self, most: usize) -> anyhow::Result<Vec<Document>> {
        let path = format!("{}/_search", self.name);
        let body = json!({"size": most, "version": true, "query": {"term": {"deleted": false}}});
        let answer = self
            .ask(Method::Post, &path, &[], body.to_string().into())
            .await?;
        let hits = answer["hits"]["hits"]
            .as_array()
            .context("OpenSearch answers without hits")?;
        let copies = hits.iter().map(|hit| {
            let id = hit["_id"].as_str().context("a hit has no id")?.to_owned();
            let version = hit["_version"].as_u64().context("a hit has no version")? + 1;
            Ok(Document {
                id,
                version,
                body: hit["_source"].to_string().into_bytes(),
            })
        });
        copies.collect()
    }

    async fn num_written(&self) -> anyhow::Result<u64> {
        let path = format!("{}/_stats/indexing", self.name);
        let wanted = [("filter_path", "_all.primaries.indexing.index_total")];
        let (status, answer) = self.send(Method::Get, &path, &wanted, Bytes::new()).await?;
        // Before a processor has made its index there is nothing to ask.
        Ok(if status.is_success() {
            answer["_all"]["primaries"]["indexing"]["index_total"]
                .as_u64()
                .unwrap_or_default()
        } else {
            0
        })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<Value> {
        let (status, answer) = self.send(method, path, query, body).await?;
        if !status.is_success() {
            bail!("OpenSearch answers {status} to {path}: {}", answer["error"]);
        }
        Ok(answer)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Bytes,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let mut headers = HeaderMap::new();
        let kind = if path.ends_with("_bulk") {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        let body = (!body.is_empty()).then_some(body);
        let answer = self
            .client
            .send(method, path, headers, Some(query), body, Some(PATIENCE))
            .await;
        let answer = answer.with_context(|| format!("cannot send {path} to OpenSearch"))?;
        let status = answer.status_code();
        let bytes = answer
            .bytes()
            .await
            .context("cannot read an answer of OpenSearch")?;
        Ok((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }
}

/// Cuts documents into bodies of bulk requests of at most about `bytes`, in their order.
pub(super) fn bulks<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    bytes: usize,
) -> Vec<Bytes> {
    let mut bulks = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    for document in documents {
        let action = json!({"index": {"_id": document.id, "version": document.version, "version_type": "external"}});
        body.extend_from_slice(action.to_string().as_bytes());
        body.push(b'\n');
        body.extend_from_slice(&document.body);
        body.push(b'\n');
        if body.len() >= bytes {
            bulks.push(std::mem::take(&mut body).into());
        }
    }
    if !body.is_empty() {
        bulks.push(body.into());
    }
    bulks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulks_are_cut_by_bytes_and_keep_every_document() {
        let documents: Vec<Document> = (1..=10)
            .map(|version| Document {
                id: format!("d{version}"),
                version,
                body: format!("{{\"n\":{version}}}").into_bytes(),
            })
            .collect();
        let all = bulks(&documents, usize::MAX);
        assert_eq!(all.len(), 1);
        let text = String::from_utf8(all[0].to_vec()).unwrap();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[2],
            json!({"index": {"_id": "d2", "version": 2, "version_type": "external"}})
        );
        assert_eq!(lines[3], json!({"n": 2}));
        let cut = bulks(&documents, 150);
        assert!(cut.len() > 1, "{}", cut.len());
        assert_eq!(cut.concat(), all.concat());
        assert!(bulks(&[], 1).is_empty());
    }
}
