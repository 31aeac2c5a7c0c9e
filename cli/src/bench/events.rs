//! Histories to measure with: the same seed gives the same events, of the sizes real ones have.

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use souk_schemas::{
    Address, Attribute, CategoryCreated, Condition, Event, EventMeta, ListingDetails,
    ListingDrafted, ListingEvent, ListingPublished, Money, OrderConfirmed, OrderEvent, OrderLine,
    OrderPlaced, PaymentAuthorized, PaymentCaptured, PaymentEvent, PaymentMethod, PaymentRequested,
    Place, Role, Stock, TaxonomyEvent, Timestamp, UserEvent, UserRegistered,
    ids::{CategoryId, EventId, ListingId, UserId},
};
use uuid::{Builder, Uuid};

const PEOPLE: usize = 1_000;
const CATEGORIES: usize = 40;
const TAXONOMY: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
/// Events are from the day before: what is that old is not told to waiting queries, as in any catch-up.
const AGE_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

const ADJECTIVES: [&str; 12] = [
    "navy",
    "olive",
    "walnut",
    "brushed steel",
    "recycled",
    "vintage",
    "foldable",
    "hand-made",
    "waterproof",
    "compact",
    "oak",
    "ceramic",
];
const NOUNS: [&str; 16] = [
    "rain jacket",
    "lamp",
    "bookshelf",
    "touring bicycle",
    "camera body",
    "espresso machine",
    "desk",
    "tent",
    "acoustic guitar",
    "turntable",
    "running shoes",
    "wrist watch",
    "kettle",
    "board game",
    "wool blanket",
    "toolbox",
];
const BRANDS: [&str; 8] = [
    "Nordhavn",
    "Oakline",
    "Kestrel",
    "Fenwick",
    "Auron",
    "Solea",
    "Trailmark",
    "Lumen",
];
const REMARKS: [&str; 6] = [
    "Kept dry, used twice.",
    "Bought two years ago and hardly used since; comes with the original box and the manual.",
    "A small scratch on the back that shows in the third picture, otherwise like new.",
    "Pick up in the evenings or shipping at cost, tracked and insured.",
    "From a home without smokers or pets.",
    "Works as it should; I only sell it because we are moving to a smaller flat.",
];
const CITIES: [(&str, &str, f64, f64); 5] = [
    ("Porto", "PT", 41.158, -8.629),
    ("Aarhus", "DK", 56.162, 10.203),
    ("Ghent", "BE", 51.054, 3.725),
    ("Graz", "AT", 47.070, 15.439),
    ("Lyon", "FR", 45.764, 4.836),
];

/// Makes events one aggregate at a time.
#[derive(Debug)]
pub(super) struct Generator {
    random: SmallRng,
    people: Vec<UserId>,
    categories: Vec<CategoryId>,
    /// Microseconds; every event is later than the one before.
    now: i64,
}

impl Generator {
    /// Makes events that end up before `now`.
    pub(super) fn new(seed: u64, now: Timestamp) -> Self {
        let mut generator = Self {
            random: SmallRng::seed_from_u64(seed),
            people: Vec::new(),
            categories: Vec::new(),
            now: now.as_micros() - AGE_MICROS,
        };
        generator.people = (0..PEOPLE).map(|_| UserId(generator.id())).collect();
        generator.categories = (0..CATEGORIES)
            .map(|_| CategoryId(generator.id()))
            .collect();
        generator
    }

    /// The people and categories that listings and orders speak of.
    pub(super) fn dimensions(&mut self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for (number, id) in self.people.clone().into_iter().enumerate() {
            let registered = UserRegistered {
                meta: self.meta(id.0, 1, Some(id)),
                email: format!("person{number}@bench.invalid"),
                name: format!(
                    "{} {}",
                    ["Clara", "Jonas", "Amina", "Pavel", "Ines"][number % 5],
                    ["Moreau", "Lindqvist", "Okafor", "Novak"][number % 4]
                ),
                age: Some(34),
                time_zone: "Europe/Lisbon".to_owned(),
                roles: vec![Role::Buyer, Role::Seller],
                external_id: None,
            };
            events.push(UserEvent::from(registered).into());
        }
        for (sequence, category_id) in (1_i64..).zip(self.categories.clone()) {
            let created = CategoryCreated {
                meta: self.meta(TAXONOMY, sequence, None),
                category_id,
                parent_id: None,
                name: format!("Category {sequence}"),
            };
            events.push(TaxonomyEvent::from(created).into());
        }
        events
    }

    /// A listing, drafted and published.
    pub(super) fn listing(&mut self) -> [Event; 2] {
        let (id, seller_id) = (self.id(), self.person());
        let details = self.details();
        let price = Money::new(self.random.random_range(500..50_000), "EUR");
        let stock = Stock {
            quantity: 1,
            reserved: 0,
            sold: 0,
        };
        let drafted = ListingDrafted {
            meta: self.meta(id, 1, Some(seller_id)),
            seller_id,
            details: details.clone(),
            price: price.clone(),
            stock: stock.clone(),
            external_id: None,
        };
        let published = ListingPublished {
            meta: self.meta(id, 2, Some(seller_id)),
            seller_id,
            details,
            price,
            stock,
        };
        [
            ListingEvent::from(drafted).into(),
            ListingEvent::from(published).into(),
        ]
    }

