use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Person, Reply, TestApp, assert_problem, config, send};

async fn import(app: &TestApp, admin: &Person, kind: &str, items: &Value) -> Reply {
    let path = format!("/admin/import/{kind}");
    send(app.post(admin, &path).json(&json!({"items": items}))).await
}

fn outcomes(reply: &Reply) -> Vec<(String, String)> {
    let items = reply.expect(200)["items"].as_array().unwrap();
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    items
        .iter()
        .map(|item| (text(item, "external_id"), text(item, "outcome")))
        .collect()
}

fn people() -> Value {
    json!([
        {"external_id": "shop", "email": "shop@example.com", "name": "Online Retail"},
        {"external_id": "b:1", "email": "b1@example.com", "name": "Buyer One", "time_zone": "Europe/London",
         "address": {"recipient": "One", "line1": "1 High Street", "city": "Oxford", "country": "GB"}},
        {"external_id": "b:2", "email": "b2@example.com", "name": "Buyer Two", "roles": ["analyst"]},
    ])
}

fn categories() -> Value {
    json!([
        {"external_id": "home", "name": "Home"},
        {"external_id": "lamps", "name": "Lamps", "parent_external_id": "home"},
    ])
}

fn listings() -> Value {
    let lamp = |external_id: &str| {
        json!({
            "external_id": external_id, "seller_external_id": "shop", "title": format!("Lamp {external_id}"),
            "category_external_id": "lamps", "condition": "new", "quantity": 0,
            "attributes": [{"name": "Colour", "value": "red"}],
            "price": {"amount_minor": 255, "currency": "GBP"},
        })
    };
    json!([lamp("85123A"), lamp("71053")])
}

fn orders() -> Value {
    json!([
        {
            "external_id": "536365", "kind": "order", "buyer_external_id": "b:1", "seller_external_id": "shop",
            "currency": "GBP", "time_zone": "Europe/London", "placed_at": "2010-12-01T08:26:00Z",
            "lines": [
                {"listing_external_id": "85123A", "quantity": 6, "unit_price": "2.55"},
                {"listing_external_id": "71053", "quantity": 6, "unit_price": "3.39", "title": "WHITE METAL LANTERN"},
            ],
        },
        {
            "external_id": "C536379", "kind": "credit", "buyer_external_id": "b:1", "seller_external_id": "shop",
            "currency": "GBP", "time_zone": "Europe/London", "placed_at": "2010-12-01T09:41:00+00:00",
            "lines": [{"listing_external_id": "71053", "quantity": -1, "unit_price": "3.39"}],
        },
    ])
}

