use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Context,
    testing::{Story, fields, id},
};

type Decided = Result<Vec<TaxonomyEvent>, TaxonomyError>;

fn nth(number: u128) -> CategoryId {
    id(number)
}

fn create(
    number: u128,
    name: &str,
    parent: Option<u128>,
) -> impl Fn(&Taxonomy, &mut Context) -> Decided {
    let command = CreateCategory {
        name: name.to_owned(),
        parent_id: parent.map(nth),
    };
    move |taxonomy, ctx| taxonomy.create_category(ctx, nth(number), &command)
}

fn rename(number: u128, name: &str) -> impl Fn(&Taxonomy, &mut Context) -> Decided {
    let command = RenameCategory {
        name: name.to_owned(),
    };
    move |taxonomy, ctx| taxonomy.rename_category(ctx, nth(number), &command)
}

fn move_below(number: u128, parent: Option<u128>) -> impl Fn(&Taxonomy, &mut Context) -> Decided {
    let command = MoveCategory {
        parent_id: parent.map(nth),
    };
    move |taxonomy, ctx| taxonomy.move_category(ctx, nth(number), command)
}

fn retire(number: u128) -> impl Fn(&Taxonomy, &mut Context) -> Decided {
    move |taxonomy, ctx| taxonomy.retire_category(ctx, nth(number))
}

fn set_attributes(
    number: u128,
    attributes: serde_json::Value,
) -> impl Fn(&Taxonomy, &mut Context) -> Decided {
    let attributes = serde_json::from_value(attributes).unwrap();
    let command = SetCategoryAttributes { attributes };
    move |taxonomy, ctx| taxonomy.set_category_attributes(ctx, nth(number), &command)
}

/// Home > Lamps > Desk lamps, and Garden.
fn shop() -> Story<Taxonomy> {
    Story::by(None)
        .given(create(1, "Home", None))
        .given(create(2, "Lamps", Some(1)))
        .given(create(3, "Desk lamps", Some(2)))
        .given(create(4, "Garden", None))
}

#[test]
fn categories_hang_below_each_other() {
    let story = shop();

    let path: Vec<_> = story.state.path(nth(3)).collect();
    assert_eq!(path, [nth(3), nth(2), nth(1)]);
    assert_eq!(story.state.sequence(), 4);
}

#[test]
fn every_event_belongs_to_the_one_taxonomy() {
    assert!(
        shop()
            .history
            .iter()
            .all(|event| event.meta().aggregate_id == TAXONOMY_ID)
    );
}

#[test]
fn a_move_takes_everything_below_along() {
    let story = shop().given(move_below(2, Some(4)));

    let path: Vec<_> = story.state.path(nth(3)).collect();
    assert_eq!(path, [nth(3), nth(2), nth(4)]);
}

#[test]
fn a_category_cannot_hang_below_itself() {
    for parent in [1, 2, 3] {
        let refused = shop().when(move_below(1, Some(parent)));
        assert_eq!(refused, Err(TaxonomyError::Cycle(nth(1))), "{parent}");
    }
}

#[test]
fn a_parent_must_exist_and_be_in_use() {
    let story = shop().given(retire(4));

    for decided in [
        story.when(create(9, "X", Some(8))),
        story.when(move_below(2, Some(8))),
    ] {
        assert_eq!(decided, Err(TaxonomyError::ParentNotFound(nth(8))));
    }
    for decided in [
        story.when(create(9, "X", Some(4))),
        story.when(move_below(2, Some(4))),
    ] {
        assert_eq!(decided, Err(TaxonomyError::Retired(nth(4))));
    }
}

#[test]
fn siblings_in_use_differ_in_name() {
    let story = shop().given(create(5, "lamps", Some(4)));
    let taken = |name: &str| Err(TaxonomyError::NameTaken(name.to_owned()));

    assert_eq!(story.when(create(9, "GARDEN", None)), taken("GARDEN"));
    assert_eq!(story.when(rename(4, "home")), taken("home"));
    assert_eq!(story.when(move_below(5, Some(1))), taken("lamps"));
    assert!(story.when(rename(4, "garden")).is_ok());

    let story = story.given(retire(5)).given(create(6, "Lamps", Some(4)));
    assert_eq!(story.state.category(nth(6)).unwrap().name, "Lamps");
}

