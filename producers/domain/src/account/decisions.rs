use souk_schemas::{
    AccountEvent, Address, AddressAdded, AddressChanged, AddressRemoved, DefaultAddressSet,
    ids::{AddressId, UserId},
};

use super::{Account, AccountError, MAX_ADDRESSES, commands::AddressInput};
use crate::context::Context;

impl Account {
    /// Adds an address; the first becomes the default.
    pub fn add_address(
        &self,
        ctx: &mut Context,
        owner: UserId,
        address_id: AddressId,
        address: &AddressInput,
    ) -> Result<Vec<AccountEvent>, AccountError> {
        let address = address.check()?;
        if self.address(address_id).is_some() {
            return Err(AccountError::AddressExists(address_id));
        }
        if self.addresses.len() >= MAX_ADDRESSES {
            return Err(AccountError::TooManyAddresses);
        }
        let event = AddressAdded {
            meta: ctx.next_meta(owner, self),
            address_id,
            address,
            default_address_id: self.default_address_id.or(Some(address_id)),
        };
        Ok(vec![event.into()])
    }

    /// Puts another address in the place of one.
    pub fn change_address(
        &self,
        ctx: &mut Context,
        address_id: AddressId,
        address: &AddressInput,
    ) -> Result<Vec<AccountEvent>, AccountError> {
        let (owner, current) = self.existing(address_id)?;
        let address = address.check()?;
        if address == *current {
            return Ok(Vec::new());
        }
        let event = AddressChanged {
            meta: ctx.next_meta(owner, self),
            address_id,
            address,
            default_address_id: self.default_address_id,
        };
        Ok(vec![event.into()])
    }

    /// Removes an address; when it was the default, the oldest one left becomes it.
    pub fn remove_address(
        &self,
        ctx: &mut Context,
        address_id: AddressId,
    ) -> Result<Vec<AccountEvent>, AccountError> {
        let (owner, _) = self.existing(address_id)?;
        let oldest_left = self
            .addresses
            .iter()
            .map(|(id, _)| *id)
            .find(|id| *id != address_id);
        let default_address_id = self
            .default_address_id
            .filter(|id| *id != address_id)
            .or(oldest_left);
        let event = AddressRemoved {
            meta: ctx.next_meta(owner, self),
            address_id,
            default_address_id,
        };
        Ok(vec![event.into()])
    }

    /// Makes another address the default.
    pub fn set_default_address(
        &self,
        ctx: &mut Context,
        address_id: AddressId,
    ) -> Result<Vec<AccountEvent>, AccountError> {
        let (owner, address) = self.existing(address_id)?;
        if self.default_address_id == Some(address_id) {
            return Ok(Vec::new());
        }
        let event = DefaultAddressSet {
            meta: ctx.next_meta(owner, self),
            address_id,
            address: address.clone(),
            default_address_id: Some(address_id),
        };
        Ok(vec![event.into()])
    }

    fn existing(&self, id: AddressId) -> Result<(UserId, &Address), AccountError> {
        self.owner
            .zip(self.address(id))
            .ok_or(AccountError::AddressNotFound(id))
    }
}