    /// An order, placed, paid and confirmed: two events of the order, three of its payment.
    pub(super) fn order(&mut self) -> [Event; 5] {
        let id = self.id();
        let (buyer_id, seller_id) = (self.person(), self.person());
        let lines: Vec<OrderLine> = (0..self.random.random_range(1..=3))
            .map(|_| self.line())
            .collect();
        let lines_minor: i64 = lines.iter().map(|line| line.amount.amount_minor).sum();
        let amount = Money::new(lines_minor + 490, "EUR");
        let placed = OrderPlaced {
            meta: self.meta(id, 1, Some(buyer_id)),
            buyer_id,
            seller_id,
            lines,
            shipping: Money::new(490, "EUR"),
            total: amount.clone(),
            fee: Money::new(lines_minor / 20, "EUR"),
            address: Some(self.address()),
            time_zone: "Europe/Lisbon".to_owned(),
            placed_at: Timestamp(self.now),
        };
        let method = PaymentMethod::ALL[self.random.random_range(0..PaymentMethod::ALL.len())];
        let requested = PaymentRequested {
            meta: self.meta(id, 1, Some(buyer_id)),
            buyer_id,
            seller_id,
            amount: amount.clone(),
            method,
        };
        let gateway_reference = format!("sim_{}", self.id().simple());
        let authorized = PaymentAuthorized {
            meta: self.meta(id, 2, None),
            buyer_id,
            seller_id,
            amount: amount.clone(),
            gateway_reference: gateway_reference.clone(),
        };
        let confirmed = OrderConfirmed {
            meta: self.meta(id, 2, None),
            buyer_id,
            seller_id,
        };
        let captured = PaymentCaptured {
            meta: self.meta(id, 3, None),
            buyer_id,
            seller_id,
            amount,
            gateway_reference,
        };
        [
            OrderEvent::from(placed).into(),
            PaymentEvent::from(requested).into(),
            PaymentEvent::from(authorized).into(),
            OrderEvent::from(confirmed).into(),
            PaymentEvent::from(captured).into(),
        ]
    }

    /// What a seller says of an item.
    pub(super) fn details(&mut self) -> ListingDetails {
        let (adjective, noun, brand) = (
            self.pick(&ADJECTIVES),
            self.pick(&NOUNS),
            self.pick(&BRANDS),
        );
        let (city, country, latitude, longitude) = self.pick(&CITIES);
        ListingDetails {
            title: format!("{brand} {noun}, {adjective}"),
            description: format!(
                "{brand} {noun}. {} {}",
                self.pick(&REMARKS),
                self.pick(&REMARKS)
            ),
            category_id: Some(self.category()),
            condition: Condition::ALL[self.random.random_range(0..Condition::ALL.len())],
            brand: Some(brand.to_owned()),
            attributes: [("Finish", adjective), ("Kind", noun)]
                .map(|(name, value)| Attribute {
                    name: name.to_owned(),
                    value: value.to_owned(),
                })
                .into(),
            place: Some(Place {
                city: city.to_owned(),
                country: country.to_owned(),
                latitude,
                longitude,
            }),
        }
    }

    fn line(&mut self) -> OrderLine {
        let cents: i64 = self.random.random_range(500..50_000);
        OrderLine {
            listing_id: ListingId(self.id()),
            external_id: None,
            title: format!(
                "{} {}, {}",
                self.pick(&BRANDS),
                self.pick(&NOUNS),
                self.pick(&ADJECTIVES)
            ),
            condition: Some(Condition::Good),
            unit_price: format!("{}.{:02}", cents / 100, cents % 100),
            quantity: 1,
            amount: Money::new(cents, "EUR"),
        }
    }

    fn address(&mut self) -> Address {
        let (city, country, _, _) = self.pick(&CITIES);
        Address {
            recipient: "Clara Moreau".to_owned(),
            line1: format!("{} Mill Lane", self.random.random_range(1..200)),
            line2: None,
            city: city.to_owned(),
            region: None,
            postal_code: format!("{:05}", self.random.random_range(1_000..99_999)),
            country: country.to_owned(),
        }
    }

    fn person(&mut self) -> UserId {
        self.people[self.random.random_range(0..self.people.len())]
    }

    fn category(&mut self) -> CategoryId {
        self.categories[self.random.random_range(0..self.categories.len())]
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    fn meta(&mut self, aggregate_id: Uuid, sequence: i64, actor: Option<UserId>) -> EventMeta {
        self.now += 1;
        EventMeta {
            event_id: EventId(self.id()),
            aggregate_id,
            sequence,
            occurred_at: Timestamp(self.now),
            actor: actor.map(Uuid::from),
            correlation_id: self.id(),
            causation_id: None,
        }
    }

    /// A `UUIDv7` of the generator's own clock.
    fn id(&mut self) -> Uuid {
        let millis = u64::try_from(self.now / 1_000).unwrap_or_default();
        Builder::from_unix_timestamp_millis(millis, &self.random.random()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_history() {
        let history = |seed| {
            let mut generator = Generator::new(seed, Timestamp(2_000_000_000_000_000));
            (
                generator.dimensions(),
                generator.listing(),
                generator.order(),
            )
        };
        assert_eq!(history(1), history(1));
        assert_ne!(history(1), history(2));
    }

    #[test]
    fn sequences_have_no_gaps_and_ids_do_not_repeat() {
        let mut generator = Generator::new(1, Timestamp(2_000_000_000_000_000));
        let order = generator.order();
        let told: Vec<(&str, i64)> = order
            .iter()
            .map(|event| (event.event_type(), event.meta().sequence))
            .collect();
        assert_eq!(
            told,
            [
                ("OrderPlaced", 1),
                ("PaymentRequested", 1),
                ("PaymentAuthorized", 2),
                ("OrderConfirmed", 2),
                ("PaymentCaptured", 3)
            ]
        );
        let mut ids: Vec<Uuid> = (0..1_000)
            .map(|_| generator.listing()[0].meta().aggregate_id)
            .collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1_000);
    }
}
