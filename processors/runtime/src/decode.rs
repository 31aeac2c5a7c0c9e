use std::borrow::Cow;

use serde::Deserialize;
use souk_schemas::{Aggregate, DecodeError, Decoder, Event};
use uuid::Uuid;

use crate::error::Failure;
use crate::projection::{Body, Poison};

/// The value of a record, decoded as far as the runtime does.
#[derive(Debug)]
pub(crate) enum Payload<'a> {
    Event(Box<Event>),
    Json(&'a [u8]),
    Deleted,
}

impl Payload<'_> {
    pub(crate) fn body(&self) -> Body<'_> {
        match self {
            Self::Event(event) => Body::Event(event),
            Self::Json(bytes) => Body::Json(bytes),
            Self::Deleted => Body::Deleted,
        }
    }

    /// The aggregates whose sequences this record brings, for those who wait for them.
    pub(crate) fn carried(&self) -> Vec<(Aggregate, Uuid, u64)> {
        match self {
            Self::Event(event) => {
                let meta = event.meta();
                vec![(
                    event.aggregate(),
                    meta.aggregate_id,
                    u64::try_from(meta.sequence).unwrap_or_default(),
                )]
            }
            Self::Json(bytes) => carried_by_json(bytes),
            Self::Deleted => Vec::new(),
        }
    }

    /// Microseconds, when the payload knows.
    pub(crate) fn occurred_at(&self) -> Option<i64> {
        match self {
            Self::Event(event) => Some(event.meta().occurred_at.as_micros()),
            Self::Json(_) | Self::Deleted => None,
        }
    }
}

#[derive(Deserialize)]
struct Carrier<'a> {
    #[serde(borrow, default)]
    applied: Vec<(Cow<'a, str>, Uuid, u64)>,
}

fn carried_by_json(bytes: &[u8]) -> Vec<(Aggregate, Uuid, u64)> {
    // Whether the value is right is for the projection to say.
    let Ok(carrier) = serde_json::from_slice::<Carrier<'_>>(bytes) else {
        return Vec::new();
    };
    carrier
        .applied
        .into_iter()
        .filter_map(|(name, id, sequence)| Some((Aggregate::from_name(&name)?, id, sequence)))
        .collect()
}

/// Tells whether a topic carries Avro events; internal topics carry JSON.
pub(crate) fn carries_events(topic: &str) -> bool {
    topic.contains(".events.v")
}

/// Decodes without waiting; `None` when the registry has to be asked for the schema first.
pub(crate) fn decode_known<'a>(
    decoder: &Decoder,
    topic: &str,
    value: Option<&'a [u8]>,
) -> Option<Result<Payload<'a>, Poison>> {
    match value {
        None => Some(Ok(Payload::Deleted)),
        Some(bytes) if !carries_events(topic) => Some(Ok(Payload::Json(bytes))),
        Some(bytes) => match judge(decoder.decode_known(bytes)?) {
            Ok(event) => Some(Ok(Payload::Event(Box::new(event)))),
            Err(Failure::Poison(poison)) => Some(Err(poison)),
            Err(Failure::Retry(_)) => None,
        },
    }
}

/// Decodes an event, asking the registry for its schema.
pub(crate) async fn decode_unknown(decoder: &Decoder, value: &[u8]) -> Result<Event, Failure> {
    judge(decoder.decode(value).await)
}

fn judge(result: Result<Event, DecodeError>) -> Result<Event, Failure> {
    result.map_err(|error| match error {
        DecodeError::Poison(malformed) => {
            Failure::Poison(Poison::new(malformed.code(), malformed.to_string()))
        }
        DecodeError::Unavailable(_) => Failure::Retry(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_records_name_the_aggregates_they_carry() {
        let id = Uuid::from_u128(7);
        let json =
            format!(r#"{{"months":[],"applied":[["order","{id}",5],["unheard-of","{id}",1]]}}"#);
        assert_eq!(
            Payload::Json(json.as_bytes()).carried(),
            [(Aggregate::Order, id, 5)]
        );
        for other in ["{}", "[]", "not json"] {
            assert!(Payload::Json(other.as_bytes()).carried().is_empty());
        }
    }

    #[test]
    fn only_topics_of_events_are_decoded() {
        assert!(carries_events("souk.listing.events.v1"));
        assert!(!carries_events("souk.invoice-entries.v1"));
    }
}
