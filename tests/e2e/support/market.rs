use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, App, Person};

/// A complete listing; tests say what matters to them.
pub(crate) fn listing_body(title: &str, price_minor: i64, quantity: i64) -> Value {
    json!({
        "title": title,
        "description": "Kept dry, used twice.",
        "condition": "good",
        "brand": "Nordhavn",
        "attributes": [{"name": "Colour", "value": "green"}],
        "place": {"city": "Porto", "country": "PT", "latitude": 41.158, "longitude": -8.629},
        "price": {"amount_minor": price_minor, "currency": "EUR"},
        "quantity": quantity,
    })
}

/// Drafts and publishes; returns the listing's id and the answer to the publication.
pub(crate) async fn publish(app: &App, seller: &Person, body: Value) -> (String, Answer) {
    let draft = app.post(Some(seller), "/listings", body).await.created();
    let id = draft.id();
    let published = app
        .change(
            seller,
            Method::POST,
            &format!("/listings/{id}/publish"),
            draft.etag(),
            None,
        )
        .await
        .success();
    (id, published)
}
