use std::collections::BTreeSet;

use serde_json::Value;
use souk_documents::{CatalogDocument, Sources, tombstone};
use uuid::Uuid;

use crate::app::{TestApp, ids};
use crate::documents::{listing, with_attribute};

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

#[tokio::test]
async fn words_and_filters_find_listings() {
    let app = TestApp::start().await;
    let mut new_chair = listing(4, "Office chair");
    new_chair.condition = "new".into();
    new_chair.brand = Some("Vitra".into());
    new_chair.seller_id = Uuid::from_u128(501);
    new_chair.currency = "GBP".into();
    let red_lamp = with_attribute(
        with_attribute(listing(1, "Red desk lamp"), "Colour", "Red"),
        "Size",
        "S",
    );
    let blue_lamp = with_attribute(
        with_attribute(listing(2, "Blue lamps, a pair"), "Colour", "Blue"),
        "Size",
        "M",
    );
    app.index(&[red_lamp, blue_lamp, listing(3, "Bicycle"), new_chair])
        .await;

    let rows: [(&str, &[u128]); 15] = [
        ("q=red+lamp&sort=price_asc", &[1, 2]),
        ("q=red+lamp", &[1, 2]),
        ("q=household&sort=newest", &[4, 3, 2, 1]),
        ("q=zeppelin", &[]),
        ("sort=price_desc", &[4, 3, 2, 1]),
        ("", &[4, 3, 2, 1]),
        ("condition=new", &[4]),
        ("brand=VITRA", &[4]),
        ("currency=GBP", &[4]),
        ("price_min=200&price_max=300", &[3, 2]),
        ("attr.colour=red&attr.Colour=blue", &[2, 1]),
        ("attr.colour=red&attr.size=m", &[]),
        ("seller_id=00000000-0000-0000-0000-0000000001f5", &[4]),
        (
            "category=00000000-0000-0000-0000-000000000384&limit=1",
            &[4],
        ),
        ("category=00000000-0000-0000-0000-000000000385", &[]),
    ];
    for (query, expected) in rows {
        let page = app.get(&format!("/catalog/search?{query}")).ok().await;
        assert_eq!(
            ids(&page),
            expected.iter().copied().map(id).collect::<Vec<_>>(),
            "{query}"
        );
    }
    let found = app.get(&format!("/catalog/{}", id(3))).ok().await;
    assert_eq!(found["item"]["title"], "Bicycle");
    app.get(&format!("/catalog/{}", id(99)))
        .refused(404, "listing_not_found")
        .await;
}

#[tokio::test]
async fn what_is_not_on_offer_never_shows() {
    let app = TestApp::start().await;
    let hidden = serde_json::to_value(tombstone(id(1), Sources::of([("listing", 2)]))).unwrap();
    let shown = serde_json::to_value(listing(2, "Lamp")).unwrap();
    app.index_values::<CatalogDocument<'static>>(vec![hidden, shown])
        .await;
    let page = app.get("/catalog/search").ok().await;
    assert_eq!(ids(&page), [id(2)]);
    assert_eq!(page["next_cursor"], Value::Null);
    app.get(&format!("/catalog/{}", id(1)))
        .refused(404, "listing_not_found")
        .await;
}

#[tokio::test]
async fn a_cursor_leads_through_everything_once_in_every_order() {
    let app = TestApp::start().await;
    let mut listings: Vec<_> = (1..=25).map(|number| listing(number, "Lamp")).collect();
    for listing in &mut listings {
        // Ties in every sort key: only the id tells these apart.
        listing.price_minor /= 1000;
        listing.published_at = None;
    }
    app.index(&listings).await;
    for sort in ["relevance", "newest", "price_asc", "price_desc"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = app
                .get(&format!(
                    "/catalog/search?q=lamp&sort={sort}&limit=4{cursor}"
                ))
                .ok()
                .await;
            seen.extend(ids(&page));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (25, 25), "{sort}");
    }
}

#[tokio::test]
async fn bad_parameters_and_cursors_are_refused() {
    let app = TestApp::start().await;
    app.index(&[listing(1, "Lamp"), listing(2, "Lamp")]).await;
    let problem = app
        .get("/catalog/search?colour=red&limit=0&sort=best")
        .refused(400, "query_invalid")
        .await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 3, "{problem}");
    let page = app.get("/catalog/search?q=lamp&limit=1").ok().await;
    let cursor = page["next_cursor"].as_str().unwrap();
    app.get(&format!("/catalog/search?q=lamp&limit=2&cursor={cursor}"))
        .ok()
        .await;
    for query in [
        format!("q=chair&cursor={cursor}"),
        format!("q=lamp&sort=newest&cursor={cursor}"),
        format!("q=lamp&cursor={cursor}A"),
        "cursor=x".to_owned(),
    ] {
        app.get(&format!("/catalog/search?{query}"))
            .refused(400, "cursor_invalid")
            .await;
    }
    app.get_as(
        Uuid::from_u128(1),
        &[],
        &format!("/catalog/search?q=lamp&cursor={cursor}"),
    )
    .refused(400, "cursor_invalid")
    .await;
    app.get("/catalog/lamp").refused(400, "path_invalid").await;
    app.get("/nothing").refused(404, "route_unknown").await;
}

#[tokio::test]
async fn a_missing_index_or_server_is_a_503() {
    let app = TestApp::start().await;
    app.get("/catalog/search").refused(503, "unavailable").await;
    let app = TestApp::start_without_opensearch().await;
    app.get("/catalog/search").refused(503, "unavailable").await;
}
