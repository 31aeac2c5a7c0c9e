//! Histories for tests: every step is a sentence, and sequences and times follow by themselves.

use std::collections::BTreeMap;

use serde_json::Value;
use souk_schemas::ids::{AddressId, CategoryId, EventId, ListingId, OrderId, UserId};
use souk_schemas::{
    AccountEvent, Address, AddressAdded, AddressChanged, AddressRemoved, Aggregate, Attribute,
    CategoryCreated, CategoryMoved, CategoryRenamed, Condition, DefaultAddressSet, Event,
    EventMeta, ListingDetails, ListingDetailsChanged, ListingDrafted, ListingEvent, ListingPaused,
    ListingPriceChanged, ListingPublished, ListingReserved, ListingResumed, ListingWithdrawn,
    Money, OrderCancelled, OrderConfirmed, OrderEvent, OrderImported, OrderKind, OrderLine,
    OrderPlaced, PaymentCaptured, PaymentEvent, PaymentMethod, PaymentRefunded, PaymentRequested,
    Place, Role, Stock, TaxonomyEvent, Timestamp, UserEvent, UserProfileChanged, UserRegistered,
    UserRoleGranted,
};
use uuid::Uuid;

use crate::fold;

/// Stable ids by number.
pub(super) fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number)
}

/// Microseconds of a moment in RFC 3339.
pub(super) fn micros(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

/// Writes a history, event by event.
#[derive(Debug)]
pub(super) struct Story {
    now: i64,
    pub(super) currency: &'static str,
    pub(super) time_zone: &'static str,
    sequences: BTreeMap<(Aggregate, Uuid), i64>,
    refunded: BTreeMap<u128, i64>,
    pub(super) events: Vec<Event>,
}

impl Story {
    pub(super) fn new() -> Self {
        Self {
            now: micros("2011-03-01T12:00:00Z"),
            currency: "GBP",
            time_zone: "Europe/London",
            sequences: BTreeMap::new(),
            refunded: BTreeMap::new(),
            events: Vec::new(),
        }
    }

    /// What follows happens at this time.
    pub(super) fn at(&mut self, time: &str) -> &mut Self {
        self.now = micros(time);
        self
    }

    pub(super) fn later(&mut self, micros: i64) -> &mut Self {
        self.now += micros;
        self
    }

    /// The documents this history leads to: id to document.
    pub(super) fn documents(&self, alias: &str) -> BTreeMap<String, Value> {
        let folded = fold(&self.events).unwrap();
        folded
            .alias(alias)
            .map(|(id, _, body)| (id.to_owned(), body.clone()))
            .collect()
    }

    /// The only document behind an alias.
    pub(super) fn document(&self, alias: &str) -> Value {
        let mut documents = self.documents(alias);
        assert_eq!(documents.len(), 1, "{documents:#?}");
        documents.pop_first().unwrap().1
    }

    fn meta(&mut self, aggregate: Aggregate, aggregate_id: Uuid) -> EventMeta {
        let sequence = self.sequences.entry((aggregate, aggregate_id)).or_default();
        *sequence += 1;
        EventMeta {
            event_id: EventId(id(1_000_000 + self.events.len() as u128)),
            aggregate_id,
            sequence: *sequence,
            occurred_at: Timestamp(self.now),
            actor: None,
            correlation_id: id(0),
            causation_id: None,
        }
    }

    fn push(&mut self, event: impl Into<Event>) -> &mut Self {
        self.events.push(event.into());
        self
    }

    fn money(&self, amount_minor: i64) -> Money {
        Money::new(amount_minor, self.currency)
    }

    // People

    pub(super) fn registers(&mut self, user: u128, name: &str) -> &mut Self {
        let event = UserRegistered {
            meta: self.meta(Aggregate::User, id(user)),
            email: format!("user{user}@example.org"),
            name: name.to_owned(),
            age: Some(30),
            time_zone: self.time_zone.to_owned(),
            roles: vec![Role::Buyer, Role::Seller],
            external_id: Some(format!("online-retail:{user}")),
        };
        self.push(UserEvent::from(event))
    }

    pub(super) fn is_now_called(&mut self, user: u128, name: &str) -> &mut Self {
        let event = UserProfileChanged {
            meta: self.meta(Aggregate::User, id(user)),
            email: format!("{}@example.org", name.to_lowercase()),
            name: name.to_owned(),
            age: None,
            time_zone: self.time_zone.to_owned(),
        };
        self.push(UserEvent::from(event))
    }

    pub(super) fn becomes_admin(&mut self, user: u128) -> &mut Self {
        let event = UserRoleGranted {
            meta: self.meta(Aggregate::User, id(user)),
            role: Role::Admin,
            roles: vec![Role::Buyer, Role::Seller, Role::Admin],
        };
        self.push(UserEvent::from(event))
    }

    /// Addresses of a person are numbered; `default` is the one that is the default afterwards.
    pub(super) fn adds_address(
        &mut self,
        user: u128,
        address: u128,
        line1: &str,
        default: u128,
    ) -> &mut Self {
        let event = AddressAdded {
            meta: self.meta(Aggregate::Account, id(user)),
            address_id: AddressId(id(address)),
            address: postal(line1),
            default_address_id: Some(AddressId(id(default))),
        };
        self.push(AccountEvent::from(event))
    }

    pub(super) fn changes_address(
        &mut self,
        user: u128,
        address: u128,
        line1: &str,
        default: u128,
    ) -> &mut Self {
        let event = AddressChanged {
            meta: self.meta(Aggregate::Account, id(user)),
            address_id: AddressId(id(address)),
            address: postal(line1),
            default_address_id: Some(AddressId(id(default))),
        };
        self.push(AccountEvent::from(event))
    }

    pub(super) fn prefers_address(&mut self, user: u128, address: u128, line1: &str) -> &mut Self {
        let event = DefaultAddressSet {
            meta: self.meta(Aggregate::Account, id(user)),
            address_id: AddressId(id(address)),
            address: postal(line1),
            default_address_id: Some(AddressId(id(address))),
        };
        self.push(AccountEvent::from(event))
    }

    pub(super) fn removes_address(
        &mut self,
        user: u128,
        address: u128,
        default: Option<u128>,
    ) -> &mut Self {
        let event = AddressRemoved {
            meta: self.meta(Aggregate::Account, id(user)),
            address_id: AddressId(id(address)),
            default_address_id: default.map(|address| AddressId(id(address))),
        };
        self.push(AccountEvent::from(event))
    }

    // Categories

    pub(super) fn category(
        &mut self,
        category: u128,
        parent: Option<u128>,
        name: &str,
    ) -> &mut Self {
        let event = CategoryCreated {
            meta: self.meta(Aggregate::Taxonomy, id(0)),
            category_id: CategoryId(id(category)),
            parent_id: parent.map(|parent| CategoryId(id(parent))),
            name: name.to_owned(),
        };
        self.push(TaxonomyEvent::from(event))
    }

    pub(super) fn category_renamed(&mut self, category: u128, name: &str) -> &mut Self {
        let event = CategoryRenamed {
            meta: self.meta(Aggregate::Taxonomy, id(0)),
            category_id: CategoryId(id(category)),
            name: name.to_owned(),
        };
        self.push(TaxonomyEvent::from(event))
    }

    pub(super) fn category_moved(&mut self, category: u128, parent: Option<u128>) -> &mut Self {
        let event = CategoryMoved {
            meta: self.meta(Aggregate::Taxonomy, id(0)),
            category_id: CategoryId(id(category)),
            parent_id: parent.map(|parent| CategoryId(id(parent))),
        };
        self.push(TaxonomyEvent::from(event))
    }

    // Listings

    pub(super) fn drafts(
        &mut self,
        seller: u128,
        listing: u128,
        category: Option<u128>,
        title: &str,
    ) -> &mut Self {
        let event = ListingDrafted {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
            details: details(category, title),
            price: self.money(1250),
            stock: stock(3, 0),
            external_id: Some("85123A".to_owned()),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn publishes(
        &mut self,
        seller: u128,
        listing: u128,
        category: Option<u128>,
        title: &str,
    ) -> &mut Self {
        let event = ListingPublished {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
            details: details(category, title),
            price: self.money(1250),
            stock: stock(3, 0),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn describes(
        &mut self,
        seller: u128,
        listing: u128,
        category: Option<u128>,
        title: &str,
    ) -> &mut Self {
        let event = ListingDetailsChanged {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
            details: details(category, title),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn prices(&mut self, seller: u128, listing: u128, amount_minor: i64) -> &mut Self {
        let event = ListingPriceChanged {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
            price: self.money(amount_minor),
            previous_price: self.money(1250),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn reserves(
        &mut self,
        seller: u128,
        listing: u128,
        order: u128,
        quantity: i64,
    ) -> &mut Self {
        let event = ListingReserved {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
            order_id: OrderId(id(order)),
            quantity,
            stock: stock(3, quantity),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn pauses(&mut self, seller: u128, listing: u128) -> &mut Self {
        let event = ListingPaused {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn resumes(&mut self, seller: u128, listing: u128) -> &mut Self {
        let event = ListingResumed {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
        };
        self.push(ListingEvent::from(event))
    }

    pub(super) fn withdraws(&mut self, seller: u128, listing: u128) -> &mut Self {
        let event = ListingWithdrawn {
            meta: self.meta(Aggregate::Listing, id(listing)),
            seller_id: UserId(id(seller)),
        };
        self.push(ListingEvent::from(event))
    }

    // Orders

    /// Two pieces at half the amount each, and shipping on top.
    pub(super) fn orders(
        &mut self,
        buyer: u128,
        seller: u128,
        order: u128,
        amount_minor: i64,
        shipping_minor: i64,
    ) -> &mut Self {
        let event = OrderPlaced {
            meta: self.meta(Aggregate::Order, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
            lines: vec![self.line(amount_minor, 2)],
            shipping: self.money(shipping_minor),
            total: self.money(amount_minor + shipping_minor),
            fee: self.money(amount_minor / 20),
            address: Some(postal("Delivery Lane")),
            time_zone: self.time_zone.to_owned(),
            placed_at: Timestamp(self.now),
        };
        self.push(OrderEvent::from(event))
    }

    /// A credit has a negative amount.
    pub(super) fn imports(
        &mut self,
        buyer: u128,
        seller: u128,
        order: u128,
        placed_at: &str,
        amount_minor: i64,
    ) -> &mut Self {
        let kind = if amount_minor < 0 {
            OrderKind::Credit
        } else {
            OrderKind::Order
        };
        let event = OrderImported {
            meta: self.meta(Aggregate::Order, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
            kind,
            lines: vec![self.line(amount_minor, 2 * amount_minor.signum())],
            total: self.money(amount_minor),
            time_zone: self.time_zone.to_owned(),
            placed_at: Timestamp(micros(placed_at)),
            external_id: format!("5363{order}"),
        };
        self.push(OrderEvent::from(event))
    }

    pub(super) fn confirms(&mut self, buyer: u128, seller: u128, order: u128) -> &mut Self {
        let event = OrderConfirmed {
            meta: self.meta(Aggregate::Order, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
        };
        self.push(OrderEvent::from(event))
    }

    pub(super) fn cancels(
        &mut self,
        buyer: u128,
        seller: u128,
        order: u128,
        total_minor: i64,
    ) -> &mut Self {
        let event = OrderCancelled {
            meta: self.meta(Aggregate::Order, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
            total: self.money(total_minor),
            reason: "buyer_cancelled".to_owned(),
        };
        self.push(OrderEvent::from(event))
    }

    pub(super) fn is_asked_to_pay(
        &mut self,
        buyer: u128,
        seller: u128,
        order: u128,
        amount_minor: i64,
    ) -> &mut Self {
        let event = PaymentRequested {
            meta: self.meta(Aggregate::Payment, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
            amount: self.money(amount_minor),
            method: PaymentMethod::CreditCard,
        };
        self.push(PaymentEvent::from(event))
    }

    pub(super) fn pays(
        &mut self,
        buyer: u128,
        seller: u128,
        order: u128,
        amount_minor: i64,
    ) -> &mut Self {
        let event = PaymentCaptured {
            meta: self.meta(Aggregate::Payment, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
            amount: self.money(amount_minor),
            gateway_reference: "sim-1".to_owned(),
        };
        self.push(PaymentEvent::from(event))
    }

    pub(super) fn is_refunded(
        &mut self,
        buyer: u128,
        seller: u128,
        order: u128,
        amount_minor: i64,
    ) -> &mut Self {
        let refunded = self.refunded.entry(order).or_default();
        *refunded += amount_minor;
        let refunded_total = *refunded;
        let event = PaymentRefunded {
            meta: self.meta(Aggregate::Payment, id(order)),
            buyer_id: UserId(id(buyer)),
            seller_id: UserId(id(seller)),
            amount: self.money(amount_minor),
            refunded_total: self.money(refunded_total),
            gateway_reference: "sim-2".to_owned(),
        };
        self.push(PaymentEvent::from(event))
    }

    fn line(&self, amount_minor: i64, quantity: i64) -> OrderLine {
        let unit_minor = amount_minor / quantity;
        OrderLine {
            listing_id: ListingId(id(500)),
            external_id: Some("85123A".to_owned()),
            title: "White hanging heart".to_owned(),
            condition: Some(Condition::New),
            unit_price: format!("{}.{:02}", unit_minor / 100, unit_minor % 100),
            quantity,
            amount: self.money(amount_minor),
        }
    }
}

fn postal(line1: &str) -> Address {
    Address {
        recipient: "A. Person".to_owned(),
        line1: line1.to_owned(),
        line2: None,
        city: "London".to_owned(),
        region: None,
        postal_code: "N1 9GU".to_owned(),
        country: "GB".to_owned(),
    }
}

fn details(category: Option<u128>, title: &str) -> ListingDetails {
    ListingDetails {
        title: title.to_owned(),
        description: format!("{title}, as good as new"),
        category_id: category.map(|category| CategoryId(id(category))),
        condition: Condition::LikeNew,
        brand: Some("Anglepoise".to_owned()),
        attributes: vec![Attribute {
            name: "Colour".to_owned(),
            value: "Racing Green".to_owned(),
        }],
        place: Some(Place {
            city: "London".to_owned(),
            country: "GB".to_owned(),
            latitude: 51.5,
            longitude: -0.1,
        }),
    }
}

fn stock(quantity: i64, reserved: i64) -> Stock {
    Stock {
        quantity,
        reserved,
        sold: 0,
    }
}
