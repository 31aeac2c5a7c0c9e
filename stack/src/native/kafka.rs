use std::fs;

use rand::Rng as _;

use super::{Context, properties, run, write_config};
use crate::error::StackError;
use crate::process::Launch;
use crate::provision::{Artifact, remove_folder};
use crate::server::Server;

/// One node that is broker and controller; `docker-compose.yml` says the same.
pub(crate) const SETTINGS: [(&str, &str); 20] = [
    ("auto.create.topics.enable", "false"),
    ("offsets.topic.replication.factor", "1"),
    ("offsets.topic.num.partitions", "10"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("transaction.state.log.num.partitions", "10"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "10"),
    ("group.initial.rebalance.delay.ms", "0"),
    // Members are missed within ten seconds and rebalance within one, for tests that kill them.
    ("group.consumer.min.heartbeat.interval.ms", "500"),
    ("group.consumer.heartbeat.interval.ms", "1000"),
    ("group.consumer.min.session.timeout.ms", "6000"),
    ("group.consumer.session.timeout.ms", "10000"),
    ("group.min.session.timeout.ms", "6000"),
    // A killed broker may come back only when its session is over: 14 s after the kill by default, 9 s with this.
    ("broker.session.timeout.ms", "4000"),
    ("broker.heartbeat.interval.ms", "1000"),
    ("num.partitions", "1"),
    ("num.recovery.threads.per.data.dir", "2"),
    ("log.message.timestamp.type", "CreateTime"),
];

pub(super) fn prepare(context: &Context<'_>) -> Result<Launch, StackError> {
    let data = context.home.data(Server::Kafka);
    let file = context.home.config("kafka.properties");
    let ports = &context.config.ports;
    let (client, controller) = (ports.kafka, ports.kafka_controller());
    let own = [
        ("process.roles", "broker,controller".to_owned()),
        ("node.id", "1".to_owned()),
        (
            "controller.quorum.bootstrap.servers",
            format!("127.0.0.1:{controller}"),
        ),
        ("controller.listener.names", "CONTROLLER".to_owned()),
        (
            "listener.security.protocol.map",
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT".to_owned(),
        ),
        ("inter.broker.listener.name", "PLAINTEXT".to_owned()),
        (
            "listeners",
            format!("PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}"),
        ),
        (
            "advertised.listeners",
            format!("PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}"),
        ),
        ("log.dirs", data.display().to_string()),
    ];
    let shared = SETTINGS.map(|(key, value)| (key, value.to_owned()));
    write_config(&file, &properties(&[own.as_slice(), &shared].concat()))?;

    let libraries = context.cache.path(Artifact::Kafka).join("libs/*");
    let java = |heap_mib| {
        context
            .java(heap_mib, &context.home.root)
            .arg("-Dlog4j2.level=WARN")
            .arg("-cp")
            .arg(&libraries)
    };
    if !data.join("meta.properties").exists() {
        context.first_start(Server::Kafka);
        remove_folder(&data)?;
        fs::create_dir_all(&data).map_err(StackError::file("create", &data))?;
        let format = java(256)
            .args([
                "kafka.tools.StorageTool",
                "format",
                "--standalone",
                "-t",
                &new_cluster_id(),
                "-c",
            ])
            .arg(&file);
        run(Server::Kafka, &mut format.command())?;
    }
    Ok(java(context.config.memory.kafka_mib)
        .arg("kafka.Kafka")
        .arg(&file))
}

/// 16 random bytes in URL-safe base64, as Kafka writes a UUID; the last of 22 characters carries two bits only.
fn new_cluster_id() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    let mut id: String = (0..21)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect();
    id.push('A');
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_ids_have_the_length_of_a_uuid_in_base64() {
        assert_eq!(new_cluster_id().len(), 22);
    }
}
