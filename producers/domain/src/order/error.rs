use super::CancelReason;
use crate::{
    refusal::{Refusal, RefusalKind},
    validation::Violations,
};

/// Why a command on an order was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// Correct the fields.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// Order less at once.
    #[error("the order comes to more than can be counted")]
    TooLarge,
    /// Ask for an order that exists.
    #[error("there is no such order")]
    NotFound,
    /// Only its buyer and its seller may do this.
    #[error("only the buyer and the seller may do this")]
    NotParty,
    /// Give the reason that is yours: the buyer's or the seller's.
    #[error("the reason {} is not yours to give", .0.as_str())]
    ReasonNotYours(CancelReason),
    /// Place a new order: this one is cancelled.
    #[error("the order is cancelled")]
    Cancelled,
    /// Ask the seller to cancel it: it is confirmed.
    #[error("the order is confirmed")]
    Confirmed,
    /// Nothing: it was finished in another system.
    #[error("the order was imported and is finished")]
    Imported,
}

impl Refusal for OrderError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::TooLarge => "order_too_large",
            Self::NotFound => "order_not_found",
            Self::NotParty => "not_party",
            Self::ReasonNotYours(_) => "reason_not_yours",
            Self::Cancelled => "order_cancelled",
            Self::Confirmed => "order_confirmed",
            Self::Imported => "order_imported",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) | Self::TooLarge => RefusalKind::Invalid,
            Self::NotFound => RefusalKind::Missing,
            Self::NotParty | Self::ReasonNotYours(_) => RefusalKind::Forbidden,
            Self::Cancelled | Self::Confirmed | Self::Imported => RefusalKind::Conflict,
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Invalid(violations) => Some(violations),
            _ => None,
        }
    }
}
