use mysql_async::TxOpts;
use mysql_async::prelude::Queryable;
use souk_relay::Config;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{AGGREGATES, World, Written, append, append_history, config, event};

const NUM_WRITERS: u64 = 16;
const NUM_ROUNDS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_committed_row_arrives_once_and_unchanged() {
    arrives_once_and_unchanged(World::mysql("once").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_committed_row_arrives_once_and_unchanged_from_mariadb() {
    arrives_once_and_unchanged(World::mariadb("once").await).await;
}

async fn arrives_once_and_unchanged(world: World) {
    let mut conn = world.connect().await;
    // Found by the scan of a first start.
    let mut written = append_history(&mut conn, "listing", 20).await;
    let relay = world.start();
    let mut log = world.log();
    log.wait_for(&written).await;

    // Found by the tail: alone, several to a transaction, several to a statement's row event, and large.
    written.extend(append_history(&mut conn, "order", 30).await);
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
    for sequence in 1..=50 {
        for (aggregate, id) in AGGREGATES.into_iter().zip([one, other]) {
            let event = event(aggregate, id, sequence);
            append(&mut transaction, &event).await;
            written.push(event);
        }
    }
    transaction.commit().await.unwrap();
    let large = Written {
        payload: (0..300_000_u32)
            .map(|index| index.to_le_bytes()[0])
            .collect(),
        ..event("order", Uuid::now_v7(), 1)
    };
    append(&mut conn, &large).await;
    written.push(large);
    // Another table of the name and this one's other changes are not events.
    conn.query_drop("UPDATE events SET actor = event_id")
        .await
        .unwrap();
    conn.query_drop("CREATE TABLE events_archive AS SELECT * FROM events")
        .await
        .unwrap();

    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_of_a_lower_position_is_not_skipped() {
    late_commit(World::mysql("late").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_commit_of_a_lower_position_is_not_skipped_on_mariadb() {
    late_commit(World::mariadb("late").await).await;
}

/// One transaction is open from before the first start, whose scan cannot see it, and one from before rows that are tailed.
async fn late_commit(world: World) {
    let (mut early, mut late, mut conn) = (
        world.connect().await,
        world.connect().await,
        world.connect().await,
    );
    let mut before_scan = early.start_transaction(TxOpts::default()).await.unwrap();
    let first = event("listing", Uuid::now_v7(), 1);
    append(&mut before_scan, &first).await;
    let mut written = append_history(&mut conn, "listing", 10).await;
    let relay = world.start();
    let mut log = world.log();
    log.wait_for(&written).await;

    let mut before_tail = late.start_transaction(TxOpts::default()).await.unwrap();
    let second = event("order", Uuid::now_v7(), 1);
    append(&mut before_tail, &second).await;
    written.extend(append_history(&mut conn, "order", 10).await);
    log.wait_for(&written).await;

    before_tail.commit().await.unwrap();
    before_scan.commit().await.unwrap();
    written.extend([first, second]);
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rolled_back_is_never_published() {
    rolled_back(World::mysql("rollback").await, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_rolled_back_is_never_published_on_mariadb() {
    rolled_back(World::mariadb("rollback").await, true).await;
}

async fn rolled_back(world: World, mixes_engines: bool) {
    let mut conn = world.connect().await;
    conn.query_drop("CREATE TABLE scratch (id INT) ENGINE = MyISAM")
        .await
        .unwrap();
    let relay = world.start();
    let mut log = world.log();
    let mut written = append_history(&mut conn, "listing", 1).await;
    log.wait_for(&written).await;

    let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
    append(&mut transaction, &event("listing", Uuid::now_v7(), 1)).await;
    transaction.rollback().await.unwrap();

    let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
    let kept = event("listing", Uuid::now_v7(), 1);
    append(&mut transaction, &kept).await;
    transaction.query_drop("SAVEPOINT half").await.unwrap();
    append(&mut transaction, &event("listing", Uuid::now_v7(), 1)).await;
    transaction
        .query_drop("ROLLBACK TO SAVEPOINT half")
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    written.push(kept);

    if mixes_engines {
        // This one reaches the binary log, rows and all, with a ROLLBACK at its end.
        let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
        append(&mut transaction, &event("listing", Uuid::now_v7(), 1)).await;
        transaction
            .query_drop("CREATE TEMPORARY TABLE passing (id INT) ENGINE = InnoDB")
            .await
            .unwrap();
        transaction
            .query_drop("INSERT INTO scratch VALUES (1)")
            .await
            .unwrap();
        append(&mut transaction, &event("listing", Uuid::now_v7(), 1)).await;
        transaction.rollback().await.unwrap();
    }

    written.extend(append_history(&mut conn, "listing", 1).await);
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

/// One session may log statements whatever the server's default is; the table has the rows then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_logged_as_a_statement_is_found_by_a_scan() {
    logged_as_statement(World::mysql("statement").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_logged_as_a_statement_is_found_by_a_scan_on_mariadb() {
    logged_as_statement(World::mariadb("statement").await).await;
}

async fn logged_as_statement(world: World) {
    let relay = world.start();
    let mut log = world.log();
    let (mut conn, mut stranger) = (world.connect().await, world.connect().await);
    let mut written = append_history(&mut conn, "listing", 5).await;
    log.wait_for(&written).await;
    stranger
        .query_drop("SET SESSION binlog_format = 'STATEMENT'")
        .await
        .unwrap();
    written.extend(append_history(&mut stranger, "listing", 5).await);
    written.extend(append_history(&mut conn, "listing", 5).await);
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compressed_transactions_are_read_and_resumed_after() {
    let world = World::mysql("compressed").await;
    let mut conn = world.connect().await;
    let mut written = append_history(&mut conn, "listing", 2).await;
    let mut log = world.log();
    conn.query_drop("SET SESSION binlog_transaction_compression = ON")
        .await
        .unwrap();
    for round in 0..2 {
        let relay = world.start();
        written.extend(append_history(&mut conn, "listing", 10).await);
        log.wait_for(&written).await;
        relay.stop().await;
        if round == 0 {
            // By file, the next start needs the right offset of the last compressed transaction.
            world.forget_gtid().await;
        }
    }
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_lose_nothing_and_keep_each_aggregates_order() {
    beside_writers(World::mysql("writers").await, config()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_lose_nothing_on_mariadb() {
    beside_writers(World::mariadb("writers").await, config()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_one_event_and_pages_of_three_rows_change_nothing() {
    let config = Config {
        in_flight_events: 1,
        in_flight_bytes: 1,
        scan_rows: 3,
        ..config()
    };
    beside_writers(World::mysql("narrow").await, config).await;
}

/// The relay starts in the middle of the writing, so that its scan meets open transactions and its tail repeats scanned rows.
async fn beside_writers(world: World, config: Config) {
    let aggregates: Vec<Uuid> = (0..24).map(|_| Uuid::now_v7()).collect();
    let mut conn = world.connect().await;
    let insert = "INSERT INTO aggregates (aggregate_type, aggregate_id, sequence, state_version, state) VALUES ('listing', ?, 0, 1, '')";
    for id in &aggregates {
        conn.exec_drop(insert, (id.to_string(),)).await.unwrap();
    }
    let mut writers = JoinSet::new();
    for seed in 0..NUM_WRITERS {
        writers.spawn(write(world.connect().await, aggregates.clone(), seed));
    }
    let half = Box::pin(async {
        souk_stack::eventually(
            crate::support::PATIENCE,
            "a third of the writing",
            async || {
                let count = world.ask::<u64>("SELECT COUNT(*) FROM events").await;
                (count > Some(NUM_WRITERS * NUM_ROUNDS / 3)).then_some(())
            },
        )
        .await;
    });
    half.await;
    let relay = world.start_with(config, &world.space.mysql_url, &world.space.kafka);
    let written: Vec<Written> = writers.join_all().await.into_iter().flatten().collect();
    let mut log = world.log();
    log.wait_for(&written).await;
    relay.stop().await;
    log.read_to_end();
    log.assert_complete(&written);
    log.assert_no_repeats();
}

/// Appends to one or two aggregates in a transaction, under their locks as commands do; every seventh is rolled back.
async fn write(mut conn: mysql_async::Conn, aggregates: Vec<Uuid>, seed: u64) -> Vec<Written> {
    let mut written = Vec::new();
    for round in 0..NUM_ROUNDS {
        let pick = |salt: u64| {
            aggregates[usize::try_from((seed * 131 + round * 31 + salt) % aggregates.len() as u64)
                .unwrap()]
        };
        let mut ids = vec![pick(0)];
        if round % 3 == 0 && pick(7) != ids[0] {
            ids.push(pick(7));
        }
        // One order of locking, so that nobody waits for each other.
        ids.sort_unstable();
        let mut transaction = conn.start_transaction(TxOpts::default()).await.unwrap();
        let mut appended = Vec::new();
        for id in ids {
            let key = (id.to_string(),);
            let lock = "SELECT sequence FROM aggregates WHERE aggregate_type = 'listing' AND aggregate_id = ? FOR UPDATE";
            let known: Option<u64> = transaction.exec_first(lock, key.clone()).await.unwrap();
            let event = event("listing", id, known.unwrap() + 1);
            append(&mut transaction, &event).await;
            let update = "UPDATE aggregates SET sequence = sequence + 1 WHERE aggregate_type = 'listing' AND aggregate_id = ?";
            transaction.exec_drop(update, key).await.unwrap();
            appended.push(event);
        }
        if round % 7 == 6 {
            transaction.rollback().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
            written.extend(appended);
        }
    }
    written
}
