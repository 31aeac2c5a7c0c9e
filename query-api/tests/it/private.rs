use souk_documents::OrderStatus;
use souk_platform::Role;
use uuid::Uuid;

use crate::app::{TestApp, ids};
use crate::documents::{invoice, order, user};

const ADA: Uuid = Uuid::from_u128(501);
const BOB: Uuid = Uuid::from_u128(502);
const EVE: Uuid = Uuid::from_u128(503);

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

#[tokio::test]
async fn an_order_is_for_its_two_parties_and_support() {
    let app = TestApp::start().await;
    let mut confirmed = order(2, BOB, ADA);
    confirmed.status = OrderStatus::Confirmed;
    app.index(&[order(1, ADA, BOB), confirmed, order(3, BOB, EVE)])
        .await;

    let path = format!("/orders/{}", id(1));
    for (person, roles) in [
        (ADA, &[][..]),
        (BOB, &[]),
        (EVE, &[Role::Support]),
        (EVE, &[Role::Admin]),
    ] {
        let found = app.get_as(person, roles, &path).ok().await;
        assert_eq!(found["item"]["id"], id(1));
        let timeline = app
            .get_as(person, roles, &format!("{path}/timeline"))
            .ok()
            .await;
        assert_eq!(timeline["items"][0]["event"], "OrderPlaced");
    }
    for path in [path.clone(), format!("{path}/timeline")] {
        app.get_as(EVE, &[Role::Moderator, Role::Analyst], &path)
            .refused(404, "order_not_found")
            .await;
        app.get(&path).refused(401, "token_missing").await;
    }

    let rows: [(&str, &[u128]); 5] = [
        ("", &[2, 1]),
        ("?role=buyer", &[1]),
        ("?role=seller", &[2]),
        ("?status=confirmed", &[2]),
        ("?role=buyer&status=confirmed", &[]),
    ];
    for (query, expected) in rows {
        let page = app
            .get_as(ADA, &[Role::Admin], &format!("/orders{query}"))
            .ok()
            .await;
        assert_eq!(
            ids(&page),
            expected.iter().copied().map(id).collect::<Vec<_>>(),
            "{query}"
        );
    }
    app.get_as(ADA, &[], "/orders?buyer_id=x")
        .refused(400, "query_invalid")
        .await;
}

#[tokio::test]
async fn a_cursor_is_good_only_for_its_person() {
    let app = TestApp::start().await;
    app.index(&[order(1, ADA, BOB), order(2, ADA, BOB)]).await;
    let page = app.get_as(ADA, &[], "/orders?limit=1").ok().await;
    let next = format!(
        "/orders?limit=1&cursor={}",
        page["next_cursor"].as_str().unwrap()
    );
    assert_eq!(ids(&app.get_as(ADA, &[], &next).ok().await), [id(1)]);
    app.get_as(BOB, &[], &next)
        .refused(400, "cursor_invalid")
        .await;
}

#[tokio::test]
async fn invoices_are_for_their_buyer_and_staff() {
    let app = TestApp::start().await;
    app.index(&[
        invoice(ADA, 2011, 3),
        invoice(ADA, 2011, 4),
        invoice(ADA, 2010, 4),
        invoice(BOB, 2011, 3),
    ])
    .await;

    let own = app.get_as(ADA, &[], "/invoices").ok().await;
    assert_eq!(
        ids(&own),
        [4, 3]
            .map(|month| format!("{ADA}-2011-{month:02}-GBP"))
            .into_iter()
            .chain([format!("{ADA}-2010-04-GBP")])
            .collect::<Vec<_>>()
    );
    let march = format!("/invoices?user_id={ADA}&month=3&year=2011");
    let expected = [format!("{ADA}-2011-03-GBP")];
    assert_eq!(ids(&app.get_as(ADA, &[], &march).ok().await), expected);
    assert_eq!(
        ids(&app.get_as(BOB, &[Role::Support], &march).ok().await),
        expected
    );
    app.get_as(BOB, &[Role::Moderator], &march)
        .refused(403, "role_required")
        .await;
    app.get_as(ADA, &[], "/invoices?month=13")
        .refused(400, "query_invalid")
        .await;

    let path = format!("/invoices/{}", expected[0]);
    assert_eq!(app.get_as(ADA, &[], &path).ok().await["item"]["month"], 3);
    assert_eq!(
        app.get_as(BOB, &[Role::Admin], &path).ok().await["item"]["month"],
        3
    );
    app.get_as(BOB, &[], &path)
        .refused(404, "invoice_not_found")
        .await;
}

#[tokio::test]
async fn the_directory_is_for_administrators_and_oneself() {
    let app = TestApp::start().await;
    app.index(&[user(ADA, "Ada"), user(BOB, "bob"), user(EVE, "Éve")])
        .await;

    let all = app.get_as(ADA, &[Role::Admin], "/users").ok().await;
    assert_eq!(ids(&all), [ADA, BOB, EVE].map(|person| person.to_string()));
    let found = app
        .get_as(ADA, &[Role::Admin], "/users?email=BOB@example.org")
        .ok()
        .await;
    assert_eq!(ids(&found), [BOB.to_string()]);
    app.get_as(ADA, &[Role::Support], "/users")
        .refused(403, "role_required")
        .await;

    assert_eq!(
        app.get_as(BOB, &[], "/users/me").ok().await["item"]["name"],
        "bob"
    );
    let path = format!("/users/{BOB}");
    assert_eq!(
        app.get_as(BOB, &[], &path).ok().await["item"]["name"],
        "bob"
    );
    assert_eq!(
        app.get_as(ADA, &[Role::Admin], &path).ok().await["item"]["name"],
        "bob"
    );
    app.get_as(EVE, &[], &path)
        .refused(404, "user_not_found")
        .await;
    app.get("/users/me").refused(401, "token_missing").await;
}
