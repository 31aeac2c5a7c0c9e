use std::borrow::Cow;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use souk_runtime::{Poison, Record};
use souk_schemas::{Event, UserEvent};
use uuid::Uuid;

use crate::records;

/// Everybody's display name: the dimension of documents that name people.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Names(HashMap<Uuid, Person>);

#[derive(Debug, Serialize, Deserialize)]
struct Person {
    sequence: u64,
    /// Sequence of the event that gave the name shown now.
    stamp: u64,
    name: Box<str>,
}

impl Names {
    /// Takes in an event of the user topic and returns the person whose name it changed.
    pub(crate) fn apply(&mut self, record: &Record<'_>) -> Result<Option<Uuid>, Poison> {
        let Event::User(event) = records::event(record)? else {
            return Err(records::unexpected(record));
        };
        let id = event.meta().aggregate_id;
        let known = self.0.get(&id).map_or(0, |person| person.sequence);
        let Some(sequence) = records::news(known, event.meta())? else {
            return Ok(None);
        };
        let name = match event {
            UserEvent::UserRegistered(event) => Some(event.name.as_str()),
            UserEvent::UserProfileChanged(event) => Some(event.name.as_str()),
            UserEvent::UserRoleGranted(_) | UserEvent::UserRoleRevoked(_) => None,
        };
        let person = self.0.entry(id).or_insert_with(|| Person {
            sequence,
            stamp: 0,
            name: Box::default(),
        });
        person.sequence = sequence;
        match name {
            Some(name) if person.stamp == 0 || *person.name != *name => {
                person.name = name.into();
                person.stamp = sequence;
                Ok(Some(id))
            }
            _ => Ok(None),
        }
    }

    /// The name, once known, and the sequence of the event that gave it (0 before).
    pub(crate) fn get(&self, id: Uuid) -> (Option<Cow<'_, str>>, u64) {
        match self.0.get(&id) {
            Some(person) if person.stamp > 0 => (Some(Cow::Borrowed(&*person.name)), person.stamp),
            _ => (None, 0),
        }
    }
}
