use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

/// What one item of a bulk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ItemOutcome {
    Applied,
    /// The index already has this version or a newer one: as good as applied.
    Superseded,
    /// Back-pressure or a passing fault: send it again.
    Retry(Reason),
    /// The disk is full: nothing helps but a person.
    Blocked(Reason),
    /// This document will never be taken.
    Rejected(Reason),
    /// Nothing will ever be taken: the alias is gone, or we may not write.
    Fatal(Reason),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) status: u16,
    /// OpenSearch's name for it: `mapper_parsing_exception`.
    pub(crate) kind: String,
    pub(crate) text: String,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}: {}", self.status, self.kind, self.text)
    }
}

/// The answer to a bulk request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// One outcome for each item, in order.
    Items(Vec<ItemOutcome>),
    /// The request was refused as a whole; the same for every item.
    Whole(ItemOutcome),
}

/// Asks OpenSearch for nothing but what [`parse`] reads.
pub(crate) const FILTER_PATH: &str =
    "items.index.status,items.index.error.type,items.index.error.reason,error.type,error.reason";

/// Reads the answer to a bulk request.
pub(crate) fn parse(status: u16, body: &[u8]) -> Result<Answer, serde_json::Error> {
    if (200..300).contains(&status) {
        let response: BulkResponse<'_> = serde_json::from_slice(body)?;
        return Ok(Answer::Items(
            response
                .items
                .iter()
                .map(|item| item.index.judge())
                .collect(),
        ));
    }
    // Proxies answer without JSON.
    let error = serde_json::from_slice(body)
        .ok()
        .and_then(|refusal: Refusal<'_>| refusal.error);
    let whole = Status { status, error };
    Ok(Answer::Whole(match status {
        // A request that is wrong as a whole is our mistake, and rejecting every document of it would hide that.
        400 | 401 | 403 | 404 | 413 if !whole.is_block() => ItemOutcome::Fatal(whole.reason()),
        _ => whole.judge(),
    }))
}

#[derive(Deserialize)]
struct BulkResponse<'a> {
    #[serde(borrow, default)]
    items: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow)]
    index: Status<'a>,
}

#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    error: Option<ErrorBody<'a>>,
}

#[derive(Deserialize)]
struct Status<'a> {
    status: u16,
    #[serde(borrow)]
    error: Option<ErrorBody<'a>>,
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
}

impl Status<'_> {
    fn judge(&self) -> ItemOutcome {
        match self.status {
            200..300 => ItemOutcome::Applied,
            409 => ItemOutcome::Superseded,
            _ if self.is_block() => ItemOutcome::Blocked(self.reason()),
            404 | 401 | 403 => ItemOutcome::Fatal(self.reason()),
            408 | 429 | 500.. => ItemOutcome::Retry(self.reason()),
            _ => ItemOutcome::Rejected(self.reason()),
        }
    }

    /// A full disk answers 429 as back-pressure does (403 in older versions); only the type tells them apart.
    fn is_block(&self) -> bool {
        self.error
            .as_ref()
            .is_some_and(|error| error.kind == "cluster_block_exception")
    }

    fn reason(&self) -> Reason {
        let (kind, text) = match &self.error {
            Some(error) => (error.kind.to_string(), error.reason.to_string()),
            None => ("unknown".to_owned(), String::new()),
        };
        Reason {
            status: self.status,
            kind,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(status: u16, kind: &str) -> Reason {
        Reason {
            status,
            kind: kind.to_owned(),
            text: "why".to_owned(),
        }
    }

    #[test]
    fn every_item_is_judged_by_itself() {
        let body = br#"{"items":[
            {"index":{"status":201}},
            {"index":{"status":200}},
            {"index":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"why"}}},
            {"index":{"status":429,"error":{"type":"rejected_execution_exception","reason":"why"}}},
            {"index":{"status":503,"error":{"type":"unavailable_shards_exception","reason":"why"}}},
            {"index":{"status":429,"error":{"type":"cluster_block_exception","reason":"why"}}},
            {"index":{"status":400,"error":{"type":"mapper_parsing_exception","reason":"why"}}},
            {"index":{"status":404,"error":{"type":"index_not_found_exception","reason":"why"}}}
        ]}"#;
        let expected = vec![
            ItemOutcome::Applied,
            ItemOutcome::Applied,
            ItemOutcome::Superseded,
            ItemOutcome::Retry(reason(429, "rejected_execution_exception")),
            ItemOutcome::Retry(reason(503, "unavailable_shards_exception")),
            ItemOutcome::Blocked(reason(429, "cluster_block_exception")),
            ItemOutcome::Rejected(reason(400, "mapper_parsing_exception")),
            ItemOutcome::Fatal(reason(404, "index_not_found_exception")),
        ];
        assert_eq!(parse(200, body).unwrap(), Answer::Items(expected));
    }

    #[test]
    fn a_refused_request_is_told_from_a_refused_document() {
        let block = br#"{"error":{"type":"cluster_block_exception","reason":"why"}}"#;
        let malformed = br#"{"error":{"type":"illegal_argument_exception","reason":"why"}}"#;
        for (status, body, expected) in [
            (
                429,
                &b"Too Many Requests"[..],
                ItemOutcome::Retry(Reason {
                    status: 429,
                    kind: "unknown".to_owned(),
                    text: String::new(),
                }),
            ),
            (
                403,
                block,
                ItemOutcome::Blocked(reason(403, "cluster_block_exception")),
            ),
            (
                429,
                block,
                ItemOutcome::Blocked(reason(429, "cluster_block_exception")),
            ),
            (
                400,
                malformed,
                ItemOutcome::Fatal(reason(400, "illegal_argument_exception")),
            ),
        ] {
            assert_eq!(parse(status, body).unwrap(), Answer::Whole(expected));
        }
    }

    #[test]
    fn an_answer_that_is_not_json_is_an_error() {
        assert!(parse(200, b"<html>").is_err());
    }

    #[test]
    fn reasons_with_escapes_are_read() {
        let body =
            br#"{"items":[{"index":{"status":400,"error":{"type":"t","reason":"a \"b\""}}}]}"#;
        let Ok(Answer::Items(items)) = parse(200, body) else {
            panic!("items expected")
        };
        assert!(matches!(&items[..], [ItemOutcome::Rejected(reason)] if reason.text == "a \"b\""));
    }
}
