//! Every example event with what it changed: in each document the fields that became another, `null` where one went away.

use std::collections::BTreeMap;

use insta::assert_json_snapshot;
use serde::Serialize;
use serde_json::{Map, Value};
use souk_documents::{CATALOG, INVOICES, ORDERS, USERS};
use souk_schemas::examples;

use crate::fold;

#[derive(Serialize)]
struct Change {
    after: String,
    document: String,
    version: u64,
    fields: Map<String, Value>,
}

#[test]
fn every_example_changes_the_documents_as_reviewed() {
    for alias in [CATALOG, ORDERS, INVOICES, USERS] {
        assert_json_snapshot!(alias, changes(alias));
    }
}

fn changes(alias: &str) -> Vec<Change> {
    let events = examples();
    let mut changes = Vec::new();
    let mut before: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        let after = fold(&events[..=index])
            .unwrap()
            .documents
            .remove(alias)
            .unwrap();
        for (id, (version, body)) in &after {
            let (known_version, known) = before.get(id).cloned().unwrap_or_default();
            if *version == known_version {
                assert_eq!(*body, known, "one version of {id} has two bodies");
                continue;
            }
            assert!(*version > known_version, "the version of {id} fell");
            changes.push(Change {
                after: format!("{} {}", event.event_type(), event.meta().sequence),
                document: id.clone(),
                version: *version,
                fields: changed_fields(&known, body),
            });
        }
        before = after;
    }
    changes
}

fn changed_fields(before: &Value, after: &Value) -> Map<String, Value> {
    let empty = Map::new();
    let (before, after) = (
        before.as_object().unwrap_or(&empty),
        after.as_object().unwrap_or(&empty),
    );
    let mut fields = Map::new();
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        fields.insert(name.clone(), Value::Null);
    }
    for (name, value) in after
        .iter()
        .filter(|(name, value)| before.get(*name) != Some(value))
    {
        fields.insert(name.clone(), value.clone());
    }
    fields
}
