use souk_documents::{
    CatalogDocument, Category, InvoiceDocument, OrderDocument, OrderStatus, Sources, TimelineEntry,
    Timestamp, Totals, UserDocument, attribute_pair,
};
use uuid::Uuid;

/// A listing with a number for its id, price and age.
pub(crate) fn listing(number: u32, title: &str) -> CatalogDocument<'static> {
    let category = Uuid::from_u128(900);
    CatalogDocument {
        id: Uuid::from_u128(number.into()),
        seller_id: Uuid::from_u128(500),
        seller_name: Some("Ada".into()),
        title: title.to_owned().into(),
        description: "in working order".into(),
        category_id: Some(category),
        category_path: vec![Category {
            id: category,
            name: "Household".into(),
        }],
        category_ids: vec![category],
        condition: "good".into(),
        brand: None,
        attributes: Vec::new(),
        attribute_pairs: Vec::new(),
        price_minor: i64::from(number) * 100,
        currency: "EUR".into(),
        quantity_available: 1,
        available: true,
        place: None,
        external_id: None,
        published_at: Some(Timestamp::from_micros(i64::from(number) * 1_000_000)),
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
        deleted: false,
        sources: Sources::of([("listing", 1)]),
    }
}

pub(crate) fn with_attribute(
    mut listing: CatalogDocument<'static>,
    name: &'static str,
    value: &'static str,
) -> CatalogDocument<'static> {
    listing.attributes.push(souk_documents::Attribute {
        name: name.into(),
        value: value.into(),
    });
    listing.attribute_pairs.push(attribute_pair(name, value));
    listing
}

pub(crate) fn order(number: u32, buyer_id: Uuid, seller_id: Uuid) -> OrderDocument<'static> {
    OrderDocument {
        id: Uuid::from_u128(number.into()),
        buyer_id,
        buyer_name: None,
        seller_id,
        seller_name: None,
        status: OrderStatus::Placed,
        lines: Vec::new(),
        totals: Totals {
            currency: "EUR".into(),
            lines_minor: 100,
            shipping_minor: 0,
            total_minor: 100,
            fee_minor: 5,
        },
        address: None,
        payment: None,
        placed_at: Timestamp::from_micros(i64::from(number) * 1_000_000),
        external_id: None,
        timeline: vec![TimelineEntry {
            at: Timestamp::from_micros(0),
            event: "OrderPlaced".into(),
            detail: None,
            amount_minor: None,
        }],
        deleted: false,
        sources: Sources::of([("order", 1)]),
    }
}

pub(crate) fn invoice(buyer_id: Uuid, year: i16, month: i8) -> InvoiceDocument<'static> {
    InvoiceDocument {
        id: format!("{buyer_id}-{year}-{month:02}-GBP"),
        number: "INV".to_owned(),
        buyer_id,
        buyer_external_id: None,
        buyer_name: None,
        buyer_email: None,
        year,
        month,
        currency: "GBP".into(),
        address: None,
        entries: Vec::new(),
        num_entries: 0,
        total_minor: 0,
        deleted: false,
        sources: Sources::of([("entries", 1)]),
    }
}

pub(crate) fn user(id: Uuid, name: &'static str) -> UserDocument<'static> {
    UserDocument {
        id,
        name: name.into(),
        email: format!("{}@example.org", name.to_lowercase()).into(),
        age: None,
        time_zone: "UTC".into(),
        roles: vec!["buyer".into()],
        external_id: None,
        address_count: 0,
        default_address: None,
        created_at: Timestamp::from_micros(0),
        updated_at: Timestamp::from_micros(0),
        deleted: false,
        sources: Sources::of([("user", 1)]),
    }
}
