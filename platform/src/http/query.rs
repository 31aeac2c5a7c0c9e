use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::de::value::Error;
use serde_path_to_error::Segment;
use url::form_urlencoded;

use crate::problem::{FieldError, Problem};
use crate::shape;

/// Parameters of the query string, each at most once. What is unknown, repeated or unreadable is a 400 `query_invalid` that names
/// every such parameter. `T` must say `deny_unknown_fields`.
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        parse_pairs(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
        .map(Self)
    }
}

/// Reads decoded pairs as [`Query`] does; for endpoints with parameters whose names are not known beforehand, which take those out first.
pub fn parse_pairs<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Problem> {
    let mut errors = Vec::new();
    let mut pairs = without_repeated(pairs, &mut errors);
    loop {
        let error = match read::<T>(&pairs) {
            Ok(value) if errors.is_empty() => return Ok(value),
            Ok(_) => break,
            Err(error) => error,
        };
        let num_pairs = pairs.len();
        pairs.retain(|(name, _)| format!("?{name}") != error.pointer);
        let told = errors
            .iter()
            .any(|other: &FieldError| other.pointer == error.pointer);
        if !told {
            errors.push(error);
        }
        if pairs.len() == num_pairs {
            break;
        }
    }
    Err(
        Problem::bad_request("query_invalid", "some query parameters are not acceptable")
            .errors(errors),
    )
}

fn without_repeated(
    pairs: Vec<(String, String)>,
    errors: &mut Vec<FieldError>,
) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        if seen.insert(name.clone()) {
            kept.push((name, value));
        } else {
            errors.push(FieldError {
                pointer: format!("?{name}"),
                code: "repeated".into(),
                message: "must be given only once".to_owned(),
            });
        }
    }
    kept
}

fn read<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, FieldError> {
    let encoded = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let deserializer =
        serde_urlencoded::Deserializer::new(form_urlencoded::parse(encoded.as_bytes()));
    serde_path_to_error::deserialize(deserializer).map_err(
        |error: serde_path_to_error::Error<Error>| {
            let path: Vec<Segment> = error.path().iter().cloned().collect();
            let mut error = shape::field_error(&path, &error.inner().to_string());
            error.pointer = format!(
                "?{}",
                error
                    .pointer
                    .trim_start_matches('/')
                    .replace("~1", "/")
                    .replace("~0", "~")
            );
            error
        },
    )
}
