//! Refusals as RFC 9457 documents with a stable `code`.

use std::borrow::Cow;
use std::error::Error;

use axum::http::status::InvalidStatusCode;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

/// A refusal: what a client gets instead of an answer. Clients branch on `code`, people read `detail`.
/// On the wire it also has `type` and `title`, which follow from `code` and `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Wire", try_from = "Wire")]
pub struct Problem {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub detail: String,
    pub errors: Vec<FieldError>,
    pub instance: Option<String>,
    /// Sent as the header `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    title: Cow<'static, str>,
    status: u16,
    code: Cow<'static, str>,
    detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

/// One bad field. `pointer` is a JSON pointer into the body (`/lines/0/quantity`) or `?name` for a query parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub pointer: String,
    pub code: Cow<'static, str>,
    pub message: String,
}

impl Problem {
    pub fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            errors: Vec::new(),
            instance: None,
            retry_after: None,
        }
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn unauthorized(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
    }

    pub fn forbidden(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    pub fn precondition_failed(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, code, detail)
    }

    pub fn precondition_required(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PRECONDITION_REQUIRED, code, detail)
    }

    pub fn payload_too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
    }

    pub fn unsupported_media_type(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        )
    }

    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub fn too_many_requests(retry_after_seconds: u32, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
            .retry_after(retry_after_seconds)
    }

    /// 503 `unavailable`: something we depend on is away, nothing was done.
    pub fn unavailable(retry_after_seconds: u32, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .retry_after(retry_after_seconds)
    }

    /// 503 `pending`: the write behind a consistency token is not searchable yet.
    pub fn pending(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "pending", detail).retry_after(1)
    }

    /// Logs `error` with its causes and hides it from the client.
    pub fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        tracing::error!(error = %chain(error.into().as_ref()), "request failed inside");
        Self::hidden()
    }

    /// The 500 that says nothing; for failures that are logged already.
    pub fn hidden() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the request failed for a reason of ours; it was logged",
        )
    }

    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    #[must_use]
    pub fn instance(mut self, instance: impl Into<String>) -> Self {
        self.instance = Some(instance.into());
        self
    }

    #[must_use]
    pub fn errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }
}

/// Writes an error and its causes in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl From<Problem> for Wire {
    fn from(problem: Problem) -> Self {
        Self {
            kind: format!("urn:souk:problem:{}", problem.code),
            title: Cow::Borrowed(problem.status.canonical_reason().unwrap_or("Error")),
            status: problem.status.as_u16(),
            code: problem.code,
            detail: problem.detail,
            errors: problem.errors,
            instance: problem.instance,
        }
    }
}

impl TryFrom<Wire> for Problem {
    type Error = InvalidStatusCode;

    fn try_from(wire: Wire) -> Result<Self, Self::Error> {
        let status = StatusCode::from_u16(wire.status)?;
        Ok(Self {
            status,
            code: wire.code,
            detail: wire.detail,
            errors: wire.errors,
            instance: wire.instance,
            retry_after: None,
        })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let content_type = (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, [content_type], body).into_response();
        if let Some(seconds) = self.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// Collects every bad field of a body before refusing it as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes one bad field; `pointer` as in [`FieldError`].
    pub fn add(
        &mut self,
        pointer: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> &mut Self {
        self.0.push(FieldError {
            pointer: pointer.into(),
            code: code.into(),
            message: message.into(),
        });
        self
    }

    /// Notes the field when `holds` is false.
    pub fn require(
        &mut self,
        holds: bool,
        pointer: impl Into<String>,
        code: &'static str,
        message: impl Into<String>,
    ) -> &mut Self {
        if !holds {
            self.add(pointer, code, message);
        }
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn extend(&mut self, errors: impl IntoIterator<Item = FieldError>) {
        self.0.extend(errors);
    }

    pub fn into_vec(self) -> Vec<FieldError> {
        self.0
    }

    /// Succeeds when nothing was noted, else refuses with 422 `validation_failed`.
    pub fn into_result(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.into())
        }
    }
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        Self::unprocessable("validation_failed", "some fields are not acceptable").errors(errors.0)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    async fn sent(problem: Problem) -> (StatusCode, axum::http::HeaderMap, Value) {
        let response = problem.into_response();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (
            parts.status,
            parts.headers,
            serde_json::from_slice(&bytes).unwrap(),
        )
    }

    #[tokio::test]
    async fn field_errors_become_one_422_that_lists_them() {
        let mut errors = FieldErrors::new();
        errors
            .add("/name", "too_short", "must have at least 2 characters")
            .require(true, "/fine", "x", "x");
        let (status, headers, body) = sent(errors.into_result().unwrap_err()).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(
            body,
            json!({
                "type": "urn:souk:problem:validation_failed", "title": "Unprocessable Entity", "status": 422,
                "code": "validation_failed", "detail": "some fields are not acceptable",
                "errors": [{"pointer": "/name", "code": "too_short", "message": "must have at least 2 characters"}],
            })
        );
        assert_eq!(FieldErrors::new().into_result(), Ok(()));
    }

    #[tokio::test]
    async fn internal_errors_are_hidden() {
        let (status, _, body) =
            sent(Problem::internal(std::io::Error::other("password=hunter2"))).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn headers_say_when_to_retry_and_how_to_sign_in() {
        let (status, headers, body) = sent(Problem::pending("not yet")).await;
        assert_eq!(
            (status, &headers[header::RETRY_AFTER]),
            (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from(1))
        );
        assert_eq!(body["code"], "pending");
        let (_, headers, _) = sent(Problem::unauthorized("token_missing", "sign in")).await;
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
    }

    #[test]
    fn a_problem_can_be_read_back() {
        let problem = Problem::conflict("stock_short", "only 2 left").instance("/api/v1/orders/1");
        let read: Problem =
            serde_json::from_str(&serde_json::to_string(&problem).unwrap()).unwrap();
        assert_eq!(read, problem);
    }
}
