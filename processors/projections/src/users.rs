//! `souk-users`: user + account, both keyed by the person. The user is the primary.

use std::borrow::Cow;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use souk_documents::{Document, Sources, Timestamp, UserDocument};
use souk_runtime::{Destination, Poison, Projection, Record, Rendered, Touched};
use souk_schemas::{Event, Role, UserEvent};
use uuid::Uuid;

use crate::addresses::AddressBook;
use crate::packed::Packed;
use crate::{records, topics};

/// The directory of people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Users;

/// The people of one partition number.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct People(HashMap<Uuid, Person>);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Person {
    sequence: u64,
    /// Absent until the registration was seen.
    entry: Option<Entry>,
    addresses: AddressBook,
    /// Sequence of the last account event that changed the default address or the number of addresses.
    account_stamp: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    profile: Packed,
    roles: Vec<Role>,
    external_id: Option<Box<str>>,
    created_at: i64,
    updated_at: i64,
}

/// As it lies in [`Packed`] bytes.
#[derive(Debug, Serialize, Deserialize)]
struct Profile<'a> {
    name: &'a str,
    email: &'a str,
    age: Option<i32>,
    time_zone: &'a str,
}

impl Projection for Users {
    type Key = Uuid;
    type Facts = People;
    type Shared = ();
    type Change = ();

    fn name(&self) -> &'static str {
        "users"
    }

    fn facts(&self) -> &'static [&'static str] {
        &[topics::USER, topics::ACCOUNT]
    }

    fn shared(&self) -> &'static [&'static str] {
        &[]
    }

    fn destination(&self) -> Destination {
        Destination::Index {
            alias: UserDocument::ALIAS,
            mapping: UserDocument::MAPPING,
        }
    }

    fn apply_fact(
        &self,
        facts: &mut People,
        record: &Record<'_>,
        touched: &mut Touched<Uuid>,
    ) -> Result<(), Poison> {
        let event = records::event(record)?;
        let id = event.meta().aggregate_id;
        let person = facts.0.entry(id).or_default();
        let shown = match event {
            Event::User(event) => person.apply(event)?,
            Event::Account(event) => match person.addresses.apply(event)? {
                Some(change) if change.count_changed || change.default_changed_at.is_some() => {
                    person.account_stamp = change.sequence;
                    true
                }
                _ => false,
            },
            _ => return Err(records::unexpected(record)),
        };
        if shown {
            touched.mark(id);
        }
        Ok(())
    }

    fn apply_shared(&self, (): &mut (), record: &Record<'_>) -> Result<Option<()>, Poison> {
        Err(records::unexpected(record))
    }

    fn affected(&self, _facts: &People, (): &()) -> Vec<Uuid> {
        Vec::new()
    }

    fn keys(&self, facts: &People) -> Vec<Uuid> {
        facts.0.keys().copied().collect()
    }

    fn render(&self, facts: &People, (): &(), key: &Uuid) -> Rendered {
        let Some(person) = facts.0.get(key) else {
            return Rendered::Nothing;
        };
        // The account may be seen first; there is nobody to show before the registration.
        let Some(entry) = &person.entry else {
            return Rendered::Nothing;
        };
        let Some(profile) = entry.profile.read() else {
            return Rendered::Nothing;
        };
        render(*key, person, entry, &profile)
    }
}

fn render(id: Uuid, person: &Person, entry: &Entry, profile: &Profile<'_>) -> Rendered {
    let document = UserDocument {
        id,
        name: Cow::Borrowed(profile.name),
        email: Cow::Borrowed(profile.email),
        age: profile.age,
        time_zone: Cow::Borrowed(profile.time_zone),
        roles: entry
            .roles
            .iter()
            .map(|role| Cow::Borrowed(role.as_str()))
            .collect(),
        external_id: entry.external_id.as_deref().map(Cow::Borrowed),
        address_count: u32::try_from(person.addresses.len()).unwrap_or(u32::MAX),
        default_address: person.addresses.default_address(),
        created_at: Timestamp::from_micros(entry.created_at),
        updated_at: Timestamp::from_micros(entry.updated_at),
        deleted: false,
        sources: Sources::of([("user", person.sequence), ("account", person.account_stamp)]),
    };
    records::document(
        id.to_string(),
        person.sequence,
        person.account_stamp,
        &document,
    )
}

impl Person {
    fn apply(&mut self, event: &UserEvent) -> Result<bool, Poison> {
        let meta = event.meta();
        let Some(sequence) = records::news(self.sequence, meta)? else {
            return Ok(false);
        };
        let at = meta.occurred_at.as_micros();
        match event {
            UserEvent::UserRegistered(event) => {
                let profile = Profile {
                    name: &event.name,
                    email: &event.email,
                    age: event.age,
                    time_zone: &event.time_zone,
                };
                self.entry = Some(Entry {
                    profile: Packed::pack(&profile)?,
                    roles: event.roles.clone(),
                    external_id: event.external_id.as_deref().map(Into::into),
                    created_at: at,
                    updated_at: at,
                });
            }
            UserEvent::UserProfileChanged(event) => {
                let profile = Profile {
                    name: &event.name,
                    email: &event.email,
                    age: event.age,
                    time_zone: &event.time_zone,
                };
                self.entry()?.profile = Packed::pack(&profile)?;
            }
            UserEvent::UserRoleGranted(event) => self.entry()?.roles.clone_from(&event.roles),
            UserEvent::UserRoleRevoked(event) => self.entry()?.roles.clone_from(&event.roles),
        }
        self.entry()?.updated_at = at;
        self.sequence = sequence;
        Ok(true)
    }

    fn entry(&mut self) -> Result<&mut Entry, Poison> {
        self.entry.as_mut().ok_or_else(|| {
            Poison::new(
                "not_registered",
                "the first event of a user is UserRegistered",
            )
        })
    }
}
