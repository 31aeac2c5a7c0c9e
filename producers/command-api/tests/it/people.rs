use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use souk_command_api::ThrottleConfig;

use crate::app::{ADMIN_EMAIL, PASSWORD, TestApp, assert_problem, config, send};

fn address(city: &str) -> Value {
    json!({
        "recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": city,
        "postal_code": "SW1Y 4JH", "country": "GB",
    })
}

#[tokio::test]
async fn a_person_registers_logs_in_and_changes_their_profile() {
    let app = TestApp::start("profile").await;
    let body = json!({
        "email": "Ada@Example.com", "password": PASSWORD, "name": "Ada Lovelace", "age": 36,
        "time_zone": "Europe/London",
    });
    let register = app
        .request(Method::POST, "/users/register")
        .header("idempotency-key", "ada");
    let reply = send(register.json(&body)).await;
    let id = reply.id_of(201);
    assert_eq!(reply.header("location"), format!("/api/v1/users/{id}"));
    assert_eq!(reply.header("etag"), "\"1\"");
    assert_eq!(reply.tokens(), [("user".to_owned(), id, 1)]);

    let ada = app.log_in("ada@example.com").await;
    assert_eq!(ada.id, id);
    let change = app.change(Method::PUT, &ada, "/users/me", 1);
    let reply =
        send(change.json(&json!({"name": "Ada King", "email": "king@example.com", "age": null})))
            .await;
    assert_eq!(reply.expect(200)["sequence"], 2);
    assert_eq!(reply.header("etag"), "\"2\"");
    app.log_in("KING@example.com").await;
    assert_eq!(
        app.events("user", id).await,
        ["UserRegistered", "UserProfileChanged"]
    );
}

#[tokio::test]
async fn an_email_is_taken_once_however_it_is_spelled() {
    let app = TestApp::start("email").await;
    let register = |key: &str, email: &str| {
        let body = json!({"email": email, "password": PASSWORD, "name": "Ada Lovelace"});
        send(
            app.request(Method::POST, "/users/register")
                .header("idempotency-key", key.to_owned())
                .json(&body),
        )
    };
    register("1", "ada@example.com").await.expect(201);
    assert_problem(&register("2", " ADA@example.COM").await, 409, "email_taken");
    register("3", "bob@example.com").await.expect(201);
    let bob = app.log_in("bob@example.com").await;
    let change = app.change(Method::PUT, &bob, "/users/me", 1);
    let reply = send(change.json(&json!({"email": "ada@example.com"}))).await;
    assert_problem(&reply, 409, "email_taken");
    assert_eq!(app.events("user", bob.id).await, ["UserRegistered"]);
}

#[tokio::test]
async fn every_bad_field_of_a_registration_is_told_at_once() {
    let app = TestApp::start("fields").await;
    let body = json!({
        "email": "nobody", "password": "short", "name": "A", "age": 7, "time_zone": "Mars/Olympus",
    });
    let request = app
        .request(Method::POST, "/users/register")
        .header("idempotency-key", "1");
    let mut pointers = assert_problem(&send(request.json(&body)).await, 422, "validation_failed");
    pointers.sort();
    assert_eq!(
        pointers,
        ["/age", "/email", "/name", "/password", "/time_zone"]
    );
}

#[tokio::test]
async fn every_bad_field_of_a_profile_is_told_at_once() {
    let app = TestApp::start("profile_fields").await;
    let ada = app.somebody().await;
    let body = json!({"email": "nobody", "age": 7, "time_zone": "Mars/Olympus"});
    let change = app.change(Method::PUT, &ada, "/users/me", 1);
    let mut pointers = assert_problem(&send(change.json(&body)).await, 422, "validation_failed");
    pointers.sort();
    assert_eq!(pointers, ["/age", "/email", "/time_zone"]);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_people_look_the_same_and_are_throttled() {
    let mut config = config();
    config.login_throttle = ThrottleConfig {
        max_failures: 3,
        window: Duration::from_hours(1),
        ..ThrottleConfig::default()
    };
    let app = TestApp::start_with("throttle", config).await;
    let log_in = |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        send(app.request(Method::POST, "/users/login").json(&body))
    };
    let wrong = log_in(ADMIN_EMAIL, "wrong password").await;
    let unknown = log_in("nobody@example.com", "wrong password").await;
    assert_problem(&wrong, 401, "login_failed");
    assert_eq!(wrong.body, unknown.body);

    log_in(ADMIN_EMAIL, PASSWORD).await.expect(200);
    for _ in 0..3 {
        assert_problem(
            &log_in(ADMIN_EMAIL, "wrong password").await,
            401,
            "login_failed",
        );
    }
    let throttled = log_in(ADMIN_EMAIL, PASSWORD).await;
    assert_problem(&throttled, 429, "too_many_requests");
    assert!(throttled.header("retry-after").parse::<u32>().unwrap() > 3_000);
}

