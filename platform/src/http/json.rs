use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::error::Category;

use crate::problem::Problem;
use crate::shape;

/// A JSON body. Refuses another content type (415), too many bytes (413), broken syntax (400), and a shape that does not fit (422
/// with every bad field). Unknown fields are refused when `T` says `deny_unknown_fields`, as every body type should.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            return Err(Problem::unsupported_media_type(
                "the body must be sent as Content-Type: application/json",
            ));
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| refuse_body(&rejection))?;
        parse(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(content_type) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn refuse_body(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::payload_too_large("the body has more bytes than this route takes")
        }
        _ => Problem::bad_request("body_unreadable", "the body could not be read to its end"),
    }
}

/// Reads a JSON document as [`Json`] does, for bodies that come another way.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let error = match serde_json::from_slice(body) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if !matches!(error.classify(), Category::Data) {
        let detail = format!(
            "the body is not JSON (line {}, column {})",
            error.line(),
            error.column()
        );
        return Err(Problem::bad_request("json_syntax", detail));
    }
    // The body is read a second time as a plain value, which shows where in the document every error is.
    let value = serde_json::from_slice(body)
        .map_err(|_| Problem::bad_request("json_syntax", "the body is not JSON"))?;
    let errors = match shape::read_all::<T>(value) {
        // Only a repeated field disappears in a plain value.
        Ok(_) => vec![shape::field_error(&[], strip_position(&error.to_string()))],
        Err(errors) => errors,
    };
    Err(
        Problem::unprocessable("body_shape", "the body does not have the expected fields")
            .errors(errors),
    )
}

/// Reads a JSON value as [`Json`] reads a body: 422 with every bad field.
pub fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    if let Ok(read) = T::deserialize(&value) {
        return Ok(read);
    }
    shape::read_all(value).map_err(|errors| {
        Problem::unprocessable("body_shape", "the body does not have the expected fields")
            .errors(errors)
    })
}

fn strip_position(text: &str) -> &str {
    text.rsplit_once(" at line ")
        .map_or(text, |(message, _)| message)
}
