//! The example events: one short story in which every type occurs.

use serde_json::Value;

use crate::{Event, RegisteredSchema, generated::EXAMPLES};

/// Returns every example, in the order in which they happened.
///
/// They tell of Sela, who sells a jacket twice, of Bo, who pays for it once by credit card, and of a mug that came with the
/// import of a shop's order and credit. Sequences have no gaps, so that projections can be fed with them.
pub fn examples() -> Vec<Event> {
    let mut events: Vec<Event> = EXAMPLES
        .iter()
        .flat_map(|(full_name, text)| read(full_name, text))
        .collect();
    events.sort_by_key(|event| event.meta().occurred_at);
    events
}

/// An example's file holds an array of events of one type.
fn read(full_name: &str, text: &str) -> Vec<Event> {
    let schema = RegisteredSchema::by_full_name(full_name)
        .expect("examples are named after event types, which a test checks");
    serde_json::from_str::<Vec<Value>>(text)
        .and_then(|events| events.into_iter().map(schema.reader.json).collect())
        .expect("examples are events of their type, which a test checks")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::SCHEMAS;

    #[test]
    fn every_event_type_has_an_example_of_its_newest_version() {
        let told: BTreeSet<&str> = examples().iter().map(Event::event_type).collect();
        let known: BTreeSet<&str> = SCHEMAS.iter().map(|schema| schema.event_type).collect();
        assert_eq!(told, known);
    }

    #[test]
    fn sequences_have_no_gaps() {
        let mut last = BTreeMap::new();
        for event in examples() {
            let meta = event.meta();
            let sequence = last
                .entry((event.aggregate(), meta.aggregate_id))
                .or_insert(0);
            *sequence += 1;
            assert_eq!(meta.sequence, *sequence, "{event:?}");
        }
    }

    #[test]
    fn ids_are_unique_and_carry_their_time() {
        let mut ids = BTreeSet::new();
        for event in examples() {
            let meta = event.meta();
            assert!(ids.insert(meta.event_id), "{event:?}");
            let (seconds, nanos) = meta.event_id.0.get_timestamp().unwrap().to_unix();
            let millis = seconds * 1000 + u64::from(nanos / 1_000_000);
            assert_eq!(i64::try_from(millis).unwrap(), meta.occurred_at.0 / 1000);
        }
    }
}
