use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{App, Person, listing_body, publish};

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_is_a_problem_document_and_changes_nothing() {
    let app = App::start("bad-input").await;
    let (seller, stranger) = (app.register("Seller").await, app.register("Stranger").await);
    let (id, published) = publish(&app, &seller, listing_body("A lamp", 4_250, 3)).await;
    let price = |amount: Value| json!({"price": {"amount_minor": amount, "currency": "EUR"}});
    let path = format!("/listings/{id}/price");
    let post = Method::POST;

    // Every bad field at once.
    let body = json!({"email": "nonsense", "name": "x", "password": "short", "age": 7});
    let refused = app
        .post(None, "/users/register", body)
        .await
        .problem(422, "validation_failed");
    let pointers: Vec<&str> = refused.body["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    for field in ["/email", "/name", "/password", "/age"] {
        assert!(pointers.contains(&field), "{field} in {pointers:?}");
    }

    // Whose, and at which version.
    app.change(
        &stranger,
        post.clone(),
        &path,
        published.etag(),
        Some(price(json!(1))),
    )
    .await
    .problem(403, "not_owner");
    app.command(
        None,
        post.clone(),
        &path,
        Some(published.etag()),
        Some(price(json!(1))),
    )
    .await
    .problem(401, "token_missing");
    app.command(
        Some(&seller),
        post.clone(),
        &path,
        None,
        Some(price(json!(1))),
    )
    .await
    .problem(428, "if_match_missing");
    app.change(&seller, post.clone(), &path, "\"1\"", Some(price(json!(1))))
        .await
        .problem(412, "stale");
    let unknown = format!("/listings/{}/price", Uuid::now_v7());
    app.change(
        &seller,
        post.clone(),
        &unknown,
        "\"1\"",
        Some(price(json!(1))),
    )
    .await
    .problem(404, "listing_not_found");

    // What is in the body.
    app.change(
        &seller,
        post.clone(),
        &path,
        published.etag(),
        Some(price(json!(-1))),
    )
    .await
    .problem(422, "validation_failed");
    let status = |answer: crate::support::Answer| (answer.status.as_u16(), answer.content_type);
    let problem = |status: u16| (status, "application/problem+json".to_owned());
    let unknown_field = json!({"price": {"amount_minor": 1, "currency": "EUR"}, "discount": 5});
    assert_eq!(
        status(
            app.change(
                &seller,
                post.clone(),
                &path,
                published.etag(),
                Some(unknown_field)
            )
            .await
        ),
        problem(422)
    );
    for (content_type, body, expected) in [
        ("text/plain", "{}".to_owned(), 415),
        ("application/json", "{\"price\":".to_owned(), 400),
        (
            "application/json",
            format!("\"{}\"", "x".repeat(70_000)),
            413,
        ),
    ] {
        let request = app
            .raw(post.clone(), "/listings")
            .header("Idempotency-Key", Uuid::new_v4().to_string());
        let answer = app
            .send(
                Some(&seller),
                request.header("Content-Type", content_type).body(body),
            )
            .await;
        assert_eq!(status(answer), problem(expected), "{content_type}");
    }
    let without_key = app
        .raw(post.clone(), "/listings")
        .json(&listing_body("x", 1, 1));
    assert_eq!(app.send(Some(&seller), without_key).await.status, 400);

    // Conflicts: an e-mail twice, an idempotency key with another body.
    let again =
        json!({"email": seller.email, "name": "Somebody", "password": "long enough for me"});
    app.post(None, "/users/register", again)
        .await
        .problem(409, "email_taken");
    let key = Uuid::new_v4().to_string();
    let keyed = |body: Value| {
        app.raw(Method::POST, "/listings")
            .header("Idempotency-Key", key.as_str())
            .json(&body)
    };
    let first = app
        .send(Some(&seller), keyed(listing_body("Once", 500, 1)))
        .await
        .created();
    let replayed = app
        .send(Some(&seller), keyed(listing_body("Once", 500, 1)))
        .await
        .created();
    assert_eq!(
        first.body, replayed.body,
        "the same key and body is the same answer"
    );
    assert_eq!(
        app.send(Some(&seller), keyed(listing_body("Twice", 500, 1)))
            .await
            .status,
        422
    );

    queries_refuse_what_they_do_not_know(&app, &seller).await;

    // Nothing of all this happened.
    let listing = app
        .get(None, &format!("/catalog/{id}"), Some(published.token()))
        .await
        .success();
    assert_eq!(listing.body["item"]["price_minor"], 4_250);
    assert_eq!(
        format!("\"{}\"", listing.body["item"]["sources"]["listing"]),
        published.etag()
    );
}

async fn queries_refuse_what_they_do_not_know(app: &App, person: &Person) {
    for path in [
        "/catalog/search?colour=red",
        "/catalog/search?limit=101",
        "/catalog/search?sort=random",
        "/catalog/search?cursor=nonsense",
    ] {
        let answer = app.get(Some(person), path, None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.content_type.as_str()),
            (400, "application/problem+json"),
            "{path} {}",
            answer.body
        );
    }
    assert_eq!(app.get(Some(person), "/users", None).await.status, 403);
    assert_eq!(app.get(Some(person), "/nowhere", None).await.status, 404);
}
