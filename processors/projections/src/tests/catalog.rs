use serde_json::{Value, json};
use souk_documents::{CATALOG, CatalogDocument, Document, parse};
use souk_runtime::testing::Harness;

use crate::Catalog;

use super::story::{Story, id};

const SELLER: u128 = 1;
const LAMP: u128 = 2;

fn published() -> Story {
    let mut story = Story::new();
    story.registers(SELLER, "Ada");
    story
        .category(10, None, "Home")
        .category(11, Some(10), "Lighting");
    story.drafts(SELLER, LAMP, Some(11), "Desk lamp").publishes(
        SELLER,
        LAMP,
        Some(11),
        "Desk lamp",
    );
    story
}

fn names(document: &Value) -> Vec<&str> {
    let path = document["category_path"].as_array().unwrap();
    path.iter()
        .map(|category| category["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_published_listing_shows_seller_category_and_price() {
    let document = published().document(CATALOG);
    assert_eq!(document["seller_name"], "Ada");
    assert_eq!(names(&document), ["Home", "Lighting"]);
    assert_eq!(document["category_ids"], json!([id(10), id(11)]));
    assert_eq!(document["attribute_pairs"], json!(["colour=racing green"]));
    assert_eq!(
        (&document["price_minor"], &document["available"]),
        (&json!(1250), &json!(true))
    );
    assert_eq!(
        document["sources"],
        json!({"listing": 2, "taxonomy": 2, "user": 1})
    );
    let body = serde_json::to_vec(&document).unwrap();
    assert!(parse::<CatalogDocument<'static>>(&body).unwrap().is_some());
}

#[test]
fn only_published_listings_are_shown() {
    let mut rows: Vec<(&str, bool, Story)> = Vec::new();
    let mut story = Story::new();
    story.drafts(SELLER, LAMP, None, "Desk lamp");
    rows.push(("a draft", false, story));
    rows.push(("published", true, published()));
    let mut story = published();
    story.pauses(SELLER, LAMP);
    rows.push(("paused", false, story));
    let mut story = published();
    story.pauses(SELLER, LAMP).resumes(SELLER, LAMP);
    rows.push(("resumed", true, story));
    let mut story = published();
    story
        .withdraws(SELLER, LAMP)
        .describes(SELLER, LAMP, None, "Lamp");
    rows.push(("withdrawn", false, story));
    for (name, shown, story) in rows {
        let document = story.document(CATALOG);
        assert_eq!(document["deleted"], json!(!shown), "{name}");
        assert_eq!(document.get("title").is_some(), shown, "{name}");
    }
}

#[test]
fn a_resumed_listing_keeps_the_time_it_was_first_offered() {
    let mut story = published();
    let first = story.document(CATALOG)["published_at"].clone();
    story
        .later(1_000_000)
        .pauses(SELLER, LAMP)
        .later(1)
        .publishes(SELLER, LAMP, None, "Desk lamp");
    let document = story.document(CATALOG);
    assert_eq!(document["published_at"], first);
    assert_ne!(document["updated_at"], first);
}

#[test]
fn a_listing_without_pieces_left_is_not_available() {
    let mut story = published();
    story.reserves(SELLER, LAMP, 9, 3);
    let document = story.document(CATALOG);
    assert_eq!(
        (&document["quantity_available"], &document["available"]),
        (&json!(0), &json!(false))
    );
}

#[test]
fn a_listing_is_shown_before_its_seller_and_category_are_known() {
    let mut harness = Harness::new(Catalog);
    let story = published();
    let (dimensions, listing) = story.events.split_at(3);
    for event in listing {
        harness.feed(event).unwrap();
    }
    let document = harness.documents().remove(&id(LAMP).to_string()).unwrap();
    assert_eq!(document.get("seller_name"), None);
    assert_eq!(document["category_path"], json!([]));
    for event in dimensions {
        harness.feed(event).unwrap();
    }
    assert_eq!(
        harness.documents().remove(&id(LAMP).to_string()).unwrap(),
        story.document(CATALOG)
    );
}

#[test]
fn a_new_price_replaces_the_old_one_and_keeps_the_rest() {
    let mut story = published();
    story.prices(SELLER, LAMP, 990);
    let document = story.document(CATALOG);
    assert_eq!(document["price_minor"], 990);
    assert_eq!(document["title"], "Desk lamp");
    assert_eq!(document["sources"]["listing"], 3);
}

#[test]
fn renaming_the_seller_shows_in_every_listing_and_nothing_else_of_the_seller_matters() {
    let mut story = published();
    story
        .drafts(SELLER, 3, None, "Chair")
        .publishes(SELLER, 3, None, "Chair");
    story
        .becomes_admin(SELLER)
        .is_now_called(SELLER, "Grace")
        .becomes_admin(SELLER);
    for (id, document) in story.documents(CATALOG) {
        assert_eq!(document["seller_name"], "Grace", "{id}");
        assert_eq!(document["sources"]["user"], 3, "{id}");
    }
}

#[test]
fn a_change_above_a_category_stamps_everything_below_and_nothing_beside() {
    let mut story = published();
    story
        .category(12, None, "Office")
        .drafts(SELLER, 3, Some(12), "Stapler")
        .publishes(SELLER, 3, Some(12), "Stapler");
    story
        .category_renamed(10, "House")
        .category_renamed(10, "House");
    let documents = story.documents(CATALOG);
    assert_eq!(
        names(&documents[&id(LAMP).to_string()]),
        ["House", "Lighting"]
    );
    assert_eq!(documents[&id(LAMP).to_string()]["sources"]["taxonomy"], 4);
    assert_eq!(documents[&id(3).to_string()]["sources"]["taxonomy"], 3);

    story.category_moved(11, Some(12));
    let documents = story.documents(CATALOG);
    assert_eq!(
        names(&documents[&id(LAMP).to_string()]),
        ["Office", "Lighting"]
    );
    assert_eq!(documents[&id(LAMP).to_string()]["sources"]["taxonomy"], 6);
    assert_eq!(documents[&id(3).to_string()]["sources"]["taxonomy"], 3);
}

#[test]
fn a_dimension_that_changes_nothing_shown_touches_no_document() {
    use souk_runtime::Projection;
    let story = published();
    let mut facts = <Catalog as Projection>::Facts::default();
    let mut touched = souk_runtime::Touched::default();
    for event in &story.events[3..] {
        Catalog
            .apply_fact(&mut facts, &record(event), &mut touched)
            .unwrap();
    }
    let mut shared = <Catalog as Projection>::Shared::default();
    let mut affected = Vec::new();
    let mut more = story;
    more.becomes_admin(SELLER)
        .category_renamed(11, "Lighting")
        .is_now_called(77, "Nobody");
    for event in more
        .events
        .iter()
        .filter(|event| !matches!(event, souk_schemas::Event::Listing(_)))
    {
        match Catalog.apply_shared(&mut shared, &record(event)) {
            Ok(Some(change)) => affected.push(Catalog.affected(&facts, &change)),
            Ok(None) => affected.push(Vec::new()),
            Err(poison) => panic!("{poison}"),
        }
    }
    let lamp = vec![id(LAMP)];
    assert_eq!(
        affected,
        [lamp.clone(), vec![], lamp, vec![], vec![], vec![]]
    );
}

fn record(event: &souk_schemas::Event) -> souk_runtime::Record<'_> {
    let topic: &'static str = match event {
        souk_schemas::Event::Listing(_) => crate::topics::LISTING,
        souk_schemas::Event::Taxonomy(_) => crate::topics::TAXONOMY,
        _ => crate::topics::USER,
    };
    souk_runtime::Record {
        topic,
        key: "",
        body: souk_runtime::Body::Event(event),
    }
}

#[test]
fn a_gap_is_poison_and_a_repeat_is_nothing() {
    let story = published();
    let mut harness = Harness::new(Catalog);
    let (draft, publish) = (&story.events[3], &story.events[4]);
    assert_eq!(harness.feed(publish).unwrap_err().code, "sequence_gap");
    harness.feed(draft).unwrap();
    harness.feed(publish).unwrap();
    let version = harness.version(&id(LAMP).to_string());
    harness.feed(draft).unwrap();
    harness.feed(publish).unwrap();
    assert_eq!(harness.version(&id(LAMP).to_string()), version);
    assert_eq!(harness.conflicts(), [] as [String; 0]);
}

#[test]
fn the_mapping_is_that_of_the_documents() {
    use souk_runtime::{Destination, Projection};
    let expected = Destination::Index {
        alias: CATALOG,
        mapping: CatalogDocument::MAPPING,
    };
    assert_eq!(Catalog.destination(), expected);
}
