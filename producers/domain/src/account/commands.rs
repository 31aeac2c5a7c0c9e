use std::fmt;

use serde::{Deserialize, Serialize};
use souk_schemas::{Address, ids::AddressId};

use crate::validation::{Checks, Violations};

/// A whole postal address, to add or to put in another's place.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddressInput {
    /// Name on the label, at most 100 characters.
    pub recipient: String,
    /// Street and number, at most 200 characters.
    pub line1: String,
    /// Flat, floor, company; at most 200 characters.
    #[serde(default)]
    pub line2: Option<String>,
    /// City, at most 100 characters.
    pub city: String,
    /// State, county; at most 100 characters.
    #[serde(default)]
    pub region: Option<String>,
    /// Post code, at most 20 characters; empty where there is none.
    #[serde(default)]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

/// Asks for another default address.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetDefaultAddress {
    /// One of the person's addresses.
    pub address_id: AddressId,
}

impl AddressInput {
    pub(super) fn check(&self) -> Result<Address, Violations> {
        let mut checks = Checks::default();
        let address = Address {
            recipient: checks.line(&self.recipient, "/recipient", 1, 100),
            line1: checks.line(&self.line1, "/line1", 1, 200),
            line2: checks.optional_line(self.line2.as_deref(), "/line2", 200),
            city: checks.line(&self.city, "/city", 1, 100),
            region: checks.optional_line(self.region.as_deref(), "/region", 100),
            postal_code: checks.line(&self.postal_code, "/postal_code", 0, 20),
            country: self.country.clone(),
        };
        checks.country(&address.country, "/country");
        checks.finish()?;
        Ok(address)
    }
}

/// Personal data stays out of logs.
impl fmt::Debug for AddressInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AddressInput")
            .field("country", &self.country)
            .finish_non_exhaustive()
    }
}
