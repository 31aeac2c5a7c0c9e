use std::time::Duration;

use reqwest::Method;
use souk_stack::eventually;

use crate::app::{DEADLINE, TestApp, config, send};

#[tokio::test]
async fn a_declined_payment_releases_the_stock_and_cancels_the_order() {
    let app = TestApp::start("declined").await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1013, 1).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    app.until_event("order", id, "OrderCancelled").await;
    assert_eq!(
        app.events("payment", id).await,
        ["PaymentRequested", "PaymentFailed"]
    );
    assert_eq!(
        app.events("listing", listing).await,
        [
            "ListingDrafted",
            "ListingPublished",
            "ListingReserved",
            "ListingReservationReleased"
        ]
    );
    assert_eq!(app.stock(listing).await, (1, 0, 0));
}

#[tokio::test]
async fn a_declined_capture_cancels_the_order() {
    let app = TestApp::start("capture").await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1029, 1).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    let order = app.until_event("order", id, "OrderCancelled").await;
    assert_eq!(order, ["OrderPlaced", "OrderConfirmed", "OrderCancelled"]);
    assert_eq!(
        app.events("payment", id).await,
        ["PaymentRequested", "PaymentAuthorized", "PaymentFailed"]
    );
    assert_eq!(
        app.events("listing", listing).await.last().unwrap(),
        "ListingReservationReleased"
    );
    assert_eq!(app.stock(listing).await, (1, 0, 0));
}

#[tokio::test]
async fn an_order_that_ends_before_its_capture_frees_its_pieces() {
    let mut config = config();
    // The second call, the first capture, finds nobody and is not repeated within this test.
    config.payments.simulator.unavailable_every = 2;
    config.payments.first_pause = Duration::from_hours(1);
    config.payments.max_pause = Duration::from_hours(1);
    let app = TestApp::start_with("uncaptured", config).await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1000, 1).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    app.until_event("order", id, "OrderConfirmed").await;
    let cancel = app.change(Method::POST, &seller, &format!("/orders/{id}/cancel"), 2);
    send(cancel).await.expect(200);
    assert_eq!(app.stock(listing).await, (1, 0, 0));
    assert_eq!(
        app.events("payment", id).await,
        ["PaymentRequested", "PaymentAuthorized", "PaymentFailed"]
    );
}

#[tokio::test]
async fn a_gateway_that_loses_answers_is_asked_again_and_pays_once() {
    let mut config = config();
    config.payments.simulator.unavailable_every = 3;
    config.payments.simulator.lost_answer_every = 2;
    let app = TestApp::start_with("flaky_gateway", config).await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1000, 10).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(app.order(&buyer, listing, 1).await.id_of(201));
    }
    for id in ids {
        let events = app.until_event("payment", id, "PaymentCaptured").await;
        assert_eq!(
            events,
            ["PaymentRequested", "PaymentAuthorized", "PaymentCaptured"]
        );
    }
    assert_eq!(app.stock(listing).await, (10, 0, 4));
}

#[tokio::test]
async fn a_payment_that_waits_survives_a_restart() {
    let mut away = config();
    away.payments.simulator.unavailable_every = 1;
    let app = TestApp::start_with("restart", away).await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1000, 1).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    eventually(DEADLINE, "an attempt", async || {
        let attempts = app
            .count("SELECT CAST(SUM(attempts) AS SIGNED) FROM payment_tasks")
            .await;
        (attempts > 1).then_some(())
    })
    .await;
    let space = app.stop().await;

    let app = TestApp::start_in(space, config()).await;
    app.until_event("payment", id, "PaymentCaptured").await;
    assert_eq!(
        app.events("order", id).await,
        ["OrderPlaced", "OrderConfirmed"]
    );
}

#[tokio::test]
async fn an_order_cancelled_while_the_gateway_thinks_ends_unpaid() {
    let mut slow = config();
    slow.payments.simulator.unavailable_every = 1;
    let app = TestApp::start_with("thinking", slow).await;
    let (seller, buyer) = (app.somebody().await, app.somebody().await);
    let listing = app.listing(&seller, 1000, 1).await;
    let id = app.order(&buyer, listing, 1).await.id_of(201);
    let cancel = app.change(Method::POST, &buyer, &format!("/orders/{id}/cancel"), 1);
    send(cancel).await.expect(200);
    assert_eq!(app.stock(listing).await, (1, 0, 0));
    let space = app.stop().await;

    // The gateway approves in the end; what it holds is let go again, and nothing is recorded.
    let app = TestApp::start_in(space, config()).await;
    eventually(DEADLINE, "every task to be settled", async || {
        (app.count("SELECT COUNT(*) FROM payment_tasks").await == 0).then_some(())
    })
    .await;
    assert_eq!(
        app.events("payment", id).await,
        ["PaymentRequested", "PaymentFailed"]
    );
    assert_eq!(
        app.events("order", id).await,
        ["OrderPlaced", "OrderCancelled"]
    );
}

#[tokio::test]
async fn two_managers_share_the_tasks_and_record_each_once() {
    let first = TestApp::start("managers").await;
    let mut config = config();
    config.payments.simulator.delay = Duration::from_millis(1);
    let second = TestApp::start_in(first.space.clone(), config).await;
    let (seller, buyer) = (first.somebody().await, first.somebody().await);
    let listing = first.listing(&seller, 1000, 20).await;
    let mut ids = Vec::new();
    for number in 0..20 {
        let app = if number % 2 == 0 { &first } else { &second };
        ids.push(app.order(&buyer, listing, 1).await.id_of(201));
    }
    for id in ids {
        let events = first.until_event("payment", id, "PaymentCaptured").await;
        assert_eq!(events.len(), 3);
    }
    assert_eq!(first.stock(listing).await, (20, 0, 20));
}
