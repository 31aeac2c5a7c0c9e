//! The demo marketplace of `souk up`.

mod generate;
mod goods;

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use uuid::Uuid;

use self::generate::{Item, Marketplace, Person};
use crate::{
    config::Config,
    door::{Door, Imported, Outcome},
    say,
};

/// Orders placed at once.
const ORDERS_IN_FLIGHT: usize = 8;

/// Loads people, categories, listings and orders; what is there already stays as it is.
pub(crate) async fn load(config: &Config) -> anyhow::Result<()> {
    let demo = &config.demo;
    let marketplace = generate::generate(demo.seed, demo.listings, demo.orders);
    let door = Door::new(config, None)?;
    let people: Vec<Value> = marketplace
        .sellers
        .iter()
        .chain(&marketplace.buyers)
        .map(person)
        .collect();
    let people = import(&door, "users", people).await?;
    let categories = marketplace.categories.iter().map(|category| {
        let mut item = json!({"external_id": category_id(category.name), "name": category.name});
        if let Some(parent) = category.parent {
            item["parent_external_id"] = category_id(parent).into();
        }
        item
    });
    import(&door, "categories", categories.collect()).await?;
    let listings: Vec<Value> = marketplace
        .items
        .iter()
        .map(|item| listing(item, &marketplace))
        .collect();
    let listings = import(&door, "listings", listings).await?;
    let is_new = listings
        .values()
        .any(|listing| listing.outcome == Outcome::Created);
    if is_new {
        place_orders(&door, &marketplace, &people, &listings).await?;
    }
    say(format!(
        "demo marketplace: {} people, {} listings, {} orders",
        people.len(),
        listings.len(),
        marketplace.orders.len()
    ));
    Ok(())
}

/// Imports and requires that nothing is refused; the results by external id.
async fn import(
    door: &Door,
    kind: &str,
    items: Vec<Value>,
) -> anyhow::Result<HashMap<String, Imported>> {
    let imported = door.import(kind, items, |_| {}).await?;
    if let Some(refused) = imported
        .iter()
        .find(|item| item.outcome == Outcome::Refused)
    {
        bail!(
            "{kind} {} of the demo is refused: {}",
            refused.external_id,
            refused.reason()
        );
    }
    Ok(imported
        .into_iter()
        .map(|item| (item.external_id.clone(), item))
        .collect())
}

async fn place_orders(
    door: &Door,
    marketplace: &Marketplace,
    people: &HashMap<String, Imported>,
    listings: &HashMap<String, Imported>,
) -> anyhow::Result<()> {
    const METHODS: [&str; 3] = ["credit_card", "debit_card", "wallet"];
    let orders = marketplace.orders.iter().enumerate().filter_map(|(number, (buyer, item))| {
        let buyer = id_of(people, &marketplace.buyers.get(*buyer)?.external_id)?;
        let listing = id_of(listings, &marketplace.items.get(*item)?.external_id)?;
        let method = METHODS.get(number % METHODS.len())?;
        Some((buyer, json!({"lines": [{"listing_id": listing, "quantity": 1}], "payment_method": method})))
    });
    stream::iter(orders)
        .map(|(buyer, order)| async move { door.post_as(buyer, "/orders", &order).await.map(|_| ()) })
        .buffer_unordered(ORDERS_IN_FLIGHT)
        .try_collect::<()>()
        .await
        .context("cannot place an order of the demo")
}

fn id_of(imported: &HashMap<String, Imported>, external_id: &str) -> Option<Uuid> {
    imported.get(external_id)?.id
}

fn person(person: &Person) -> Value {
    let mut user = person.user.clone();
    user["address"] = person.address.clone();
    user
}

fn listing(item: &Item, marketplace: &Marketplace) -> Value {
    let mut listing = item.details.clone();
    listing["external_id"] = item.external_id.as_str().into();
    listing["seller_external_id"] = marketplace
        .sellers
        .get(item.seller)
        .map(|seller| seller.external_id.as_str())
        .into();
    listing["category_external_id"] = category_id(item.category).into();
    listing["price"] = json!({"amount_minor": item.price_minor, "currency": "EUR"});
    listing["quantity"] = item.quantity.into();
    listing
}

fn category_id(name: &str) -> String {
    format!("demo:{}", name.to_lowercase().replace(' ', "-"))
}
