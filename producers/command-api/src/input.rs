use std::fmt;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use souk_platform::http::Json;
use souk_platform::{Principal, Problem};
use souk_schemas::ids::UserId;
use souk_store::{Command, IdempotencyKey};
use tokio::time::timeout;
use uuid::Uuid;

use crate::app::App;
use crate::error::CommandError;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const MAX_KEY: usize = 200;

/// The body of a command and where it came from; the last thing a handler extracts.
#[derive(Debug)]
pub(crate) struct Input<T> {
    pub(crate) body: T,
    pub(crate) origin: Origin,
}

/// The body of a command that says everything in its path: empty, or `{}`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoBody {}

/// What a request says besides its body.
#[derive(Clone)]
pub(crate) struct Origin {
    /// Present on every POST but those that say otherwise.
    key: Option<String>,
    request_hash: [u8; 32],
    correlation_id: Uuid,
    traceparent: String,
}

impl<T: DeserializeOwned> FromRequest<App> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Self::Rejection> {
        let key = idempotency_key(request.method(), request.headers())?;
        let trace = Trace::of(request.headers());
        let (parts, body) = request.into_parts();
        let limited = Request::from_parts(parts.clone(), body);
        let bytes = timeout(
            app.config().request_timeout,
            Bytes::from_request(limited, app),
        )
        .await
        .map_err(|_| body_too_slow())?
        .map_err(|rejection| unreadable(rejection.status()))?;
        let request_hash = app.request_hash(&parts.method, parts.uri.path(), &bytes);
        let Json(body) = Json::from_request(rebuild(parts, bytes), app).await?;
        Ok(Self {
            body,
            origin: Origin {
                key,
                request_hash,
                correlation_id: trace.correlation_id,
                traceparent: trace.traceparent,
            },
        })
    }
}

/// A command without any body says `{}`.
fn rebuild(mut parts: Parts, bytes: Bytes) -> Request {
    if bytes.is_empty() && !parts.headers.contains_key(header::CONTENT_TYPE) {
        let json = header::HeaderValue::from_static("application/json");
        parts.headers.insert(header::CONTENT_TYPE, json);
        return Request::from_parts(parts, Body::from("{}"));
    }
    Request::from_parts(parts, Body::from(bytes))
}

fn unreadable(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::payload_too_large("the body has more bytes than this route takes")
        }
        _ => Problem::bad_request("body_unreadable", "the body could not be read to its end"),
    }
}

fn body_too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "body_too_slow",
        "the body took too long to arrive",
    )
}

fn idempotency_key(method: &Method, headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else {
        if method == Method::POST {
            return Err(Problem::bad_request(
                "idempotency_key_missing",
                "send an Idempotency-Key, a new one for each command and the same one when repeating it",
            ));
        }
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default().trim();
    if key.is_empty() || key.len() > MAX_KEY {
        return Err(Problem::bad_request(
            "idempotency_key_invalid",
            format!("Idempotency-Key must have 1 to {MAX_KEY} visible ASCII characters"),
        ));
    }
    Ok(Some(key.to_owned()))
}

impl App {
    /// Digests what makes a request the same request. It is keyed, because bodies may hold passwords and the digest is kept.
    fn request_hash(&self, method: &Method, path: &str, body: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.digest_key())
            .expect("HMAC takes keys of any length");
        for part in [method.as_str().as_bytes(), path.as_bytes(), body] {
            mac.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Origin {
    /// The command of whoever sent the request.
    pub(crate) fn command(&self, principal: Option<&Principal>) -> Command {
        let actor = principal.map(|principal| principal.user_id);
        // Without a key of the client's, one of our own still resolves an unanswered COMMIT.
        let key = self
            .key
            .clone()
            .unwrap_or_else(|| format!("request:{}", Uuid::now_v7()));
        Command {
            actor: actor.map(UserId),
            idempotency: Some(IdempotencyKey {
                actor: actor.unwrap_or_default(),
                key,
                request_hash: self.request_hash,
            }),
            correlation_id: self.correlation_id,
            causation_id: None,
            traceparent: Some(self.traceparent.clone()),
        }
    }

    /// One of several transactions that carry out the same request.
    pub(crate) fn command_part(&self, principal: &Principal, number: usize) -> Command {
        let mut command = self.command(Some(principal));
        if let Some(idempotency) = &mut command.idempotency {
            idempotency.key = format!("{}#{number}", idempotency.key);
        }
        command
    }

    pub(crate) fn correlation_id(&self) -> Uuid {
        self.correlation_id
    }

    pub(crate) fn traceparent(&self) -> &str {
        &self.traceparent
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Origin")
            .field("correlation_id", &self.correlation_id)
            .finish_non_exhaustive()
    }
}

/// W3C trace context: the caller's, or a new one.
struct Trace {
    /// The trace id, which is as long as a UUID.
    correlation_id: Uuid,
    traceparent: String,
}

impl Trace {
    fn of(headers: &HeaderMap) -> Self {
        let sent = headers
            .get(TRACEPARENT)
            .and_then(|value| value.to_str().ok());
        sent.and_then(Self::parse).unwrap_or_else(Self::new)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |part: &str, length| {
            part.len() == length
                && part
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let well_formed =
            version == "00" && is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2);
        if !well_formed || parts.next().is_some() || span.bytes().all(|byte| byte == b'0') {
            return None;
        }
        let correlation_id = Uuid::try_parse(trace).ok().filter(|id| !id.is_nil())?;
        Some(Self {
            correlation_id,
            traceparent: text.to_owned(),
        })
    }

    fn new() -> Self {
        let trace = Uuid::now_v7();
        let span = Uuid::now_v7().as_u64_pair().1;
        Self {
            correlation_id: trace,
            traceparent: format!("00-{}-{span:016x}-01", trace.simple()),
        }
    }
}

/// The states of an aggregate that the client's decision holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// Any, or not asked for.
    Any,
    /// These sequences.
    Sequences(Vec<u64>),
}

impl IfMatch {
    pub(crate) fn check(&self, current: u64) -> Result<(), CommandError> {
        match self {
            Self::Sequences(sequences) if !sequences.contains(&current) => {
                Err(CommandError::Stale { current })
            }
            Self::Any | Self::Sequences(_) => Ok(()),
        }
    }

    fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Ok(None);
        }
        let mut sequences = Vec::new();
        for value in values {
            let text = value.to_str().map_err(|_| if_match_invalid())?;
            if text.trim() == "*" {
                return Ok(Some(Self::Any));
            }
            for tag in text.split(',') {
                sequences.extend(parse_tag(tag.trim())?);
            }
        }
        Ok(Some(Self::Sequences(sequences)))
    }
}

