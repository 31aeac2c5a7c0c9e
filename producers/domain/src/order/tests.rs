use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use souk_schemas::{OrderKind, Timestamp, ids::ListingId};

use super::*;
use crate::{
    listing::{DraftListing, Listing},
    testing::{NOW, Story, fields, id},
};

fn buyer_id() -> UserId {
    id(5)
}

fn seller_id() -> UserId {
    id(6)
}

fn listing(number: u128, seller: UserId, amount_minor: i64, currency: &str) -> Listing {
    let command: DraftListing = serde_json::from_value(json!({
        "title": format!("Thing {number}"), "condition": "fair", "external_id": "T-1",
        "price": { "amount_minor": amount_minor, "currency": currency },
    }))
    .unwrap();
    Story::by(Some(seller))
        .given(|_, ctx| Listing::draft(ctx, id(number), seller, command))
        .state
}

fn things() -> Vec<Listing> {
    vec![
        listing(1, seller_id(), 1250, "EUR"),
        listing(2, seller_id(), 5, "EUR"),
        listing(3, id(8), 100, "EUR"),
        listing(4, seller_id(), 100, "USD"),
        listing(5, buyer_id(), 100, "EUR"),
    ]
}

fn buyer() -> Buyer {
    Buyer {
        id: buyer_id(),
        time_zone: "Europe/London".to_owned(),
        address: None,
    }
}

fn lines(lines: &[(u128, i64)]) -> PlaceOrder {
    PlaceOrder {
        lines: lines
            .iter()
            .map(|&(number, quantity)| PlaceLine {
                listing_id: id::<ListingId>(number),
                quantity,
            })
            .collect(),
        shipping: None,
        address_id: None,
        payment_method: None,
    }
}

fn place(command: PlaceOrder) -> Result<Vec<OrderEvent>, OrderError> {
    Story::<Order>::by(Some(buyer_id()))
        .when(|_, ctx| Order::place(ctx, id(1), buyer(), command, &things()))
}

fn placed() -> Story<Order> {
    Story::by(Some(buyer_id()))
        .given(|_, ctx| Order::place(ctx, id(1), buyer(), lines(&[(1, 2)]), &things()))
}

fn confirmed() -> Story<Order> {
    placed().now_by(None).given(Order::confirm)
}

