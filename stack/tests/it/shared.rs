use std::env;
use std::process::Stdio;

use souk_stack::{Server, ServerState, ServerStatus, TestStack};
use sqlx::{Connection, MySqlConnection};
use tokio::process::Command;

async fn core(stack: &TestStack) -> Vec<ServerStatus> {
    let mut lines = stack.stack().status().await.unwrap();
    lines.retain(|line| Server::CORE.contains(&line.name));
    lines
}

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
    for line in core(&stack).await {
        assert_eq!(line.state, ServerState::Running, "{line:?}");
        assert!(line.pid.is_some() && line.rss_bytes > Some(0), "{line:?}");
    }
}

#[tokio::test]
async fn other_test_processes_find_the_same_servers() {
    let stack = TestStack::get().await;
    let before = core(&stack).await;
    let other = || {
        Command::new(env::current_exe().unwrap())
            .args(["--exact", "shared::core_servers_run_with_a_known_pid"])
            .stdout(Stdio::null())
            .status()
    };
    let (first, second) = tokio::join!(other(), other());
    assert!(first.unwrap().success() && second.unwrap().success());

    let pids = |lines: &[ServerStatus]| lines.iter().map(|line| line.pid).collect::<Vec<_>>();
    assert_eq!(pids(&core(&stack).await), pids(&before));
}

#[tokio::test]
async fn mysql_keeps_a_row_based_log_with_gtids() {
    let stack = TestStack::get().await;
    let mut connection = MySqlConnection::connect(&stack.urls().mysql).await.unwrap();
    let settings: (String, String, String, u64, u64, String) = sqlx::query_as(
        "SELECT @@binlog_format, @@binlog_row_image, @@gtid_mode, @@sync_binlog,
                @@innodb_flush_log_at_trx_commit, @@character_set_server",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        settings,
        (text("ROW"), text("FULL"), text("ON"), 1, 1, text("utf8mb4"))
    );
}
