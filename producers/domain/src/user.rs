//! A person: how they sign in, what they are called, what they may do.
//!
//! That an e-mail address is taken is known only across users, so a guard table refuses it, not this aggregate.
//! Passwords are no event: the store keeps their hashes, and only their rule is here.

mod commands;
mod decisions;
mod error;
mod rules;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use souk_schemas::{
    Aggregate, Event, EventMeta, Role, UserEvent, UserProfileChanged, UserRegistered, ids::UserId,
};

use crate::aggregate::AggregateState;

pub use commands::{ChangeProfile, RegisterUser};
pub use error::UserError;
pub use rules::{check_password, fold_email};

/// The roles of everybody: any user may buy and sell.
pub const IMPLICIT_ROLES: [Role; 2] = [Role::Buyer, Role::Seller];

/// What the events of a user add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    sequence: u64,
    profile: Option<Profile>,
}

/// A user who exists.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The user.
    pub id: UserId,
    /// Case-folded.
    pub email: String,
    /// Display name.
    pub name: String,
    /// 18 to 120.
    pub age: Option<i32>,
    /// IANA name; invoices are cut by it.
    pub time_zone: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// Id in the system the person was imported from.
    pub external_id: Option<String>,
}

impl User {
    /// Returns the user's profile, if there is such a user.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }
}

impl Profile {
    fn register(event: &UserRegistered) -> Self {
        Self {
            id: UserId(event.meta.aggregate_id),
            email: event.email.clone(),
            name: event.name.clone(),
            age: event.age,
            time_zone: event.time_zone.clone(),
            roles: event.roles.iter().copied().collect(),
            external_id: event.external_id.clone(),
        }
    }

    fn change(&mut self, event: &UserProfileChanged) {
        self.email.clone_from(&event.email);
        self.name.clone_from(&event.name);
        self.age = event.age;
        self.time_zone.clone_from(&event.time_zone);
    }
}

impl AggregateState for User {
    const AGGREGATE: Aggregate = Aggregate::User;
    type Event = UserEvent;

    fn own(event: Event) -> Option<UserEvent> {
        match event {
            Event::User(event) => Some(event),
            _ => None,
        }
    }

    fn meta(event: &UserEvent) -> &EventMeta {
        event.meta()
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn apply(&mut self, event: &UserEvent) {
        self.sequence = event.meta().sequence.cast_unsigned();
        match (&mut self.profile, event) {
            (profile, UserEvent::UserRegistered(event)) => {
                *profile = Some(Profile::register(event));
            }
            (Some(profile), UserEvent::UserProfileChanged(event)) => profile.change(event),
            (Some(profile), UserEvent::UserRoleGranted(event)) => {
                profile.roles = event.roles.iter().copied().collect();
            }
            (Some(profile), UserEvent::UserRoleRevoked(event)) => {
                profile.roles = event.roles.iter().copied().collect();
            }
            // A user's first event is their registration; a stream that starts otherwise tells of nobody.
            (None, _) => {}
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Profile")
            .field("id", &self.id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