/// Reads one entity tag. A weak one is well-formed but never matches, as If-Match compares strongly; so does one not of ours.
fn parse_tag(tag: &str) -> Result<Option<u64>, Problem> {
    let (is_weak, quoted) = match tag.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, tag),
    };
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(if_match_invalid)?;
    Ok(inner.parse().ok().filter(|_| !is_weak))
}

fn if_match_invalid() -> Problem {
    Problem::bad_request(
        "if_match_invalid",
        "If-Match must be the ETag of an answer, for example \"5\", or *",
    )
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Self::of(&parts.headers)?.ok_or_else(|| {
            Problem::precondition_required(
                "if_match_missing",
                "send the ETag you decided on as If-Match",
            )
        })
    }
}

/// If-Match where a command does not need it.
#[derive(Clone, Debug)]
pub(crate) struct OptionalIfMatch(pub(crate) IfMatch);

impl<S: Send + Sync> FromRequestParts<S> for OptionalIfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        IfMatch::of(&parts.headers).map(|sent| Self(sent.unwrap_or(IfMatch::Any)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn if_match_is_read_as_the_standard_says() {
        let sequences = |list: &[u64]| Some(Some(IfMatch::Sequences(list.to_vec())));
        let rows: [(&[&str], _); 8] = [
            (&[], Some(None)),
            (&["*"], Some(Some(IfMatch::Any))),
            (&["\"5\""], sequences(&[5])),
            (&["\"5\", \"6\"", "\"7\""], sequences(&[5, 6, 7])),
            (&["W/\"5\""], sequences(&[])),
            (&["\"x\""], sequences(&[])),
            (&["5"], None),
            (&["\"5"], None),
        ];
        for (values, expected) in rows {
            let read = IfMatch::of(&headers(&header::IF_MATCH, values)).ok();
            assert_eq!(read, expected, "{values:?}");
        }
    }

    #[test]
    fn a_stale_state_is_told_the_current_one() {
        assert!(IfMatch::Any.check(9).is_ok());
        assert!(IfMatch::Sequences(vec![4, 9]).check(9).is_ok());
        let stale = IfMatch::Sequences(vec![4]).check(9);
        assert!(matches!(stale, Err(CommandError::Stale { current: 9 })));
    }

    #[test]
    fn a_post_needs_a_key_and_others_may_have_one() {
        let key = |method, values: &[&str]| {
            idempotency_key(&method, &headers(&IDEMPOTENCY_KEY, values))
                .map_err(|problem| problem.code.into_owned())
        };
        let long = "x".repeat(MAX_KEY + 1);
        assert_eq!(key(Method::POST, &["k 1"]), Ok(Some("k 1".to_owned())));
        assert_eq!(key(Method::PUT, &[]), Ok(None));
        assert_eq!(
            key(Method::POST, &[]),
            Err("idempotency_key_missing".to_owned())
        );
        for bad in ["", &long] {
            assert_eq!(
                key(Method::POST, &[bad]),
                Err("idempotency_key_invalid".to_owned())
            );
        }
    }

    #[test]
    fn a_trace_is_carried_on_or_begun() {
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = Trace::of(&headers(&TRACEPARENT, &[sent]));
        assert_eq!(trace.traceparent, sent);
        assert_eq!(
            trace.correlation_id.simple().to_string(),
            "0af7651916cd43dd8448eb211c80319c"
        );
        for bad in [
            "",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            let trace = Trace::of(&headers(&TRACEPARENT, &[bad]));
            assert_ne!(trace.traceparent, bad);
            assert!(
                Trace::parse(&trace.traceparent).is_some(),
                "{}",
                trace.traceparent
            );
        }
    }
}
