use std::collections::{BTreeMap, BTreeSet};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::{Deserialize, Serialize};
use souk_documents::attribute_pair;
use souk_platform::http::parse_pairs;
use souk_platform::{FieldErrors, Problem};
use url::form_urlencoded;
use uuid::Uuid;

use crate::paging::Limit;

const MAX_TEXT_CHARS: usize = 256;
const MAX_ATTRIBUTES: usize = 20;

/// What a catalog search may say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SearchCatalog {
    /// Words to look for; at most 256 characters.
    pub(crate) q: Option<String>,
    /// A category with everything below it.
    pub(crate) category: Option<Uuid>,
    pub(crate) seller_id: Option<Uuid>,
    pub(crate) condition: Option<Condition>,
    /// Exactly this brand, in any case.
    pub(crate) brand: Option<String>,
    /// In minor units, both ends included.
    pub(crate) price_min: Option<i64>,
    pub(crate) price_max: Option<i64>,
    pub(crate) currency: Option<String>,
    /// By relevance when there are words, otherwise the newest first.
    pub(crate) sort: Option<Sort>,
    /// From `attr.<name>=<value>`: for each name, the terms of which one must fit.
    #[serde(skip_deserializing)]
    pub(crate) attributes: BTreeMap<String, BTreeSet<String>>,
    #[serde(skip_serializing)]
    pub(crate) limit: Limit,
    #[serde(skip_serializing)]
    pub(crate) cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    New,
    LikeNew,
    Good,
    Fair,
    ForParts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    Relevance,
    Newest,
    PriceAsc,
    PriceDesc,
}

impl<S: Send + Sync> FromRequestParts<S> for SearchCatalog {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl SearchCatalog {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut errors = FieldErrors::new();
        let mut attributes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut pairs = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.strip_prefix("attr.") {
                Some(attribute) => {
                    errors.require(
                        !attribute.is_empty() && !value.is_empty(),
                        format!("?{name}"),
                        "empty",
                        "must be attr.<name>=<value>",
                    );
                    attributes
                        .entry(attribute.to_lowercase())
                        .or_default()
                        .insert(attribute_pair(attribute, &value));
                }
                None => pairs.push((name, value)),
            }
        }
        let mut search: Self = match parse_pairs(pairs) {
            Ok(search) => search,
            Err(mut problem) => {
                problem.errors.extend(errors.into_vec());
                return Err(problem);
            }
        };
        search.attributes = attributes;
        search.check(&mut errors);
        if errors.is_empty() {
            return Ok(search);
        }
        Err(
            Problem::bad_request("query_invalid", "some query parameters are not acceptable")
                .errors(errors.into_vec()),
        )
    }

    fn check(&self, errors: &mut FieldErrors) {
        let pairs = self.attributes.values().flatten();
        let texts = self.q.iter().map(|text| ("?q", text));
        let texts = texts.chain(self.brand.iter().map(|text| ("?brand", text)));
        for (pointer, text) in texts.chain(pairs.map(|pair| ("?attr", pair))) {
            errors.require(
                text.chars().count() <= MAX_TEXT_CHARS,
                pointer,
                "too_long",
                format!("must have at most {MAX_TEXT_CHARS} characters"),
            );
        }
        let is_code =
            |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        errors.require(
            self.currency.as_ref().is_none_or(is_code),
            "?currency",
            "invalid_value",
            "must be a code such as EUR",
        );
        let is_range = self
            .price_min
            .zip(self.price_max)
            .is_none_or(|(min, max)| min <= max);
        errors.require(
            is_range,
            "?price_max",
            "invalid_value",
            "must not be below price_min",
        );
        let num_attributes: usize = self.attributes.values().map(BTreeSet::len).sum();
        errors.require(
            num_attributes <= MAX_ATTRIBUTES,
            "?attr",
            "too_many",
            format!("at most {MAX_ATTRIBUTES} attributes can be asked for"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(query: &str) -> Vec<String> {
        let problem = SearchCatalog::parse(query).unwrap_err();
        assert_eq!(
            (problem.status.as_u16(), problem.code.as_ref()),
            (400, "query_invalid")
        );
        problem
            .errors
            .into_iter()
            .map(|error| error.pointer)
            .collect()
    }

    #[test]
    fn everything_a_search_may_say_is_read() {
        let query = "q=red+lamp&category=00000000-0000-0000-0000-000000000001&condition=like_new&price_min=1&price_max=9&currency=EUR\
                     &sort=price_asc&limit=7&attr.Colour=Red&attr.colour=Blue&attr.size=M&cursor=x";
        let search = SearchCatalog::parse(query).unwrap();
        assert_eq!(search.q.as_deref(), Some("red lamp"));
        assert_eq!(
            (search.condition, search.sort),
            (Some(Condition::LikeNew), Some(Sort::PriceAsc))
        );
        let colours = BTreeSet::from(["colour=red".to_owned(), "colour=blue".to_owned()]);
        let sizes = BTreeSet::from(["size=m".to_owned()]);
        assert_eq!(
            search.attributes,
            BTreeMap::from([("colour".to_owned(), colours), ("size".to_owned(), sizes)])
        );
    }

    #[test]
    fn every_bad_parameter_is_named() {
        assert_eq!(
            pointers("colour=red&limit=101&attr.=x"),
            ["?colour", "?limit", "?attr."]
        );
        assert_eq!(
            pointers("currency=euro&price_min=5&price_max=4"),
            ["?currency", "?price_max"]
        );
        assert_eq!(pointers(&format!("q={}", "x".repeat(257))), ["?q"]);
        assert_eq!(pointers("attributes=x"), ["?attributes"]);
        let long = "x".repeat(257);
        assert_eq!(
            pointers(&format!("brand={long}&attr.{long}=x")),
            ["?brand", "?attr"]
        );
        let many: Vec<String> = (0..=MAX_ATTRIBUTES)
            .map(|index| format!("attr.a={index}"))
            .collect();
        assert_eq!(pointers(&many.join("&")), ["?attr"]);
    }

    #[test]
    fn the_cursors_binding_covers_all_but_cursor_and_limit() {
        let one = SearchCatalog::parse("q=lamp&attr.a=1&limit=5&cursor=x").unwrap();
        let other = SearchCatalog::parse("q=lamp&attr.a=1&limit=6").unwrap();
        assert_eq!(
            serde_json::to_value(&one).unwrap(),
            serde_json::to_value(&other).unwrap()
        );
        let different = SearchCatalog::parse("q=lamp&attr.a=2").unwrap();
        assert_ne!(
            serde_json::to_value(&one).unwrap(),
            serde_json::to_value(&different).unwrap()
        );
    }
}
