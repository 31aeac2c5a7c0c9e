use serde_json::{Value, json};
use souk_documents::{INVOICES, InvoiceDocument, parse};

use super::story::{Story, id};

const BUYER: u128 = 1;
const SELLER: u128 = 2;
const ORDER: u128 = 3;

/// Month and currency, kinds and amounts, total.
type Row = (String, Vec<(String, i64)>, i64);

/// What happens to an order after it was placed.
#[derive(Clone, Copy, Debug)]
enum Then {
    Cancelled(&'static str),
    Refunded(&'static str, i64),
}

/// Every invoice that is shown.
fn summary(story: &Story) -> Vec<Row> {
    let mut rows = Vec::new();
    for document in story
        .documents(INVOICES)
        .values()
        .filter(|document| document["deleted"] == json!(false))
    {
        let month = format!(
            "{}-{:02} {}",
            document["year"],
            document["month"].as_i64().unwrap(),
            text(&document["currency"])
        );
        let entries = document["entries"].as_array().unwrap();
        let entries = entries.iter().map(|entry| {
            (
                text(&entry["kind"]),
                entry["amount_minor"].as_i64().unwrap(),
            )
        });
        rows.push((
            month,
            entries.collect(),
            document["total_minor"].as_i64().unwrap(),
        ));
    }
    rows
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn row(month: &str, entries: &[(&str, i64)]) -> Row {
    let total = entries.iter().map(|(_, amount)| amount).sum();
    (
        month.to_owned(),
        entries
            .iter()
            .map(|(kind, amount)| ((*kind).to_owned(), *amount))
            .collect(),
        total,
    )
}

#[test]
fn an_order_is_invoiced_with_its_lines_and_shipping() {
    let mut story = Story::new();
    story
        .registers(BUYER, "Bo")
        .orders(BUYER, SELLER, ORDER, 3900, 590);
    let document = story.document(INVOICES);
    assert_eq!(document["id"], format!("{}-2011-03-GBP", id(BUYER)));
    assert_eq!(document["number"], "INV-201103-000000000001-GBP");
    assert_eq!(document["buyer_external_id"], "online-retail:1");
    assert_eq!(
        (&document["num_entries"], &document["total_minor"]),
        (&json!(1), &json!(4490))
    );
    let entry = &document["entries"][0];
    assert_eq!(
        (&entry["amount_minor"], &entry["shipping_minor"]),
        (&json!(4490), &json!(590))
    );
    assert_eq!(
        (&entry["date"], &entry["lines"][0]["amount_minor"]),
        (&json!("2011-03-01"), &json!(3900))
    );
    assert_eq!(entry["description"], format!("Order {}", id(ORDER)));
    let body = serde_json::to_vec(&document).unwrap();
    assert!(parse::<InvoiceDocument<'static>>(&body).unwrap().is_some());
}

#[test]
fn an_order_belongs_to_the_month_of_its_own_time_zone() {
    for (placed_at, time_zone, month) in [
        // British Summer Time began on 2011-03-27: an hour ahead of UTC at the end of March, not at the end of February.
        (
            "2011-03-31T22:59:59.999999Z",
            "Europe/London",
            "2011-03 GBP",
        ),
        ("2011-03-31T23:00:00Z", "Europe/London", "2011-04 GBP"),
        ("2011-02-28T23:59:59Z", "Europe/London", "2011-02 GBP"),
        ("2011-03-01T00:00:00Z", "Europe/London", "2011-03 GBP"),
        ("2011-03-31T23:00:00Z", "UTC", "2011-03 GBP"),
        ("2010-12-31T23:30:00Z", "Europe/Berlin", "2011-01 GBP"),
        ("2011-01-01T04:59:59Z", "America/New_York", "2010-12 GBP"),
    ] {
        let mut story = Story::new();
        story.time_zone = time_zone;
        story.at(placed_at).orders(BUYER, SELLER, ORDER, 100, 0);
        assert_eq!(
            summary(&story),
            [row(month, &[("order", 100)])],
            "{placed_at} {time_zone}"
        );
        let mut story = Story::new();
        story.time_zone = time_zone;
        story.imports(BUYER, SELLER, ORDER, placed_at, 100);
        assert_eq!(
            summary(&story),
            [row(month, &[("order", 100)])],
            "import {placed_at} {time_zone}"
        );
    }
}

#[test]
fn what_is_given_back_is_credited_once_in_the_month_it_happened() {
    let march = row("2011-03 GBP", &[("order", 1000)]);
    let rows: Vec<(&str, Vec<Then>, Vec<Row>)> = vec![
        (
            "a cancellation gives back everything",
            vec![Then::Cancelled("2011-04-02T10:00:00Z")],
            vec![march.clone(), row("2011-04 GBP", &[("credit", -1000)])],
        ),
        (
            "in the same month order and credit meet",
            vec![Then::Cancelled("2011-03-11T10:00:00Z")],
            vec![row("2011-03 GBP", &[("order", 1000), ("credit", -1000)])],
        ),
        (
            "a refund of an order that stands",
            vec![Then::Refunded("2011-04-02T10:00:00Z", 300)],
            vec![march.clone(), row("2011-04 GBP", &[("credit", -300)])],
        ),
        (
            "refunds in two months",
            vec![
                Then::Refunded("2011-04-02T10:00:00Z", 300),
                Then::Refunded("2011-05-02T10:00:00Z", 700),
            ],
            vec![
                march.clone(),
                row("2011-04 GBP", &[("credit", -300)]),
                row("2011-05 GBP", &[("credit", -700)]),
            ],
        ),
        (
            "a refund before the cancellation counts then, the rest with the cancellation",
            vec![
                Then::Refunded("2011-04-02T10:00:00Z", 300),
                Then::Cancelled("2011-05-02T10:00:00Z"),
            ],
            vec![
                march.clone(),
                row("2011-04 GBP", &[("credit", -300)]),
                row("2011-05 GBP", &[("credit", -700)]),
            ],
        ),
        (
            "a refund after the cancellation only pays it out",
            vec![
                Then::Cancelled("2011-04-02T10:00:00Z"),
                Then::Refunded("2011-05-02T10:00:00Z", 1000),
            ],
            vec![march.clone(), row("2011-04 GBP", &[("credit", -1000)])],
        ),
        (
            "a refund at the moment of the cancellation only pays it out",
            vec![
                Then::Cancelled("2011-04-02T10:00:00Z"),
                Then::Refunded("2011-04-02T10:00:00Z", 1000),
            ],
            vec![march.clone(), row("2011-04 GBP", &[("credit", -1000)])],
        ),
        (
            "a cancellation after everything was refunded gives back nothing more",
            vec![
                Then::Refunded("2011-04-02T10:00:00Z", 1000),
                Then::Cancelled("2011-05-02T10:00:00Z"),
            ],
            vec![march.clone(), row("2011-04 GBP", &[("credit", -1000)])],
        ),
        (
            "a credit belongs to the month of the buyer's time zone",
            vec![Then::Refunded("2011-04-30T23:30:00Z", 300)],
            vec![march.clone(), row("2011-05 GBP", &[("credit", -300)])],
        ),
    ];
    for (name, steps, expected) in rows {
        let mut story = Story::new();
        story
            .at("2011-03-10T10:00:00Z")
            .orders(BUYER, SELLER, ORDER, 900, 100);
        for step in steps {
            match step {
                Then::Cancelled(at) => story.at(at).cancels(BUYER, SELLER, ORDER, 1000),
                Then::Refunded(at, amount) => {
                    story.at(at).is_refunded(BUYER, SELLER, ORDER, amount)
                }
            };
        }
        assert_eq!(summary(&story), expected, "{name}");
        let repeated: Vec<_> = story.events.iter().chain(&story.events).cloned().collect();
        story.events = repeated;
        assert_eq!(summary(&story), expected, "{name}, every event twice");
    }
}

#[test]
fn an_imported_credit_belongs_to_the_month_of_its_own_date() {
    let mut story = Story::new();
    story.imports(BUYER, SELLER, 3, "2010-12-01T08:26:00Z", 1530);
    story.imports(BUYER, SELLER, 4, "2011-01-05T09:41:00Z", -2750);
    assert_eq!(
        summary(&story),
        [
            row("2010-12 GBP", &[("order", 1530)]),
            row("2011-01 GBP", &[("credit", -2750)])
        ]
    );
    let credit = story.documents(INVOICES).pop_last().unwrap().1;
    assert_eq!(credit["entries"][0]["description"], "Credit 53634");
    assert_eq!(credit["entries"][0]["lines"][0]["quantity"], -2);
}

#[test]
fn each_currency_has_an_invoice_of_its_own() {
    let mut story = Story::new();
    story
        .orders(BUYER, SELLER, 3, 100, 0)
        .orders(BUYER, SELLER, 4, 200, 0);
    story.currency = "EUR";
    story.orders(BUYER, SELLER, 5, 400, 0);
    assert_eq!(
        summary(&story),
        [
            row("2011-03 EUR", &[("order", 400)]),
            row("2011-03 GBP", &[("order", 100), ("order", 200)])
        ]
    );
}

#[test]
fn entries_stand_in_the_order_of_time() {
    let mut story = Story::new();
    story
        .at("2011-03-20T10:00:00Z")
        .orders(BUYER, SELLER, 3, 100, 0);
    story
        .at("2011-03-10T10:00:00Z")
        .orders(BUYER, SELLER, 4, 200, 0);
    story
        .at("2011-03-15T10:00:00Z")
        .cancels(BUYER, SELLER, 4, 200);
    assert_eq!(
        summary(&story),
        [row(
            "2011-03 GBP",
            &[("order", 200), ("credit", -200), ("order", 100)]
        )]
    );
}

#[test]
fn the_address_is_the_default_one_when_the_order_was_placed() {
    let line1 = |story: &Story| {
        let document = story.documents(INVOICES).pop_first().unwrap().1;
        document
            .get("address")
            .map(|address| text(&address["line1"]))
    };
    let mut story = Story::new();
    story
        .at("2011-03-05T10:00:00Z")
        .orders(BUYER, SELLER, ORDER, 100, 0);
    assert_eq!(line1(&story), None);

    // The event comes after the order's, and tells of a time before it.
    story
        .at("2011-03-01T10:00:00Z")
        .adds_address(BUYER, 1, "First Street", 1);
    assert_eq!(line1(&story).as_deref(), Some("First Street"));

    story
        .at("2011-03-06T10:00:00Z")
        .changes_address(BUYER, 1, "Later Street", 1);
    story
        .at("2011-03-07T10:00:00Z")
        .adds_address(BUYER, 2, "Second Street", 1)
        .prefers_address(BUYER, 2, "Second Street");
    story
        .at("2011-03-08T10:00:00Z")
        .removes_address(BUYER, 1, Some(2));
    assert_eq!(line1(&story).as_deref(), Some("First Street"));
    let sources = story.documents(INVOICES).pop_first().unwrap().1["sources"].clone();
    assert_eq!(sources, json!({"entries": 1, "account": 1}));
}

#[test]
fn an_address_that_is_not_the_default_does_not_show() {
    let mut story = Story::new();
    story
        .adds_address(BUYER, 1, "First Street", 1)
        .adds_address(BUYER, 2, "Second Street", 1);
    story.later(1).orders(BUYER, SELLER, ORDER, 100, 0);
    assert_eq!(story.document(INVOICES)["address"]["line1"], "First Street");
}

#[test]
fn an_account_younger_than_the_order_gives_it_no_address() {
    let mut story = Story::new();
    story
        .registers(BUYER, "Bo")
        .adds_address(BUYER, 1, "First Street", 1);
    story.imports(BUYER, SELLER, ORDER, "2010-12-01T08:26:00Z", 1530);
    assert_eq!(story.document(INVOICES).get("address"), None);
}

#[test]
fn of_several_orders_the_first_placed_that_had_an_address_decides() {
    let mut story = Story::new();
    story
        .at("2011-03-02T10:00:00Z")
        .orders(BUYER, SELLER, 3, 100, 0);
    story
        .at("2011-03-03T10:00:00Z")
        .adds_address(BUYER, 1, "First Street", 1);
    story
        .at("2011-03-04T10:00:00Z")
        .orders(BUYER, SELLER, 4, 100, 0);
    story
        .at("2011-03-05T10:00:00Z")
        .changes_address(BUYER, 1, "Second Street", 1);
    story
        .at("2011-03-06T10:00:00Z")
        .orders(BUYER, SELLER, 5, 100, 0);
    assert_eq!(story.document(INVOICES)["address"]["line1"], "First Street");
}

#[test]
fn a_credit_in_a_later_month_shows_the_address_its_order_was_placed_under() {
    let mut story = Story::new();
    story
        .at("2011-03-02T10:00:00Z")
        .adds_address(BUYER, 1, "First Street", 1)
        .orders(BUYER, SELLER, 3, 100, 0);
    story
        .at("2011-04-02T10:00:00Z")
        .changes_address(BUYER, 1, "Second Street", 1);
    story
        .at("2011-04-03T10:00:00Z")
        .cancels(BUYER, SELLER, 3, 100);
    let april = story.documents(INVOICES).pop_last().unwrap().1;
    assert_eq!(
        (&april["month"], &april["address"]["line1"]),
        (&json!(4), &json!("First Street"))
    );
}

#[test]
fn a_later_name_and_e_mail_show() {
    let mut story = Story::new();
    story
        .registers(BUYER, "Bo")
        .orders(BUYER, SELLER, ORDER, 100, 0);
    story
        .becomes_admin(BUYER)
        .later(1)
        .is_now_called(BUYER, "Bobby")
        .becomes_admin(BUYER);
    let document = story.document(INVOICES);
    assert_eq!(
        (&document["buyer_name"], &document["buyer_email"]),
        (&json!("Bobby"), &json!("bobby@example.org"))
    );
    assert_eq!(document["buyer_external_id"], "online-retail:1");
    assert_eq!(document["sources"], json!({"entries": 1, "user": 3}));
}

#[test]
fn an_order_in_an_unknown_time_zone_is_poison() {
    let mut story = Story::new();
    story.time_zone = "Europe/Atlantis";
    story.orders(BUYER, SELLER, ORDER, 100, 0);
    assert_eq!(
        crate::fold(&story.events).unwrap_err().code,
        "unknown_time_zone"
    );
}
