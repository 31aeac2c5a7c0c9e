use souk_schemas::ids::AddressId;

use super::MAX_ADDRESSES;
use crate::{
    refusal::{Refusal, RefusalKind},
    validation::Violations,
};

/// Why a command on an account was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Correct the fields.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// Ask for an address that exists.
    #[error("there is no address {0}")]
    AddressNotFound(AddressId),
    /// Change the address that has this id instead of adding it.
    #[error("address {0} exists already")]
    AddressExists(AddressId),
    /// Remove an address first.
    #[error("an account holds at most {MAX_ADDRESSES} addresses")]
    TooManyAddresses,
}

impl Refusal for AccountError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::AddressNotFound(_) => "address_not_found",
            Self::AddressExists(_) => "address_exists",
            Self::TooManyAddresses => "too_many_addresses",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) => RefusalKind::Invalid,
            Self::AddressNotFound(_) => RefusalKind::Missing,
            Self::AddressExists(_) | Self::TooManyAddresses => RefusalKind::Conflict,
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Invalid(violations) => Some(violations),
            _ => None,
        }
    }
}
