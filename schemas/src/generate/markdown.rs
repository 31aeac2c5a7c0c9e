//! `docs/EVENTS.md`: topics and events, for those who consume them.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use super::{
    GenerateError, push,
    source::{Source, read_text},
    strings, text,
    types::is_pii,
};
use crate::topics::{Catalogue, Cleanup, Topic};

const INTRODUCTION: &str = "# Topics and events

Generated from `schemas/` by `souk schemas generate`; do not edit.

Every name of a topic is preceded by the installation's prefix (`names.prefix`), which is empty by default.

**Values** of topics with schemas are Confluent frames: a zero byte, the schema's id in the registry (4 bytes, big-endian), an Avro datum.
Subjects follow `TopicRecordNameStrategy`: `<topic>-<full name of the record>`. Every version of a schema can read every other
(`FULL_TRANSITIVE`). **Keys** are UUIDs as text; one key's events are in order, each may come more than once, and `meta.sequence` tells:
it starts at 1 for each aggregate and has no gaps.

**Headers** are CloudEvents': `ce_specversion`, `ce_id` (`meta.event_id`), `ce_type` (full name of the record), `ce_source` (`/souk/<aggregate>`),
`ce_subject` (`meta.aggregate_id`), `ce_time` (RFC 3339), `content-type` (`application/avro`), and `traceparent` when it is known.

Fields marked † hold personal data.
";

/// Returns the text of `docs/EVENTS.md` for the schemas and the catalogue under `schemas_dir`.
pub fn events_markdown(schemas_dir: &Path) -> Result<String, GenerateError> {
    let source = Source::read(schemas_dir)?;
    let yaml = read_text(&schemas_dir.join("topics.yaml"))?;
    let catalogue = Catalogue::parse(&yaml).map_err(|error| GenerateError::Unsupported {
        schema: "topics.yaml".to_owned(),
        problem: error.to_string(),
    })?;
    let types = source.named_types()?;
    let mut out = INTRODUCTION.to_owned();
    for topic in &catalogue.topics {
        write_topic(&mut out, topic, &catalogue);
        for full_name in &topic.schemas {
            write_event(&mut out, full_name, &types);
        }
    }
    out.push_str("\n## Types\n");
    let is_event = |schema: &Value| text(&schema["fields"][0], "name") == "meta";
    for (name, schema) in types.iter().filter(|(_, schema)| !is_event(schema)) {
        write_type(&mut out, name, schema);
    }
    Ok(out)
}

fn write_topic(out: &mut String, topic: &Topic, catalogue: &Catalogue) {
    let cleanup = match topic.cleanup {
        Cleanup::Delete => "kept",
        Cleanup::Compact => "compacted, kept",
    };
    push(
        out,
        format_args!(
            "\n## {}\n\n{}\n\nKey: {}. {} partitions, {cleanup} {}. Owner: {}. Written by {}; read by {}.\n",
            topic.name,
            topic.doc,
            topic.key,
            topic.partitions,
            String::from(topic.retention),
            topic.owner,
            topic.producers.join(", "),
            [topic.processors.as_slice(), &topic.readers]
                .concat()
                .join(", "),
        ),
    );
    if !topic.processors.is_empty() {
        let dead_letters: Vec<String> = topic
            .processors
            .iter()
            .map(|processor| format!("`{}.{processor}.dlq`", topic.name))
            .collect();
        push(
            out,
            format_args!(
                "Dead letters ({} partition, kept {}): {}.\n",
                catalogue.dead_letters.partitions,
                String::from(catalogue.dead_letters.retention),
                dead_letters.join(", ")
            ),
        );
    }
}

fn write_event(out: &mut String, full_name: &str, types: &BTreeMap<String, Value>) {
    let name = full_name.rsplit('.').next().unwrap_or(full_name);
    if let Some(schema) = types.get(name) {
        push(
            out,
            format_args!("\n### {full_name}\n\n{}\n\n", text(schema, "doc")),
        );
        write_fields(out, schema);
    }
}

fn write_type(out: &mut String, name: &str, schema: &Value) {
    push(
        out,
        format_args!("\n### {name}\n\n{}\n\n", text(schema, "doc")),
    );
    if text(schema, "type") == "enum" {
        let symbols: Vec<String> = strings(&schema["symbols"])
            .into_iter()
            .map(|symbol| format!("`{symbol}`"))
            .collect();
        push(out, format_args!("One of {}.\n", symbols.join(", ")));
    } else {
        write_fields(out, schema);
    }
}

fn write_fields(out: &mut String, schema: &Value) {
    out.push_str("| Field | Type | Meaning |\n|---|---|---|\n");
    for field in schema["fields"].as_array().into_iter().flatten() {
        let mark = if is_pii(field) { " †" } else { "" };
        push(
            out,
            format_args!(
                "| `{}`{mark} | {} | {} |\n",
                text(field, "name"),
                describe(&field["type"]),
                text(field, "doc").replace('|', "\\|")
            ),
        );
    }
}

fn describe(schema: &Value) -> String {
    match schema {
        Value::String(name) => match name.rsplit_once('.') {
            Some((_, name)) => linked(name),
            None => name.clone(),
        },
        Value::Array(branches) => match branches.as_slice() {
            [null, branch] if null == "null" => format!("{}, optional", describe(branch)),
            _ => String::new(),
        },
        _ => match (text(schema, "type"), text(schema, "logicalType")) {
            ("array", _) => format!("array of {}", describe(&schema["items"])),
            ("record" | "enum", _) => linked(text(schema, "name")),
            (kind, "") => kind.to_owned(),
            (kind, logical) => format!("{kind} ({logical})"),
        },
    }
}

fn linked(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}
