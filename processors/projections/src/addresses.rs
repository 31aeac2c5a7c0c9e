use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use souk_documents::Address;
use souk_runtime::Poison;
use souk_schemas::AccountEvent;
use souk_schemas::ids::AddressId;

use crate::packed::Packed;
use crate::{convert, records};

/// A person's addresses, and which one was the default when.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct AddressBook {
    sequence: u64,
    addresses: BTreeMap<AddressId, Packed>,
    /// Every change of the default address, in the order of sequences.
    changes: Vec<DefaultChange>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DefaultChange {
    sequence: u64,
    at: i64,
    address: Option<Packed>,
}

/// What an event changed that a document may show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BookChange {
    pub(crate) sequence: u64,
    pub(crate) default_changed_at: Option<i64>,
    pub(crate) count_changed: bool,
}

impl AddressBook {
    /// Takes in an event; `None` when it was already known.
    pub(crate) fn apply(&mut self, event: &AccountEvent) -> Result<Option<BookChange>, Poison> {
        let meta = event.meta();
        let Some(sequence) = records::news(self.sequence, meta)? else {
            return Ok(None);
        };
        let num_addresses = self.addresses.len();
        let default_id = match event {
            AccountEvent::AddressAdded(event) => {
                self.addresses
                    .insert(event.address_id, pack(&event.address)?);
                event.default_address_id
            }
            AccountEvent::AddressChanged(event) => {
                self.addresses
                    .insert(event.address_id, pack(&event.address)?);
                event.default_address_id
            }
            AccountEvent::DefaultAddressSet(event) => {
                self.addresses
                    .insert(event.address_id, pack(&event.address)?);
                event.default_address_id
            }
            AccountEvent::AddressRemoved(event) => {
                self.addresses.remove(&event.address_id);
                event.default_address_id
            }
        };
        self.sequence = sequence;
        let at = meta.occurred_at.as_micros();
        let address = default_id.and_then(|id| self.addresses.get(&id)).cloned();
        let default_changed = self
            .changes
            .last()
            .and_then(|change| change.address.as_ref())
            != address.as_ref();
        if default_changed {
            self.changes.push(DefaultChange {
                sequence,
                at,
                address,
            });
        }
        Ok(Some(BookChange {
            sequence,
            default_changed_at: default_changed.then_some(at),
            count_changed: self.addresses.len() != num_addresses,
        }))
    }

    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    /// The default address now.
    pub(crate) fn default_address(&self) -> Option<Address<'_>> {
        self.changes.last()?.address.as_ref()?.read()
    }

    /// The default address as it was at a time: by when the changes happened, not by when they were seen.
    pub(crate) fn default_at(&self, time: i64) -> Option<Address<'_>> {
        self.until(time)?.address.as_ref()?.read()
    }

    /// The sequence of the last change that [`Self::default_at`] knows of at that time or earlier; it grows with the time asked
    /// for and with every change seen.
    pub(crate) fn stamp_at(&self, time: i64) -> u64 {
        self.until(time).map_or(0, |change| change.sequence)
    }

    fn until(&self, time: i64) -> Option<&DefaultChange> {
        self.changes.iter().rev().find(|change| change.at <= time)
    }
}

fn pack(address: &souk_schemas::Address) -> Result<Packed, Poison> {
    Packed::pack(&convert::address(address))
}
