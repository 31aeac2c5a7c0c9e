use std::time::Duration;

use bytes::Bytes;
use opensearch::OpenSearch;
use opensearch::http::headers::{CONTENT_TYPE, HeaderMap, HeaderValue};
use opensearch::http::{Method, StatusCode};

use crate::sink::outcome::{Answer, FILTER_PATH, parse};

/// No request may take longer; a repeated bulk does no harm.
const TIMEOUT: Duration = Duration::from_mins(1);

/// The few requests the sink makes.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    opensearch: OpenSearch,
    pub(super) alias: String,
}

/// A request that brought no usable answer; trying again may help.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    #[error("opensearch cannot be reached: {0}")]
    Unreachable(#[from] opensearch::Error),
    #[error("answer is not what the API promises: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("status {0}: {1}")]
    Status(u16, String),
}

/// Status and body of an answer.
pub(super) struct Response {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Client {
    pub(crate) fn new(opensearch: OpenSearch, alias: String) -> Self {
        Self { opensearch, alias }
    }

    pub(crate) async fn bulk(&self, body: Bytes) -> Result<Answer, ClientError> {
        // Without `require_alias` a bulk to a vanished alias would make an index of that name with a guessed mapping.
        let query = [("require_alias", "true"), ("filter_path", FILTER_PATH)];
        let path = format!("{}/_bulk", self.alias);
        let response = self
            .send(Method::Post, &path, &query, "application/x-ndjson", body)
            .await?;
        Ok(parse(response.status.as_u16(), &response.body)?)
    }

    pub(crate) async fn refresh(&self) -> Result<(), ClientError> {
        let path = format!("{}/_refresh", self.alias);
        let response = self
            .send(
                Method::Post,
                &path,
                &[("filter_path", "_shards.failed")],
                "application/json",
                Bytes::new(),
            )
            .await?;
        response.into_result().map(drop)
    }

    pub(super) async fn json(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<Response, ClientError> {
        self.send(method, path, &[], "application/json", body.into())
            .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Response, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let body = (!body.is_empty()).then_some(body);
        let response = self
            .opensearch
            .send(method, path, headers, Some(query), body, Some(TIMEOUT))
            .await?;
        Ok(Response {
            status: response.status_code(),
            body: response.bytes().await?,
        })
    }
}

impl Response {
    pub(super) fn into_result(self) -> Result<Bytes, ClientError> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        Err(ClientError::Status(self.status.as_u16(), self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
