use souk_stack::{Server, ServerState, TestStack};
use sqlx::{Connection, MySqlConnection};

#[tokio::test]
async fn spaces_have_an_empty_database_and_a_prefix_of_their_own() {
    let stack = TestStack::get().await;
    let (first, second) = (stack.space("first").await, stack.space("second").await);
    assert_ne!(first.prefix, second.prefix);
    assert_ne!(first.mysql_url, second.mysql_url);

    let mut connection = MySqlConnection::connect(&first.mysql_url).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar("SHOW TABLES")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(tables.is_empty(), "{tables:?}");
}

#[tokio::test]
async fn core_servers_run_with_a_known_pid() {
    let stack = TestStack::get().await;
    for status in stack.stack().status() {
        if Server::CORE.contains(&status.name) {
            assert_eq!(status.state, ServerState::Running, "{status:?}");
            assert!(
                status.pid.is_some() && status.rss_bytes.is_some(),
                "{status:?}"
            );
        }
    }
}
