use serde_json::{Value, json};
use souk_runtime::{Body, Projection, Record, Rendered, Touched};
use souk_schemas::Event;

use crate::InvoiceEntries;

use super::story::{Story, id};

const BUYER: u128 = 1;
const SELLER: u128 = 2;
const ORDER: u128 = 3;

/// The records sent after each batch of events: number of months told, and what they say was seen.
fn told(batches: &[&[Event]]) -> Vec<Vec<(usize, Value)>> {
    let mut facts = <InvoiceEntries as Projection>::Facts::default();
    let mut told = Vec::new();
    for batch in batches {
        let mut touched = Touched::default();
        for event in *batch {
            let record = Record {
                topic: &event.aggregate().topic(""),
                key: "",
                body: Body::Event(event),
            };
            InvoiceEntries
                .apply_fact(&mut facts, &record, &mut touched)
                .unwrap();
        }
        let records =
            touched
                .drain()
                .filter_map(|key| match InvoiceEntries.render(&facts, &(), &key) {
                    Rendered::Record { value, .. } => {
                        let record: Value = serde_json::from_slice(&value).unwrap();
                        Some((
                            record["months"].as_array().unwrap().len(),
                            record["applied"].clone(),
                        ))
                    }
                    _ => None,
                });
        told.push(records.collect());
    }
    told
}

#[test]
fn events_that_change_no_invoice_are_told_in_one_light_record() {
    let mut story = Story::new();
    story
        .orders(BUYER, SELLER, ORDER, 100, 0)
        .is_asked_to_pay(BUYER, SELLER, ORDER, 100);
    story
        .pays(BUYER, SELLER, ORDER, 100)
        .confirms(BUYER, SELLER, ORDER);
    let events = &story.events;
    let seen = |order: u64, payment: u64| {
        json!([["order", id(ORDER), order], ["payment", id(ORDER), payment]])
    };
    assert_eq!(told(&[events]), [[(1, seen(2, 2))]]);
    assert_eq!(told(&[events, events])[1], []);
    assert_eq!(
        told(&[&events[..1], &events[1..]]),
        [[(1, json!([["order", id(ORDER), 1]]))], [(0, seen(2, 2))]]
    );
}

#[test]
fn a_light_record_never_overtakes_the_whole() {
    let mut story = Story::new();
    story
        .orders(BUYER, SELLER, ORDER, 100, 0)
        .is_asked_to_pay(BUYER, SELLER, ORDER, 100);
    story
        .pays(BUYER, SELLER, ORDER, 100)
        .is_refunded(BUYER, SELLER, ORDER, 100)
        .confirms(BUYER, SELLER, ORDER);
    let seen = json!([["order", id(ORDER), 2], ["payment", id(ORDER), 3]]);
    assert_eq!(
        told(&[&story.events[..1], &story.events[1..]])[1],
        [(1, seen)]
    );
}

#[test]
fn a_payment_seen_before_its_order_is_told_with_it() {
    let mut story = Story::new();
    story
        .orders(BUYER, SELLER, ORDER, 100, 0)
        .is_asked_to_pay(BUYER, SELLER, ORDER, 100);
    let seen = json!([["order", id(ORDER), 1], ["payment", id(ORDER), 1]]);
    assert_eq!(
        told(&[&story.events[1..], &story.events[..1]]),
        [vec![], vec![(1, seen)]]
    );
}
