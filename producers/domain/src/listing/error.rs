use souk_schemas::ids::OrderId;

use crate::{
    refusal::{Refusal, RefusalKind},
    validation::Violations,
};

/// Why a command on a listing was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListingError {
    /// Correct the fields.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// Ask for a listing that exists.
    #[error("there is no such listing")]
    NotFound,
    /// Only the seller may do this.
    #[error("only the seller may change a listing")]
    NotOwner,
    /// Draft a new listing: this one ended for good.
    #[error("the listing is withdrawn")]
    Withdrawn,
    /// Publish it first.
    #[error("the listing is not published")]
    NotPublished,
    /// Resume it instead of publishing it.
    #[error("the listing is paused, not drafted")]
    NotDrafted,
    /// Order fewer pieces.
    #[error("{available} pieces are available, {asked} were asked for")]
    OutOfStock {
        /// Pieces the order asked for.
        asked: i64,
        /// Pieces left.
        available: i64,
    },
    /// Offer at least the pieces that are reserved or sold.
    #[error("{committed} pieces are reserved or sold already")]
    BelowCommitted {
        /// Pieces reserved and sold.
        committed: i64,
    },
    /// Release the reservation first: the order holds another quantity.
    #[error("order {order_id} holds {held} pieces already")]
    ReservedOtherwise {
        /// The order.
        order_id: OrderId,
        /// Pieces it holds.
        held: i64,
    },
    /// Reserve first.
    #[error("order {0} holds no pieces")]
    NotReserved(OrderId),
}

impl Refusal for ListingError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound => "listing_not_found",
            Self::NotOwner => "not_owner",
            Self::Withdrawn => "listing_withdrawn",
            Self::NotPublished => "listing_not_published",
            Self::NotDrafted => "listing_not_drafted",
            Self::OutOfStock { .. } => "out_of_stock",
            Self::BelowCommitted { .. } => "stock_below_committed",
            Self::ReservedOtherwise { .. } => "reserved_otherwise",
            Self::NotReserved(_) => "not_reserved",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) => RefusalKind::Invalid,
            Self::NotFound => RefusalKind::Missing,
            Self::NotOwner => RefusalKind::Forbidden,
            Self::Withdrawn
            | Self::NotPublished
            | Self::NotDrafted
            | Self::OutOfStock { .. }
            | Self::BelowCommitted { .. }
            | Self::ReservedOtherwise { .. }
            | Self::NotReserved(_) => RefusalKind::Conflict,
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Invalid(violations) => Some(violations),
            _ => None,
        }
    }
}
