//! What bad input gets: always a problem document, never a half-done command.

use reqwest::{Method, RequestBuilder};
use serde_json::json;
use souk_platform::Role;

use crate::app::{Person, TestApp, assert_problem, lamp, send, stranger};

#[tokio::test]
async fn bad_requests_get_the_status_that_fits_and_change_nothing() {
    let app = TestApp::start("refusals").await;
    let seller = app.somebody().await;
    let before = app.count("SELECT COUNT(*) FROM events").await;
    let listings = || app.post(&seller, "/listings");
    let text = |body: &str| {
        listings()
            .header("content-type", "application/json")
            .body(body.to_owned())
    };
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(64 * 1024));
    let mut unknown = lamp(1, 1);
    unknown["colour"] = json!("red");
    let without_key = app
        .request(Method::POST, "/listings")
        .bearer_auth(&seller.token);
    let anonymous = app
        .request(Method::POST, "/listings")
        .header("idempotency-key", "k");
    let rows: Vec<(&str, RequestBuilder, u16, &str)> = vec![
        (
            "no token",
            anonymous.json(&lamp(1, 1)),
            401,
            "token_missing",
        ),
        (
            "bad token",
            app.post(&forged(), "/listings").json(&lamp(1, 1)),
            401,
            "token_invalid",
        ),
        (
            "no key",
            without_key.json(&lamp(1, 1)),
            400,
            "idempotency_key_missing",
        ),
        (
            "long key",
            app.request(Method::POST, "/listings")
                .bearer_auth(&seller.token)
                .header("idempotency-key", "k".repeat(201))
                .json(&lamp(1, 1)),
            400,
            "idempotency_key_invalid",
        ),
        ("no json", text("{\"title\":"), 400, "json_syntax"),
        (
            "no content type",
            listings().body("{}"),
            415,
            "unsupported_media_type",
        ),
        ("too large", text(&large), 413, "body_too_large"),
        (
            "unknown field",
            listings().json(&unknown),
            422,
            "body_shape",
        ),
        ("nothing", listings(), 422, "body_shape"),
        (
            "bad price",
            listings().json(&lamp(0, -1)),
            422,
            "validation_failed",
        ),
        (
            "bad id",
            app.change(Method::DELETE, &seller, "/listings/7", 1),
            400,
            "path_invalid",
        ),
        (
            "no route",
            app.post(&seller, "/nowhere"),
            404,
            "route_unknown",
        ),
        (
            "no method",
            app.request(Method::GET, "/listings"),
            405,
            "method_not_allowed",
        ),
        (
            "body for none",
            app.change(Method::DELETE, &seller, &one(), 1)
                .json(&json!({"a": 1})),
            422,
            "body_shape",
        ),
        (
            "no admin",
            app.post(&seller, "/categories")
                .json(&json!({"name": "Home"})),
            403,
            "role_required",
        ),
        (
            "no admin",
            app.post(&seller, "/users")
                .json(&json!({"email": "a@b.cc", "name": "Ada"})),
            403,
            "role_required",
        ),
        (
            "no admin",
            app.post(&seller, "/admin/import/users")
                .json(&json!({"items": []})),
            403,
            "role_required",
        ),
        (
            "no admin, whose body is not read",
            app.post(&seller, "/admin/import/users").body("["),
            403,
            "role_required",
        ),
    ];
    for (name, request, status, code) in rows {
        let reply = send(request).await;
        assert_eq!(
            (reply.status, reply.body["code"].as_str()),
            (status, Some(code)),
            "{name}: {}",
            reply.body
        );
        assert_problem(&reply, status, code);
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, before);
}

fn one() -> String {
    format!("/listings/{}", uuid::Uuid::now_v7())
}

fn forged() -> Person {
    Person {
        token: "not.a.token".to_owned(),
        ..stranger([Role::Admin])
    }
}

#[tokio::test]
async fn every_bad_field_of_a_listing_is_told_at_once() {
    let app = TestApp::start("fields").await;
    let seller = app.somebody().await;
    let body = json!({
        "title": "", "condition": "good", "quantity": -1,
        "price": {"amount_minor": 0, "currency": "XXX"},
        "place": {"city": "Paris", "country": "fr", "latitude": 91.0, "longitude": 0.0},
    });
    let reply = send(app.post(&seller, "/listings").json(&body)).await;
    let mut pointers = assert_problem(&reply, 422, "validation_failed");
    pointers.sort();
    let expected = [
        "/place/country",
        "/place/latitude",
        "/price/amount_minor",
        "/price/currency",
        "/quantity",
        "/title",
    ];
    assert_eq!(pointers, expected);
}

#[tokio::test]
async fn orders_that_cannot_be_are_refused_whole() {
    let app = TestApp::start("orders").await;
    let (seller, other, buyer) = (
        app.somebody().await,
        app.somebody().await,
        app.somebody().await,
    );
    let (full, empty) = (
        app.listing(&seller, 1000, 5).await,
        app.listing(&seller, 1000, 0).await,
    );
    let foreign = app.listing(&other, 1000, 5).await;
    let order = |person: &Person, lines: serde_json::Value| {
        let body = json!({"lines": lines, "payment_method": "wallet"});
        send(app.post(person, "/orders").json(&body))
    };
    let line = |listing, quantity| json!({"listing_id": listing, "quantity": quantity});

    let sold_out = order(&buyer, json!([line(full, 1), line(empty, 1)])).await;
    assert_eq!(assert_problem(&sold_out, 409, "out_of_stock"), ["/lines/1"]);
    let rows = [
        (json!([]), "/lines"),
        (json!([line(full, 0)]), "/lines/0/quantity"),
        (json!([line(full, 1), line(full, 1)]), "/lines/1/listing_id"),
        (
            json!([line(full, 1), line(foreign, 1)]),
            "/lines/1/listing_id",
        ),
        (
            json!([line(uuid::Uuid::now_v7(), 1)]),
            "/lines/0/listing_id",
        ),
    ];
    for (lines, pointer) in rows {
        let refused = order(&buyer, lines).await;
        assert_eq!(
            assert_problem(&refused, 422, "validation_failed"),
            [pointer]
        );
    }
    let own = order(&seller, json!([line(full, 1)])).await;
    assert_eq!(
        assert_problem(&own, 422, "validation_failed"),
        ["/lines/0/listing_id"]
    );
    let nobody = stranger([Role::Buyer]);
    assert_problem(
        &order(&nobody, json!([line(full, 1)])).await,
        404,
        "user_not_found",
    );

    assert_eq!(app.stock(full).await, (5, 0, 0));
    assert_eq!(
        app.count("SELECT COUNT(*) FROM events WHERE aggregate_type IN ('order', 'payment')")
            .await,
        0
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM payment_tasks").await, 0);
}
