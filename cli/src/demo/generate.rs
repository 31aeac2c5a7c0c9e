//! The demo marketplace as data: the same seed gives the same people and listings.

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use super::goods::{FIRST_NAMES, GOODS, Goods, LAST_NAMES, PLACES, STREETS};

const SELLERS: usize = 120;
const BUYERS: usize = 180;
/// `(condition, percent of the price when new)`, the more frequent the more often.
const CONDITIONS: &[(&str, i64)] = &[
    ("new", 95),
    ("like_new", 80),
    ("like_new", 75),
    ("good", 60),
    ("good", 55),
    ("good", 50),
    ("fair", 35),
    ("for_parts", 15),
];

/// A person with the place they live in.
#[derive(Debug)]
pub(super) struct Person {
    /// `demo:seller:7` or `demo:buyer:7`; the same on every run.
    pub(super) external_id: String,
    /// Body of the import of a user.
    pub(super) user: Value,
    /// Body of a new address.
    pub(super) address: Value,
}

/// A category of the demo: its name and that of its parent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Category {
    pub(super) name: &'static str,
    pub(super) parent: Option<&'static str>,
}

/// A listing before its category has an id.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) external_id: String,
    pub(super) seller: usize,
    pub(super) category: &'static str,
    pub(super) details: Value,
    pub(super) price_minor: i64,
    pub(super) quantity: i64,
}

/// Everything in the demo.
#[derive(Debug)]
pub(super) struct Marketplace {
    pub(super) sellers: Vec<Person>,
    pub(super) buyers: Vec<Person>,
    pub(super) categories: Vec<Category>,
    pub(super) items: Vec<Item>,
    /// Per order: the buyer and the item.
    pub(super) orders: Vec<(usize, usize)>,
}

/// Makes a marketplace of `num_listings` listings and `num_orders` orders.
pub(super) fn generate(seed: u64, num_listings: usize, num_orders: usize) -> Marketplace {
    let mut random = SmallRng::seed_from_u64(seed);
    let sellers = people(&mut random, "seller", SELLERS);
    let buyers = people(&mut random, "buyer", BUYERS);
    let items: Vec<Item> = (0..num_listings)
        .map(|number| item(&mut random, number))
        .collect();
    let orders = orders(&mut random, num_orders, items.len());
    Marketplace {
        sellers,
        buyers,
        categories: categories(),
        items,
        orders,
    }
}

fn people(random: &mut SmallRng, role: &str, count: usize) -> Vec<Person> {
    (0..count)
        .map(|number| {
            let first = pick(random, FIRST_NAMES);
            let last = pick(random, LAST_NAMES);
            let (city, country, _, _) = pick(random, PLACES);
            let name = format!("{first} {last}");
            let external_id = format!("demo:{role}:{number}");
            let user = json!({
                "external_id": external_id,
                "email": format!("{role}{number}@demo.invalid"),
                "name": name,
                "age": random.random_range(18..80),
                "time_zone": "Europe/Berlin",
            });
            let address = json!({
                "recipient": name,
                "line1": format!("{} {}", pick(random, STREETS), random.random_range(1..200)),
                "city": city,
                "postal_code": format!("{:05}", random.random_range(1000..99_999)),
                "country": country,
            });
            Person {
                external_id,
                user,
                address,
            }
        })
        .collect()
}

/// Departments first, then what is below them.
fn categories() -> Vec<Category> {
    let mut categories: Vec<Category> = Vec::new();
    for goods in GOODS {
        let department = Category {
            name: goods.department,
            parent: None,
        };
        if !categories.contains(&department) {
            categories.push(department);
        }
    }
    categories.extend(GOODS.iter().map(|goods| Category {
        name: goods.category,
        parent: Some(goods.department),
    }));
    categories
}

fn item(random: &mut SmallRng, number: usize) -> Item {
    let goods: &Goods = &GOODS[random.random_range(0..GOODS.len())];
    let brand = pick(random, goods.brands);
    let model = pick(random, goods.models);
    let attributes: Vec<(&str, &str)> = goods
        .attributes
        .iter()
        .map(|(name, values)| (*name, pick(random, values)))
        .collect();
    let (condition, percent) = pick(random, CONDITIONS);
    let (lowest, highest) = goods.price_minor;
    // Most things are cheap for their kind: the smaller of two draws.
    let when_new = random
        .random_range(lowest..=highest)
        .min(random.random_range(lowest..=highest));
    let price_minor = (when_new * percent / 100 / 50 * 50).max(100);
    let (city, country, latitude, longitude) = pick(random, PLACES);
    let shown = attributes
        .first()
        .map(|(_, value)| *value)
        .unwrap_or_default();
    let details = json!({
        "title": format!("{brand} {model}, {shown}"),
        "description": format!("{} {} from {brand}. {}", capital(condition_words(condition)), model, pick(random, goods.remarks)),
        "condition": condition,
        "brand": brand,
        "attributes": attributes.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
        "place": {"city": city, "country": country, "latitude": latitude, "longitude": longitude},
    });
    let quantity = if random.random_bool(0.9) {
        1
    } else {
        random.random_range(2..10)
    };
    Item {
        external_id: format!("demo:item:{number}"),
        seller: random.random_range(0..SELLERS),
        category: goods.category,
        details,
        price_minor,
        quantity,
    }
}

/// Nobody is sold the same thing twice: each order takes an item of its own.
fn orders(random: &mut SmallRng, num_orders: usize, num_items: usize) -> Vec<(usize, usize)> {
    rand::seq::index::sample(random, num_items, num_orders.min(num_items))
        .into_iter()
        .map(|item| (random.random_range(0..BUYERS), item))
        .collect()
}

fn pick<T: Copy>(random: &mut SmallRng, from: &[T]) -> T {
    *from
        .choose(random)
        .expect("the lists of the demo are not empty")
}

fn condition_words(condition: &str) -> &'static str {
    match condition {
        "new" => "new",
        "like_new" => "as good as new",
        "good" => "well kept",
        "fair" => "used",
        _ => "for parts or repair:",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_marketplace() {
        let [first, second] = [generate(7, 50, 5), generate(7, 50, 5)];
        assert_eq!(format!("{first:?}"), format!("{second:?}"));
        assert_ne!(format!("{first:?}"), format!("{:?}", generate(8, 50, 5)));
    }

    #[test]
    fn every_item_is_complete() {
        let marketplace = generate(1, 2_500, 200);
        for item in &marketplace.items {
            assert!(item.price_minor >= 100, "{item:?}");
            assert!(
                marketplace
                    .categories
                    .iter()
                    .any(|category| category.name == item.category)
            );
            assert!(item.seller < marketplace.sellers.len());
        }
        assert_eq!(marketplace.orders.len(), 200);
    }
}
