use std::time::Duration;

use metrics::{counter, gauge, histogram};

pub(crate) fn records(processor: &'static str, count: u64) {
    counter!("processor_records_total", "processor" => processor).increment(count);
}

pub(crate) fn documents(processor: &'static str, count: usize) {
    counter!("processor_documents_total", "processor" => processor).increment(count as u64);
}

pub(crate) fn dead_letter(processor: &'static str) {
    counter!("processor_dead_letters_total", "processor" => processor).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn lag(processor: &'static str, records: i64, behind: Duration) {
    gauge!("processor_lag_records", "processor" => processor).set(records as f64);
    gauge!("processor_lag_seconds", "processor" => processor).set(behind.as_secs_f64());
}

pub(crate) fn bulk(processor: &'static str, took: Duration) {
    histogram!("sink_bulk_seconds", "processor" => processor).record(took.as_secs_f64());
}

pub(crate) fn blocked(processor: &'static str, blocked: bool) {
    gauge!("sink_blocked", "processor" => processor).set(f64::from(u8::from(blocked)));
}

pub(crate) fn refresh(processor: &'static str, took: Duration) {
    histogram!("processor_refresh_seconds", "processor" => processor).record(took.as_secs_f64());
}

pub(crate) fn event_to_searchable(processor: &'static str, took: Duration) {
    histogram!("event_to_searchable_seconds", "processor" => processor).record(took.as_secs_f64());
}

pub(crate) fn restored(processor: &'static str, replayed: u64) {
    counter!("processor_replayed_records_total", "processor" => processor).increment(replayed);
}
