use metrics::counter;

use crate::error::StoreError;

/// Attempts of commands that failed for reasons of the store's, whether or not they were made again.
pub(crate) fn failed(error: &StoreError) {
    let reason = match error {
        StoreError::Contended(_) => "contended",
        StoreError::Unavailable(_) => "unavailable",
        StoreError::OutcomeUnknown(_) => "outcome_unknown",
        StoreError::Busy => "busy",
        StoreError::InProgress => "in_progress",
        StoreError::KeyReused => "key_reused",
        StoreError::Url
        | StoreError::Fold { .. }
        | StoreError::Decode(_)
        | StoreError::Json(_)
        | StoreError::TaskLost(_)
        | StoreError::Database(_) => "failed",
    };
    counter!("store_failed_attempts_total", "reason" => reason).increment(1);
}
