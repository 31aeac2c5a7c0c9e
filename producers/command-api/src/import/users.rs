use serde::Deserialize;
use souk_domain::AggregateState;
use souk_domain::account::{Account, AddressInput};
use souk_domain::user::{RegisterUser, User, UserError, fold_email};
use souk_schemas::ids::{AddressId, UserId};
use souk_schemas::{AccountEvent, Role, UserEvent};
use souk_store::Work;
use souk_store::guards::logins::{self, EmailClaim};

use super::Import;
use super::batch::{Item, Ledger};
use crate::error::CommandError;
use crate::users::{EXTERNAL_IDS, time_zone_exists};

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserItem {
    external_id: String,
    email: String,
    name: String,
    #[serde(default)]
    age: Option<i32>,
    #[serde(default)]
    time_zone: Option<String>,
    #[serde(default)]
    roles: Vec<Role>,
    /// Becomes the default address.
    #[serde(default)]
    address: Option<AddressInput>,
}

/// A person who may join if their address is free.
struct Candidate {
    place: usize,
    id: UserId,
    registered: Vec<UserEvent>,
    addressed: Vec<AccountEvent>,
}

impl Import for UserItem {
    const KIND: &'static str = "user";

    fn external_id(&self) -> &str {
        &self.external_id
    }

    async fn import(work: &mut Work, items: &[Self]) -> Result<Vec<Item>, CommandError> {
        let names = items
            .iter()
            .map(|item| (EXTERNAL_IDS, item.external_id.trim()));
        let mut ledger = Ledger::claim(work, names.collect()).await?;
        let mut candidates = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let Some(id) = ledger.new_id(place) else {
                continue;
            };
            match item.decide(work, place, UserId(id)) {
                Ok(candidate) => candidates.push(candidate),
                Err(error) => ledger.answer(place, Item::refused(error)),
            }
        }
        let emails: Vec<(UserId, String)> = candidates
            .iter()
            .map(|candidate| (candidate.id, fold_email(&items[candidate.place].email)))
            .collect();
        let claims = logins::insert_all(work.connection(), &emails).await?;
        for (candidate, claim) in candidates.into_iter().zip(claims) {
            let place = candidate.place;
            let answer = match claim {
                EmailClaim::Claimed => candidate.record(work)?,
                EmailClaim::Taken => Item::refused(CommandError::EmailTaken),
            };
            ledger.answer(place, answer);
        }
        ledger.close::<User>(work, |id| id).await
    }
}

impl UserItem {
    fn decide(&self, work: &mut Work, place: usize, id: UserId) -> Result<Candidate, CommandError> {
        time_zone_exists(self.time_zone.as_deref()).map_err(UserError::Invalid)?;
        let command = RegisterUser {
            email: self.email.clone(),
            name: self.name.clone(),
            age: self.age,
            time_zone: self.time_zone.clone(),
            external_id: Some(self.external_id.clone()),
        };
        let registered = User::register_with_roles(work.context(), id, command, &self.roles)?;
        let addressed = match &self.address {
            Some(address) => {
                let address_id = AddressId(work.context().new_id());
                Account::default().add_address(work.context(), id, address_id, address)?
            }
            None => Vec::new(),
        };
        Ok(Candidate {
            place,
            id,
            registered,
            addressed,
        })
    }
}

impl Candidate {
    fn record(self, work: &mut Work) -> Result<Item, CommandError> {
        let mut user = User::default();
        work.record(&mut user, self.registered)?;
        work.record(&mut Account::default(), self.addressed)?;
        Ok(Item::created(self.id, user.sequence()))
    }
}
