use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn address() -> Address<'static> {
    Address {
        recipient: "Ada".into(),
        line1: "1 High Street".into(),
        line2: Some("Flat 2".into()),
        city: "London".into(),
        region: Some("Greater London".into()),
        postal_code: "N1 9GU".into(),
        country: "GB".into(),
    }
}

fn line() -> OrderLine<'static> {
    OrderLine {
        listing_id: Uuid::from_u128(4),
        external_id: Some("85123A".into()),
        title: "Holder".into(),
        condition: Some("good".into()),
        unit_price: "2.55".into(),
        quantity: 6,
        amount_minor: 1530,
    }
}

fn catalog() -> CatalogDocument<'static> {
    CatalogDocument {
        id: Uuid::from_u128(1),
        seller_id: Uuid::from_u128(2),
        seller_name: Some("Ada".into()),
        title: "Lamp".into(),
        description: "A lamp".into(),
        category_id: Some(Uuid::from_u128(3)),
        category_path: vec![Category {
            id: Uuid::from_u128(3),
            name: "Lighting".into(),
        }],
        category_ids: vec![Uuid::from_u128(3)],
        condition: "good".into(),
        brand: Some("Anglepoise".into()),
        attributes: vec![Attribute {
            name: "Colour".into(),
            value: "Grün".into(),
        }],
        attribute_pairs: vec![attribute_pair("Colour", "Grün")],
        price_minor: 1250,
        currency: "EUR".into(),
        quantity_available: 1,
        available: true,
        place: Some(Place {
            city: "Berlin".into(),
            country: "DE".into(),
            location: GeoPoint {
                lat: 52.5,
                lon: 13.4,
            },
        }),
        external_id: Some("X1".into()),
        published_at: Some(Timestamp::from_micros(1)),
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(1),
        deleted: false,
        sources: Sources::of([("listing", 2), ("taxonomy", 1), ("user", 1)]),
    }
}

fn order() -> OrderDocument<'static> {
    OrderDocument {
        id: Uuid::from_u128(1),
        buyer_id: Uuid::from_u128(2),
        buyer_name: Some("Ada".into()),
        seller_id: Uuid::from_u128(3),
        seller_name: Some("Bob".into()),
        status: OrderStatus::Confirmed,
        lines: vec![line()],
        totals: Totals {
            currency: "GBP".into(),
            lines_minor: 1530,
            shipping_minor: 300,
            total_minor: 1830,
            fee_minor: 76,
        },
        address: Some(address()),
        payment: Some(Payment {
            status: PaymentStatus::Captured,
            method: Some("credit_card".into()),
            amount_minor: 1830,
            refunded_minor: 0,
            ledger: Ledger::default(),
        }),
        placed_at: Timestamp::from_micros(0),
        external_id: Some("536365".into()),
        timeline: vec![TimelineEntry {
            at: Timestamp::from_micros(0),
            event: "OrderPlaced".into(),
            detail: Some("credit_card".into()),
            amount_minor: Some(1830),
        }],
        deleted: false,
        sources: Sources::of([("order", 2), ("payment", 3), ("buyer", 1), ("seller", 1)]),
    }
}

fn invoice() -> InvoiceDocument<'static> {
    InvoiceDocument {
        id: "x-2011-03-GBP".to_owned(),
        number: "INV-201103-X-GBP".to_owned(),
        buyer_id: Uuid::from_u128(2),
        buyer_external_id: Some("online-retail:17850".into()),
        buyer_name: Some("Ada".into()),
        buyer_email: Some("ada@example.org".into()),
        year: 2011,
        month: 3,
        currency: "GBP".into(),
        address: Some(address()),
        entries: vec![InvoiceEntry {
            order_id: Uuid::from_u128(1),
            kind: EntryKind::Order,
            date: "2011-03-27".into(),
            at: Timestamp::from_micros(0),
            description: "Order 536365".into(),
            lines: vec![line()],
            shipping_minor: 0,
            amount_minor: 1530,
        }],
        num_entries: 1,
        total_minor: 1530,
        deleted: false,
        sources: Sources::of([("entries", 2), ("user", 1), ("account", 1)]),
    }
}

fn user() -> UserDocument<'static> {
    UserDocument {
        id: Uuid::from_u128(2),
        name: "Ada".into(),
        email: "ada@example.org".into(),
        age: Some(36),
        time_zone: "Europe/London".into(),
        roles: vec!["buyer".into()],
        external_id: Some("online-retail:17850".into()),
        address_count: 1,
        default_address: Some(address()),
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
        deleted: false,
        sources: Sources::of([("user", 1), ("account", 1)]),
    }
}

