use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::support::{App, PATIENCE, listing_body, publish};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_makes_each_command_visible_at_once() {
    let app = App::start("round-trip").await;
    let seller = app.register("Clara Moreau").await;
    // A word of the test's own, so that a search finds this listing or none.
    let word = format!("zz{}", Uuid::new_v4().simple());
    let search = format!("/catalog/search?q={word}");

    let (id, published) = publish(
        &app,
        &seller,
        listing_body(&format!("{word} tent"), 12_900, 2),
    )
    .await;
    let found = app
        .get(None, &search, Some(&published.token_and(&seller)))
        .await
        .success();
    assert_eq!(found.ids(), [&id], "published is found");
    assert_eq!(found.items()[0]["seller_name"], "Clara Moreau");

    let price = json!({"price": {"amount_minor": 9_900, "currency": "EUR"}});
    let path = format!("/listings/{id}/price");
    let priced = app
        .change(&seller, Method::POST, &path, published.etag(), Some(price))
        .await
        .success();
    let at_old_price = app
        .get(
            None,
            &format!("{search}&price_min=12900"),
            Some(priced.token()),
        )
        .await
        .success();
    assert!(
        at_old_price.ids().is_empty(),
        "the old price is gone: {}",
        at_old_price.body
    );
    let at_new_price = app
        .get(None, &format!("{search}&price_max=9900"), None)
        .await
        .success();
    assert_eq!(at_new_price.items()[0]["price_minor"], 9_900);

    let me = app
        .get(Some(&seller), "/users/me", seller.since.as_deref())
        .await
        .success();
    let version = format!("\"{}\"", me.body["item"]["sources"]["user"]);
    let profile = json!({"name": "Clara Moreau-Dahl"});
    let renamed = app
        .change(&seller, Method::PUT, "/users/me", &version, Some(profile))
        .await
        .success();
    let found = app
        .get(None, &search, Some(renamed.token()))
        .await
        .success();
    assert_eq!(
        found.items()[0]["seller_name"],
        "Clara Moreau-Dahl",
        "a new name shows on every listing"
    );

    let withdrawn = app
        .change(
            &seller,
            Method::DELETE,
            &format!("/listings/{id}"),
            priced.etag(),
            None,
        )
        .await
        .success();
    let found = app
        .get(None, &search, Some(withdrawn.token()))
        .await
        .success();
    assert!(found.ids().is_empty(), "withdrawn is gone");
    app.get(None, &format!("/catalog/{id}"), None)
        .await
        .problem(404, "listing_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_shown_to_its_parties_and_invoiced() {
    let app = App::start("order").await;
    let (seller, buyer, stranger) = (
        app.register("Seller").await,
        app.register("Buyer").await,
        app.register("Stranger").await,
    );
    let address = json!({"recipient": "Buyer", "line1": "1 Mill Lane", "city": "Dublin", "postal_code": "D01", "country": "IE"});
    let addressed = app
        .post(Some(&buyer), "/accounts/me/addresses", address)
        .await
        .created();
    let (listing, _) = publish(&app, &seller, listing_body("A lamp", 4_250, 3)).await;

    let order =
        json!({"lines": [{"listing_id": listing, "quantity": 2}], "payment_method": "credit_card"});
    let placed = app.post(Some(&buyer), "/orders", order).await.created();
    let id = placed.id();
    let path = format!("/orders/{id}");
    let tokens = format!("{},{}", placed.token_and(&buyer), addressed.token());

    let confirmed = souk_stack::eventually(PATIENCE, "the order to be paid", async || {
        let order = app
            .get(Some(&buyer), &path, Some(&placed.token_and(&buyer)))
            .await
            .success();
        // The two come by topics of their own, in either order.
        let item = &order.body["item"];
        (item["payment"]["status"] == "captured" && item["status"] == "confirmed").then_some(order)
    })
    .await;
    assert_eq!(confirmed.body["item"]["buyer_name"], "Buyer");
    app.get(Some(&seller), &path, None).await.success();
    app.get(Some(&stranger), &path, None)
        .await
        .problem(404, "order_not_found");
    assert!(
        app.get(Some(&stranger), "/orders", None)
            .await
            .success()
            .ids()
            .is_empty()
    );

    let timeline = app
        .get(Some(&buyer), &format!("{path}/timeline"), None)
        .await
        .success();
    let events: Vec<&str> = timeline
        .items()
        .iter()
        .filter_map(|entry| entry["event"].as_str())
        .collect();
    assert_eq!(
        events,
        [
            "OrderPlaced",
            "PaymentRequested",
            "PaymentAuthorized",
            "OrderConfirmed",
            "PaymentCaptured"
        ]
    );

    let invoices = app
        .get(Some(&buyer), "/invoices", Some(&tokens))
        .await
        .success();
    let [invoice] = invoices.items() else {
        panic!("one invoice in {}", invoices.body)
    };
    assert_eq!(
        (
            invoice["total_minor"].as_i64(),
            invoice["buyer_name"].as_str()
        ),
        (Some(8_500), Some("Buyer"))
    );
    assert_eq!(invoice["address"]["city"], "Dublin");
    let month = format!(
        "/invoices?user_id={}&year={}&month={}",
        buyer.id, invoice["year"], invoice["month"]
    );
    assert_eq!(
        app.get(Some(&buyer), &month, None)
            .await
            .success()
            .items()
            .len(),
        1
    );
    app.get(Some(&stranger), &month, None)
        .await
        .problem(403, "role_required");
    app.get(None, &month, None)
        .await
        .problem(401, "token_missing");
}
