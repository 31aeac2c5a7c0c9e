use crate::{
    refusal::{Refusal, RefusalKind},
    validation::Violations,
};

/// Why a command on a payment was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// Correct the fields.
    #[error(transparent)]
    Invalid(#[from] Violations),
    /// Request the payment first.
    #[error("there is no such payment")]
    NotFound,
    /// Use the payment there is.
    #[error("another payment was requested for this order")]
    RequestedOtherwise,
    /// Authorize it first.
    #[error("the payment is not authorized")]
    NotAuthorized,
    /// Nothing: the gateway guarantees it under another name.
    #[error("the payment is authorized under another reference")]
    AuthorizedOtherwise,
    /// Capture it first.
    #[error("the payment is not captured")]
    NotCaptured,
    /// Refund it instead.
    #[error("the payment is captured")]
    Captured,
    /// Place a new order: this payment failed.
    #[error("the payment failed")]
    Failed,
    /// Refund less.
    #[error("at most {refundable_minor} minor units can be refunded")]
    RefundTooLarge {
        /// What is left.
        refundable_minor: i64,
    },
}

impl Refusal for PaymentError {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NotFound => "payment_not_found",
            Self::RequestedOtherwise => "payment_requested_otherwise",
            Self::NotAuthorized => "payment_not_authorized",
            Self::AuthorizedOtherwise => "payment_authorized_otherwise",
            Self::NotCaptured => "payment_not_captured",
            Self::Captured => "payment_captured",
            Self::Failed => "payment_failed",
            Self::RefundTooLarge { .. } => "refund_too_large",
        }
    }

    fn kind(&self) -> RefusalKind {
        match self {
            Self::Invalid(_) => RefusalKind::Invalid,
            Self::NotFound => RefusalKind::Missing,
            Self::RequestedOtherwise
            | Self::NotAuthorized
            | Self::AuthorizedOtherwise
            | Self::NotCaptured
            | Self::Captured
            | Self::Failed
            | Self::RefundTooLarge { .. } => RefusalKind::Conflict,
        }
    }

    fn violations(&self) -> Option<&Violations> {
        match self {
            Self::Invalid(violations) => Some(violations),
            _ => None,
        }
    }
}