/// Dotted names of the leaves of a document, as far down as its mapping looks.
fn document_fields(value: &Value, mapping: &Value, path: &str, fields: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                document_fields(item, mapping, path, fields);
            }
        }
        Value::Object(members) if path.is_empty() || mapping.get("properties").is_some() => {
            for (name, member) in members {
                let below = mapping
                    .pointer(&format!("/properties/{name}"))
                    .unwrap_or(&Value::Null);
                document_fields(member, below, &join(path, name), fields);
            }
        }
        _ => {
            fields.insert(path.to_owned());
        }
    }
}

fn mapped_fields(mapping: &Value, path: &str, fields: &mut BTreeSet<String>) {
    match mapping.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            for (name, below) in properties {
                mapped_fields(below, &join(path, name), fields);
            }
        }
        None => {
            fields.insert(path.to_owned());
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn assert_mapped<D: Document>(document: &D) {
    let body: Value = serde_json::from_str(D::MAPPING).unwrap();
    let mapping = &body["mappings"];
    assert_eq!(mapping["dynamic"], "strict", "{}", D::ALIAS);

    let mut mapped = BTreeSet::new();
    mapped_fields(mapping, "", &mut mapped);
    let mut written = BTreeSet::new();
    document_fields(
        &serde_json::to_value(document).unwrap(),
        mapping,
        "",
        &mut written,
    );
    assert_eq!(written, mapped, "{}", D::ALIAS);

    let hidden = serde_json::to_value(tombstone("1", Sources::of([("listing", 1)]))).unwrap();
    let mut written = BTreeSet::new();
    document_fields(&hidden, mapping, "", &mut written);
    assert!(written.is_subset(&mapped), "{}", D::ALIAS);
}

#[test]
fn every_field_of_every_document_is_mapped_and_no_other() {
    assert_mapped(&catalog());
    assert_mapped(&order());
    assert_mapped(&invoice());
    assert_mapped(&user());
}

fn assert_survives_json<D: Document + PartialEq + std::fmt::Debug>(document: D) {
    let body = serde_json::to_vec(&document).unwrap();
    assert_eq!(parse::<D>(&body).unwrap(), Some(document));
}

#[test]
fn documents_are_read_as_they_were_written() {
    assert_survives_json(catalog());
    assert_survives_json(order());
    assert_survives_json(invoice());
    assert_survives_json(user());
}

#[test]
fn a_tombstone_is_read_as_nothing() {
    let body = serde_json::to_vec(&tombstone("1", Sources::of([("listing", 4)]))).unwrap();
    assert_eq!(parse::<CatalogDocument<'static>>(&body).unwrap(), None);
    assert!(parse::<CatalogDocument<'static>>(br#"{"deleted":false}"#).is_err());
}

#[test]
fn parties_are_the_values_of_the_owner_fields() {
    fn owners<D: Private>(document: &D) -> (Vec<String>, Vec<String>) {
        let body = serde_json::to_value(document).unwrap();
        let fields = D::OWNER_FIELDS
            .iter()
            .map(|field| body[field].as_str().unwrap().to_owned())
            .collect();
        (
            fields,
            document.parties().iter().map(Uuid::to_string).collect(),
        )
    }
    for (fields, parties) in [owners(&order()), owners(&invoice()), owners(&user())] {
        assert_eq!(fields, parties);
    }
}

#[test]
fn a_higher_sequence_of_the_primary_outweighs_all_others() {
    assert_eq!(version(1, 0), 1 << 32);
    assert!(version(2, 0) > version(1, u64::from(u32::MAX)));
    assert!(version(2, 1) > version(2, 0));
}

#[test]
fn sources_leave_out_what_was_not_seen() {
    let sources = Sources::of([("listing", 5), ("taxonomy", 0), ("user", 3)]);
    assert_eq!(
        serde_json::to_value(&sources).unwrap(),
        json!({"listing": 5, "user": 3})
    );
    assert_eq!(
        (sources.get("user"), sources.get("taxonomy"), sources.sum()),
        (3, 0, 8)
    );
}

#[test]
fn times_are_written_with_six_decimals_and_read_exactly() {
    for (micros, text) in [
        (0, "1970-01-01T00:00:00.000000Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
        (1_291_191_960_000_001, "2010-12-01T08:26:00.000001Z"),
    ] {
        let time = Timestamp::from_micros(micros);
        assert_eq!(serde_json::to_value(time).unwrap(), json!(text));
        assert_eq!(
            serde_json::from_value::<Timestamp>(json!(text)).unwrap(),
            time
        );
    }
}

#[test]
fn attribute_pairs_ignore_case() {
    assert_eq!(attribute_pair("Colour", "GRÜN"), "colour=grün");
}
