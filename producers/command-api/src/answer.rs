use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use souk_platform::{clock, consistency};
use souk_schemas::Aggregate;
use souk_store::Outcome;
use uuid::Uuid;

/// What a command has done, as it is kept for repetitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    /// What the client calls it: an address has an id of its own, though it is part of an account.
    pub(crate) id: Uuid,
    /// Name of the aggregate that changed.
    aggregate: String,
    aggregate_id: Uuid,
    /// The aggregate's last event.
    sequence: u64,
}

impl Done {
    pub(crate) fn new(aggregate: Aggregate, aggregate_id: impl Into<Uuid>, sequence: u64) -> Self {
        let aggregate_id = aggregate_id.into();
        Self {
            id: aggregate_id,
            aggregate: aggregate.name().to_owned(),
            aggregate_id,
            sequence,
        }
    }

    /// Says that a part of the aggregate is what the client asked for.
    #[must_use]
    pub(crate) fn part(self, id: impl Into<Uuid>) -> Self {
        Self {
            id: id.into(),
            ..self
        }
    }

    fn token(&self) -> consistency::Token {
        consistency::Token {
            aggregate: self.aggregate.clone(),
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            micros: clock::now_micros(),
        }
    }
}

/// The answer to a command that was carried out.
#[derive(Debug)]
pub(crate) struct Accepted {
    status: StatusCode,
    location: Option<String>,
    done: Done,
    tokens: Vec<consistency::Token>,
}

#[derive(Serialize)]
struct Reference {
    id: Uuid,
    sequence: u64,
}

impl Accepted {
    pub(crate) fn new(outcome: Outcome<Done>) -> Self {
        let Outcome {
            answer: done,
            mut tokens,
            ..
        } = outcome;
        // A command that had nothing to change still names the state it found.
        if tokens.is_empty() {
            tokens.push(done.token());
        }
        Self {
            status: StatusCode::OK,
            location: None,
            done,
            tokens,
        }
    }

    /// 201, with the place of the new thing below `collection`.
    #[must_use]
    pub(crate) fn created(self, collection: &str) -> Self {
        Self {
            status: StatusCode::CREATED,
            location: Some(format!("/api/v1/{collection}/{}", self.done.id)),
            ..self
        }
    }

    /// 202: the rest happens later.
    #[must_use]
    pub(crate) fn later(self) -> Self {
        Self {
            status: StatusCode::ACCEPTED,
            ..self
        }
    }
}

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        let reference = Reference {
            id: self.done.id,
            sequence: self.done.sequence,
        };
        let mut response = (self.status, Json(reference)).into_response();
        let headers = [
            (header::ETAG, Some(format!("\"{}\"", self.done.sequence))),
            (header::LOCATION, self.location),
            (
                consistency::HEADER,
                Some(consistency::Token::encode_list(&self.tokens)),
            ),
        ];
        for (name, value) in headers {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn an_answer_names_the_thing_its_state_and_where_it_is() {
        let done = Done::new(Aggregate::Account, Uuid::from_u128(1), 7).part(Uuid::from_u128(2));
        let outcome = Outcome {
            answer: done,
            tokens: Vec::new(),
            replayed: false,
        };
        let response = Accepted::new(outcome)
            .created("accounts/me/addresses")
            .into_response();
        assert_eq!(response.status(), StatusCode::CREATED);
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("etag"), "\"7\"");
        let id = Uuid::from_u128(2);
        assert_eq!(
            header("location"),
            format!("/api/v1/accounts/me/addresses/{id}")
        );
        let tokens = consistency::Token::decode_list(&header("souk-consistency")).unwrap();
        assert_eq!(
            (
                tokens[0].aggregate.as_str(),
                tokens[0].aggregate_id,
                tokens[0].sequence
            ),
            ("account", Uuid::from_u128(1), 7)
        );
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body, json!({"id": id, "sequence": 7}));
    }
}
