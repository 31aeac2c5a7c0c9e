//! Debezium in the relay's place, by configuration only: the same documents.

use souk_stack::TestStack;

use crate::support::{App, PATIENCE, difference, listing_body, publish, read_index, until_same};

#[tokio::test(flavor = "multi_thread")]
async fn debezium_and_the_relay_give_the_same_documents() {
    let stack = TestStack::connect().await;
    let connect = stack.connect_url();
    let space = stack.space("debezium").await;
    let with_debezium = App::prepare(
        space.clone(),
        &[
            ("DEBEZIUM__ENABLED", "true"),
            ("DEBEZIUM__CONNECT_URL", &connect),
        ],
    );
    let registered = with_debezium.souk(&["debezium", "register"]);
    assert!(
        registered.status.success(),
        "{}",
        String::from_utf8_lossy(&registered.stderr)
    );
    let refused = with_debezium.souk(&["run", "relay"]);
    assert!(!refused.status.success(), "both on one table are refused");
    with_debezium
        .start_roles(&["command-api", "processors", "query-api"])
        .await;
    trade(&with_debezium).await;

    // A twin on the same event store: other topics and indices, and the relay.
    let twin = stack.space("debezium-twin").await;
    let twin_prefix = twin.prefix.clone();
    let with_relay = App::prepare(
        souk_stack::Space {
            mysql_url: space.mysql_url.clone(),
            ..twin
        },
        &[],
    );
    with_relay.start_roles(&["relay", "processors"]).await;

    let opensearch = &space.opensearch_url;
    for alias in ["souk-catalog", "souk-orders", "souk-invoices", "souk-users"] {
        until_same(alias, async || {
            let expected = read_index(opensearch, &format!("{}{alias}", space.prefix)).await;
            if expected.is_empty() {
                return Some("no documents".to_owned());
            }
            let found = read_index(opensearch, &format!("{twin_prefix}{alias}")).await;
            difference(&expected, &found)
        })
        .await;
    }
}

async fn trade(app: &App) {
    let (seller, buyer) = (app.register("Seller").await, app.register("Buyer").await);
    let (listing, _) = publish(app, &seller, listing_body("A lamp", 4_250, 3)).await;
    let order = serde_json::json!({"lines": [{"listing_id": listing, "quantity": 1}], "payment_method": "wallet"});
    let placed = app.post(Some(&buyer), "/orders", order).await.created();
    let path = format!("/orders/{}", placed.id());
    souk_stack::eventually(
        PATIENCE,
        "the order to be paid, by way of Debezium",
        async || {
            let answer = app.get(Some(&buyer), &path, Some(placed.token())).await;
            (answer.status.is_success() && answer.body["item"]["payment"]["status"] == "captured")
                .then_some(())
        },
    )
    .await;
}
