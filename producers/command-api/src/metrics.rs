use std::time::Duration;

use metrics::{counter, gauge, histogram};

/// How long a command took, and whether its answer was there already.
pub(crate) fn carried_out(replayed: bool, took: Duration) {
    let outcome = if replayed { "replayed" } else { "committed" };
    histogram!("command_transaction_seconds", "outcome" => outcome).record(took);
}

/// Commands that went on after their client was told to ask again.
pub(crate) fn timed_out() {
    counter!("command_timeouts_total").increment(1);
}

/// How long an answer took, by route and status.
pub(crate) fn answered(route: &str, method: &'static str, status: u16, took: Duration) {
    histogram!(
        "command_request_seconds",
        "route" => route.to_owned(),
        "method" => method,
        "status" => status.to_string()
    )
    .record(took);
}

/// Log-ins by what became of them.
pub(crate) fn login(outcome: &'static str) {
    counter!("command_logins_total", "outcome" => outcome).increment(1);
}

/// Imported items by what became of them.
pub(crate) fn imported(kind: &'static str, outcome: &'static str, num_items: usize) {
    let num_items = u64::try_from(num_items).unwrap_or(u64::MAX);
    counter!("command_imported_items_total", "kind" => kind, "outcome" => outcome)
        .increment(num_items);
}

/// Answers of the payment gateway.
pub(crate) fn gateway_answered(kind: &'static str, answer: &'static str, took: Duration) {
    histogram!("command_gateway_seconds", "kind" => kind, "answer" => answer).record(took);
}

/// How late the payment task that is due longest is.
pub(crate) fn payment_lag(lag: Duration) {
    gauge!("command_payment_lag_seconds").set(lag.as_secs_f64());
}

/// How many more commands may be started.
pub(crate) fn permits(available: usize) {
    gauge!("command_permits_available")
        .set(f64::from(u32::try_from(available).unwrap_or(u32::MAX)));
}
