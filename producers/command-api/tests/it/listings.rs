use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{TestApp, assert_problem, lamp, send};

#[tokio::test]
async fn a_listing_goes_through_its_whole_life() {
    let app = TestApp::start("life").await;
    let seller = app.somebody().await;
    let reply = send(app.post(&seller, "/listings").json(&lamp(1250, 3))).await;
    let id = reply.id_of(201);
    assert_eq!(reply.header("location"), format!("/api/v1/listings/{id}"));
    assert_eq!(reply.tokens(), [("listing".to_owned(), id, 1)]);

    let steps: [(Method, &str, Option<Value>); 7] = [
        (
            Method::PATCH,
            "",
            Some(json!({"title": "A better lamp", "brand": "Anglepoise"})),
        ),
        (Method::POST, "/publish", None),
        (
            Method::POST,
            "/price",
            Some(json!({"price": {"amount_minor": 900, "currency": "EUR"}})),
        ),
        (Method::POST, "/stock", Some(json!({"quantity": 5}))),
        (Method::POST, "/pause", None),
        (Method::POST, "/resume", None),
        (Method::DELETE, "", None),
    ];
    for ((method, action, body), sequence) in steps.into_iter().zip(1..) {
        let path = format!("/listings/{id}{action}");
        let mut request = app.change(method, &seller, &path, sequence);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let reply = send(request).await;
        assert_eq!(
            reply.expect(200),
            &json!({"id": id, "sequence": sequence + 1})
        );
        assert_eq!(reply.header("etag"), format!("\"{}\"", sequence + 1));
        assert_eq!(reply.tokens(), [("listing".to_owned(), id, sequence + 1)]);
    }
    let expected = [
        "ListingDrafted",
        "ListingDetailsChanged",
        "ListingPublished",
        "ListingPriceChanged",
        "ListingStockAdjusted",
        "ListingPaused",
        "ListingResumed",
        "ListingWithdrawn",
    ];
    assert_eq!(app.events("listing", id).await, expected);
}

#[tokio::test]
async fn a_stale_decision_is_refused() {
    let app = TestApp::start("stale").await;
    let seller = app.somebody().await;
    let id = app.listing(&seller, 1250, 1).await;
    let path = format!("/listings/{id}/pause");
    let pause =
        |if_match: &'static str| send(app.post(&seller, &path).header("if-match", if_match));
    for stale in ["\"1\"", "\"3\"", "W/\"2\"", "\"x\""] {
        assert_problem(&pause(stale).await, 412, "stale");
    }
    assert_problem(&pause("2").await, 400, "if_match_invalid");
    assert_problem(
        &send(app.post(&seller, &path)).await,
        428,
        "if_match_missing",
    );
    pause("\"7\", \"2\"").await.expect(200);
    pause("*").await.expect(200);
    assert_eq!(app.events("listing", id).await.len(), 3);
}

#[tokio::test]
async fn only_the_seller_changes_a_listing() {
    let app = TestApp::start("owner").await;
    let (seller, other) = (app.somebody().await, app.somebody().await);
    let id = app.listing(&seller, 1250, 1).await;
    let foreign = app.change(Method::DELETE, &other, &format!("/listings/{id}"), 2);
    assert_problem(&send(foreign).await, 403, "not_owner");
    let nowhere = format!("/listings/{}/publish", Uuid::now_v7());
    let missing = app.change(Method::POST, &seller, &nowhere, 1);
    assert_problem(&send(missing).await, 404, "listing_not_found");
}

#[tokio::test]
async fn a_sellers_own_code_names_one_listing() {
    let app = TestApp::start("codes").await;
    let (seller, other) = (app.somebody().await, app.somebody().await);
    let mut coded = lamp(1250, 1);
    coded["external_id"] = json!("SKU-1");
    send(app.post(&seller, "/listings").json(&coded))
        .await
        .expect(201);
    send(app.post(&other, "/listings").json(&coded))
        .await
        .expect(201);
    let twice = send(app.post(&seller, "/listings").json(&coded)).await;
    assert_problem(&twice, 409, "external_id_taken");
}

#[tokio::test]
async fn the_trace_of_a_request_is_kept_with_its_events() {
    let app = TestApp::start("trace").await;
    let seller = app.somebody().await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = app.post(&seller, "/listings").header("traceparent", trace);
    let id = send(request.json(&lamp(1250, 1))).await.id_of(201);
    let (kept, correlation, actor): (String, String, String) = sqlx::query_as(
        "SELECT traceparent, correlation_id, actor FROM events WHERE aggregate_id = ?",
    )
    .bind(id.to_string())
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(kept, trace);
    assert_eq!(correlation, "0af76519-16cd-43dd-8448-eb211c80319c");
    assert_eq!(actor, seller.id.to_string());
}
