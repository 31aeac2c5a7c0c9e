//! Consistency tokens: a command answers with them, a query that receives them waits until the command's events are searchable.

use std::fmt;
use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::problem::Problem;

/// The header that carries tokens in both directions, separated by commas.
pub const HEADER: HeaderName = HeaderName::from_static("souk-consistency");

/// More tokens than this in one request are refused.
pub const MAX_TOKENS: usize = 16;

/// Says that one aggregate reached `sequence` at `micros`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    pub aggregate: String,
    pub aggregate_id: Uuid,
    pub sequence: u64,
    /// Wall clock of the write, microseconds since the Unix epoch.
    pub micros: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("a consistency token is malformed")]
    Malformed,
    #[error("more than {MAX_TOKENS} consistency tokens were sent")]
    TooMany,
}

impl Token {
    /// Reads the form made by [`Display`](fmt::Display).
    pub fn decode(text: &str) -> Result<Self, TokenError> {
        Self::decode_fields(text).ok_or(TokenError::Malformed)
    }

    fn decode_fields(text: &str) -> Option<Self> {
        let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut fields = plain.split(':');
        let token = Self {
            aggregate: fields
                .next()
                .filter(|name| is_aggregate_name(name))?
                .to_owned(),
            aggregate_id: fields.next()?.parse().ok()?,
            sequence: fields.next()?.parse().ok()?,
            micros: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(token)
    }

    /// Reads the header's value: tokens separated by commas, blanks around them allowed.
    pub fn decode_list(header: &str) -> Result<Vec<Self>, TokenError> {
        let parts = header
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty());
        let tokens = parts
            .take(MAX_TOKENS + 1)
            .map(Self::decode)
            .collect::<Result<Vec<_>, _>>()?;
        if tokens.len() > MAX_TOKENS {
            Err(TokenError::TooMany)
        } else {
            Ok(tokens)
        }
    }

    /// Writes the header's value.
    pub fn encode_list(tokens: &[Self]) -> String {
        tokens
            .iter()
            .map(Self::to_string)
            .collect::<Vec<_>>()
            .join(",")
    }
}

fn is_aggregate_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

impl fmt::Display for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!(
            "{}:{}:{}:{}",
            self.aggregate, self.aggregate_id, self.sequence, self.micros
        );
        formatter.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::decode(text)
    }
}

/// The tokens of a request; empty without the header, a 400 when they cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsistencyTokens(pub Vec<Token>);

impl<S: Send + Sync> FromRequestParts<S> for ConsistencyTokens {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let refuse = |error: TokenError| {
            Problem::bad_request("consistency_token_invalid", error.to_string())
        };
        let mut tokens = Vec::new();
        for value in parts.headers.get_all(HEADER) {
            let text = value.to_str().map_err(|_| refuse(TokenError::Malformed))?;
            tokens.extend(Token::decode_list(text).map_err(refuse)?);
            if tokens.len() > MAX_TOKENS {
                return Err(refuse(TokenError::TooMany));
            }
        }
        Ok(Self(tokens))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn token(sequence: u64) -> Token {
        Token {
            aggregate: "listing".to_owned(),
            aggregate_id: Uuid::from_u128(7),
            sequence,
            micros: 1_700_000_000_000_000,
        }
    }

    async fn extract(headers: &[&str]) -> Result<ConsistencyTokens, Problem> {
        let mut request = Request::builder();
        for header in headers {
            request = request.header(HEADER, *header);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        ConsistencyTokens::from_request_parts(&mut parts, &()).await
    }

    #[test]
    fn a_token_survives_its_text_form() {
        assert_eq!(Token::decode(&token(5).to_string()), Ok(token(5)));
        assert_eq!(
            Token::decode_list(&Token::encode_list(&[token(1), token(2)])),
            Ok(vec![token(1), token(2)])
        );
        assert_eq!(Token::decode_list(" , "), Ok(vec![]));
    }

    #[test]
    fn malformed_tokens_are_refused() {
        let id = Uuid::nil();
        let rows = [
            format!("listing:{id}:1"),
            format!("listing:{id}:1:2:3"),
            format!("LISTING:{id}:1:2"),
            format!(":{id}:1:2"),
            "listing:x:1:2".to_owned(),
            format!("listing:{id}:-1:2"),
        ];
        for row in rows {
            assert_eq!(
                Token::decode(&URL_SAFE_NO_PAD.encode(&row)),
                Err(TokenError::Malformed),
                "{row}"
            );
        }
        assert_eq!(Token::decode("%%%"), Err(TokenError::Malformed));
    }

    #[tokio::test]
    async fn the_extractor_joins_headers_and_bounds_their_number() {
        assert_eq!(extract(&[]).await.unwrap(), ConsistencyTokens::default());
        let one = token(1).to_string();
        assert_eq!(extract(&[&one, &one]).await.unwrap().0.len(), 2);
        let many = Token::encode_list(&vec![token(1); MAX_TOKENS + 1]);
        for headers in [vec![many.as_str()], vec!["nonsense"]] {
            assert_eq!(
                extract(&headers).await.unwrap_err().code,
                "consistency_token_invalid"
            );
        }
        let half = Token::encode_list(&vec![token(1); MAX_TOKENS / 2 + 1]);
        assert!(extract(&[&half, &half]).await.is_err());
    }
}