#[test]
fn the_tree_is_no_deeper_than_its_limit() {
    let mut story = Story::by(None).given(create(1, "1", None));
    for number in 2..=MAX_DEPTH as u128 {
        story = story.given(create(number, &number.to_string(), Some(number - 1)));
    }
    let deepest = MAX_DEPTH as u128;
    assert_eq!(
        story.when(create(50, "x", Some(deepest))),
        Err(TaxonomyError::TooDeep)
    );

    let story = story
        .given(create(20, "a", None))
        .given(create(21, "b", Some(20)));
    assert_eq!(
        story.when(move_below(20, Some(deepest - 1))),
        Err(TaxonomyError::TooDeep)
    );
    assert!(story.when(move_below(20, Some(deepest - 2))).is_ok());
}

#[test]
fn only_a_category_with_nothing_in_use_below_it_retires() {
    let story = shop();
    assert_eq!(
        story.when(retire(2)),
        Err(TaxonomyError::HasChildren(nth(2)))
    );

    let story = story.given(retire(3)).given(retire(2));
    assert!(story.state.category(nth(2)).unwrap().retired);
    assert_eq!(story.when(retire(2)), Ok(vec![]));
    assert_eq!(
        story.when(rename(2, "x")),
        Err(TaxonomyError::Retired(nth(2)))
    );
    assert_eq!(
        story.when(move_below(2, None)),
        Err(TaxonomyError::Retired(nth(2)))
    );
}

#[test]
fn a_category_must_exist_to_be_changed_and_not_to_be_created() {
    let story = shop();

    assert_eq!(
        story.when(create(1, "x", None)),
        Err(TaxonomyError::Exists(nth(1)))
    );
    for decided in [
        story.when(rename(9, "x")),
        story.when(move_below(9, None)),
        story.when(retire(9)),
        story.when(set_attributes(9, json!([]))),
    ] {
        assert_eq!(decided, Err(TaxonomyError::NotFound(nth(9))));
    }
}

#[test]
fn changes_that_change_nothing_give_no_events() {
    let attributes = json!([{ "name": "Height", "kind": "number", "unit": "cm" }]);
    let story = shop().given(set_attributes(2, attributes.clone()));

    for decided in [
        story.when(rename(1, " Home ")),
        story.when(move_below(2, Some(1))),
        story.when(set_attributes(2, attributes)),
    ] {
        assert_eq!(decided, Ok(vec![]));
    }
}

#[test]
fn bad_attributes_are_told_all_at_once() {
    let refused = shop().when(set_attributes(
        2,
        json!([
            { "name": "Colour", "kind": "choice", "allowed_values": ["Blue", "Red"], "facet": true },
            { "name": "colour", "kind": "text" },
            { "name": "", "kind": "boolean", "unit": "cm" },
            { "name": "Size", "kind": "choice" },
            { "name": "Fit", "kind": "choice", "allowed_values": ["slim", "Slim", ""] },
            { "name": "Note", "kind": "text", "allowed_values": ["x"] },
        ]),
    ));

    let mut found = fields(refused);
    found.sort();
    let expected = [
        ("/attributes/1/name", "duplicate"),
        ("/attributes/2/name", "required"),
        ("/attributes/2/unit", "unit_without_number"),
        ("/attributes/3/allowed_values", "too_few"),
        ("/attributes/4/allowed_values", "duplicate"),
        ("/attributes/4/allowed_values/2", "required"),
        ("/attributes/5/allowed_values", "values_without_choice"),
    ];
    assert_eq!(
        found,
        expected.map(|(pointer, code)| (pointer.to_owned(), code))
    );
}

fn check_tree(taxonomy: &Taxonomy) -> Result<(), TestCaseError> {
    let mut names = HashSet::new();
    for (id, category) in taxonomy.categories() {
        // A cycle would make the path endless, so it is cut off one above the limit.
        let depth = taxonomy.path(id).take(MAX_DEPTH + 1).count();
        prop_assert!(depth <= MAX_DEPTH);
        if category.retired {
            continue;
        }
        prop_assert!(names.insert((category.parent_id, category.name.to_lowercase())));
        for above in taxonomy.path(id) {
            prop_assert!(!taxonomy.category(above).unwrap().retired);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_commands_ever_bend_the_tree(
        commands in prop::collection::vec((0..4_u8, 0..14_u128, prop::option::of(0..14_u128), "[a-cA-C]"), 0..120),
    ) {
        let mut story = Story::<Taxonomy>::by(None);
        for (kind, number, parent, name) in commands {
            let _refused = match kind {
                0 => story.attempt(create(number, &name, parent)),
                1 => story.attempt(rename(number, &name)),
                2 => story.attempt(move_below(number, parent)),
                _ => story.attempt(retire(number)),
            };
            check_tree(&story.state)?;
        }
        story.end();
    }
}
