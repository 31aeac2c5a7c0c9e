use axum::http::StatusCode;
use souk_domain::account::AccountError;
use souk_domain::listing::ListingError;
use souk_domain::order::OrderError;
use souk_domain::payment::PaymentError;
use souk_domain::taxonomy::TaxonomyError;
use souk_domain::user::UserError;
use souk_domain::{Refusal, RefusalKind, Violations};
use souk_platform::problem::FieldError;
use souk_platform::{FieldErrors, Problem};
use souk_schemas::DecodeError;
use souk_store::{StoreError, UseCase};

/// Why a command was not carried out.
#[derive(Debug)]
pub(crate) enum CommandError {
    /// The domain says no.
    Refused(Refused),
    /// The client decided on a state that is not the current one.
    Stale { current: u64 },
    /// Another person has this e-mail address.
    EmailTaken,
    /// Another thing of the same owner has this external id.
    ExternalIdTaken,
    /// The event store says no.
    Store(StoreError),
}

/// What the domain said, in the form a client reads.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) kind: RefusalKind,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) errors: Vec<FieldError>,
}

impl Refused {
    pub(crate) fn of(refusal: &impl Refusal) -> Self {
        let errors = refusal.violations().map(fields_of).unwrap_or_default();
        Self {
            kind: refusal.kind(),
            code: refusal.code(),
            detail: refusal.to_string(),
            errors,
        }
    }
}

impl CommandError {
    /// Refuses one field.
    pub(crate) fn field(pointer: &'static str, code: &'static str, message: &'static str) -> Self {
        let mut errors = FieldErrors::new();
        errors.add(pointer, code, message);
        Self::Refused(Refused {
            kind: RefusalKind::Invalid,
            code: "invalid",
            detail: message.to_owned(),
            errors: errors.into_vec(),
        })
    }
}

pub(crate) fn fields_of(violations: &Violations) -> Vec<FieldError> {
    violations
        .0
        .iter()
        .map(|violation| FieldError {
            pointer: violation.pointer.to_string(),
            code: violation.code.into(),
            message: violation.message.to_string(),
        })
        .collect()
}

macro_rules! from_refusals {
    ($($refusal:ty),+ $(,)?) => {$(
        impl From<$refusal> for CommandError {
            fn from(refusal: $refusal) -> Self {
                Self::Refused(Refused::of(&refusal))
            }
        }
    )+};
}

from_refusals!(
    AccountError,
    ListingError,
    OrderError,
    PaymentError,
    TaxonomyError,
    UserError,
);

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl souk_store::CommandError for CommandError {
    fn into_store_error(self) -> Result<StoreError, Self> {
        match self {
            Self::Store(error) => Ok(error),
            other => Err(other),
        }
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refused) => of_refused(refused),
            CommandError::Stale { current } => Self::precondition_failed(
                "stale",
                format!("it is at sequence {current} now: look at it again, then decide again"),
            ),
            CommandError::EmailTaken => Self::conflict(
                "email_taken",
                "this e-mail address belongs to somebody already",
            ),
            CommandError::ExternalIdTaken => Self::conflict(
                "external_id_taken",
                "this external id belongs to something else already",
            ),
            CommandError::Store(error) => of_store(error),
        }
    }
}

fn of_refused(refused: Refused) -> Problem {
    if refused.kind == RefusalKind::Invalid && !refused.errors.is_empty() {
        return Problem::unprocessable("validation_failed", "some fields are not acceptable")
            .errors(refused.errors);
    }
    let status = match refused.kind {
        RefusalKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        RefusalKind::Missing => StatusCode::NOT_FOUND,
        RefusalKind::Forbidden => StatusCode::FORBIDDEN,
        RefusalKind::Conflict => StatusCode::CONFLICT,
    };
    Problem::new(status, refused.code, refused.detail).errors(refused.errors)
}

