use souk_schemas::Role;

use crate::{
    refusal::{Refusal, RefusalKind},
    validation::Violations,
};

/// Why a command on a user was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Correct the fields.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// Ask for a user who exists.
    #[error("there is no such user")]
    NotFound,
    /// Leave it: everybody has this role.
    #[error("every user has the role {}", .0.as_str())]
    ImplicitRole(Role),
}

impl Refusal for UserError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound => "user_not_found",
            Self::ImplicitRole(_) => "implicit_role",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) => RefusalKind::Invalid,
            Self::NotFound => RefusalKind::Missing,
            Self::ImplicitRole(_) => RefusalKind::Conflict,
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Invalid(violations) => Some(violations),
            _ => None,
        }
    }
}
