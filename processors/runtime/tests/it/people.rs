//! A projection of real events: people by name.

use std::collections::BTreeMap;

use serde_json::json;
use souk_runtime::{Body, Destination, Document, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::{Event, UserEvent};

pub(crate) const USERS: &str = "souk.user.events.v1";
pub(crate) const ALIAS: &str = "souk-test-people";

pub(crate) struct People;

impl Projection for People {
    type Key = String;
    type Facts = BTreeMap<String, (i64, String)>;
    type Shared = ();
    type Change = ();

    fn name(&self) -> &'static str {
        "people"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[USERS]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[]
    }

    fn destination(&self) -> Destination {
        Destination::Index {
            alias: ALIAS,
            mapping: r#"{"dynamic":"strict","properties":{"name":{"type":"keyword"}}}"#,
        }
    }

    fn apply_fact(
        &self,
        facts: &mut Self::Facts,
        record: &Record<'_>,
        touched: &mut Touched<String>,
    ) -> Result<(), Poison> {
        if let Body::Event(Event::User(UserEvent::UserRegistered(event))) = record.body {
            facts.insert(
                record.key.to_owned(),
                (event.meta.sequence, event.name.clone()),
            );
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
        let Some((sequence, name)) = facts.get(key) else {
            return Rendered::Nothing;
        };
        Rendered::Document(Document {
            id: key.clone(),
            version: u64::try_from(*sequence).unwrap() << 32,
            body: json!({ "name": name }).to_string().into_bytes(),
        })
    }
}