pub(crate) fn of_store(error: StoreError) -> Problem {
    match error {
        StoreError::Contended(_) => {
            Problem::unavailable(1, "too many commands want the same thing, nothing was done")
        }
        StoreError::Unavailable(source) => {
            tracing::warn!(error = %source, "the event store is not available");
            Problem::unavailable(2, "the event store is not available, nothing was done")
        }
        StoreError::Decode(source @ DecodeError::Unavailable(_)) => {
            tracing::warn!(error = %source, "a state cannot be folded again");
            Problem::unavailable(2, "the schema registry is not available, nothing was done")
        }
        StoreError::Busy => {
            Problem::unavailable(1, "too many commands are running, nothing was done")
        }
        StoreError::OutcomeUnknown(source) => {
            tracing::warn!(error = %source, "the outcome of a command is not known");
            outcome_unknown()
        }
        StoreError::InProgress => Problem::conflict(
            "in_progress",
            "a command with this Idempotency-Key is still running",
        )
        .retry_after(1),
        StoreError::KeyReused => Problem::unprocessable(
            "idempotency_key_reused",
            "this Idempotency-Key was used for another command",
        ),
        error @ (StoreError::Url
        | StoreError::Fold { .. }
        | StoreError::Decode(DecodeError::Poison(_))
        | StoreError::Json(_)
        | StoreError::TaskLost(_)
        | StoreError::Database(_)) => Problem::internal(error),
    }
}

/// Nobody can say whether the command was carried out; only its repetition can.
pub(crate) fn outcome_unknown() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "outcome_unknown",
        "the command may have been carried out: send it again with the same Idempotency-Key",
    )
    .retry_after(1)
}

/// The use cases of this crate all fail in the same way.
pub(crate) trait Operation: UseCase<Error = CommandError> {}

impl<U: UseCase<Error = CommandError>> Operation for U {}

#[cfg(test)]
mod tests {
    use souk_domain::user::check_password;

    use super::*;

    fn broken() -> sqlx::Error {
        sqlx::Error::PoolTimedOut
    }

    #[test]
    fn every_error_has_its_status_and_code() {
        let invalid = check_password("/password", "").unwrap_err();
        let rows: Vec<(CommandError, u16, &str)> = vec![
            (UserError::Invalid(invalid).into(), 422, "validation_failed"),
            (OrderError::TooLarge.into(), 422, "order_too_large"),
            (UserError::NotFound.into(), 404, "user_not_found"),
            (ListingError::NotOwner.into(), 403, "not_owner"),
            (ListingError::Withdrawn.into(), 409, "listing_withdrawn"),
            (CommandError::Stale { current: 3 }, 412, "stale"),
            (CommandError::EmailTaken, 409, "email_taken"),
            (CommandError::ExternalIdTaken, 409, "external_id_taken"),
            (StoreError::Contended(broken()).into(), 503, "unavailable"),
            (StoreError::Unavailable(broken()).into(), 503, "unavailable"),
            (StoreError::Busy.into(), 503, "unavailable"),
            (
                StoreError::OutcomeUnknown(broken()).into(),
                503,
                "outcome_unknown",
            ),
            (StoreError::InProgress.into(), 409, "in_progress"),
            (StoreError::KeyReused.into(), 422, "idempotency_key_reused"),
            (
                StoreError::Decode(DecodeError::Unavailable("refused".to_owned())).into(),
                503,
                "unavailable",
            ),
            (StoreError::Database(broken()).into(), 500, "internal"),
        ];
        for (error, status, code) in rows {
            let problem = Problem::from(error);
            assert_eq!(
                (problem.status.as_u16(), problem.code.as_ref()),
                (status, code)
            );
            assert!(status != 503 || problem.retry_after.is_some(), "{code}");
        }
    }

    #[test]
    fn bad_fields_are_told_with_their_pointers() {
        let invalid = check_password("/password", "short").unwrap_err();
        let problem = Problem::from(CommandError::from(UserError::Invalid(invalid)));
        assert_eq!(problem.errors[0].pointer, "/password");
    }
}
