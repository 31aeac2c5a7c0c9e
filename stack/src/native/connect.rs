use std::fs;

use super::{Context, properties, write_config};
use crate::error::StackError;
use crate::process::Launch;
use crate::provision::Artifact;
use crate::server::Server;

/// A distributed worker: connectors are made over REST and kept in Kafka.
pub(super) fn prepare(context: &Context<'_>) -> Result<Launch, StackError> {
    let data = context.home.data(Server::Connect);
    fs::create_dir_all(&data).map_err(StackError::file("create", &data))?;
    let ports = &context.config.ports;
    let bytes = "org.apache.kafka.connect.converters.ByteArrayConverter";
    let settings = [
        ("bootstrap.servers", format!("127.0.0.1:{}", ports.kafka)),
        ("listeners", format!("http://127.0.0.1:{}", ports.connect)),
        ("rest.advertised.host.name", "127.0.0.1".to_owned()),
        (
            "plugin.path",
            context.cache.path(Artifact::Debezium).display().to_string(),
        ),
        // Debezium declares its plugins, so the class path need not be searched for them.
        ("plugin.discovery", "service_load".to_owned()),
        ("group.id", "souk-connect".to_owned()),
        ("key.converter", bytes.to_owned()),
        ("value.converter", bytes.to_owned()),
        ("config.storage.topic", "souk-connect.configs".to_owned()),
        ("config.storage.replication.factor", "1".to_owned()),
        ("offset.storage.topic", "souk-connect.offsets".to_owned()),
        ("offset.storage.replication.factor", "1".to_owned()),
        ("offset.storage.partitions", "5".to_owned()),
        ("status.storage.topic", "souk-connect.status".to_owned()),
        ("status.storage.replication.factor", "1".to_owned()),
        ("offset.flush.interval.ms", "1000".to_owned()),
        ("scheduled.rebalance.max.delay.ms", "0".to_owned()),
    ];
    let file = context.home.config("connect.properties");
    write_config(&file, &properties(&settings))?;
    Ok(context
        .java(context.config.memory.connect_mib, &data)
        .arg("-XX:+UseSerialGC")
        .arg("-Dlog4j2.level=WARN")
        .arg("-cp")
        .arg(context.cache.path(Artifact::Connect).join("libs/*"))
        .arg("org.apache.kafka.connect.cli.ConnectDistributed")
        .arg(file))
}
