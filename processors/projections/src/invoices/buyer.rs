use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use souk_documents::{Address, InvoiceEntry};
use souk_runtime::Poison;
use souk_schemas::{AccountEvent, UserEvent};
use uuid::Uuid;

use crate::addresses::AddressBook;
use crate::invoice_entries::Contribution;
use crate::packed::Packed;
use crate::records;

use super::Period;

/// One buyer's invoices, with what they show of the buyer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Buyer {
    user_sequence: u64,
    /// Sequence of the last event that changed the name or the e-mail address.
    user_stamp: u64,
    profile: Option<Packed>,
    addresses: AddressBook,
    invoices: BTreeMap<Period, BTreeMap<Uuid, Member>>,
}

/// What one order means for one month.
#[derive(Debug, Serialize, Deserialize)]
struct Member {
    sequence: u64,
    placed_at: i64,
    /// `Vec<InvoiceEntry>`; may be empty.
    entries: Packed,
}

/// As it lies in [`Packed`] bytes.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) external_id: Option<&'a str>,
}

/// An invoice put together.
#[derive(Debug)]
pub(crate) struct Invoice<'a> {
    /// Sum over the orders.
    pub(crate) sequence: u64,
    pub(crate) account_stamp: u64,
    pub(crate) address: Option<Address<'a>>,
    /// In the order of time.
    pub(crate) entries: Vec<InvoiceEntry<'a>>,
}

impl Buyer {
    /// Takes in an event of the user and returns the months whose invoices it changed.
    pub(crate) fn apply_user(&mut self, event: &UserEvent) -> Result<Vec<Period>, Poison> {
        let Some(sequence) = records::news(self.user_sequence, event.meta())? else {
            return Ok(Vec::new());
        };
        let known = self.profile();
        let profile = match event {
            UserEvent::UserRegistered(event) => Profile {
                name: Some(&event.name),
                email: Some(&event.email),
                external_id: event.external_id.as_deref(),
            },
            UserEvent::UserProfileChanged(event) => Profile {
                name: Some(&event.name),
                email: Some(&event.email),
                external_id: known.external_id,
            },
            UserEvent::UserRoleGranted(_) | UserEvent::UserRoleRevoked(_) => Profile { ..known },
        };
        let changed = (profile != self.profile())
            .then(|| Packed::pack(&profile))
            .transpose()?;
        self.user_sequence = sequence;
        let Some(profile) = changed else {
            return Ok(Vec::new());
        };
        self.profile = Some(profile);
        self.user_stamp = sequence;
        Ok(self.periods().collect())
    }

    /// Takes in an event of the account and returns the months whose invoices may show another address.
    pub(crate) fn apply_account(&mut self, event: &AccountEvent) -> Result<Vec<Period>, Poison> {
        let change = self.addresses.apply(event)?;
        let Some(at) = change.and_then(|change| change.default_changed_at) else {
            return Ok(Vec::new());
        };
        let shows = |members: &BTreeMap<Uuid, Member>| {
            members.values().any(|member| member.placed_at >= at)
        };
        Ok(self
            .invoices
            .iter()
            .filter(|(_, members)| shows(members))
            .map(|(period, _)| *period)
            .collect())
    }

    /// Takes in what an order means for invoices and returns the months it changed.
    pub(crate) fn apply_entries(
        &mut self,
        contribution: &Contribution<'_>,
    ) -> Result<Vec<Period>, Poison> {
        let mut changed = Vec::new();
        for part in &contribution.months {
            let period = part.period()?;
            let members = self.invoices.entry(period).or_default();
            let known = members
                .get(&contribution.order_id)
                .map_or(0, |member| member.sequence);
            // Older news may be repeated after newer ones: the stage before starts again where it last committed.
            if part.sequence > known {
                let member = Member {
                    sequence: part.sequence,
                    placed_at: contribution.placed_at,
                    entries: Packed::pack(&part.entries)?,
                };
                members.insert(contribution.order_id, member);
                changed.push(period);
            }
        }
        Ok(changed)
    }

    pub(crate) fn periods(&self) -> impl Iterator<Item = Period> {
        self.invoices.keys().copied()
    }

    pub(crate) fn profile(&self) -> Profile<'_> {
        self.profile
            .as_ref()
            .and_then(Packed::read)
            .unwrap_or_default()
    }

    pub(crate) fn user_stamp(&self) -> u64 {
        self.user_stamp
    }

    /// Puts the invoice of a month together.
    pub(crate) fn invoice(&self, period: Period) -> Option<Invoice<'_>> {
        let members = self.invoices.get(&period)?;
        let mut entries = Vec::new();
        for member in members.values() {
            entries.extend(member.entries.read::<Vec<InvoiceEntry<'_>>>()?);
        }
        entries.sort_by(|one, other| {
            (one.at, one.kind, one.order_id).cmp(&(other.at, other.kind, other.order_id))
        });
        // Orders of one month may have been placed under different addresses: the first one placed that had any decides.
        let mut placed: Vec<(i64, Uuid)> = members
            .iter()
            .map(|(id, member)| (member.placed_at, *id))
            .collect();
        placed.sort_unstable();
        let latest = placed.last().map_or(i64::MIN, |(placed_at, _)| *placed_at);
        Some(Invoice {
            sequence: members.values().map(|member| member.sequence).sum(),
            // Whatever happened until the last of these orders may have decided; both the time and the changes only grow.
            account_stamp: self.addresses.stamp_at(latest),
            address: placed
                .iter()
                .find_map(|(placed_at, _)| self.addresses.default_at(*placed_at)),
            entries,
        })
    }
}