/// Everything, in the order in which one thing refers to another.
fn everything() -> [(&'static str, Value); 4] {
    [
        ("users", people()),
        ("categories", categories()),
        ("listings", listings()),
        ("orders", orders()),
    ]
}

#[tokio::test]
async fn a_repeated_import_doubles_nothing() {
    import_everything_twice(TestApp::start("import").await).await;
}

#[tokio::test]
async fn a_repeated_import_doubles_nothing_on_mariadb() {
    import_everything_twice(TestApp::start_on_mariadb("import").await).await;
}

async fn import_everything_twice(app: TestApp) {
    let admin = app.admin().await;
    let mut first = Vec::new();
    for (kind, items) in everything() {
        let reply = import(&app, &admin, kind, &items).await;
        assert!(
            outcomes(&reply)
                .iter()
                .all(|(_, outcome)| outcome == "created"),
            "{}",
            reply.body
        );
        first.push(reply.body["items"].clone());
    }
    let num_events = app.count("SELECT COUNT(*) FROM events").await;
    for ((kind, items), first) in everything().into_iter().zip(first) {
        let reply = import(&app, &admin, kind, &items).await;
        let items = reply.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(reply.body["existing"], items.len());
        for (again, first) in items.iter().zip(first.as_array().unwrap()) {
            assert_eq!(
                (&again["id"], &again["outcome"]),
                (&first["id"], &json!("existing"))
            );
            if kind != "categories" {
                assert_eq!(again["sequence"], first["sequence"]);
            }
        }
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM events").await, num_events);
    let order = app
        .count("SELECT COUNT(*) FROM events WHERE event_type = 'OrderImported'")
        .await;
    assert_eq!(order, 2);
}

#[tokio::test]
async fn the_same_request_again_is_answered_as_before() {
    let app = TestApp::start("import_replay").await;
    let admin = app.admin().await;
    let send_once = |items: Value| {
        let request = app
            .request(Method::POST, "/admin/import/users")
            .bearer_auth(&admin.token)
            .header("idempotency-key", "people");
        send(request.json(&json!({"items": items})))
    };
    let first = send_once(people()).await;
    assert_eq!(first.expect(200)["created"], 3);
    assert_eq!(send_once(people()).await.expect(200), &first.body);
    let mut other = people();
    other[0]["name"] = json!("Somebody else");
    assert_problem(&send_once(other).await, 422, "idempotency_key_reused");
}

#[tokio::test]
async fn the_twin_of_a_refused_item_is_not_told_to_exist() {
    let app = TestApp::start("import_twin").await;
    let admin = app.admin().await;
    let items = json!([
        {"external_id": "b:1", "email": "nobody", "name": "Somebody"},
        {"external_id": "b:1", "email": "b1@example.com", "name": "Somebody"},
    ]);
    let reply = import(&app, &admin, "users", &items).await;
    assert_eq!(reply.expect(200)["refused"], 2, "{}", reply.body);
    let twin = &reply.body["items"][1];
    assert_eq!(twin["problem"]["errors"][0]["code"], "twin_refused");
    assert_eq!(twin["id"], Value::Null);
    let alone = import(&app, &admin, "users", &json!([items[1]])).await;
    assert_eq!(alone.expect(200)["created"], 1);
}

#[tokio::test]
async fn refused_items_leave_the_others_alone_and_can_come_again() {
    let app = TestApp::start("import_refused").await;
    let admin = app.admin().await;
    for (kind, items) in everything().into_iter().take(3) {
        import(&app, &admin, kind, &items).await.expect(200);
    }
    let person = |external_id: &str, email: &str| json!({"external_id": external_id, "email": email, "name": "Somebody"});
    let mut unknown = person("b:6", "b6@example.com");
    unknown["colour"] = json!("red");
    let items = json!([
        person("b:3", "b1@example.com"),
        person("b:4", "nobody"),
        person("b:5", "b5@example.com"),
        person("b:5", "b5@example.com"),
        unknown,
        {"name": "Nobody"},
        person(&"x".repeat(101), "b7@example.com"),
    ]);
    let reply = import(&app, &admin, "users", &items).await;
    let outcomes: Vec<String> = outcomes(&reply)
        .into_iter()
        .map(|(_, outcome)| outcome)
        .collect();
    assert_eq!(
        outcomes,
        [
            "refused", "refused", "created", "existing", "refused", "refused", "refused"
        ]
    );
    let code = |place: usize| {
        reply.body["items"][place]["problem"]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let codes = [code(0), code(1), code(4), code(5), code(6)];
    assert_eq!(
        codes,
        [
            "email_taken",
            "validation_failed",
            "body_shape",
            "body_shape",
            "validation_failed"
        ]
    );
    // An id that was refused is free.
    let again = import(
        &app,
        &admin,
        "users",
        &json!([person("b:3", "b3@example.com")]),
    )
    .await;
    assert_eq!(again.expect(200)["created"], 1);

    let mut order = orders()[0].clone();
    order["buyer_external_id"] = json!("b:99");
    let mut line = orders()[0].clone();
    line["external_id"] = json!("536366");
    line["lines"][0]["listing_external_id"] = json!("unknown");
    let mut date = orders()[0].clone();
    date["external_id"] = json!("536367");
    date["placed_at"] = json!("yesterday");
    let reply = import(
        &app,
        &admin,
        "orders",
        &json!([order, line, date, orders()[1]]),
    )
    .await;
    assert_eq!(
        (&reply.expect(200)["refused"], &reply.body["created"]),
        (&json!(3), &json!(1))
    );
    let pointer =
        |place: usize| reply.body["items"][place]["problem"]["errors"][0]["pointer"].clone();
    assert_eq!(
        [pointer(0), pointer(1), pointer(2)],
        [
            json!("/buyer_external_id"),
            json!("/lines"),
            json!("/placed_at")
        ]
    );
}

#[tokio::test]
async fn a_request_may_be_large_but_not_beyond_its_own_limits() {
    let app = TestApp::start("import_large").await;
    let admin = app.admin().await;
    let person = |number: usize| {
        json!({
            "external_id": format!("b:{number}"), "email": format!("b{number}@example.com"),
            "name": format!("Buyer {number} {}", "x".repeat(80)),
        })
    };
    let items: Vec<Value> = (0..1_000).map(person).collect();
    let reply = import(&app, &admin, "users", &json!(items)).await;
    assert_eq!(reply.expect(200)["created"], 1_000);
    let order: Vec<String> = outcomes(&reply).into_iter().map(|(id, _)| id).collect();
    let expected: Vec<String> = (0..1_000).map(|number| format!("b:{number}")).collect();
    assert_eq!(order, expected);

    let too_many: Vec<Value> = (0..1_001).map(person).collect();
    let reply = import(&app, &admin, "users", &json!(too_many)).await;
    assert_eq!(assert_problem(&reply, 422, "validation_failed"), ["/items"]);
    let reply = import(&app, &admin, "users", &json!([])).await;
    assert_eq!(assert_problem(&reply, 422, "validation_failed"), ["/items"]);
    let huge = json!([{"external_id": "x".repeat(9 * 1024 * 1024)}]);
    assert_problem(
        &import(&app, &admin, "users", &huge).await,
        413,
        "body_too_large",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_import_from_two_sides_at_once_creates_each_thing_once() {
    let mut small = config();
    small.import_batch = 7;
    let app = TestApp::start_with("import_twice", small).await;
    let admin = app.admin().await;
    let items: Vec<Value> = (0..60)
        .map(|number| json!({"external_id": format!("b:{number}"), "email": format!("b{number}@example.com"), "name": "Somebody"}))
        .collect();
    let backwards: Vec<Value> = items.iter().rev().cloned().collect();
    let (items, backwards) = (json!(items), json!(backwards));
    let (one, other) = tokio::join!(
        import(&app, &admin, "users", &items),
        import(&app, &admin, "users", &backwards),
    );
    let count = |reply: &Reply, field: &str| reply.expect(200)[field].as_u64().unwrap();
    assert_eq!(count(&one, "created") + count(&other, "created"), 60);
    assert_eq!(count(&one, "existing") + count(&other, "existing"), 60);
    let ids = |reply: &Reply| {
        let items = reply.body["items"].as_array().unwrap();
        let mut ids: Vec<Uuid> = items
            .iter()
            .map(|item| item["id"].as_str().unwrap().parse().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(&one), ids(&other));
}
