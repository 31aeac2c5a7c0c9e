use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message};
use serde_json::{Value, json};
use souk_stack::{
    Config, Ports, Progress, Server, ServerState, Space, Stack, StackError, TestStack, eventually,
};
use sqlx::{Connection, MySqlConnection};

const DEADLINE: Duration = Duration::from_mins(2);
const TOPIC: &str = "survivors";

#[tokio::test]
async fn everything_acknowledged_survives_kill_9() {
    let stack = TestStack::own("kill-9").await;
    let space = stack.space("kept").await;
    write_mysql(&space).await;
    write_kafka(&space).await;
    let schema_id = write_registry(&space).await;
    write_opensearch(&space).await;

    for server in Server::CORE {
        stack.stack().kill(server).await.unwrap();
    }
    for line in stack.stack().status().await.unwrap() {
        assert_eq!(line.state, ServerState::Down, "{line:?}");
    }
    stack
        .stack()
        .up(&Server::CORE, &Progress::traced())
        .await
        .unwrap();

    assert_eq!(read_mysql(&space).await, 42);
    assert_eq!(read_kafka(&space).await, b"kept");
    assert_eq!(write_registry(&space).await, schema_id);
    assert_eq!(
        read_opensearch(&space).await["_source"],
        json!({"kept": true})
    );
}

#[tokio::test]
async fn paused_server_keeps_silent_until_it_is_resumed_or_asked_for() {
    let stack = TestStack::own_servers("pause", &[Server::Mysql]).await;
    let servers = stack.stack();
    let state = async || servers.status().await.unwrap()[0].state;

    servers.pause(Server::Mysql).await.unwrap();
    assert_eq!(state().await, ServerState::Paused);
    let silence = MySqlConnection::connect(&stack.urls().mysql);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), silence)
            .await
            .is_err()
    );

    servers.resume(Server::Mysql).await.unwrap();
    MySqlConnection::connect(&stack.urls().mysql).await.unwrap();

    servers.pause(Server::Mysql).await.unwrap();
    servers.start(Server::Mysql).await.unwrap();
    assert_eq!(state().await, ServerState::Running);
}

#[tokio::test]
async fn data_is_kept_by_down_and_lost_by_purge() {
    let stack = TestStack::own_servers("down", &[Server::Mysql]).await;
    let servers = stack.stack();
    let space = stack.space("kept").await;
    write_mysql(&space).await;

    servers.down().await.unwrap();
    assert!(matches!(
        servers.kill(Server::Mysql).await,
        Err(StackError::NotRunning(Server::Mysql))
    ));
    servers.start(Server::Mysql).await.unwrap();
    assert_eq!(read_mysql(&space).await, 42);

    servers.purge().await.unwrap();
    servers.start(Server::Mysql).await.unwrap();
    assert!(MySqlConnection::connect(&space.mysql_url).await.is_err());
}

#[tokio::test]
async fn two_who_start_at_once_start_one_server() {
    let stack = TestStack::own_servers("twice", &[]).await;
    // Nothing but the lock file keeps these two apart, so they stand for two processes.
    let (servers, progress) = (stack.stack(), Progress::traced());
    let start = async || {
        servers.up(&[Server::Mysql], &progress).await.unwrap();
        servers.status().await.unwrap()[0].pid.unwrap()
    };
    let (first, second) = tokio::join!(start(), start());
    assert_eq!(first, second);
}

#[tokio::test]
async fn taken_port_is_named_with_its_server_and_owner() {
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = holder.local_addr().unwrap().port();
    let config = Config {
        ports: Ports {
            mysql: port,
            ..Ports::default()
        },
        ..Config::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::new(config, folder.path());
    let error = stack
        .up(&[Server::Mysql], &Progress::traced())
        .await
        .unwrap_err()
        .to_string();
    let owner = format!("process {}", std::process::id());
    for part in ["mysql", &port.to_string(), &owner] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

async fn write_mysql(space: &Space) {
    let mut connection = MySqlConnection::connect(&space.mysql_url).await.unwrap();
    for statement in [
        "CREATE TABLE kept (number INT PRIMARY KEY)",
        "INSERT INTO kept VALUES (42)",
    ] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

async fn read_mysql(space: &Space) -> i32 {
    let mut connection = MySqlConnection::connect(&space.mysql_url).await.unwrap();
    sqlx::query_scalar("SELECT number FROM kept")
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

fn kafka(space: &Space) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &space.kafka);
    config
}

async fn write_kafka(space: &Space) {
    let admin: AdminClient<DefaultClientContext> = kafka(space).create().unwrap();
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(1));
    admin
        .create_topics([&topic], &AdminOptions::new())
        .await
        .unwrap();
    let producer: FutureProducer = kafka(space)
        .set("message.timeout.ms", "60000")
        .create()
        .unwrap();
    producer
        .send(FutureRecord::to(TOPIC).key("key").payload("kept"), DEADLINE)
        .await
        .unwrap();
}

async fn read_kafka(space: &Space) -> Vec<u8> {
    let consumer: BaseConsumer = kafka(space)
        .set("group.id", "survivors")
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer.subscribe(&[TOPIC]).unwrap();
    eventually(DEADLINE, "the record comes back", async || {
        let message = consumer.poll(Duration::from_millis(200))?.ok()?;
        message.payload().map(<[u8]>::to_vec)
    })
    .await
}

/// Registering the same schema again answers with the id it has.
async fn write_registry(space: &Space) -> u64 {
    let body = json!({"schema": r#"{"type": "record", "name": "Kept", "fields": []}"#});
    let url = format!("{}/subjects/kept/versions", space.registry_url);
    let answer = reqwest::Client::new()
        .post(url)
        .json(&body)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.error_for_status().unwrap().json().await.unwrap();
    answer["id"].as_u64().unwrap()
}

async fn write_opensearch(space: &Space) {
    let url = format!("{}/kept/_doc/1", space.opensearch_url);
    let answer = reqwest::Client::new()
        .put(url)
        .json(&json!({"kept": true}))
        .send()
        .await
        .unwrap();
    answer.error_for_status().unwrap();
}

async fn read_opensearch(space: &Space) -> Value {
    let url = format!("{}/kept/_doc/1", space.opensearch_url);
    eventually(DEADLINE, "the document comes back", async || {
        let answer = reqwest::get(&url).await.ok()?.error_for_status().ok()?;
        answer.json().await.ok()
    })
    .await
}
