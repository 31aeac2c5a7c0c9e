use std::collections::{BTreeMap, HashMap, HashSet};

use souk_projections::fold;
use souk_schemas::{Aggregate, Decoder, Event, ListingEvent, OrderEvent, Registry};
use souk_stack::eventually;
use sqlx::{Connection as _, MySqlConnection, Row as _};

use super::ledger::{Entries, Ledger};
use crate::support::{
    App, Documents, PATIENCE, Record, difference, read_index, read_topic, until_same,
};

type Identity = (String, String, u64);

/// Compares the ledger, the event store, the topics and the indices.
pub(super) async fn pronounce(app: &App, ledger: &Ledger) {
    let stored = settled_events(app).await;
    let history = relayed_events(app, &stored).await;
    let entries = ledger.entries();
    require_acknowledged(&entries, &stored);
    require_nothing_doubled(&entries, &history);
    require_stock(&history);
    require_documents(app, &history).await;
}

/// Identities of all events in the store, once no payment is under way any more.
async fn settled_events(app: &App) -> HashSet<Identity> {
    eventually(PATIENCE, "every payment to be settled", async || {
        let mut connection = MySqlConnection::connect(&app.space.mysql_url).await.ok()?;
        let row = sqlx::query("SELECT COUNT(*) FROM payment_tasks")
            .fetch_one(&mut connection)
            .await
            .ok()?;
        (row.get::<i64, _>(0) == 0).then_some(())
    })
    .await;
    let mut connection = MySqlConnection::connect(&app.space.mysql_url)
        .await
        .expect("MySQL answers");
    let rows = sqlx::query("SELECT aggregate_type, aggregate_id, sequence FROM events")
        .fetch_all(&mut connection)
        .await
        .expect("MySQL answers");
    let num_rows = rows.len();
    let stored: HashSet<Identity> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    assert_eq!(stored.len(), num_rows, "no event is stored twice");
    stored
}

/// Waits until the topics hold what the store holds, and no more; returns the events, each once.
async fn relayed_events(app: &App, stored: &HashSet<Identity>) -> Vec<Event> {
    let decoder =
        Decoder::new(Registry::new(&app.space.registry_url).expect("the registry has an address"));
    let records = eventually(PATIENCE, "every stored event on its topic", async || {
        let mut records = Vec::new();
        for aggregate in Aggregate::ALL {
            records.extend(read_topic(&app.space.kafka, &app.topic(aggregate.name())));
        }
        (records.len() >= stored.len()).then_some(records)
    })
    .await;
    let events = decode_in_order(&decoder, &records).await;
    let relayed: HashSet<Identity> = events.iter().map(identity).collect();
    let missing: Vec<_> = stored.difference(&relayed).take(5).collect();
    let invented: Vec<_> = relayed.difference(stored).take(5).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "missing {missing:?}, invented {invented:?}"
    );
    events
}

/// A crash may repeat an event; it never leaves one out or lets one overtake another.
async fn decode_in_order(decoder: &Decoder, records: &[Record]) -> Vec<Event> {
    let mut last: HashMap<(Aggregate, String), u64> = HashMap::new();
    let mut events = Vec::new();
    let mut num_repeats = 0;
    for record in records {
        let event = decoder
            .decode(&record.payload)
            .await
            .expect("our own event can be read");
        let (_, id, sequence) = identity(&event);
        assert_eq!(id, record.key, "an event lies under its aggregate's id");
        let known = last.entry((event.aggregate(), id.clone())).or_default();
        if sequence <= *known {
            num_repeats += 1;
            continue;
        }
        assert_eq!(sequence, *known + 1, "{id} is in order and without gaps");
        *known = sequence;
        events.push(event);
    }
    println!("{} events, {num_repeats} repeated", events.len());
    events
}

fn identity(event: &Event) -> Identity {
    let meta = event.meta();
    let sequence = u64::try_from(meta.sequence).expect("a sequence is above 0");
    (
        event.aggregate().name().to_owned(),
        meta.aggregate_id.to_string(),
        sequence,
    )
}

fn require_acknowledged(entries: &Entries, stored: &HashSet<Identity>) {
    let lost: Vec<_> = entries.acknowledged.difference(stored).collect();
    assert!(
        lost.is_empty(),
        "{} acknowledged commands are lost: {:?}",
        lost.len(),
        &lost[..lost.len().min(5)]
    );
}

/// Every acknowledged draft and order is one aggregate, and there are no others.
fn require_nothing_doubled(entries: &Entries, history: &[Event]) {
    let mut drafts: BTreeMap<String, u64> = BTreeMap::new();
    let mut orders: BTreeMap<String, u64> = BTreeMap::new();
    for event in history {
        match event {
            Event::Listing(ListingEvent::ListingDrafted(event)) => {
                *drafts.entry(event.seller_id.to_string()).or_default() += 1;
            }
            Event::Order(OrderEvent::OrderPlaced(event)) => {
                *orders.entry(event.buyer_id.to_string()).or_default() += 1;
            }
            _ => {}
        }
    }
    assert_eq!(drafts, entries.drafts, "drafts by person");
    assert_eq!(orders, entries.orders, "orders by person");
}

fn require_stock(history: &[Event]) {
    for event in history {
        let Event::Listing(event) = event else {
            continue;
        };
        let stock = match event {
            ListingEvent::ListingReserved(event) => &event.stock,
            ListingEvent::ListingSold(event) => &event.stock,
            ListingEvent::ListingReservationReleased(event) => &event.stock,
            ListingEvent::ListingStockAdjusted(event) => &event.stock,
            _ => continue,
        };
        assert!(
            stock.reserved >= 0 && stock.sold >= 0 && stock.reserved + stock.sold <= stock.quantity,
            "{event:?}"
        );
    }
}

/// Each document is the fold of its events, at the version that follows from them.
async fn require_documents(app: &App, history: &[Event]) {
    let folded = fold(history).expect("a history without gaps can be folded");
    for alias in ["souk-catalog", "souk-orders", "souk-invoices", "souk-users"] {
        let expected: Documents = folded
            .alias(alias)
            .map(|(id, version, document)| (id.to_owned(), (version, document.clone())))
            .collect();
        assert!(!expected.is_empty(), "{alias} has documents");
        let name = format!("{}{alias}", app.space.prefix);
        let what = format!("{alias} to be the fold of its events");
        until_same(&what, async || {
            difference(
                &expected,
                &read_index(&app.space.opensearch_url, &name).await,
            )
        })
        .await;
        println!("{alias}: {} documents", expected.len());
    }
}
