use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::app::{TestApp, assert_problem, send};

#[tokio::test]
async fn an_order_is_reserved_paid_confirmed_and_sold() {
    order_pays_and_sells(TestApp::start("order").await).await;
}

#[tokio::test]
async fn an_order_is_reserved_paid_confirmed_and_sold_on_mariadb() {
    order_pays_and_sells(TestApp::start_on_mariadb("order").await).await;
}

async fn order_pays_and_sells(app: TestApp) {
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1250, 3).await;
    let reply = app.order(&buyer, listing, 2).await;
    let id = reply.id_of(201);
    assert_eq!(reply.header("location"), format!("/api/v1/orders/{id}"));
    let expected = [
        ("order".to_owned(), id, 1),
        ("payment".to_owned(), id, 1),
        ("listing".to_owned(), listing, 3),
    ];
    assert_eq!(reply.tokens(), expected);

    let payment = app.until_event("payment", id, "PaymentCaptured").await;
    assert_eq!(
        payment,
        ["PaymentRequested", "PaymentAuthorized", "PaymentCaptured"]
    );
    assert_eq!(
        app.events("order", id).await,
        ["OrderPlaced", "OrderConfirmed"]
    );
    assert_eq!(
        app.events("listing", listing).await,
        [
            "ListingDrafted",
            "ListingPublished",
            "ListingReserved",
            "ListingSold"
        ]
    );
    assert_eq!(app.stock(listing).await, (3, 0, 2));
    assert_eq!(app.count("SELECT COUNT(*) FROM payment_tasks").await, 0);
    let traces = app
        .count("SELECT COUNT(DISTINCT correlation_id) FROM events WHERE aggregate_type IN ('order', 'payment')")
        .await;
    assert_eq!(traces, 1, "what an order led to goes back to its request");
}

#[tokio::test]
async fn an_order_goes_to_the_address_asked_for() {
    let app = TestApp::start("address").await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1250, 3).await;
    let address =
        json!({"recipient": "Bob", "line1": "1 High Street", "city": "Oxford", "country": "GB"});
    let reply = send(app.post(&buyer, "/accounts/me/addresses").json(&address)).await;
    let address_id = reply.id_of(201);
    let order = |address_id| {
        let body = json!({
            "lines": [{"listing_id": listing, "quantity": 1}],
            "payment_method": "upi", "shipping_address_id": address_id,
        });
        send(app.post(&buyer, "/orders").json(&body))
    };
    order(address_id).await.expect(201);
    let refused = order(uuid::Uuid::now_v7()).await;
    assert_eq!(
        assert_problem(&refused, 422, "validation_failed"),
        ["/shipping_address_id"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_orders_for_the_last_piece_exactly_one_wins() {
    let app = TestApp::start("last_piece").await;
    let seller = app.somebody().await;
    let buyers = [app.somebody().await, app.somebody().await];
    let listing = app.listing(&seller, 1250, 1).await;
    let orders = (0..12).map(|number| app.order(&buyers[number % 2], listing, 1));
    let replies = join_all(orders).await;
    let won: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    assert_eq!(won.len(), 1);
    for lost in replies.iter().filter(|reply| reply.status != 201) {
        assert_problem(lost, 409, "out_of_stock");
    }
    app.until_event("payment", won[0].id_of(201), "PaymentCaptured")
        .await;
    assert_eq!(app.stock(listing).await, (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_that_cross_do_not_block_each_other() {
    let app = TestApp::start("crossing").await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let lamp = app.listing(&seller, 1000, 100).await;
    let chair = app.listing(&seller, 1000, 100).await;
    let order = |first, second| {
        let body = json!({
            "lines": [{"listing_id": first, "quantity": 1}, {"listing_id": second, "quantity": 1}],
            "payment_method": "wallet",
        });
        send(app.post(&buyer, "/orders").json(&body))
    };
    let orders = (0..10).map(|number| {
        if number % 2 == 0 {
            order(lamp, chair)
        } else {
            order(chair, lamp)
        }
    });
    for reply in join_all(orders).await {
        let id = reply.id_of(201);
        app.until_event("payment", id, "PaymentCaptured").await;
    }
    assert_eq!(app.stock(lamp).await, (100, 0, 10));
    assert_eq!(app.stock(chair).await, (100, 0, 10));
}

#[tokio::test]
async fn only_the_parties_cancel_and_only_while_they_may() {
    let app = TestApp::start("cancel").await;
    let (seller, buyer, other) = (
        app.somebody().await,
        app.somebody().await,
        app.somebody().await,
    );
    let listing = app.listing(&seller, 1250, 3).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    app.until_event("payment", id, "PaymentCaptured").await;
    let path = format!("/orders/{id}/cancel");
    let cancel = |person, sequence| send(app.change(Method::POST, person, &path, sequence));

    assert_problem(&cancel(&other, 2).await, 403, "not_party");
    assert_problem(&cancel(&buyer, 2).await, 409, "order_confirmed");
    assert_problem(&cancel(&seller, 1).await, 412, "stale");
    assert_eq!(cancel(&seller, 2).await.expect(200)["sequence"], 3);

    // What was captured goes back.
    app.until_event("payment", id, "PaymentRefunded").await;
    assert_eq!(
        app.events("order", id).await,
        ["OrderPlaced", "OrderConfirmed", "OrderCancelled"]
    );
}

#[tokio::test]
async fn refunds_never_exceed_what_was_paid() {
    let app = TestApp::start("refund").await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1000, 3).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    app.until_event("payment", id, "PaymentCaptured").await;
    let path = format!("/orders/{id}/refund");
    let refund = |person, body: serde_json::Value| {
        send(app.change(Method::POST, person, &path, 2).json(&body))
    };
    let euros =
        |amount_minor: i64| json!({"amount": {"amount_minor": amount_minor, "currency": "EUR"}});

    assert_problem(&refund(&buyer, json!({})).await, 403, "not_party");
    assert_problem(&refund(&seller, euros(1001)).await, 409, "refund_too_large");
    let negative = refund(&seller, euros(-5)).await;
    assert_eq!(
        assert_problem(&negative, 422, "validation_failed"),
        ["/amount/amount_minor"]
    );
    // Two at the same time: the second sees the first, although the gateway has not answered either.
    let (one, other) = tokio::join!(refund(&seller, euros(700)), refund(&seller, euros(700)));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409]);
    let admin = app.admin().await;
    refund(&admin, json!({})).await.expect(202);
    let events = souk_stack::eventually(crate::app::DEADLINE, "both refunds", async || {
        let events = app.events("payment", id).await;
        (events
            .iter()
            .filter(|event| *event == "PaymentRefunded")
            .count()
            == 2)
            .then_some(events)
    })
    .await;
    assert_eq!(events.len(), 5);
    assert_problem(&refund(&admin, json!({})).await, 409, "refund_too_large");
}
