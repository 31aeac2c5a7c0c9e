use sqlx::{Connection as _, MySqlConnection, Row as _};
use uuid::Uuid;

use crate::support::{App, PATIENCE, keys_of, listing_body, publish};

/// Ids become visible in the order of commits, not in the order in which they were given: whoever asks for "ids above the last
/// one seen" loses the transaction that was given a low id and committed late.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_commits_late_with_a_low_position_is_not_skipped() {
    let app = App::start("late-commit").await;
    let seller = app.register("Seller").await;
    let (early, _) = publish(&app, &seller, listing_body("Early", 1_000, 1)).await;

    let mut connection = MySqlConnection::connect(&app.space.mysql_url)
        .await
        .expect("MySQL answers");
    let mut transaction = connection.begin().await.expect("a transaction can begin");
    // A copy of a real event under another aggregate takes its position now and is committed at the end.
    let held = Uuid::now_v7().to_string();
    sqlx::query(
        "INSERT INTO events (event_id, aggregate_type, aggregate_id, sequence, event_type, payload, actor, correlation_id, causation_id, traceparent, occurred_at)
         SELECT ?, aggregate_type, ?, 1, event_type, payload, actor, correlation_id, causation_id, traceparent, occurred_at
         FROM events WHERE aggregate_type = 'listing' AND aggregate_id = ? AND sequence = 1",
    )
    .bind(Uuid::now_v7().to_string())
    .bind(&held)
    .bind(&early)
    .execute(&mut *transaction)
    .await
    .expect("an event can be inserted");
    let low = last_position(&mut transaction).await;

    let (later, published) = publish(&app, &seller, listing_body("Later", 2_000, 1)).await;
    app.get(None, &format!("/catalog/{later}"), Some(published.token()))
        .await
        .success();
    let mut other = MySqlConnection::connect(&app.space.mysql_url)
        .await
        .expect("MySQL answers");
    assert!(
        last_position(&mut other).await > low,
        "the later transaction has a higher position and is long relayed"
    );

    transaction
        .commit()
        .await
        .expect("the late transaction commits");
    let topic = app.topic("listing");
    let found = souk_stack::eventually(PATIENCE, "the late event on its topic", async || {
        let keys = keys_of(&app.space.kafka, &topic);
        keys.contains(&held).then_some(keys)
    })
    .await;
    assert!(found.contains(&later));
}

async fn last_position(connection: &mut MySqlConnection) -> u64 {
    let row = sqlx::query("SELECT MAX(position) FROM events")
        .fetch_one(connection)
        .await
        .expect("MySQL answers");
    row.get(0)
}
