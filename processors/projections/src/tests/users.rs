use serde_json::json;
use souk_documents::{USERS, UserDocument, parse};
use souk_runtime::testing::Harness;

use crate::Users;

use super::story::{Story, id};

const ADA: u128 = 1;

fn registered() -> Story {
    let mut story = Story::new();
    story.registers(ADA, "Ada");
    story
}

#[test]
fn a_person_is_listed_with_profile_and_roles() {
    let mut story = registered();
    story.later(5).becomes_admin(ADA);
    let document = story.document(USERS);
    assert_eq!(document["email"], "user1@example.org");
    assert_eq!(document["roles"], json!(["buyer", "seller", "admin"]));
    assert_eq!(document["external_id"], "online-retail:1");
    assert_eq!(document["address_count"], 0);
    assert_ne!(document["created_at"], document["updated_at"]);
    let body = serde_json::to_vec(&document).unwrap();
    assert!(parse::<UserDocument<'static>>(&body).unwrap().is_some());
}

#[test]
fn a_changed_profile_replaces_the_old_one_and_keeps_what_it_does_not_say() {
    let mut story = registered();
    story.is_now_called(ADA, "Grace");
    let document = story.document(USERS);
    assert_eq!(
        (&document["name"], &document["email"]),
        (&json!("Grace"), &json!("grace@example.org"))
    );
    assert_eq!(document.get("age"), None);
    assert_eq!(document["external_id"], "online-retail:1");
}

#[test]
fn addresses_are_counted_and_the_default_one_is_shown() {
    let mut story = registered();
    story
        .adds_address(ADA, 1, "First Street", 1)
        .adds_address(ADA, 2, "Second Street", 1);
    let document = story.document(USERS);
    assert_eq!(
        (
            &document["address_count"],
            &document["default_address"]["line1"]
        ),
        (&json!(2), &json!("First Street"))
    );
    assert_eq!(document["sources"], json!({"user": 1, "account": 2}));

    story.changes_address(ADA, 2, "Third Street", 1);
    assert_eq!(story.document(USERS)["sources"]["account"], 2);

    story.removes_address(ADA, 1, Some(2));
    let document = story.document(USERS);
    assert_eq!(
        (
            &document["address_count"],
            &document["default_address"]["line1"]
        ),
        (&json!(1), &json!("Third Street"))
    );

    story.removes_address(ADA, 2, None);
    let document = story.document(USERS);
    assert_eq!(
        (&document["address_count"], document.get("default_address")),
        (&json!(0), None)
    );
}

#[test]
fn nobody_is_listed_before_the_registration_is_seen() {
    let mut story = registered();
    story.adds_address(ADA, 1, "First Street", 1);
    let mut harness = Harness::new(Users);
    harness.feed(&story.events[1]).unwrap();
    assert!(harness.documents().is_empty());
    harness.feed(&story.events[0]).unwrap();
    assert_eq!(
        harness.documents()[&id(ADA).to_string()],
        story.document(USERS)
    );
}
