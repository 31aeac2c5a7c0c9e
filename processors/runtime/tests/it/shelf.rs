//! A small projection with everything the runtime has to deal with: two joined topics, a dimension, duplicates, poison, and
//! documents that OpenSearch refuses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use souk_runtime::{Body, Destination, Document, Poison, Projection, Record, Rendered, Touched};

pub(crate) const ITEMS: &str = "souk.test-items.v1";
pub(crate) const PRICES: &str = "souk.test-prices.v1";
pub(crate) const PEOPLE: &str = "souk.test-people.v1";
pub(crate) const ALIAS: &str = "souk-test-shelf";

/// Items with their price and their owner's name.
pub(crate) struct Shelf;

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    items: BTreeMap<String, Item>,
}

#[derive(Default, Serialize, Deserialize)]
struct Item {
    seq: i64,
    text: String,
    owner: String,
    /// JSON, to be refused by the mapping on demand.
    size: String,
    price_seq: i64,
    price: i64,
}

#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Shared {
    people: BTreeMap<String, (i64, String)>,
}

#[derive(Deserialize)]
struct Line {
    seq: i64,
    #[serde(default)]
    text: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    size: Value,
    #[serde(default)]
    price: i64,
}

fn read(record: &Record<'_>) -> Result<Line, Poison> {
    match record.body {
        Body::Json(bytes) => serde_json::from_slice(bytes)
            .map_err(|error| Poison::new("not_a_line", error.to_string())),
        Body::Event(_) | Body::Deleted => Err(Poison::new("not_a_line", "no value")),
    }
}

/// Tells whether the line is news; a gap is poison.
fn is_next(known: i64, line: &Line) -> Result<bool, Poison> {
    if line.seq > known + 1 {
        return Err(Poison::gap(known + 1, line.seq));
    }
    Ok(line.seq == known + 1)
}

impl Projection for Shelf {
    type Key = String;
    type Facts = Facts;
    type Shared = Shared;
    type Change = String;

    fn name(&self) -> &'static str {
        "shelf"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[ITEMS, PRICES]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[PEOPLE]
    }

    fn destination(&self) -> Destination {
        Destination::Index {
            alias: ALIAS,
            mapping: r#"{"dynamic":"strict","properties":{
                "text":{"type":"keyword"},"owner":{"type":"keyword"},"owner_name":{"type":"keyword"},
                "size":{"type":"integer"},"price":{"type":"long"},"sources":{"type":"object","enabled":false}}}"#,
        }
    }

    fn apply_fact(
        &self,
        facts: &mut Facts,
        record: &Record<'_>,
        touched: &mut Touched<String>,
    ) -> Result<(), Poison> {
        let line = read(record)?;
        let item = facts.items.entry(record.key.to_owned()).or_default();
        if record.topic == ITEMS && is_next(item.seq, &line)? {
            item.seq = line.seq;
            item.text = line.text;
            item.owner = line.owner;
            item.size = line.size.to_string();
            touched.mark(record.key.to_owned());
        } else if record.topic == PRICES && is_next(item.price_seq, &line)? {
            item.price_seq = line.seq;
            item.price = line.price;
            touched.mark(record.key.to_owned());
        }
        Ok(())
    }

    fn apply_shared(
        &self,
        shared: &mut Shared,
        record: &Record<'_>,
    ) -> Result<Option<String>, Poison> {
        let line = read(record)?;
        let person = shared.people.entry(record.key.to_owned()).or_default();
        if !is_next(person.0, &line)? {
            return Ok(None);
        }
        *person = (line.seq, line.text);
        Ok(Some(record.key.to_owned()))
    }

    fn affected(&self, facts: &Facts, change: &String) -> Vec<String> {
        let shown = facts.items.iter().filter(|(_, item)| item.owner == *change);
        shown.map(|(key, _)| key.clone()).collect()
    }

    fn keys(&self, facts: &Facts) -> Vec<String> {
        facts.items.keys().cloned().collect()
    }

    fn render(&self, facts: &Facts, shared: &Shared, key: &String) -> Rendered {
        let Some(item) = facts.items.get(key).filter(|item| item.seq > 0) else {
            return Rendered::Nothing;
        };
        let unknown = (0, String::new());
        let (person_seq, name) = shared.people.get(&item.owner).unwrap_or(&unknown);
        let size: Value = serde_json::from_str(&item.size).unwrap();
        let body = json!({
            "text": item.text, "owner": item.owner, "owner_name": name, "size": size, "price": item.price,
            "sources": {"item": item.seq, "price": item.price_seq, "person": person_seq},
        });
        let version = (item.seq << 32) + item.price_seq + person_seq;
        Rendered::Document(Document {
            id: key.clone(),
            version: u64::try_from(version).unwrap(),
            body: body.to_string().into_bytes(),
        })
    }
}

/// Passes items on to another topic, keyed by their owner.
pub(crate) struct Copies;

pub(crate) const COPIES: &str = "souk.test-copies.v1";

impl Projection for Copies {
    type Key = String;
    type Facts = BTreeMap<String, (i64, String)>;
    type Shared = ();
    type Change = ();

    fn name(&self) -> &'static str {
        "copies"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[ITEMS]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[]
    }

    fn destination(&self) -> Destination {
        Destination::Topic(COPIES)
    }

    fn apply_fact(
        &self,
        facts: &mut Self::Facts,
        record: &Record<'_>,
        touched: &mut Touched<String>,
    ) -> Result<(), Poison> {
        let line = read(record)?;
        let item = facts.entry(record.key.to_owned()).or_default();
        if is_next(item.0, &line)? {
            *item = (line.seq, line.owner);
            touched.mark(record.key.to_owned());
        }
        Ok(())
    }

    fn apply_shared(&self, (): &mut (), _: &Record<'_>) -> Result<Option<()>, Poison> {
        Ok(None)
    }

    fn affected(&self, _: &Self::Facts, (): &()) -> Vec<String> {
        Vec::new()
    }

    fn keys(&self, facts: &Self::Facts) -> Vec<String> {
        facts.keys().cloned().collect()
    }

    fn render(&self, facts: &Self::Facts, (): &(), key: &String) -> Rendered {
        let Some((seq, owner)) = facts.get(key) else {
            return Rendered::Nothing;
        };
        Rendered::Record {
            key: owner.clone(),
            value: json!({ "item": key, "seq": seq }).to_string().into_bytes(),
        }
    }
}
