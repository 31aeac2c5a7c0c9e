use mysql_async::prelude::Queryable;

use crate::support::{World, append_history};

const COLUMNS: [(&str, &str); 16] = [
    ("JSON", r#"'{"a": [1, 2.5, "x"]}'"#),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2)')"),
    ("ENUM('a', 'b')", "'a'"),
    ("SET('a', 'b')", "'a,b'"),
    ("DECIMAL(30, 10)", "1.5"),
    ("BIT(9)", "b'101'"),
    ("TIME(6)", "'10:00:00.123456'"),
    ("DATETIME(3)", "NOW(3)"),
    ("TIMESTAMP(6) NULL", "NOW(6)"),
    ("YEAR", "2026"),
    ("DATE", "'2026-01-01'"),
    ("DOUBLE", "2.5"),
    ("MEDIUMINT UNSIGNED", "5"),
    ("CHAR(200) CHARACTER SET utf8mb4", "'é'"),
    ("BINARY(3)", "'abc'"),
    ("LONGTEXT", "'x'"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tables_of_any_type_do_not_disturb_the_relay() {
    let vector = ("VECTOR(3)", "TO_VECTOR('[1,2,3]')");
    beside_other_tables(World::mysql("strangers").await, &[vector]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_tables_of_any_type_do_not_disturb_the_relay_on_mariadb() {
    let types = [
        ("UUID", "UUID()"),
        ("INET6", "'::1'"),
        ("VARCHAR(100) COMPRESSED", "'abcabcabc'"),
    ];
    beside_other_tables(World::mariadb("strangers").await, &types).await;
}

async fn beside_other_tables(world: World, of_this_server: &[(&str, &str)]) {
    let mut conn = world.connect().await;
    let relay = world.start();
    let mut log = world.log();
    let mut written = append_history(&mut conn, "listing", 3).await;
    log.wait_for(&written).await;
    for (index, (kind, value)) in COLUMNS.iter().chain(of_this_server).enumerate() {
        for statement in [
            format!(
                "CREATE TABLE t{index} (id INT PRIMARY KEY, value {kind}, next INT AS (id + 1) VIRTUAL)"
            ),
            format!("INSERT INTO t{index} (id, value) VALUES (1, {value}), (2, NULL)"),
            format!("UPDATE t{index} SET id = id + 10"),
            format!("DELETE FROM t{index}"),
        ] {
            conn.query_drop(statement).await.unwrap();
        }
    }
    written.extend(append_history(&mut conn, "listing", 3).await);
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}
