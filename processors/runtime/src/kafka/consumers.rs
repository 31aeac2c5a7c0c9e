use rdkafka::ClientConfig;

use crate::config::GroupProtocol;

/// Settings of the consumer that shares the fact topics with other instances.
pub(crate) fn group_config(
    kafka: &ClientConfig,
    group: &str,
    protocol: GroupProtocol,
) -> ClientConfig {
    let mut config = base_config(kafka, group);
    match protocol {
        // `range` lays partition p of every topic on one instance, which joins need.
        GroupProtocol::Consumer => config
            .set("group.protocol", "consumer")
            .set("group.remote.assignor", "range"),
        GroupProtocol::Classic => config
            .set("group.protocol", "classic")
            .set("partition.assignment.strategy", "range")
            .set("session.timeout.ms", "6000"),
    };
    config
}

/// Settings of a consumer that is told its partitions and offsets. It joins no group, but librdkafka wants its times to fit.
pub(crate) fn reader_config(kafka: &ClientConfig, group: &str) -> ClientConfig {
    let mut config = base_config(kafka, group);
    config.set("session.timeout.ms", "6000");
    config
}

fn base_config(kafka: &ClientConfig, group: &str) -> ClientConfig {
    let mut config = kafka.clone();
    // A consumer warns of it at every start.
    config.remove("partitioner");
    config
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("allow.auto.create.topics", "false")
        .set("fetch.min.bytes", "1")
        // Records are answered at once; this is how often an idle consumer asks, and how long a resumed partition may wait.
        .set("fetch.wait.max.ms", "200")
        .set("fetch.error.backoff.ms", "50")
        // Its default of a second is how long a partition rests after its queue was full: the whole catch-up would stutter.
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "16384");
    config
}
