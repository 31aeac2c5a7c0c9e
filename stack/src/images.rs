//! What container images are told besides the settings they share with the native servers.

pub(crate) const MYSQL: &[(&str, &str)] = &[
    ("MYSQL_ALLOW_EMPTY_PASSWORD", "yes"),
    ("MYSQL_ROOT_HOST", "%"),
    ("MYSQL_DATABASE", "souk"),
];

pub(crate) const KAFKA: &[(&str, &str)] = &[
    ("CLUSTER_ID", "c291ay1jb21wb3NlLWtmaw"),
    ("KAFKA_NODE_ID", "1"),
    ("KAFKA_PROCESS_ROLES", "broker,controller"),
    ("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@localhost:9093"),
    ("KAFKA_CONTROLLER_LISTENER_NAMES", "CONTROLLER"),
    ("KAFKA_INTER_BROKER_LISTENER_NAME", "INTERNAL"),
    (
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
        "CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT",
    ),
    (
        "KAFKA_LISTENERS",
        "INTERNAL://:19092,EXTERNAL://:9092,CONTROLLER://:9093",
    ),
    ("KAFKA_HEAP_OPTS", "-Xmx512m"),
];

pub(crate) const OPENSEARCH: &[(&str, &str)] = &[
    ("discovery.type", "single-node"),
    ("cluster.name", "souk"),
    ("cluster.routing.allocation.disk.threshold_enabled", "false"),
    ("cluster.max_shards_per_node", "20000"),
    ("DISABLE_SECURITY_PLUGIN", "true"),
    ("DISABLE_INSTALL_DEMO_CONFIG", "true"),
    ("OPENSEARCH_JAVA_OPTS", "-Xms1g -Xmx1g"),
];

/// The variable by which Kafka's image takes a setting: `a.b` is `KAFKA_A_B`.
pub(crate) fn kafka_variable(setting: &str) -> String {
    format!("KAFKA_{}", setting.to_uppercase().replace('.', "_"))
}
