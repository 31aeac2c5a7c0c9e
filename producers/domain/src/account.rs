//! What belongs to a person besides their profile; today their addresses. Its id is the user's.

mod commands;
mod decisions;
mod error;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use souk_schemas::{
    AccountEvent, Address, Aggregate, Event, EventMeta,
    ids::{AddressId, UserId},
};

use crate::aggregate::AggregateState;

pub use commands::{AddressInput, SetDefaultAddress};
pub use error::AccountError;

/// The most addresses of one person.
pub const MAX_ADDRESSES: usize = 20;

/// What the events of an account add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    sequence: u64,
    owner: Option<UserId>,
    /// In the order they were added.
    addresses: Vec<(AddressId, Address)>,
    default_address_id: Option<AddressId>,
}

impl Account {
    /// Returns all addresses, the oldest first.
    pub fn addresses(&self) -> &[(AddressId, Address)] {
        &self.addresses
    }

    /// Returns one address.
    pub fn address(&self, id: AddressId) -> Option<&Address> {
        self.addresses
            .iter()
            .find_map(|(known, address)| (*known == id).then_some(address))
    }

    /// Returns the address that is used unless another is asked for; there is one as soon as there is any.
    pub fn default_address(&self) -> Option<(AddressId, &Address)> {
        let id = self.default_address_id?;
        self.address(id).map(|address| (id, address))
    }

    fn put(&mut self, id: AddressId, address: &Address) {
        match self.addresses.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => known.clone_from(address),
            None => self.addresses.push((id, address.clone())),
        }
    }
}

impl AggregateState for Account {
    const AGGREGATE: Aggregate = Aggregate::Account;
    type Event = AccountEvent;

    fn own(event: Event) -> Option<AccountEvent> {
        match event {
            Event::Account(event) => Some(event),
            _ => None,
        }
    }

    fn meta(event: &AccountEvent) -> &EventMeta {
        event.meta()
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn apply(&mut self, event: &AccountEvent) {
        let meta = event.meta();
        self.sequence = meta.sequence.cast_unsigned();
        self.owner = Some(UserId(meta.aggregate_id));
        self.default_address_id = match event {
            AccountEvent::AddressAdded(event) => {
                self.put(event.address_id, &event.address);
                event.default_address_id
            }
            AccountEvent::AddressChanged(event) => {
                self.put(event.address_id, &event.address);
                event.default_address_id
            }
            AccountEvent::AddressRemoved(event) => {
                self.addresses.retain(|(id, _)| *id != event.address_id);
                event.default_address_id
            }
            AccountEvent::DefaultAddressSet(event) => event.default_address_id,
        };
    }
}
