use souk_platform::clock::now_micros;
use souk_platform::consistency::Token;
use souk_platform::progress::Progress;
use souk_stack::eventually;
use uuid::Uuid;

use crate::app::{DEADLINE, TestApp, patient_config};
use crate::documents::listing;

fn token(sequence: u64) -> Token {
    Token {
        aggregate: "listing".to_owned(),
        aggregate_id: Uuid::from_u128(1),
        sequence,
        micros: now_micros(),
    }
}

fn report(sequence: u64, as_of: i64) -> Progress {
    Progress {
        processor: "catalog".to_owned(),
        topic: "souk.listing.events.v1".to_owned(),
        partition: 0,
        offset: 1,
        applied: vec![("listing".to_owned(), Uuid::from_u128(1), sequence)],
        as_of,
    }
}

#[tokio::test]
async fn a_token_is_pending_until_its_write_is_searchable() {
    let app = TestApp::start().await;
    app.index(&[listing(1, "Lamp")]).await;
    app.publish(&report(1, 0)).await;
    app.get("/catalog/search")
        .consistent_with(&token(2))
        .refused(503, "pending")
        .await;
    app.publish(&report(2, 1_000_000)).await;
    let page = eventually(DEADLINE, "the report is read", async || {
        let (status, page) = app
            .get("/catalog/search")
            .consistent_with(&token(2))
            .send()
            .await;
        status.is_success().then_some(page)
    })
    .await;
    assert_eq!(page["as_of"], "1970-01-01T00:00:01.000000Z");
}

#[tokio::test]
async fn a_waiting_query_is_answered_by_a_report_that_comes_later() {
    let app = TestApp::start_with(patient_config(DEADLINE)).await;
    app.index(&[listing(1, "Lamp")]).await;
    let path = format!("/catalog/{}", Uuid::from_u128(1));
    let waiting = tokio::spawn(app.get(&path).consistent_with(&token(1)).ok());
    app.publish(&report(1, 0)).await;
    assert_eq!(waiting.await.unwrap()["item"]["title"], "Lamp");
}

#[tokio::test]
async fn unreadable_tokens_are_refused() {
    let app = TestApp::start().await;
    let nonsense = Token {
        aggregate: "LISTING".to_owned(),
        ..token(1)
    };
    app.get("/catalog/search")
        .consistent_with(&nonsense)
        .refused(400, "consistency_token_invalid")
        .await;
}
