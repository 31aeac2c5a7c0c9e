use std::{env, fs, path::PathBuf, process};

use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::SCHEMAS;

/// A schema with one of everything that events are made of.
fn sample() -> Value {
    json!({
        "type": "record", "name": "Sample", "namespace": "souk.test",
        "fields": [
            { "name": "id", "type": { "type": "string", "logicalType": "uuid" } },
            { "name": "count", "type": "int" },
            { "name": "at", "type": { "type": "long", "logicalType": "timestamp-micros" } },
            { "name": "note", "type": ["null", "string"], "default": null },
            { "name": "flag", "type": "boolean", "default": false },
            { "name": "kind", "type": { "type": "enum", "name": "Kind", "namespace": "souk", "symbols": ["a", "b"] } },
            { "name": "price", "type": {
                "type": "record", "name": "Money", "namespace": "souk",
                "fields": [{ "name": "amount", "type": "long" }]
            } },
            { "name": "prices", "type": { "type": "array", "items": "souk.Money" }, "default": [] }
        ]
    })
}

/// The sample after a change.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut schema = sample();
    change(&mut schema);
    schema
}

fn add_field(field: Value) -> Value {
    changed(|schema| schema["fields"].as_array_mut().unwrap().push(field))
}

fn remove_field(name: &str) -> Value {
    changed(|schema| {
        schema["fields"]
            .as_array_mut()
            .unwrap()
            .retain(|field| field["name"] != name);
    })
}

/// What the new version does with the old one's data, and the old one with the new one's.
fn verdict(new: &Value) -> (bool, bool) {
    let old = sample();
    (
        rules::can_read(&old, new).is_empty(),
        rules::can_read(new, &old).is_empty(),
    )
}

fn reference_verdict(new: &Value) -> (bool, bool) {
    let parse = |schema: &Value| Schema::parse_str(&schema.to_string()).unwrap();
    let (old, new) = (parse(&sample()), parse(new));
    let full =
        |writer, reader| SchemaCompatibility::can_read(writer, reader) == Ok(Compatibility::Full);
    (full(&old, &new), full(&new, &old))
}

#[test]
fn every_kind_of_change_is_judged_in_both_directions() {
    let rows = [
        ("nothing changes", sample(), (true, true)),
        (
            "a field with a default is added",
            add_field(json!({ "name": "new", "type": "long", "default": 0 })),
            (true, true),
        ),
        (
            "a field without default is added",
            add_field(json!({ "name": "new", "type": "long" })),
            (false, true),
        ),
        (
            "a field with a default is removed",
            remove_field("note"),
            (true, true),
        ),
        (
            "a field without default is removed",
            remove_field("count"),
            (true, false),
        ),
        (
            "a number widens",
            changed(|schema| schema["fields"][1]["type"] = json!("long")),
            (true, false),
        ),
        (
            "a type changes",
            changed(|schema| schema["fields"][1]["type"] = json!("string")),
            (false, false),
        ),
        (
            "a field becomes optional",
            changed(|schema| schema["fields"][1]["type"] = json!(["null", "int"])),
            (true, false),
        ),
        (
            "a field stops being optional",
            changed(|schema| {
                schema["fields"][3]["type"] = json!("string");
                schema["fields"][3]["default"] = json!("");
            }),
            (false, true),
        ),
        (
            "an enum without default gains a symbol",
            changed(|schema| schema["fields"][5]["type"]["symbols"] = json!(["a", "b", "c"])),
            (true, false),
        ),
        (
            "an enum without default loses a symbol",
            changed(|schema| schema["fields"][5]["type"]["symbols"] = json!(["a"])),
            (false, true),
        ),
        (
            "a nested record gains a field without default",
            changed(|schema| {
                schema["fields"][6]["type"]["fields"] = json!([
                    { "name": "amount", "type": "long" }, { "name": "currency", "type": "string" }
                ]);
            }),
            (false, true),
        ),
        (
            "items change",
            changed(|schema| schema["fields"][7]["type"]["items"] = json!("string")),
            (false, false),
        ),
        (
            "the record is renamed",
            changed(|schema| schema["name"] = json!("Renamed")),
            (false, false),
        ),
    ];
    for (change, new, expected) in rows {
        assert_eq!(verdict(&new), expected, "{change}");
        assert_eq!(
            reference_verdict(&new),
            expected,
            "{change}, says apache-avro"
        );
    }
}

