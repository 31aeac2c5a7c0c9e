use std::time::Duration;

use metrics::{counter, histogram};

use crate::processor::Processor;

/// How long queries waited for their consistency tokens, and how many waited in vain.
pub(crate) fn consistency_wait(processor: Processor, waited: Duration, visible: bool) {
    histogram!("query_consistency_wait_seconds", "processor" => processor.name()).record(waited);
    if !visible {
        counter!("query_consistency_pending_total", "processor" => processor.name()).increment(1);
    }
}

/// How long OpenSearch took, by index.
pub(crate) fn searched(index: &'static str, took: Duration, outcome: &'static str) {
    histogram!("query_search_seconds", "index" => index, "outcome" => outcome).record(took);
}

/// How long an answer took, by route and status.
pub(crate) fn answered(route: &str, status: u16, took: Duration) {
    histogram!("query_request_seconds", "route" => route.to_owned(), "status" => status.to_string()).record(took);
}

/// Queries refused because too many were running.
pub(crate) fn overloaded() {
    counter!("query_overloaded_total").increment(1);
}
