use proptest::prelude::*;
use serde_json::json;
use souk_schemas::{Role, UserEvent};

use super::*;
use crate::{
    Violations,
    testing::{Story, fields, id, pointer_and_code},
};

fn ada() -> RegisterUser {
    serde_json::from_value(json!({ "email": " Ada@Example.ORG ", "name": " Ada Lovelace " }))
        .unwrap()
}

fn registered() -> Story<User> {
    Story::by(Some(id(1))).given(|_, ctx| User::register(ctx, id(1), ada()))
}

fn profile(story: &Story<User>) -> &Profile {
    story.state.profile().unwrap()
}

fn change(command: serde_json::Value) -> ChangeProfile {
    serde_json::from_value(command).unwrap()
}

#[test]
fn a_new_user_may_buy_and_sell() {
    let story = registered();

    let profile = profile(&story);
    assert_eq!(profile.email, "ada@example.org");
    assert_eq!(profile.name, "Ada Lovelace");
    assert_eq!(profile.time_zone, "UTC");
    assert_eq!(profile.roles, IMPLICIT_ROLES.into());
}

#[test]
fn a_user_may_join_with_more_roles() {
    let roles = [Role::Admin, Role::Buyer];

    let story = Story::<User>::by(None)
        .given(|_, ctx| User::register_with_roles(ctx, id(1), ada(), &roles));

    let expected = [Role::Buyer, Role::Seller, Role::Admin];
    assert_eq!(profile(&story).roles, expected.into());
}

#[test]
fn a_bad_registration_is_told_all_its_bad_fields_at_once() {
    let command: RegisterUser = serde_json::from_value(json!({
        "email": "ada", "name": "A", "age": 17, "time_zone": "Mars/",
    }))
    .unwrap();

    let refused = Story::<User>::by(None).when(|_, ctx| User::register(ctx, id(1), command));

    let expected = [
        ("/email", "email"),
        ("/name", "too_short"),
        ("/age", "out_of_range"),
        ("/time_zone", "time_zone"),
    ];
    assert_eq!(
        fields(refused),
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

#[test]
fn email_addresses_are_told_from_other_text() {
    let longest = format!("{}@example.org", "a".repeat(64));
    let too_long = format!("a@{}.org", "b.".repeat(124));
    for (email, accepted) in [
        ("ada@example.org", true),
        ("ada.king+souk@mail.example.co.uk", true),
        ("o'hara_1@x-y.io", true),
        (&*longest, true),
        (&*format!("a{longest}"), false),
        (&*too_long, false),
        ("", false),
        ("ada", false),
        ("@example.org", false),
        ("ada@", false),
        ("ada@localhost", false),
        ("ada@example..org", false),
        ("ada@-example.org", false),
        (".ada@example.org", false),
        ("a..da@example.org", false),
        ("ada king@example.org", false),
        ("ada@king@example.org", false),
        ("ada@exam_ple.org", false),
        ("ada\n@example.org", false),
    ] {
        let command = RegisterUser {
            email: email.to_owned(),
            ..ada()
        };
        let decided = Story::<User>::by(None).when(|_, ctx| User::register(ctx, id(1), command));
        assert_eq!(decided.is_ok(), accepted, "{email:?}");
    }
}

#[test]
fn a_changed_profile_follows_whole() {
    let story =
        registered().given(|user, ctx| user.change_profile(ctx, change(json!({ "age": 36 }))));
    let events = story
        .when(|user, ctx| user.change_profile(ctx, change(json!({ "name": "Countess" }))))
        .unwrap();

    let [UserEvent::UserProfileChanged(event)] = &*events else {
        panic!("one change, not {events:?}");
    };
    assert_eq!(event.name, "Countess");
    assert_eq!(event.email, "ada@example.org");
    assert_eq!(event.age, Some(36));

    let story = story.given(|user, ctx| user.change_profile(ctx, change(json!({ "age": null }))));
    assert_eq!(profile(&story).age, None);
}

#[test]
fn changes_that_change_nothing_give_no_events() {
    let story = registered().given(|user, ctx| user.grant_role(ctx, Role::Admin));

    let same = change(json!({ "email": "ADA@example.org", "name": "Ada Lovelace" }));
    assert_eq!(
        story.when(|user, ctx| user.change_profile(ctx, same)),
        Ok(vec![])
    );
    assert_eq!(
        story.when(|user, ctx| user.grant_role(ctx, Role::Admin)),
        Ok(vec![])
    );
    assert_eq!(
        story.when(|user, ctx| user.revoke_role(ctx, Role::Analyst)),
        Ok(vec![])
    );
}

#[test]
fn roles_are_granted_and_revoked_but_for_those_of_everybody() {
    let story = registered().given(|user, ctx| user.grant_role(ctx, Role::Moderator));
    assert!(profile(&story).roles.contains(&Role::Moderator));

    let story = story.given(|user, ctx| user.revoke_role(ctx, Role::Moderator));
    assert_eq!(profile(&story).roles, IMPLICIT_ROLES.into());
    assert_eq!(
        story.when(|user, ctx| user.revoke_role(ctx, Role::Seller)),
        Err(UserError::ImplicitRole(Role::Seller))
    );
}

#[test]
fn nobody_can_be_changed_who_does_not_exist() {
    let story = Story::<User>::by(None);

    assert_eq!(
        story.when(|user, ctx| user.change_profile(ctx, ChangeProfile::default())),
        Err(UserError::NotFound)
    );
    assert_eq!(
        story.when(|user, ctx| user.grant_role(ctx, Role::Admin)),
        Err(UserError::NotFound)
    );
}

#[test]
fn passwords_are_neither_short_nor_endless_nor_one_character() {
    let longest = format!("{}b", "a".repeat(127));
    let too_long = format!("{longest}c");
    for (password, code) in [
        ("correct horse", None),
        ("12345678", None),
        ("pässwört", None),
        (&*longest, None),
        ("1234567", Some("too_short")),
        ("", Some("required")),
        (&*too_long, Some("too_long")),
        ("aaaaaaaaaa", Some("too_simple")),
    ] {
        let found = match check_password("/password", password) {
            Ok(()) => None,
            Err(Violations(errors)) => Some(pointer_and_code(&errors[0])),
        };
        assert_eq!(
            found,
            code.map(|code| ("/password".to_owned(), code)),
            "{password}"
        );
    }
}

#[test]
fn people_are_not_printed() {
    let story = registered();
    let printed = format!("{:?} {:?} {:?}", ada(), story.state, story.history);

    assert!(!printed.to_lowercase().contains("ada"), "{printed}");
}

proptest! {
    #[test]
    fn everybody_keeps_the_roles_of_everybody(commands in prop::collection::vec((any::<bool>(), 0..Role::ALL.len()), 0..30)) {
        let mut story = registered();
        for (grant, role) in commands {
            let role = Role::ALL[role];
            // A refusal is an answer too; what counts is the state it leaves.
            let _refused = story.attempt(|user, ctx| {
                if grant { user.grant_role(ctx, role) } else { user.revoke_role(ctx, role) }
            });
            let roles = &profile(&story).roles;
            prop_assert!(IMPLICIT_ROLES.iter().all(|role| roles.contains(role)));
        }
        story.end();
    }
}
