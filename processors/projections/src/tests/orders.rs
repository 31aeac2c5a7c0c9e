use serde_json::{Value, json};
use souk_documents::{ORDERS, OrderDocument, parse};
use souk_runtime::testing::Harness;

use crate::Orders;

use super::story::{Story, id};

const BUYER: u128 = 1;
const SELLER: u128 = 2;
const ORDER: u128 = 3;

fn placed() -> Story {
    let mut story = Story::new();
    story.registers(BUYER, "Bo").registers(SELLER, "Sela");
    story.orders(BUYER, SELLER, ORDER, 3900, 590);
    story
}

fn paid() -> Story {
    let mut story = placed();
    story
        .is_asked_to_pay(BUYER, SELLER, ORDER, 4490)
        .pays(BUYER, SELLER, ORDER, 4490)
        .confirms(BUYER, SELLER, ORDER);
    story
}

fn steps(document: &Value) -> Vec<&str> {
    let timeline = document["timeline"].as_array().unwrap();
    timeline
        .iter()
        .map(|entry| entry["event"].as_str().unwrap())
        .collect()
}

#[test]
fn an_order_shows_its_parties_lines_totals_and_address() {
    let document = placed().document(ORDERS);
    assert_eq!(
        (&document["buyer_name"], &document["seller_name"]),
        (&json!("Bo"), &json!("Sela"))
    );
    assert_eq!(document["status"], "placed");
    assert_eq!(
        document["totals"],
        json!({"currency": "GBP", "lines_minor": 3900, "shipping_minor": 590, "total_minor": 4490, "fee_minor": 195})
    );
    assert_eq!(document["lines"][0]["quantity"], 2);
    assert_eq!(document["address"]["line1"], "Delivery Lane");
    assert_eq!(document.get("payment"), None);
    assert_eq!(
        document["sources"],
        json!({"order": 1, "buyer": 1, "seller": 1})
    );
    let body = serde_json::to_vec(&document).unwrap();
    assert!(parse::<OrderDocument<'static>>(&body).unwrap().is_some());
}

#[test]
fn the_payment_follows_its_events_and_its_ledger_balances() {
    let mut rows: Vec<(&str, i64, i64, Story)> = Vec::new();
    let mut story = placed();
    story.is_asked_to_pay(BUYER, SELLER, ORDER, 4490);
    rows.push(("requested", 0, 0, story));
    rows.push(("captured", 4490, 0, paid()));
    let mut story = paid();
    story.is_refunded(BUYER, SELLER, ORDER, 1000);
    rows.push(("partially_refunded", 3490, 1000, story));
    let mut story = paid();
    story
        .is_refunded(BUYER, SELLER, ORDER, 1000)
        .is_refunded(BUYER, SELLER, ORDER, 3490);
    rows.push(("refunded", 0, 4490, story));
    for (status, held, refunded, story) in rows {
        let payment = story.document(ORDERS)["payment"].clone();
        let ledger =
            json!({"buyer_minor": -held, "escrow_minor": held, "seller_minor": 0, "fee_minor": 0});
        assert_eq!(
            payment,
            json!({"status": status, "method": "credit_card", "amount_minor": 4490, "refunded_minor": refunded, "ledger": ledger})
        );
    }
}

#[test]
fn the_timeline_puts_causes_before_effects_when_all_happens_at_once() {
    let mut story = paid();
    story
        .cancels(BUYER, SELLER, ORDER, 4490)
        .is_refunded(BUYER, SELLER, ORDER, 4490);
    let document = story.document(ORDERS);
    assert_eq!(
        steps(&document),
        [
            "OrderPlaced",
            "PaymentRequested",
            "OrderConfirmed",
            "PaymentCaptured",
            "OrderCancelled",
            "PaymentRefunded"
        ]
    );
    assert_eq!(document["timeline"][1]["detail"], "credit_card");
    assert_eq!(document["timeline"][4]["detail"], "buyer_cancelled");
    assert_eq!(document["timeline"][5]["amount_minor"], 4490);
    assert_eq!(document["status"], "cancelled");
}

#[test]
fn the_timeline_follows_the_clock_first() {
    let mut story = placed();
    story
        .later(2)
        .cancels(BUYER, SELLER, ORDER, 4490)
        .later(-1)
        .is_asked_to_pay(BUYER, SELLER, ORDER, 4490);
    assert_eq!(
        steps(&story.document(ORDERS)),
        ["OrderPlaced", "PaymentRequested", "OrderCancelled"]
    );
}

#[test]
fn a_payment_seen_before_its_order_waits_for_it() {
    let story = paid();
    let mut harness = Harness::new(Orders);
    for event in &story.events[3..5] {
        harness.feed(event).unwrap();
    }
    assert!(harness.documents().is_empty());
    for event in &story.events {
        harness.feed(event).unwrap();
    }
    assert_eq!(
        harness.documents()[&id(ORDER).to_string()],
        story.document(ORDERS)
    );
}

#[test]
fn imports_keep_their_number_and_the_time_they_were_placed() {
    let mut story = Story::new();
    story.imports(BUYER, SELLER, 4, "2010-12-01T08:26:00Z", 1530);
    story.imports(BUYER, SELLER, 5, "2010-12-01T09:41:00Z", -2750);
    let documents = story.documents(ORDERS);
    let (order, credit) = (
        &documents[&id(4).to_string()],
        &documents[&id(5).to_string()],
    );
    assert_eq!(
        (&order["status"], &credit["status"]),
        (&json!("imported"), &json!("credited"))
    );
    assert_eq!(order["external_id"], "53634");
    assert_eq!(order["placed_at"], "2010-12-01T08:26:00.000000Z");
    assert_eq!(credit["totals"]["total_minor"], -2750);
    assert_eq!(credit["lines"][0]["quantity"], -2);
}

#[test]
fn a_new_name_of_either_party_shows() {
    let mut story = paid();
    story.is_now_called(SELLER, "Selma").becomes_admin(BUYER);
    let document = story.document(ORDERS);
    assert_eq!(
        (&document["buyer_name"], &document["seller_name"]),
        (&json!("Bo"), &json!("Selma"))
    );
    assert_eq!(
        document["sources"],
        json!({"order": 2, "payment": 2, "buyer": 1, "seller": 2})
    );
}
