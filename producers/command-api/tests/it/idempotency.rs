use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::app::{Person, Reply, TestApp, assert_problem, lamp, send};

fn with_key(app: &TestApp, person: &Person, key: &str, price: i64) -> impl Future<Output = Reply> {
    let request = app
        .request(Method::POST, "/listings")
        .bearer_auth(&person.token)
        .header("idempotency-key", key.to_owned());
    send(request.json(&lamp(price, 1)))
}

#[tokio::test]
async fn a_repeated_command_gets_the_same_answer_and_another_one_is_refused() {
    let app = TestApp::start("replay").await;
    let (seller, other) = (app.somebody().await, app.somebody().await);
    let first = with_key(&app, &seller, "k", 1250).await;
    let second = with_key(&app, &seller, "k", 1250).await;
    first.expect(201);
    second.expect(201);
    assert_eq!(first.body, second.body);
    for header in ["etag", "location", "souk-consistency"] {
        assert_eq!(first.header(header), second.header(header));
    }
    assert_problem(
        &with_key(&app, &seller, "k", 999).await,
        422,
        "idempotency_key_reused",
    );
    // Keys belong to the person who chose them.
    with_key(&app, &other, "k", 999).await.expect(201);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM events WHERE event_type = 'ListingDrafted'")
            .await,
        2
    );
}

#[tokio::test]
async fn a_repeated_change_gets_its_first_answer_although_its_if_match_is_stale_by_then() {
    let app = TestApp::start("replay_change").await;
    let seller = app.somebody().await;
    let id = app.listing(&seller, 1250, 1).await;
    let pause = || {
        let request = app
            .request(Method::POST, &format!("/listings/{id}/pause"))
            .bearer_auth(&seller.token)
            .header("idempotency-key", "pause")
            .header("if-match", "\"2\"");
        send(request)
    };
    assert_eq!(pause().await.expect(200), pause().await.expect(200));
    assert_eq!(app.events("listing", id).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_command_sent_at_the_same_time_is_carried_out_once() {
    let app = TestApp::start("together").await;
    let seller = app.somebody().await;
    let replies = join_all((0..12).map(|_| with_key(&app, &seller, "k", 1250))).await;
    for reply in &replies {
        assert_eq!(reply.expect(201), &replies[0].body);
    }
    assert_eq!(
        app.count("SELECT COUNT(*) FROM events WHERE event_type = 'ListingDrafted'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hangs_up_leaves_a_whole_command_or_none() {
    let app = TestApp::start("hang_up").await;
    let seller = app.somebody().await;
    let body = lamp(1250, 1).to_string();
    let keys: Vec<String> = (0..20).map(|_| Uuid::now_v7().to_string()).collect();
    for key in &keys {
        let request = format!(
            "POST /api/v1/listings HTTP/1.1\r\nhost: souk\r\nauthorization: Bearer {}\r\n\
             idempotency-key: {key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            seller.token,
            body.len()
        );
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        // Dropped without waiting for the answer.
    }
    let repeated = keys.iter().map(|key| {
        let request = app
            .request(Method::POST, "/listings")
            .bearer_auth(&seller.token)
            .header("idempotency-key", key.clone())
            .header("content-type", "application/json");
        send(request.body(body.clone()))
    });
    let mut ids: Vec<Uuid> = join_all(repeated)
        .await
        .iter()
        .map(|reply| reply.id_of(201))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), keys.len());
    assert_eq!(
        app.count("SELECT COUNT(*) FROM events WHERE event_type = 'ListingDrafted'")
            .await,
        20
    );
    assert_eq!(
        app.count("SELECT COUNT(*) FROM aggregates WHERE aggregate_type = 'listing'")
            .await,
        20
    );
}

#[tokio::test]
async fn anonymous_registrations_are_replayed_too() {
    let app = TestApp::start("anonymous").await;
    let register = |name: &str| {
        let body = json!({"email": "ada@example.com", "password": "correct horse", "name": name});
        let request = app
            .request(Method::POST, "/users/register")
            .header("idempotency-key", "ada");
        send(request.json(&body))
    };
    let first = register("Ada").await;
    assert_eq!(first.expect(201), register("Ada").await.expect(201));
    assert_problem(&register("Bob").await, 422, "idempotency_key_reused");
}