#[tokio::test]
async fn an_administrator_creates_people_and_grants_roles() {
    let app = TestApp::start("roles").await;
    let admin = app.admin().await;
    let create = |body: Value| send(app.post(&admin, "/users").json(&body));
    let bob = json!({"email": "bob@example.com", "name": "Bob", "external_id": "crm:7", "roles": ["analyst"]});
    let id = create(bob).await.id_of(201);
    let twin = json!({"email": "rob@example.com", "name": "Rob", "external_id": "crm:7"});
    assert_problem(&create(twin).await, 409, "external_id_taken");

    let path = format!("/users/{id}/roles");
    let roles = |sequence, body: Value| {
        send(
            app.change(Method::POST, &admin, &path, sequence)
                .json(&body),
        )
    };
    roles(1, json!({"role": "moderator"})).await.expect(200);
    let unchanged = roles(2, json!({"role": "moderator"})).await;
    assert_eq!(unchanged.expect(200)["sequence"], 2);
    assert_eq!(unchanged.tokens(), [("user".to_owned(), id, 2)]);
    roles(2, json!({"role": "analyst", "action": "revoke"}))
        .await
        .expect(200);
    assert_eq!(
        app.events("user", id).await,
        ["UserRegistered", "UserRoleGranted", "UserRoleRevoked"]
    );
}

#[tokio::test]
async fn the_administrator_of_the_configuration_is_ensured_at_every_start() {
    let app = TestApp::start("bootstrap").await;
    app.admin().await;
    let space = app.stop().await;
    let mut changed = config();
    changed.bootstrap_admin.as_mut().unwrap().password = "another good password".into();
    let app = TestApp::start_in(space, changed).await;
    let body = json!({"email": ADMIN_EMAIL, "password": "another good password"});
    let login = app.request(Method::POST, "/users/login").json(&body);
    send(login).await.expect(200);
    assert_eq!(app.count("SELECT COUNT(*) FROM user_logins").await, 1);
}

#[tokio::test]
async fn addresses_are_added_changed_chosen_and_removed() {
    let app = TestApp::start("addresses").await;
    let ada = app.somebody().await;
    let path = "/accounts/me/addresses";
    let imagined = app.change(Method::POST, &ada, path, 7);
    assert_problem(&send(imagined.json(&address("London"))).await, 412, "stale");
    let reply = send(app.post(&ada, path).json(&address("London"))).await;
    let first = reply.id_of(201);
    assert_eq!(reply.header("location"), format!("/api/v1{path}/{first}"));
    assert_eq!(reply.tokens(), [("account".to_owned(), ada.id, 1)]);
    let second = send(app.post(&ada, path).json(&address("Paris")))
        .await
        .id_of(201);

    let one = |id| format!("{path}/{id}");
    let change = app.change(Method::PUT, &ada, &one(first), 2);
    send(change.json(&address("Oxford"))).await.expect(200);
    let choose = app.change(Method::PUT, &ada, "/accounts/me/default-address", 3);
    send(choose.json(&json!({"address_id": second})))
        .await
        .expect(200);
    let remove = app.change(Method::DELETE, &ada, &one(second), 4);
    assert_eq!(send(remove).await.expect(200)["sequence"], 5);
    let again = app.change(Method::DELETE, &ada, &one(second), 5);
    assert_problem(&send(again).await, 404, "address_not_found");
    let bad = send(
        app.post(&ada, path)
            .json(&json!({"recipient": "", "line1": "", "city": "", "country": "gb"})),
    )
    .await;
    assert_eq!(assert_problem(&bad, 422, "validation_failed").len(), 4);
}

#[tokio::test]
async fn categories_are_created_changed_and_retired() {
    let app = TestApp::start("categories").await;
    let admin = app.admin().await;
    let create = |body: Value| send(app.post(&admin, "/categories").json(&body));
    let home = create(json!({"name": "Home", "external_id": "home"}))
        .await
        .id_of(201);
    let lamps = create(json!({
        "name": "Lamps", "parent_id": home,
        "attributes": [{"name": "Colour", "kind": "choice", "allowed_values": ["red"], "facet": true}],
    }))
    .await;
    assert_eq!(lamps.header("etag"), "\"3\"");
    let lamps = lamps.id_of(201);
    assert_problem(&create(json!({"name": "Home"})).await, 409, "name_taken");
    let twin = create(json!({"name": "House", "external_id": " home "})).await;
    assert_problem(&twin, 409, "external_id_taken");
    let long = create(json!({"name": "House", "external_id": "x".repeat(101)})).await;
    assert_eq!(
        assert_problem(&long, 422, "validation_failed"),
        ["/external_id"]
    );

    let one = |id| format!("/categories/{id}");
    let change = app.change(Method::PUT, &admin, &one(lamps), 3);
    let reply =
        send(change.json(&json!({"name": "Lights", "parent_id": null, "attributes": []}))).await;
    assert_eq!(reply.expect(200)["sequence"], 6);
    let retire = app.change(Method::DELETE, &admin, &one(lamps), 6);
    send(retire).await.expect(200);

    let seller = app.somebody().await;
    let mut lamp = crate::app::lamp(100, 1);
    lamp["category_id"] = json!(lamps);
    let refused = send(app.post(&seller, "/listings").json(&lamp)).await;
    assert_eq!(
        assert_problem(&refused, 422, "validation_failed"),
        ["/category_id"]
    );
    lamp["category_id"] = json!(home);
    send(app.post(&seller, "/listings").json(&lamp))
        .await
        .expect(201);
}
