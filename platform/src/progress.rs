//! What a processor says after every refresh: how far it is, and which aggregates became searchable.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The topic, without prefix, on which processors publish [`Progress`] as JSON.
pub const TOPIC: &str = "souk.processors.progress.v1";

/// One report of one processor about one partition of one topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub processor: String,
    pub topic: String,
    pub partition: i32,
    /// The next offset to read.
    pub offset: i64,
    /// Aggregate, id, and the highest sequence that is searchable now.
    #[serde(default)]
    pub applied: Vec<(String, Uuid, u64)>,
    /// Microseconds: `occurred_at` of the newest event applied, or the wall clock when the partition's end was seen reached.
    pub as_of: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_reads_and_writes_the_form_of_the_contract() {
        let json = r#"{"processor":"catalog","topic":"souk.listing.events.v1","partition":3,"offset":1234,"applied":[["listing","018f3f6e-0000-7000-8000-000000000001",5]],"as_of":17}"#;
        let progress: Progress = serde_json::from_str(json).unwrap();
        assert_eq!(progress.applied[0].2, 5);
        assert_eq!(serde_json::to_string(&progress).unwrap(), json);
    }
}
