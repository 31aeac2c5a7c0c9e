mod properties;

use serde_json::json;
use souk_schemas::{
    ListingEvent, Stock,
    ids::{CategoryId, OrderId, UserId},
};

use super::*;
use crate::{
    Context, Refusal, RefusalKind,
    money::Amount,
    patch::Patch,
    testing::{Story, fields, id},
};

fn seller() -> UserId {
    id(7)
}

fn order(number: u128) -> OrderId {
    id(100 + number)
}

fn lamp() -> DraftListing {
    serde_json::from_value(json!({
        "title": " Brass lamp ",
        "condition": "good",
        "price": { "amount_minor": 1250, "currency": "EUR" },
        "quantity": 3,
    }))
    .unwrap()
}

fn price(amount_minor: i64) -> ChangePrice {
    ChangePrice {
        price: Amount {
            amount_minor,
            currency: "EUR".to_owned(),
        },
    }
}

fn drafted() -> Story<Listing> {
    Story::by(Some(seller())).given(|_, ctx| Listing::draft(ctx, id(1), seller(), lamp()))
}

fn published() -> Story<Listing> {
    drafted().given(Listing::publish)
}

fn stock(story: &Story<Listing>) -> Stock {
    story.state.offer().unwrap().stock.clone()
}

fn types(events: &[ListingEvent]) -> Vec<&'static str> {
    events.iter().map(ListingEvent::event_type).collect()
}

#[test]
fn a_draft_starts_with_its_whole_stock_and_tidied_text() {
    let story = drafted();

    let offer = story.state.offer().unwrap();
    assert_eq!(story.state.sequence(), 1);
    assert_eq!(offer.id, id(1));
    assert_eq!(offer.details.title, "Brass lamp");
    assert_eq!(offer.status, ListingStatus::Drafted);
    assert_eq!(offer.available(), 3);
}

#[test]
fn an_event_says_who_acted_and_what_comes_before_it() {
    let events = drafted().when(Listing::publish).unwrap();

    let meta = events[0].meta();
    assert_eq!(meta.sequence, 2);
    assert_eq!(meta.aggregate_id, id::<uuid::Uuid>(1));
    assert_eq!(meta.actor, Some(seller().into()));
    assert_eq!(meta.occurred_at, crate::testing::NOW);
}