fn expect_fields(refused: Result<Vec<OrderEvent>, OrderError>, expected: &[(&str, &'static str)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|&(pointer, code)| (pointer.to_owned(), code))
        .collect();
    assert_eq!(fields(refused), expected);
}

#[test]
fn a_placed_order_keeps_the_listing_as_it_is_now_and_its_totals() {
    let command: PlaceOrder = serde_json::from_value(json!({
        "lines": [{ "listing_id": id::<ListingId>(1), "quantity": 2 }, { "listing_id": id::<ListingId>(2), "quantity": 2 }],
        "shipping": { "amount_minor": 499, "currency": "EUR" },
    }))
    .unwrap();

    let events = place(command).unwrap();

    let [OrderEvent::OrderPlaced(event)] = &*events else {
        panic!("one order, not {events:?}");
    };
    assert_eq!(event.seller_id, seller_id());
    assert_eq!(event.placed_at, NOW);
    assert_eq!(event.lines[0].title, "Thing 1");
    assert_eq!(event.lines[0].unit_price, "12.50");
    assert_eq!(event.lines[0].amount, Money::new(2500, "EUR"));
    assert_eq!(event.lines[1].unit_price, "0.05");
    assert_eq!(event.total, Money::new(2500 + 10 + 499, "EUR"));
    // Five hundredths of 2510, rounded half-up; shipping bears no fee.
    assert_eq!(event.fee, Money::new(126, "EUR"));
}

#[test]
fn an_order_without_lines_or_with_bad_ones_is_told_all_of_them() {
    expect_fields(place(lines(&[])), &[("/lines", "too_few")]);
    let many: Vec<_> = (0..101).map(|number| (number, 1)).collect();
    expect_fields(place(lines(&many)), &[("/lines", "too_many")]);
    let command: PlaceOrder = serde_json::from_value(json!({
        "lines": [
            { "listing_id": id::<ListingId>(1), "quantity": 0 },
            { "listing_id": id::<ListingId>(1), "quantity": 10_001 },
        ],
        "shipping": { "amount_minor": -1, "currency": "XXX" },
    }))
    .unwrap();
    expect_fields(
        place(command),
        &[
            ("/lines/0/quantity", "out_of_range"),
            ("/lines/1/quantity", "out_of_range"),
            ("/lines/1/listing_id", "duplicate"),
            ("/shipping/amount_minor", "out_of_range"),
            ("/shipping/currency", "currency"),
        ],
    );
}

#[test]
fn an_order_is_of_one_other_seller_in_one_currency() {
    expect_fields(
        place(lines(&[(1, 1), (77, 1)])),
        &[("/lines/1/listing_id", "listing_not_found")],
    );
    expect_fields(
        place(lines(&[(1, 1), (3, 1), (4, 1), (5, 1)])),
        &[
            ("/lines/1/listing_id", "other_seller"),
            ("/lines/2/listing_id", "other_currency"),
            ("/lines/3/listing_id", "own_listing"),
            ("/lines/3/listing_id", "other_seller"),
        ],
    );
    let mut command = lines(&[(1, 1)]);
    command.shipping = Some(crate::Amount {
        amount_minor: 1,
        currency: "USD".to_owned(),
    });
    expect_fields(place(command), &[("/shipping/currency", "other_currency")]);
}

#[test]
fn an_order_is_confirmed_once() {
    let story = confirmed();

    assert_eq!(story.state.sale().unwrap().status, OrderStatus::Confirmed);
    assert_eq!(story.when(Order::confirm), Ok(vec![]));
}

#[test]
fn each_party_cancels_with_its_own_reason() {
    let stranger = Some(id(99));
    let (buyer, seller) = (Some(buyer_id()), Some(seller_id()));
    let rows = [
        (
            "buyer, placed",
            placed(),
            buyer,
            None,
            Ok("buyer_cancelled"),
        ),
        (
            "seller, placed",
            placed(),
            seller,
            None,
            Ok("seller_cancelled"),
        ),
        (
            "system, placed",
            placed(),
            None,
            Some(CancelReason::PaymentFailed),
            Ok("payment_failed"),
        ),
        ("system, late", placed(), None, None, Ok("expired")),
        (
            "stranger",
            placed(),
            stranger,
            None,
            Err(OrderError::NotParty),
        ),
        (
            "buyer as seller",
            placed(),
            buyer,
            Some(CancelReason::SellerCancelled),
            Err(OrderError::ReasonNotYours(CancelReason::SellerCancelled)),
        ),
        (
            "buyer, confirmed",
            confirmed(),
            buyer,
            None,
            Err(OrderError::Confirmed),
        ),
        (
            "system, confirmed",
            confirmed(),
            None,
            Some(CancelReason::PaymentFailed),
            Ok("payment_failed"),
        ),
        (
            "system, confirmed late",
            confirmed(),
            None,
            None,
            Err(OrderError::Confirmed),
        ),
        (
            "seller, confirmed",
            confirmed(),
            seller,
            None,
            Ok("seller_cancelled"),
        ),
    ];
    for (name, story, actor, reason, expected) in rows {
        let decided = story
            .now_by(actor)
            .when(|order, ctx| order.cancel(ctx, CancelOrder { reason }));
        let found = decided.map(|events| match &*events {
            [OrderEvent::OrderCancelled(event)] => event.reason.clone(),
            events => panic!("{name}: one cancellation, not {events:?}"),
        });
        assert_eq!(found, expected.map(str::to_owned), "{name}");
    }
}

#[test]
fn a_cancelled_order_stays_cancelled() {
    let cancel =
        |order: &Order, ctx: &mut crate::Context| order.cancel(ctx, CancelOrder::default());
    let story = placed().given(cancel);

    assert_eq!(story.when(cancel), Ok(vec![]));
    assert_eq!(story.when(Order::confirm), Err(OrderError::Cancelled));
}

#[test]
fn an_order_that_does_not_exist_is_missing() {
    assert_eq!(
        Story::<Order>::by(None).when(Order::confirm),
        Err(OrderError::NotFound)
    );
}

fn paper(kind: OrderKind, lines: &[(&str, i64)]) -> ImportOrder {
    ImportOrder {
        kind,
        buyer_id: buyer_id(),
        seller_id: seller_id(),
        lines: lines
            .iter()
            .map(|&(unit_price, quantity)| ImportLine {
                listing_id: id(1),
                external_id: Some("85123A".to_owned()),
                title: "WHITE HANGING HEART T-LIGHT HOLDER".to_owned(),
                unit_price: unit_price.to_owned(),
                quantity,
            })
            .collect(),
        currency: "GBP".to_owned(),
        time_zone: "Europe/London".to_owned(),
        placed_at: Timestamp(1_291_191_960_000_000),
        external_id: "536365".to_owned(),
    }
}

fn import(command: ImportOrder) -> Result<Vec<OrderEvent>, OrderError> {
    Story::<Order>::by(None).when(|_, ctx| Order::import(ctx, id(1), command))
}

fn imported_total(command: ImportOrder) -> i64 {
    match &*import(command).unwrap() {
        [OrderEvent::OrderImported(event)] => event.total.amount_minor,
        events => panic!("one import, not {events:?}"),
    }
}

#[test]
fn an_imported_paper_comes_to_what_it_came_to_there() {
    for (name, kind, lines, expected) in [
        (
            "two lines",
            OrderKind::Order,
            &[("2.55", 6), ("3.39", 6)][..],
            3564,
        ),
        ("a credit", OrderKind::Credit, &[("27.50", -1)], -2750),
        (
            "for nothing",
            OrderKind::Order,
            &[("0", 12), ("0.0", -3)],
            0,
        ),
        (
            "half pennies",
            OrderKind::Order,
            &[("0.125", 1), ("0.125", 1)],
            26,
        ),
        (
            "half pennies back",
            OrderKind::Credit,
            &[("0.125", -1), ("0.125", -1)],
            -26,
        ),
        (
            "a bad debt",
            OrderKind::Order,
            &[("-11062.06", 1)],
            -1_106_206,
        ),
    ] {
        assert_eq!(imported_total(paper(kind, lines)), expected, "{name}");
    }
}

#[test]
fn a_bad_paper_is_told_all_its_bad_fields_at_once() {
    let mut command = paper(
        OrderKind::Order,
        &[
            ("2.5.5", 1),
            ("1e3", 1),
            ("1", 0),
            ("99999999999999999999", 9),
        ],
    );
    "gbp".clone_into(&mut command.currency);
    command.external_id.clear();
    "London time".clone_into(&mut command.time_zone);
    command.lines[2].title = "t".repeat(301);

    expect_fields(
        import(command),
        &[
            ("/currency", "currency"),
            ("/time_zone", "time_zone"),
            ("/external_id", "required"),
            ("/lines/0/unit_price", "decimal"),
            ("/lines/1/unit_price", "decimal"),
            ("/lines/2/title", "too_long"),
            ("/lines/2/quantity", "out_of_range"),
            ("/lines/3/unit_price", "out_of_range"),
        ],
    );
    expect_fields(
        import(paper(OrderKind::Order, &[])),
        &[("/lines", "too_few")],
    );
}

#[test]
fn a_paper_too_large_to_count_is_refused() {
    let large = ("90000000000000000.00", 1);

    let refused = import(paper(OrderKind::Order, &[large, large]));

    assert_eq!(refused, Err(OrderError::TooLarge));
}

#[test]
fn an_imported_paper_is_finished() {
    let story = Story::<Order>::by(Some(buyer_id()))
        .given(|_, ctx| Order::import(ctx, id(1), paper(OrderKind::Order, &[("1", 1)])));

    assert_eq!(story.when(Order::confirm), Err(OrderError::Imported));
    assert_eq!(
        story.when(|order, ctx| order.cancel(ctx, CancelOrder::default())),
        Err(OrderError::Imported)
    );
}

/// Rounds half-up away from zero by whole numbers only: an independent way to the same amount.
fn pennies(thousandths: i64, quantity: i64) -> i64 {
    let exact = thousandths * quantity;
    exact.signum() * ((exact.abs() + 5) / 10)
}

proptest! {
    #[test]
    fn totals_of_placed_orders_add_up(
        prices in prop::collection::vec((1..=1_000_000_000_000_i64, 1..=10_000_i64), 1..=100),
        shipping_minor in 0..=1_000_000_000_000_i64,
    ) {
        let listings: Vec<_> = (1..)
            .zip(&prices)
            .map(|(number, &(price, _))| listing(number, seller_id(), price, "EUR"))
            .collect();
        let wanted: Vec<_> = (1..).zip(&prices).map(|(number, &(_, quantity))| (number, quantity)).collect();
        let mut command = lines(&wanted);
        command.shipping = Some(crate::Amount { amount_minor: shipping_minor, currency: "EUR".to_owned() });
        let mut story = Story::<Order>::by(None);
        story.attempt(|_, ctx| Order::place(ctx, id(1), buyer(), command, &listings))?;
        let Event::Order(OrderEvent::OrderPlaced(event)) = &story.history[0] else {
            panic!("an order");
        };
        let expected: i64 = prices.iter().map(|(price, quantity)| price * quantity).sum();
        prop_assert_eq!(event.total.amount_minor, expected + shipping_minor);
        let off_by = i128::from(event.fee.amount_minor) * 100 - i128::from(expected) * i128::from(FEE_PERCENT);
        prop_assert!((-49..=50).contains(&off_by));
        for (line, (price, _)) in event.lines.iter().zip(&prices) {
            let unit_price = Decimal::from_str_exact(&line.unit_price).unwrap();
            prop_assert_eq!(unit_price, Decimal::new(*price, 2));
        }
        story.end();
    }

    #[test]
    fn a_credit_takes_back_exactly_what_its_order_came_to(
        lines in prop::collection::vec((0..1_000_000_i64, 1..100_000_i64), 1..40),
    ) {
        let priced: Vec<_> = lines
            .iter()
            .map(|&(thousandths, quantity)| (Decimal::new(thousandths, 3).to_string(), quantity))
            .collect();
        let bought: Vec<_> = priced.iter().map(|(price, quantity)| (&**price, *quantity)).collect();
        let returned: Vec<_> = bought.iter().map(|&(price, quantity)| (price, -quantity)).collect();
        let expected: i64 = lines.iter().map(|&(thousandths, quantity)| pennies(thousandths, quantity)).sum();
        prop_assert_eq!(imported_total(paper(OrderKind::Order, &bought)), expected);
        prop_assert_eq!(imported_total(paper(OrderKind::Credit, &returned)), -expected);
    }
}
