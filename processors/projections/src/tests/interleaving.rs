//! DESIGN §5: however the topics interleave, with repeats, batches of any size and a restart half-way, the same documents and
//! versions are left in the end.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use souk_documents::{CATALOG, INVOICES, ORDERS, USERS};
use souk_runtime::testing::{Harness, interleave};
use souk_runtime::{Body, Projection, Record, Rendered, Touched};
use souk_schemas::{Aggregate, Event};
use uuid::Uuid;

use crate::{Catalog, InvoiceEntries, Invoices, Orders, Users, fold, topics};

use super::random::{Dice, random_story};

type Documents = BTreeMap<String, (u64, Value)>;

/// What a topic carries to one projection.
#[derive(Clone, Debug)]
enum Input<'a> {
    Event(&'a Event),
    Entries { buyer: String, value: Vec<u8> },
}

/// One stream for each key of each topic: all the order there is.
fn streams(events: &[Event], wanted: impl Fn(Aggregate) -> bool) -> Vec<Vec<Input<'_>>> {
    let mut streams: BTreeMap<(Aggregate, Uuid), Vec<Input<'_>>> = BTreeMap::new();
    for event in events.iter().filter(|event| wanted(event.aggregate())) {
        let key = (event.aggregate(), event.meta().aggregate_id);
        streams.entry(key).or_default().push(Input::Event(event));
    }
    streams.into_values().collect()
}

/// Runs a projection over an interleaving, writing now and then, restarting half-way.
fn run<P: Projection>(projection: P, streams: &[Vec<Input<'_>>], seed: u64) -> Documents {
    let mut harness = Harness::new(projection);
    let mut dice = Dice(seed);
    let inputs = interleave(streams, seed);
    for (index, input) in inputs.iter().enumerate() {
        match input {
            Input::Event(event) => harness.apply(event).unwrap(),
            Input::Entries { buyer, value } => {
                harness
                    .apply_record(topics::INVOICE_ENTRIES, buyer, Body::Json(value))
                    .unwrap();
            }
        }
        if dice.below(3) == 0 {
            harness.flush();
        }
        if index == inputs.len() / 2 {
            harness.restart().unwrap();
        }
    }
    harness.flush();
    assert_eq!(harness.conflicts(), [] as [String; 0]);
    let before = harness.documents();
    harness.render_all();
    assert_eq!(
        harness.documents(),
        before,
        "every change was written when it came"
    );
    before
        .into_iter()
        .map(|(id, body)| {
            let version = harness.version(&id).unwrap();
            (id, (version, body))
        })
        .collect()
}

/// Runs the first stage of the invoices and returns what it sent, by order.
fn send_entries<'a>(events: &[Event], seed: u64) -> BTreeMap<Uuid, Vec<Input<'a>>> {
    let mut sent: BTreeMap<Uuid, Vec<Input<'a>>> = BTreeMap::new();
    let mut facts = <InvoiceEntries as Projection>::Facts::default();
    let mut touched = Touched::default();
    let mut dice = Dice(seed);
    let streams = streams(events, |aggregate| {
        matches!(aggregate, Aggregate::Order | Aggregate::Payment)
    });
    let inputs = interleave(&streams, seed);
    for (index, input) in inputs.iter().enumerate() {
        let Input::Event(event) = input else { continue };
        let record = Record {
            topic: &event.aggregate().topic(""),
            key: "",
            body: Body::Event(event),
        };
        InvoiceEntries
            .apply_fact(&mut facts, &record, &mut touched)
            .unwrap();
        if dice.below(3) != 0 && index + 1 < inputs.len() {
            continue;
        }
        for key in touched.drain() {
            if let Rendered::Record { key, value } = InvoiceEntries.render(&facts, &(), &key) {
                let json: Value = serde_json::from_slice(&value).unwrap();
                assert_eq!(json["buyer_id"], key);
                let order = json["order_id"].as_str().unwrap().parse().unwrap();
                sent.entry(order)
                    .or_default()
                    .push(Input::Entries { buyer: key, value });
            }
        }
    }
    sent
}

/// Both stages. The first one starts again from nothing after a while: what it sends then goes back to older states.
fn run_invoices(events: &[Event], seed: u64) -> Documents {
    let mut dice = Dice(seed);
    let mut sent = send_entries(events, seed);
    for records in sent.values_mut() {
        let kept = dice.below(records.len() as u64 + 1);
        records.truncate(usize::try_from(kept).unwrap());
    }
    for (order, records) in send_entries(events, seed.wrapping_add(1)) {
        sent.entry(order).or_default().extend(records);
    }
    let mut inputs = streams(events, |aggregate| {
        matches!(aggregate, Aggregate::User | Aggregate::Account)
    });
    inputs.extend(sent.into_values());
    run(Invoices, &inputs, seed)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_ends_in_the_same_documents(story_seed: u64, seed: u64, steps in 1_usize..120) {
        let story = random_story(story_seed, steps);
        let expected = fold(&story.events).unwrap();
        let inputs = streams(&story.events, |_| true);
        prop_assert_eq!(&run(Catalog, &inputs, seed), &expected.documents[CATALOG]);
        prop_assert_eq!(&run(Orders, &inputs, seed), &expected.documents[ORDERS]);
        prop_assert_eq!(&run(Users, &inputs, seed), &expected.documents[USERS]);
        prop_assert_eq!(&run_invoices(&story.events, seed), &expected.documents[INVOICES]);
    }

    #[test]
    fn the_fold_needs_no_order_at_all(story_seed: u64, seed: u64) {
        let story = random_story(story_seed, 60);
        let mut dice = Dice(seed);
        let mut shuffled: Vec<(u64, &Event)> = story.events.iter().map(|event| (dice.below(u64::MAX), event)).collect();
        shuffled.sort_by_key(|(place, _)| *place);
        let shuffled = shuffled.into_iter().map(|(_, event)| event);
        prop_assert_eq!(fold(shuffled).unwrap(), fold(&story.events).unwrap());
    }

    #[test]
    fn invoices_add_up_to_what_was_charged_and_not_given_back(story_seed: u64) {
        let story = random_story(story_seed, 120);
        let folded = fold(&story.events).unwrap();
        let invoiced: i64 = folded.alias(INVOICES).filter_map(|(_, _, body)| body["total_minor"].as_i64()).sum();
        let mut due = 0;
        for (_, _, order) in folded.alias(ORDERS) {
            let total = order["totals"]["total_minor"].as_i64().unwrap();
            let refunded = order["payment"]["refunded_minor"].as_i64().unwrap_or_default();
            if order["status"] != "cancelled" {
                due += total - refunded;
            }
        }
        prop_assert_eq!(invoiced, due);
    }
}
