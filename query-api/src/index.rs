use std::time::{Duration, Instant};

use opensearch::{OpenSearch, SearchParts};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use souk_documents::Document;
use souk_platform::Problem;

use crate::metrics;
use crate::search::Search;

/// The indices behind their aliases.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    client: OpenSearch,
    prefix: String,
    timeout: Duration,
}

/// A document that was found, with the values it was sorted by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hit<D> {
    pub(crate) document: D,
    pub(crate) sort: Vec<Value>,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SearchError {
    #[error("opensearch cannot be asked")]
    Unreachable(#[source] opensearch::Error),
    #[error("opensearch did not search everything in time")]
    TimedOut,
    /// The index is missing, is starting, or pushes back.
    #[error("opensearch answers {status} for now: {reason}")]
    NotNow { status: u16, reason: String },
    #[error("opensearch refused the search with {status}: {reason}")]
    Refused { status: u16, reason: String },
    #[error("the answer of opensearch cannot be read")]
    Unreadable(#[source] serde_json::Error),
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Unreachable(_) | SearchError::TimedOut | SearchError::NotNow { .. } => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "search failed for now"
                );
                Self::unavailable(1, "the search index cannot answer now, try again")
            }
            SearchError::Refused { .. } | SearchError::Unreadable(_) => Self::internal(error),
        }
    }
}

#[derive(Deserialize)]
struct Answer<'a> {
    timed_out: bool,
    #[serde(borrow)]
    hits: AnswerHits<'a>,
}

#[derive(Deserialize)]
struct AnswerHits<'a> {
    #[serde(borrow)]
    hits: Vec<AnswerHit<'a>>,
}

#[derive(Deserialize)]
struct AnswerHit<'a> {
    #[serde(borrow, rename = "_source")]
    source: &'a RawValue,
    sort: Vec<Value>,
}

impl Index {
    pub(crate) fn new(client: OpenSearch, prefix: String, timeout: Duration) -> Self {
        Self {
            client,
            prefix,
            timeout,
        }
    }

    /// Returns at most `size` documents after the given sort values.
    #[tracing::instrument(name = "query.index.search", skip_all, fields(index = D::ALIAS))]
    pub(crate) async fn find<D: Document>(
        &self,
        search: &Search<D>,
        size: usize,
        after: Option<&[Value]>,
    ) -> Result<Vec<Hit<D>>, SearchError> {
        let started = Instant::now();
        let result = self
            .ask(D::ALIAS, search.body(size, after))
            .await
            .and_then(|answer| parse_answer(&answer));
        metrics::searched(
            D::ALIAS,
            started.elapsed(),
            if result.is_ok() { "ok" } else { "failed" },
        );
        result
    }

    async fn ask(&self, alias: &'static str, mut body: Value) -> Result<Vec<u8>, SearchError> {
        body["timeout"] = Value::from(format!("{}ms", self.timeout.as_millis()));
        let index = format!("{}{alias}", self.prefix);
        let index = [index.as_str()];
        let search = self
            .client
            .search(SearchParts::Index(&index))
            .request_timeout(self.timeout)
            .body(body);
        let response = search.send().await.map_err(SearchError::Unreachable)?;
        let status = response.status_code();
        let answer = response.bytes().await.map_err(SearchError::Unreachable)?;
        if status.is_success() {
            return Ok(answer.into());
        }
        Err(refusal(status.as_u16(), &answer))
    }
}

fn refusal(status: u16, answer: &[u8]) -> SearchError {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let reason = answer["error"]["reason"]
        .as_str()
        .unwrap_or("no reason given")
        .to_owned();
    match status {
        404 | 429 | 502..=504 => SearchError::NotNow { status, reason },
        _ => SearchError::Refused { status, reason },
    }
}

fn parse_answer<D: Document>(answer: &[u8]) -> Result<Vec<Hit<D>>, SearchError> {
    let answer: Answer<'_> = serde_json::from_slice(answer).map_err(SearchError::Unreadable)?;
    if answer.timed_out {
        return Err(SearchError::TimedOut);
    }
    let mut hits = Vec::with_capacity(answer.hits.hits.len());
    for hit in answer.hits.hits {
        let parsed =
            souk_documents::parse(hit.source.get().as_bytes()).map_err(SearchError::Unreadable)?;
        hits.extend(parsed.map(|document| Hit {
            document,
            sort: hit.sort,
        }));
    }
    Ok(hits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use souk_documents::UserDocument;

    use super::*;

    #[test]
    fn tombstones_in_an_answer_are_left_out() {
        let hit =
            json!({ "_source": { "id": "1", "deleted": true, "sources": {} }, "sort": ["1"] });
        let answer = json!({ "timed_out": false, "hits": { "hits": [hit] } });
        assert_eq!(
            parse_answer::<UserDocument<'static>>(answer.to_string().as_bytes()).unwrap(),
            []
        );
    }

    #[test]
    fn partial_and_foreign_answers_are_errors() {
        let partial = json!({ "timed_out": true, "hits": { "hits": [] } }).to_string();
        assert!(matches!(
            parse_answer::<UserDocument<'static>>(partial.as_bytes()),
            Err(SearchError::TimedOut)
        ));
        assert!(matches!(
            parse_answer::<UserDocument<'static>>(b"<html>"),
            Err(SearchError::Unreadable(_))
        ));
    }

    #[test]
    fn a_missing_index_or_back_pressure_is_worth_another_try_and_a_refused_search_is_ours() {
        let rows = [(404, 503), (429, 503), (503, 503), (400, 500), (500, 500)];
        for (status, expected) in rows {
            let problem = Problem::from(refusal(status, b"{}"));
            assert_eq!(
                (problem.status.as_u16(), problem.retry_after.is_some()),
                (expected, expected == 503),
                "{status}"
            );
        }
    }
}
