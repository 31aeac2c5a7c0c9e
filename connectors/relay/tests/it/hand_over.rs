use std::time::Duration;

use mysql_async::prelude::Queryable;
use souk_relay::Config;
use souk_stack::eventually;

use crate::support::{PATIENCE, World, append_history, config, quick_config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_relay_resumes_where_it_was() {
    resumes(World::mysql("resume").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_relay_resumes_where_it_was_on_mariadb() {
    resumes(World::mariadb("resume").await).await;
}

async fn resumes(world: World) {
    let mut conn = world.connect().await;
    let mut log = world.log();
    let mut written = Vec::new();
    for _ in 0..3 {
        // Some while it is down, some while it is up.
        written.extend(append_history(&mut conn, "listing", 15).await);
        let relay = world.start();
        log.wait_for(&written).await;
        written.extend(append_history(&mut conn, "order", 15).await);
        log.wait_for(&written).await;
        relay.stop().await;
        assert_eq!(
            world
                .ask::<u64>("SELECT COUNT(*) FROM relay_state WHERE owner IS NULL")
                .await,
            Some(1)
        );
    }
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_without_gtid_resumes_by_file() {
    resumes_by_file(World::mysql("by_file").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_position_without_gtid_resumes_by_file_on_mariadb() {
    resumes_by_file(World::mariadb("by_file").await).await;
}

async fn resumes_by_file(world: World) {
    let mut conn = world.connect().await;
    let mut log = world.log();
    let mut written = append_history(&mut conn, "listing", 5).await;
    let relay = world.start();
    log.wait_for(&written).await;
    relay.stop().await;

    world.forget_gtid().await;
    written.extend(append_history(&mut conn, "listing", 5).await);
    let relay = world.start();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_midway_loses_nothing_and_keeps_the_order() {
    killed_midway(World::mysql("killed").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_killed_midway_loses_nothing_on_mariadb() {
    killed_midway(World::mariadb("killed").await).await;
}

async fn killed_midway(world: World) {
    let mut log = world.log();
    let mut writer = world.connect().await;
    let writing = tokio::spawn(async move {
        let mut written = Vec::new();
        for _ in 0..40 {
            written.extend(append_history(&mut writer, "listing", 25).await);
        }
        written
    });
    for round in 1..=4 {
        let relay = world.start_quick();
        let enough = round * 150;
        eventually(PATIENCE, "some events before the kill", async || {
            log.read_to_end();
            (log.records.len() >= enough).then_some(())
        })
        .await;
        relay.kill().await;
    }
    let written = writing.await.unwrap();
    let relay = world.start_quick();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

/// The first relay's producer waits ten minutes before it sends, so nothing it read is ever acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_position_does_not_pass_what_is_not_acknowledged() {
    let world = World::mysql("unacknowledged").await;
    let mut conn = world.connect().await;
    let waiting = Config {
        linger: Duration::from_mins(10),
        ..quick_config()
    };
    let relay = world.start_with(waiting, &world.space.mysql_url, &world.space.kafka);
    eventually(PATIENCE, "a position to start from", async || {
        world.saved_position().await
    })
    .await;
    let written = append_history(&mut conn, "listing", 10).await;
    for _ in 0..3 {
        let lease_until = "SELECT lease_until FROM relay_state";
        let before = world.ask::<i64>(lease_until).await;
        eventually(
            PATIENCE,
            "the lease to be renewed and the position saved",
            async || (world.ask::<i64>(lease_until).await != before).then_some(()),
        )
        .await;
    }
    relay.kill().await;

    let relay = world.start_quick();
    let mut log = world.log();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

/// The server answers the same to a position that was purged, was reset or never existed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_the_saved_position_is_scanned_and_then_tailed() {
    let world = World::mysql("purged").await;
    let uuid: String = world.ask("SELECT @@server_uuid").await.unwrap();
    let by_file = format!(r#"{{"server":"{uuid}","file":"binlog.000000","offset":4}}"#);
    let by_gtid = format!(
        r#"{{"server":"{uuid}","file":"binlog.000001","offset":4,"gtid":"{uuid}:1-9000000000"}}"#
    );
    let of_another = r#"{"server":"another","file":"binlog.000001","offset":4}"#.to_owned();
    scanned_then_tailed(
        world,
        &[by_file, by_gtid, of_another, "not a position".to_owned()],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_log_without_the_saved_position_is_scanned_and_then_tailed() {
    let world = World::mariadb("purged").await;
    let unknown =
        r#"{"server":"another","file":"binlog.000000","offset":4,"gtid":"0-2-9000000000"}"#
            .to_owned();
    let of_mysql = r#"{"server":"another","file":"binlog.000001","offset":4,"gtid":"3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"}"#;
    scanned_then_tailed(world, &[unknown, of_mysql.to_owned()]).await;
}

async fn scanned_then_tailed(world: World, positions: &[String]) {
    let mut conn = world.connect().await;
    let mut log = world.log();
    let mut written = append_history(&mut conn, "listing", 10).await;
    let relay = world.start();
    log.wait_for(&written).await;
    relay.stop().await;

    for position in positions {
        let already = log.records.len();
        written.extend(append_history(&mut conn, "listing", 10).await);
        conn.exec_drop("UPDATE relay_state SET position = ?", (position,))
            .await
            .unwrap();
        let relay = world.start_with(
            Config {
                scan_rows: 7,
                ..config()
            },
            &world.space.mysql_url,
            &world.space.kafka,
        );
        log.wait_for(&written).await;
        // Everything again, by the scan, and what comes after it, by the tail.
        let scanned = written.len();
        written.extend(append_history(&mut conn, "order", 10).await);
        log.wait_for(&written).await;
        relay.stop().await;
        log.read_to_end();
        assert_eq!(log.records.len(), already + scanned + 10, "{position}");
    }
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_may_turn_to_another_file_at_any_time() {
    let world = World::mysql("rotate").await;
    let mut conn = world.connect().await;
    let mut log = world.log();
    let mut written = Vec::new();
    let relay = world.start();
    for _ in 0..3 {
        written.extend(append_history(&mut conn, "listing", 5).await);
        conn.query_drop("FLUSH BINARY LOGS").await.unwrap();
    }
    log.wait_for(&written).await;
    relay.stop().await;
    world.forget_gtid().await;
    // The saved file and offset are those after the last turn.
    written.extend(append_history(&mut conn, "listing", 5).await);
    let relay = world.start();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

/// Columns are appended by migrations, while rows of the old shape are still in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_added_while_the_relay_is_down_does_not_disturb_it() {
    let world = World::mysql("migrated").await;
    let mut conn = world.connect().await;
    let mut log = world.log();
    let mut written = append_history(&mut conn, "listing", 1).await;
    let relay = world.start();
    log.wait_for(&written).await;
    relay.stop().await;
    written.extend(append_history(&mut conn, "listing", 3).await);
    conn.query_drop("ALTER TABLE events ADD COLUMN remark VARCHAR(10) NULL")
        .await
        .unwrap();
    written.extend(append_history(&mut conn, "listing", 3).await);
    let relay = world.start();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}
