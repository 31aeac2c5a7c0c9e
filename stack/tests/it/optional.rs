use serde_json::Value;
use souk_stack::{Server, TestStack};
use sqlx::{Connection, MySqlConnection};

#[tokio::test]
async fn mariadb_hands_out_spaces_and_logs_rows() {
    let stack = TestStack::mariadb().await;
    let space = stack.space("second dialect").await;
    let mut connection = MySqlConnection::connect(&space.mysql_url).await.unwrap();
    let (version, format, logs): (String, String, i64) =
        sqlx::query_as("SELECT VERSION(), @@binlog_format, @@log_bin")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert!(version.contains("MariaDB"), "{version}");
    assert_eq!((format.as_str(), logs), ("ROW", 1));
}

#[tokio::test]
async fn connect_offers_debezium_and_is_started_again_when_it_was_left_dead() {
    let stack = TestStack::connect().await;
    assert_offers_debezium(&stack).await;

    stack.stack().kill(Server::Connect).await.unwrap();
    assert_offers_debezium(&TestStack::connect().await).await;
}

async fn assert_offers_debezium(stack: &TestStack) {
    let url = format!("{}/connector-plugins", stack.connect_url());
    let plugins: Vec<Value> = reqwest::get(url).await.unwrap().json().await.unwrap();
    let debezium = "io.debezium.connector.mysql.MySqlConnector";
    assert!(
        plugins.iter().any(|plugin| plugin["class"] == debezium),
        "{plugins:?}"
    );
}