/// Where typed readers need more than Avro asks for.
#[test]
fn changes_that_only_avro_allows_are_refused() {
    for (change, new) in [
        (
            "the record moves to another namespace",
            changed(|schema| schema["namespace"] = json!("souk.other")),
        ),
        (
            "a string becomes bytes",
            changed(|schema| schema["fields"][0]["type"] = json!("bytes")),
        ),
        (
            "a time becomes a number",
            changed(|schema| schema["fields"][2]["type"] = json!("long")),
        ),
        (
            "microseconds become milliseconds",
            changed(|schema| {
                schema["fields"][2]["type"]["logicalType"] = json!("timestamp-millis");
            }),
        ),
    ] {
        assert_eq!(reference_verdict(&new), (true, true), "{change}");
        assert_eq!(verdict(&new), (false, false), "{change}");
    }
}

#[test]
fn a_definition_may_move_to_another_field() {
    let moved = changed(|schema| {
        let money = schema["fields"][6]["type"].take();
        schema["fields"][6]["type"] = json!("souk.Money");
        schema["fields"].as_array_mut().unwrap().insert(
            0,
            json!({ "name": "first", "type": { "type": "array", "items": money }, "default": [] }),
        );
    });
    assert_eq!(verdict(&moved), (true, true));
}

#[test]
fn a_default_has_to_be_of_the_fields_type() {
    let color = json!({ "type": "enum", "name": "Color", "symbols": ["red"] });
    let point =
        json!({ "type": "record", "name": "Point", "fields": [{ "name": "x", "type": "int" }] });
    for (kind, default, fits) in [
        (json!("long"), json!(0), true),
        (json!("long"), json!("0"), false),
        (json!("long"), json!(1.5), false),
        (json!("int"), json!(3_000_000_000_i64), false),
        (json!("string"), json!(""), true),
        (json!("string"), Value::Null, false),
        (json!("boolean"), json!(0), false),
        (json!("double"), json!(1), true),
        (json!(["null", "string"]), Value::Null, true),
        (json!(["null", "string"]), json!(""), false),
        (json!({ "type": "array", "items": "int" }), json!([1]), true),
        (
            json!({ "type": "array", "items": "int" }),
            json!(["a"]),
            false,
        ),
        (color.clone(), json!("red"), true),
        (color, json!("blue"), false),
        (point.clone(), json!({ "x": 1 }), true),
        (point, json!({}), false),
        (json!("souk.Money"), json!({ "amount": 5 }), true),
    ] {
        let schema = add_field(json!({ "name": "new", "type": kind, "default": default }));
        let findings = rules::check_defaults(&schema);
        assert_eq!(findings.is_empty(), fits, "{kind} {default}: {findings:?}");
    }
}

#[test]
fn an_enums_default_is_one_of_its_symbols() {
    let schema = changed(|schema| schema["fields"][5]["type"]["default"] = json!("z"));
    assert_eq!(rules::check_defaults(&schema).len(), 1);
}

