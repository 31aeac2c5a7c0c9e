use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Context,
    testing::{Story, fields, id},
};

fn street(line1: &str) -> AddressInput {
    serde_json::from_value(json!({
        "recipient": "Ada", "line1": line1, "city": "London", "postal_code": "W1", "country": "GB",
    }))
    .unwrap()
}

fn nth(number: u128) -> AddressId {
    id(number)
}

fn add(number: u128) -> impl Fn(&Account, &mut Context) -> Result<Vec<AccountEvent>, AccountError> {
    move |account, ctx| account.add_address(ctx, id(9), nth(number), &street("1 Dorset Street"))
}

fn remove(
    number: u128,
) -> impl Fn(&Account, &mut Context) -> Result<Vec<AccountEvent>, AccountError> {
    move |account, ctx| account.remove_address(ctx, nth(number))
}

fn with_addresses(count: u128) -> Story<Account> {
    (1..=count).fold(Story::by(Some(id(9))), |story, number| {
        story.given(add(number))
    })
}

fn default_of(story: &Story<Account>) -> Option<AddressId> {
    story.state.default_address().map(|(id, _)| id)
}

#[test]
fn the_first_address_becomes_the_default() {
    let story = with_addresses(2);

    assert_eq!(default_of(&story), Some(nth(1)));
    assert_eq!(story.state.addresses().len(), 2);
}

#[test]
fn removing_the_default_makes_the_oldest_left_the_default() {
    let story = with_addresses(3)
        .given(|account, ctx| account.set_default_address(ctx, nth(3)))
        .given(remove(3));
    assert_eq!(default_of(&story), Some(nth(1)));

    let story = story.given(remove(1)).given(remove(2));
    assert_eq!(default_of(&story), None);

    let story = story.given(add(4));
    assert_eq!(default_of(&story), Some(nth(4)));
}

#[test]
fn removing_another_address_keeps_the_default() {
    let story = with_addresses(3).given(remove(2));

    assert_eq!(default_of(&story), Some(nth(1)));
}

#[test]
fn a_changed_address_keeps_its_place() {
    let story = with_addresses(2)
        .given(|account, ctx| account.change_address(ctx, nth(1), &street("2 Dorset Street")));

    assert_eq!(story.state.addresses()[0].0, nth(1));
    assert_eq!(
        story.state.default_address().unwrap().1.line1,
        "2 Dorset Street"
    );
}

#[test]
fn changes_that_change_nothing_give_no_events() {
    let story = with_addresses(1);

    let same = story
        .when(|account, ctx| account.change_address(ctx, nth(1), &street(" 1 Dorset Street ")));
    assert_eq!(same, Ok(vec![]));
    let same = story.when(|account, ctx| account.set_default_address(ctx, nth(1)));
    assert_eq!(same, Ok(vec![]));
}

#[test]
fn an_account_holds_no_more_than_its_limit() {
    let full = with_addresses(MAX_ADDRESSES as u128);

    assert_eq!(full.when(add(99)), Err(AccountError::TooManyAddresses));
    assert!(full.given(remove(5)).when(add(99)).is_ok());
}

#[test]
fn an_id_is_used_once_and_must_exist_to_be_changed() {
    let story = with_addresses(1);

    assert_eq!(story.when(add(1)), Err(AccountError::AddressExists(nth(1))));
    assert_eq!(
        story.when(remove(2)),
        Err(AccountError::AddressNotFound(nth(2)))
    );
    assert_eq!(
        story.when(|account, ctx| account.set_default_address(ctx, nth(2))),
        Err(AccountError::AddressNotFound(nth(2)))
    );
    assert_eq!(
        story.when(|account, ctx| account.change_address(ctx, nth(2), &street("x"))),
        Err(AccountError::AddressNotFound(nth(2)))
    );
}

#[test]
fn a_bad_address_is_told_all_its_bad_fields_at_once() {
    let address: AddressInput = serde_json::from_value(json!({
        "recipient": "", "line1": "a\nb", "city": "c".repeat(101), "postal_code": "p".repeat(21), "country": "England",
    }))
    .unwrap();

    let refused = Story::<Account>::by(None)
        .when(|account, ctx| account.add_address(ctx, id(9), nth(1), &address));

    let expected = [
        ("/recipient", "required"),
        ("/line1", "control_character"),
        ("/city", "too_long"),
        ("/postal_code", "too_long"),
        ("/country", "country"),
    ];
    assert_eq!(
        fields(refused),
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

proptest! {
    #[test]
    fn there_is_a_default_as_long_as_there_is_an_address(commands in prop::collection::vec((0..3_u8, 0..25_u128), 0..60)) {
        let mut story = Story::<Account>::by(None);
        for (kind, number) in commands {
            let _refused = match kind {
                0 => story.attempt(add(number)),
                1 => story.attempt(remove(number)),
                _ => story.attempt(|account, ctx| account.set_default_address(ctx, nth(number))),
            };
            let account = &story.state;
            prop_assert_eq!(account.addresses().is_empty(), account.default_address().is_none());
            prop_assert!(account.addresses().len() <= MAX_ADDRESSES);
        }
        story.end();
    }
}
