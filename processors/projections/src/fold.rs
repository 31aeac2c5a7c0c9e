use std::collections::BTreeMap;

use serde_json::Value;
use souk_documents::{CATALOG, INVOICES, ORDERS, USERS};
use souk_runtime::{Body, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::{Aggregate, Event};
use uuid::Uuid;

use crate::{Catalog, InvoiceEntries, Invoices, Orders, Users, topics};

/// What the indices have to hold once everything is caught up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Folded {
    /// By alias (without prefix), then by id: version and document; tombstones are documents too.
    pub documents: BTreeMap<&'static str, BTreeMap<String, (u64, Value)>>,
}

impl Folded {
    /// The documents behind an alias.
    pub fn alias(&self, alias: &str) -> impl Iterator<Item = (&str, u64, &Value)> {
        let documents = self.documents.get(alias).into_iter().flatten();
        documents.map(|(id, (version, body))| (id.as_str(), *version, body))
    }
}

/// Computes every document from a whole history, given in any order and with repeats, by the very projections that run on the
/// topics.
///
/// # Errors
/// When the history of an aggregate has a gap or an event that cannot be.
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Folded, Poison> {
    let mut history: BTreeMap<(Aggregate, Uuid, i64), &Event> = BTreeMap::new();
    for event in events {
        let meta = event.meta();
        history.insert((event.aggregate(), meta.aggregate_id, meta.sequence), event);
    }
    let inputs: Vec<Input<'_>> = history.into_values().map(Input::Event).collect();
    let mut invoice_inputs = inputs.clone();
    for rendered in run(&InvoiceEntries, &inputs)? {
        if let Rendered::Record { key, value } = rendered {
            invoice_inputs.push(Input::Entries { key, value });
        }
    }
    let mut folded = Folded::default();
    folded
        .documents
        .insert(CATALOG, documents(run(&Catalog, &inputs)?));
    folded
        .documents
        .insert(ORDERS, documents(run(&Orders, &inputs)?));
    folded
        .documents
        .insert(USERS, documents(run(&Users, &inputs)?));
    folded
        .documents
        .insert(INVOICES, documents(run(&Invoices, &invoice_inputs)?));
    Ok(folded)
}

#[derive(Clone)]
enum Input<'a> {
    Event(&'a Event),
    Entries { key: String, value: Vec<u8> },
}

/// Feeds everything to one projection as if there were one partition, then renders every document once.
fn run<P: Projection>(projection: &P, inputs: &[Input<'_>]) -> Result<Vec<Rendered>, Poison> {
    let mut facts = P::Facts::default();
    let mut shared = P::Shared::default();
    let mut touched = Touched::default();
    for input in inputs {
        let (topic, key, body) = match input {
            Input::Event(event) => (
                event.aggregate().topic(""),
                event.meta().aggregate_id.to_string(),
                Body::Event(event),
            ),
            Input::Entries { key, value } => (
                topics::INVOICE_ENTRIES.to_owned(),
                key.clone(),
                Body::Json(value),
            ),
        };
        let record = Record {
            topic: &topic,
            key: &key,
            body,
        };
        if projection.shared().contains(&record.topic) {
            projection.apply_shared(&mut shared, &record)?;
        }
        if projection.facts().contains(&record.topic) {
            projection.apply_fact(&mut facts, &record, &mut touched)?;
        }
    }
    let keys = projection.keys(&facts);
    Ok(keys
        .iter()
        .map(|key| projection.render(&facts, &shared, key))
        .collect())
}

fn documents(rendered: Vec<Rendered>) -> BTreeMap<String, (u64, Value)> {
    let mut documents = BTreeMap::new();
    for rendered in rendered {
        if let Rendered::Document(document) = rendered {
            let body = serde_json::from_slice(&document.body).unwrap_or_default();
            documents.insert(document.id, (document.version, body));
        }
    }
    documents
}
