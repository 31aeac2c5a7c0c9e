use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use souk_stack::{TestStack, eventually};

use crate::app::{ADMIN_EMAIL, DEADLINE, PASSWORD, TestApp, assert_problem, config, lamp, send};
use crate::cable::Cable;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_database_commands_are_refused_and_with_it_they_go_on() {
    let space = TestStack::get().await.space("outage").await;
    let cable = Cable::to(&space.mysql_url).await;
    let url = cable.url(&space.mysql_url);
    let mut config = config();
    config.store.acquire_timeout = Duration::from_secs(10);
    let app = TestApp::start_through(space, &url, config).await;
    let seller = app.somebody().await;

    cable.cut();
    let refused = send(app.post(&seller, "/listings").json(&lamp(1000, 1))).await;
    assert_problem(&refused, 503, "unavailable");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    eventually(DEADLINE, "readiness to fall", async || {
        (!app.health.is_ready()).then_some(())
    })
    .await;

    cable.mend();
    eventually(DEADLINE, "readiness to rise", async || {
        app.health.is_ready().then_some(())
    })
    .await;
    send(app.post(&seller, "/listings").json(&lamp(1000, 1)))
        .await
        .expect(201);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM events WHERE event_type = 'ListingDrafted'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_no_wrong_password() {
    let space = TestStack::get().await.space("outage_login").await;
    let cable = Cable::to(&space.mysql_url).await;
    let url = cable.url(&space.mysql_url);
    let mut config = config();
    config.store.acquire_timeout = Duration::from_secs(10);
    config.login_throttle.max_failures = 2;
    let app = TestApp::start_through(space, &url, config).await;
    let log_in = || {
        let body = json!({"email": ADMIN_EMAIL, "password": PASSWORD});
        send(app.request(Method::POST, "/users/login").json(&body))
    };

    cable.cut();
    for _ in 0..3 {
        assert_problem(&log_in().await, 503, "unavailable");
    }
    cable.mend();
    eventually(DEADLINE, "a log-in after the outage", async || {
        let reply = log_in().await;
        assert!(matches!(reply.status, 200 | 503), "{}", reply.body);
        (reply.status == 200).then_some(())
    })
    .await;
}