#[test]
fn a_bad_draft_is_told_all_its_bad_fields_at_once() {
    let command: DraftListing = serde_json::from_value(json!({
        "title": "  ",
        "description": "x".repeat(20_001),
        "condition": "good",
        "brand": "b".repeat(81),
        "attributes": [{ "name": "", "value": "blue" }, { "name": "Colour", "value": "v".repeat(8_001) }],
        "place": { "city": "Paris", "country": "fr", "latitude": 90.5, "longitude": -181.0 },
        "price": { "amount_minor": 0, "currency": "eur" },
        "quantity": -1,
        "external_id": "e".repeat(101),
    }))
    .unwrap();

    let refused =
        Story::<Listing>::by(None).when(|_, ctx| Listing::draft(ctx, id(1), seller(), command));

    let mut found = fields(refused);
    found.sort();
    let expected = [
        ("/attributes/0/name", "required"),
        ("/attributes/1/value", "too_long"),
        ("/brand", "too_long"),
        ("/description", "too_long"),
        ("/external_id", "too_long"),
        ("/place/country", "country"),
        ("/place/latitude", "out_of_range"),
        ("/place/longitude", "out_of_range"),
        ("/price/amount_minor", "out_of_range"),
        ("/price/currency", "currency"),
        ("/quantity", "out_of_range"),
        ("/title", "required"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn unknown_fields_are_refused() {
    let unknown = json!({
        "title": "Lamp", "condition": "good", "colour": "blue",
        "price": { "amount_minor": 1, "currency": "EUR" },
    });
    assert!(serde_json::from_value::<DraftListing>(unknown).is_err());
    let unknown = json!({ "price": { "amount_minor": 1, "currency": "EUR", "tax": 2 } });
    assert!(serde_json::from_value::<ChangePrice>(unknown).is_err());
}

#[test]
fn a_change_of_details_keeps_what_it_does_not_name() {
    let story = drafted().given(|listing, ctx| {
        let command = ChangeDetails {
            category_id: Patch::Set(id(5)),
            brand: Patch::Set("Anglepoise".to_owned()),
            ..ChangeDetails::default()
        };
        listing.change_details(ctx, command)
    });

    let command: ChangeDetails =
        serde_json::from_value(json!({ "title": "Lamp", "brand": null })).unwrap();
    let story = story.given(|listing, ctx| listing.change_details(ctx, command));

    let details = &story.state.offer().unwrap().details;
    assert_eq!(details.title, "Lamp");
    assert_eq!(details.category_id, Some(id::<CategoryId>(5)));
    assert_eq!(details.brand, None);
}

#[test]
fn changes_that_change_nothing_give_no_events() {
    let story = published();
    let same_price = story.when(|listing, ctx| listing.change_price(ctx, price(1250)));
    let same_details =
        story.when(|listing, ctx| listing.change_details(ctx, ChangeDetails::default()));
    let same_stock =
        story.when(|listing, ctx| listing.adjust_stock(ctx, &AdjustStock { quantity: 3 }));
    let published_again = story.when(Listing::publish);

    for events in [same_price, same_details, same_stock, published_again] {
        assert_eq!(events, Ok(Vec::new()));
    }
}

#[test]
fn a_new_price_names_the_old_one() {
    let events = published()
        .when(|listing, ctx| listing.change_price(ctx, price(999)))
        .unwrap();

    let [ListingEvent::ListingPriceChanged(event)] = &*events else {
        panic!("one price change, not {events:?}");
    };
    assert_eq!(event.price.amount_minor, 999);
    assert_eq!(event.previous_price.amount_minor, 1250);
}

type Row = (
    &'static str,
    Story<Listing>,
    Step,
    Result<&'static [&'static str], ListingError>,
);
type Step = fn(&Listing, &mut Context) -> Result<Vec<ListingEvent>, ListingError>;

#[test]
fn a_listing_moves_only_along_its_life() {
    let paused = || published().given(Listing::pause);
    let withdrawn = || published().given(Listing::withdraw);
    let rows: [Row; 13] = [
        (
            "publish a draft",
            drafted(),
            Listing::publish,
            Ok(&["ListingPublished"]),
        ),
        (
            "pause a draft",
            drafted(),
            Listing::pause,
            Err(ListingError::NotPublished),
        ),
        (
            "resume a draft",
            drafted(),
            Listing::resume,
            Err(ListingError::NotPublished),
        ),
        (
            "withdraw a draft",
            drafted(),
            Listing::withdraw,
            Ok(&["ListingWithdrawn"]),
        ),
        (
            "pause a published",
            published(),
            Listing::pause,
            Ok(&["ListingPaused"]),
        ),
        ("resume a published", published(), Listing::resume, Ok(&[])),
        ("pause a paused", paused(), Listing::pause, Ok(&[])),
        (
            "resume a paused",
            paused(),
            Listing::resume,
            Ok(&["ListingResumed"]),
        ),
        (
            "publish a paused",
            paused(),
            Listing::publish,
            Err(ListingError::NotDrafted),
        ),
        (
            "withdraw a paused",
            paused(),
            Listing::withdraw,
            Ok(&["ListingWithdrawn"]),
        ),
        (
            "publish a withdrawn",
            withdrawn(),
            Listing::publish,
            Err(ListingError::Withdrawn),
        ),
        (
            "resume a withdrawn",
            withdrawn(),
            Listing::resume,
            Err(ListingError::Withdrawn),
        ),
        (
            "withdraw a withdrawn",
            withdrawn(),
            Listing::withdraw,
            Ok(&[]),
        ),
    ];
    for (name, story, step, expected) in rows {
        let decided = story.when(step);
        let found = decided.as_ref().map(|events| types(events));
        assert_eq!(
            found,
            expected.as_ref().map(|types| types.to_vec()),
            "{name}"
        );
    }
}

#[test]
fn only_the_seller_changes_a_listing() {
    for actor in [Some(id(8)), None] {
        let refused = published()
            .now_by(actor)
            .when(|listing, ctx| listing.change_price(ctx, price(1)));
        assert_eq!(refused, Err(ListingError::NotOwner));
    }
}

#[test]
fn a_listing_that_does_not_exist_is_missing() {
    let refused = Story::<Listing>::by(Some(seller())).when(Listing::publish);

    assert_eq!(refused.unwrap_err().kind(), RefusalKind::Missing);
}

#[test]
fn a_reservation_holds_pieces_until_it_is_sold_or_released() {
    let held = published().given(|listing, ctx| listing.reserve(ctx, order(1), 2));
    assert_eq!(
        stock(&held),
        Stock {
            quantity: 3,
            reserved: 2,
            sold: 0
        }
    );

    let sold = held.given(|listing, ctx| listing.commit_sale(ctx, order(1)));
    assert_eq!(
        stock(&sold),
        Stock {
            quantity: 3,
            reserved: 0,
            sold: 2
        }
    );

    let released = published()
        .given(|listing, ctx| listing.reserve(ctx, order(1), 2))
        .given(|listing, ctx| listing.release_reservation(ctx, order(1)));
    assert_eq!(
        stock(&released),
        Stock {
            quantity: 3,
            reserved: 0,
            sold: 0
        }
    );
}

#[test]
fn more_than_is_left_cannot_be_reserved() {
    let story = published().given(|listing, ctx| listing.reserve(ctx, order(1), 2));

    let refused = story.when(|listing, ctx| listing.reserve(ctx, order(2), 2));

    let expected = ListingError::OutOfStock {
        asked: 2,
        available: 1,
    };
    assert_eq!(refused, Err(expected));
}

#[test]
fn a_sold_out_listing_stays_published() {
    let story = published()
        .given(|listing, ctx| listing.reserve(ctx, order(1), 3))
        .given(|listing, ctx| listing.commit_sale(ctx, order(1)));

    let offer = story.state.offer().unwrap();
    assert_eq!(
        (offer.status, offer.available()),
        (ListingStatus::Published, 0)
    );
}

#[test]
fn an_order_holds_pieces_once() {
    let held = published().given(|listing, ctx| listing.reserve(ctx, order(1), 2));

    let again = held.when(|listing, ctx| listing.reserve(ctx, order(1), 2));
    assert_eq!(again, Ok(vec![]));
    let otherwise = held.when(|listing, ctx| listing.reserve(ctx, order(1), 1));
    let order_id = order(1);
    let expected = ListingError::ReservedOtherwise { order_id, held: 2 };
    assert_eq!(otherwise, Err(expected));
}

#[test]
fn what_an_order_does_not_hold_is_neither_released_nor_sold() {
    let held = || published().given(|listing, ctx| listing.reserve(ctx, order(1), 2));
    let released = held().given(|listing, ctx| listing.release_reservation(ctx, order(1)));
    let sold = held().given(|listing, ctx| listing.commit_sale(ctx, order(1)));

    for story in [published(), released, sold] {
        let release = story.when(|listing, ctx| listing.release_reservation(ctx, order(1)));
        assert_eq!(release, Ok(vec![]));
        let sale = story.when(|listing, ctx| listing.commit_sale(ctx, order(1)));
        assert_eq!(sale, Err(ListingError::NotReserved(order(1))));
    }
}

#[test]
fn an_imported_listing_is_published_at_once_whoever_asks() {
    let story =
        Story::<Listing>::by(None).given(|_, ctx| Listing::import(ctx, id(1), seller(), lamp()));

    assert_eq!(story.state.sequence(), 2);
    let offer = story.state.offer().unwrap();
    assert_eq!(
        (offer.status, offer.seller_id),
        (ListingStatus::Published, seller())
    );
}

#[test]
fn attributes_of_real_catalogues_are_taken() {
    let command: DraftListing = serde_json::from_value(json!({
        "title": "t".repeat(300),
        "description": "several\nlines",
        "condition": "new",
        "attributes": vec![json!({ "name": "Compatibility", "value": format!("{}\u{84}\n", "v".repeat(7_000)) }); 256],
        "price": { "amount_minor": 1, "currency": "EUR" },
    }))
    .unwrap();

    let drafted =
        Story::<Listing>::by(None).when(|_, ctx| Listing::draft(ctx, id(1), seller(), command));

    assert!(drafted.is_ok(), "{drafted:?}");
}

#[test]
fn the_seller_cannot_count_below_what_is_reserved_and_sold() {
    let story = published()
        .given(|listing, ctx| listing.reserve(ctx, order(1), 1))
        .given(|listing, ctx| listing.commit_sale(ctx, order(1)))
        .given(|listing, ctx| listing.reserve(ctx, order(2), 1));

    let refused =
        story.when(|listing, ctx| listing.adjust_stock(ctx, &AdjustStock { quantity: 1 }));
    assert_eq!(refused, Err(ListingError::BelowCommitted { committed: 2 }));

    let story = story.given(|listing, ctx| listing.adjust_stock(ctx, &AdjustStock { quantity: 2 }));
    assert_eq!(story.state.offer().unwrap().available(), 0);
}

#[test]
fn what_was_held_before_a_withdrawal_can_still_be_sold() {
    let story = published()
        .given(|listing, ctx| listing.reserve(ctx, order(1), 1))
        .given(Listing::withdraw)
        .given(|listing, ctx| listing.commit_sale(ctx, order(1)));

    assert_eq!(stock(&story).sold, 1);
    assert_eq!(
        story.when(|listing, ctx| listing.reserve(ctx, order(2), 1)),
        Err(ListingError::Withdrawn)
    );
}
