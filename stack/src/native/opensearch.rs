use super::{Context, write_config};
use crate::error::StackError;
use crate::process::Launch;
use crate::provision::Artifact;
use crate::server::Server;

/// Each cluster is alone: without `single-node`, two stacks on one machine would find each other and join.
/// A disk that is nearly full stops nobody's tests.
const SETTINGS: &str = "\
discovery.type: single-node
network.host: 127.0.0.1
transport.port: 0
cluster.routing.allocation.disk.threshold_enabled: false
cluster.max_shards_per_node: 20000
";

const LOGGING: &str = "\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
";

pub(super) fn prepare(context: &Context<'_>) -> Result<Launch, StackError> {
    let data = context.home.data(Server::Opensearch);
    let config = context.home.config("opensearch");
    write_config(&config.join("opensearch.yml"), SETTINGS)?;
    write_config(&config.join("log4j2.properties"), LOGGING)?;
    let cache = context.cache.path(Artifact::Opensearch);
    let heap_mib = context.config.memory.opensearch_mib;
    Ok(context
        .java(heap_mib, &context.home.root)
        .arg(format!("-Xms{heap_mib}m"))
        .arg("-cp")
        .arg(format!("{0}/launcher:{0}/libs/*", cache.display()))
        .args([
            "Launcher",
            "-numOfNode",
            "1",
            "-clusterName",
            "souk",
            "-basePath",
        ])
        .arg(&data)
        .arg("-confPath")
        .arg(&config)
        .arg("-baseHttpPort")
        // The runner's first node listens on the port after its base.
        .arg((context.config.ports.opensearch - 1).to_string()))
}
