use std::{env, fs, path::Path, process};

use serde_json::json;

use super::*;

/// A stale file is rewritten, so that the next run passes and `git diff` shows what changed.
#[test]
fn generated_files_are_what_the_schemas_say() {
    let stale = refresh(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert!(stale.is_empty(), "were stale, commit them: {stale:?}");
}

/// What is generated for one event with that field.
fn generate_field(test: &str, field: &Value) -> Result<String, String> {
    let meta = json!({
        "name": "meta", "doc": "About the event itself.",
        "type": { "type": "record", "name": "EventMeta", "namespace": "souk", "doc": "Meta.", "fields": [] }
    });
    let schema = json!({
        "type": "record", "name": "ThingDone", "namespace": "souk.thing", "doc": "It was done.",
        "fields": [meta, field]
    });
    generate_event(test, &schema)
}

fn generate_event(test: &str, schema: &Value) -> Result<String, String> {
    let folder = env::temp_dir().join(format!("souk-generate-{}-{test}", process::id()));
    fs::create_dir_all(folder.join("avro/thing/versions")).unwrap();
    fs::create_dir_all(folder.join("examples")).unwrap();
    fs::write(folder.join("avro/thing/ThingDone.avsc"), schema.to_string()).unwrap();
    let generated = generate(&folder).map_err(|error| error.to_string());
    fs::remove_dir_all(&folder).unwrap();
    generated
}

#[test]
fn each_avro_type_has_its_rust_type() {
    for (number, (avro, rust)) in [
        (json!("string"), "String"),
        (json!("long"), "i64"),
        (json!(["null", "double"]), "Option<f64>"),
        (json!({ "type": "array", "items": "boolean" }), "Vec<bool>"),
        (json!("souk.Money"), "Money"),
        (
            json!({ "type": "string", "logicalType": "uuid", "souk.type": "OrderId" }),
            "OrderId",
        ),
        (
            json!({ "type": "long", "logicalType": "timestamp-micros" }),
            "Timestamp",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let field = json!({ "name": "what", "type": avro, "doc": "What." });
        let text = generate_field(&format!("type-{number}"), &field).unwrap();
        assert!(text.contains(&format!("    pub what: {rust},\n")), "{text}");
    }
}

#[test]
fn an_enums_default_takes_what_newer_builds_write() {
    let field = json!({ "name": "kind", "doc": "Kind.", "type": {
        "type": "enum", "name": "Kind", "namespace": "souk", "doc": "Kind.",
        "symbols": ["unknown", "net_banking"], "default": "unknown"
    } });
    let text = generate_field("enum", &field).unwrap();
    assert!(text.contains("#[serde(other)]\n    Unknown,"), "{text}");
    assert!(text.contains("    NetBanking,"), "{text}");
}

#[test]
fn what_cannot_be_generated_is_named() {
    for (number, (field, words)) in [
        (
            json!({ "name": "what", "type": "bytes" }),
            "type bytes is not used here",
        ),
        (
            json!({ "name": "what", "type": ["string", "long"] }),
            "only unions of null",
        ),
        (
            json!({ "name": "what", "type": "long", "default": 7 }),
            "default 7 of what",
        ),
        (
            json!({ "name": "what", "type": {
                "type": "record", "name": "EventMeta", "namespace": "souk",
                "fields": [{ "name": "other", "type": "long" }]
            } }),
            "EventMeta: is defined in two ways",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let error = generate_field(&format!("refused-{number}"), &field).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn an_event_is_called_what_its_file_is_called_and_starts_with_meta() {
    let other_name =
        json!({ "type": "record", "name": "ThingUndone", "namespace": "souk.thing", "fields": [] });
    let error = generate_event("name", &other_name).unwrap_err();
    assert!(
        error.contains("its place says it is souk.thing.ThingDone"),
        "{error}"
    );
    let no_meta = json!({ "type": "record", "name": "ThingDone", "namespace": "souk.thing", "fields": [{ "name": "a", "type": "long" }] });
    let error = generate_event("meta", &no_meta).unwrap_err();
    assert!(error.contains("its first field is not meta"), "{error}");
}
