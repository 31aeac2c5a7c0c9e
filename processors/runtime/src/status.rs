use std::collections::BTreeSet;

/// What a running processor says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The shared topics are read and every partition that was assigned has its state.
    pub ready: bool,
    /// Partition numbers at work.
    pub partitions: BTreeSet<i32>,
    /// Partitions whose state came from a snapshot, since the start.
    pub num_from_snapshot: u64,
    /// Records read again to complete the state of partitions, since the start.
    pub num_replayed: u64,
    /// Poisoned and parked records and rejected documents, since the start.
    pub num_dead_letters: u64,
    /// Records that lie behind the partitions at work, as last asked for.
    pub lag_records: i64,
}