/// Schemas that differ in the fields they have, their types and their defaults.
fn any_schema() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        Just((json!("int"), json!(0))),
        Just((json!("long"), json!(0))),
        Just((json!("double"), json!(0.0))),
        Just((json!("string"), json!(""))),
        Just((json!(["null", "string"]), Value::Null)),
        Just((json!(["null", "long"]), Value::Null)),
        Just((json!({ "type": "array", "items": "long" }), json!([]))),
        Just((json!({ "type": "array", "items": "string" }), json!([]))),
    ];
    let field = proptest::option::of((kind, any::<bool>()));
    proptest::collection::vec(field, 4).prop_map(|fields| {
        let fields: Vec<Value> = fields
            .into_iter()
            .enumerate()
            .filter_map(|(index, field)| {
                let ((kind, default), has_default) = field?;
                let mut field = json!({ "name": format!("f{index}"), "type": kind });
                if has_default {
                    field["default"] = default;
                }
                Some(field)
            })
            .collect();
        json!({ "type": "record", "name": "Any", "namespace": "souk.test", "fields": fields })
    })
}

proptest! {
    #[test]
    fn verdicts_agree_with_apache_avro(writer in any_schema(), reader in any_schema()) {
        let parse = |schema: &Value| Schema::parse_str(&schema.to_string()).unwrap();
        let reference = SchemaCompatibility::can_read(&parse(&writer), &parse(&reader));
        prop_assert_eq!(
            rules::can_read(&writer, &reader).is_empty(),
            reference == Ok(Compatibility::Full),
            "{:?}", reference
        );
    }
}

/// A folder of schemas of a test's own.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("souk-schemas-{}-{name}", process::id());
        let folder = Self(env::temp_dir().join(folder));
        folder.write("avro/test/Sample.avsc", &sample());
        folder.write("avro/test/versions/Sample.v1.avsc", &sample());
        folder.write("examples/test/Sample.v1.json", &json!([]));
        folder
    }

    fn write(&self, path: &str, json: &Value) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, json.to_string()).unwrap();
    }

    fn problems(&self) -> Vec<String> {
        let report = check(&self.0.join("avro")).unwrap();
        report
            .problems
            .iter()
            .map(|problem| format!("{}: {} {}", problem.check, problem.place, problem.problem))
            .collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn a_change_asks_for_a_new_version() {
    let folder = Folder::new("new-version");
    assert_eq!(folder.problems(), Vec::<String>::new());
    let new = add_field(json!({ "name": "new", "type": "long", "default": 0 }));
    folder.write("avro/test/Sample.avsc", &new);
    assert!(folder.problems()[0].contains("as v2"));
    folder.write("avro/test/versions/Sample.v2.avsc", &new);
    assert_eq!(
        folder.problems(),
        ["examples:  test/Sample.v2.json is missing"]
    );
    folder.write("examples/test/Sample.v2.json", &json!([]));
    assert_eq!(folder.problems(), Vec::<String>::new());
}

/// Each version fits the one before it, but the third not the first.
#[test]
fn every_earlier_version_is_compared_not_only_the_last() {
    let folder = Folder::new("transitive");
    let second = remove_field("note");
    let mut third = second.clone();
    third["fields"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "name": "note", "type": "long", "default": 0 }));
    folder.write("avro/test/Sample.avsc", &third);
    folder.write("avro/test/versions/Sample.v2.avsc", &second);
    folder.write("avro/test/versions/Sample.v3.avsc", &third);
    for version in [2, 3] {
        folder.write(&format!("examples/test/Sample.v{version}.json"), &json!([]));
    }
    let problems = folder.problems();
    assert!(
        problems
            .iter()
            .any(|problem| problem.starts_with("reads v1: /note")),
        "{problems:?}"
    );
    assert!(
        problems.iter().all(|problem| !problem.contains("v2")),
        "{problems:?}"
    );
}

#[test]
fn a_schema_is_never_deleted() {
    let folder = Folder::new("deleted");
    folder.write("avro/test/versions/Gone.v1.avsc", &sample());
    assert!(folder.problems()[0].contains("is gone"));
}

#[test]
fn the_schemas_of_this_build_are_compatible() {
    let report = check(&Path::new(env!("CARGO_MANIFEST_DIR")).join("avro")).unwrap();
    assert!(report.is_compatible(), "{report}");
    assert_eq!(report.schemas, SCHEMAS.len());
}
