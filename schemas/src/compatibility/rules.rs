//! The rules of schema resolution, over schemas as JSON.

use std::collections::BTreeMap;

use serde_json::Value;

/// One place where two schemas do not fit, or a default does not fit its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) place: String,
    pub(super) problem: String,
}

/// Finds why data written with one schema cannot be read with the other.
pub(super) fn can_read(writer: &Value, reader: &Value) -> Vec<Finding> {
    let mut comparison = Comparison {
        writers: Definitions::of(writer),
        readers: Definitions::of(reader),
        under_way: Vec::new(),
        findings: Vec::new(),
    };
    comparison.compare("", writer, reader);
    comparison.findings
}

/// Finds defaults that are no value of their field's type (of its first branch, where it is a union).
pub(super) fn check_defaults(schema: &Value) -> Vec<Finding> {
    let definitions = Definitions::of(schema);
    let mut findings = Vec::new();
    for (name, definition) in &definitions.by_name {
        for field in fields(definition) {
            let Some(default) = field.get("default") else {
                continue;
            };
            if !definitions.accepts(&field["type"], default) {
                findings.push(Finding {
                    place: format!("{name}/{}", text(field, "name")),
                    problem: format!(
                        "default {default} is no {}",
                        definitions.describe(&field["type"])
                    ),
                });
            }
        }
        let fallback = definition.get("default").and_then(Value::as_str);
        if fallback.is_some_and(|fallback| !symbols(definition).contains(&fallback)) {
            findings.push(Finding {
                place: name.clone(),
                problem: "default is none of the symbols".to_owned(),
            });
        }
    }
    findings
}

/// The named types of a schema, by full name.
struct Definitions<'a> {
    by_name: BTreeMap<String, &'a Value>,
}

impl<'a> Definitions<'a> {
    fn of(schema: &'a Value) -> Self {
        let mut definitions = Self {
            by_name: BTreeMap::new(),
        };
        definitions.collect(schema, "");
        definitions
    }

    fn collect(&mut self, schema: &'a Value, namespace: &str) {
        match schema {
            Value::Array(branches) => {
                for branch in branches {
                    self.collect(branch, namespace);
                }
            }
            Value::Object(object) => {
                let name = full_name(schema, namespace);
                let inner = name.rsplit_once('.').map_or("", |(namespace, _)| namespace);
                if matches!(text(schema, "type"), "record" | "enum" | "fixed") {
                    self.by_name.insert(name.clone(), schema);
                    for field in fields(schema) {
                        self.collect(&field["type"], inner);
                    }
                }
                for part in ["items", "values", "type"] {
                    if let Some(part) = object.get(part).filter(|part| !part.is_string()) {
                        self.collect(part, namespace);
                    }
                }
            }
            _ => {}
        }
    }

    /// A reference's definition; anything else as it is.
    fn resolve(&self, schema: &'a Value) -> &'a Value {
        match schema {
            Value::String(name) => self.named(name).unwrap_or(schema),
            Value::Object(object) => match object.get("type") {
                Some(inner @ (Value::Object(_) | Value::Array(_))) => self.resolve(inner),
                _ => schema,
            },
            _ => schema,
        }
    }

    /// Short names are unique among our types, which the generator checks.
    fn named(&self, name: &str) -> Option<&'a Value> {
        let short = |known: &str| known.rsplit('.').next() == Some(name);
        let known = self.by_name.get(name);
        known
            .or_else(|| Some(self.by_name.iter().find(|(known, _)| short(known))?.1))
            .copied()
    }

    fn describe(&self, schema: &'a Value) -> String {
        let schema = self.resolve(schema);
        if let Value::Array(branches) = schema {
            let branches: Vec<String> = branches
                .iter()
                .map(|branch| self.describe(branch))
                .collect();
            return branches.join(" or ");
        }
        match (kind(schema), text(schema, "logicalType")) {
            (kind @ ("record" | "enum" | "fixed"), _) => format!("{kind} {}", text(schema, "name")),
            (kind, "") => kind.to_owned(),
            (kind, logical) => format!("{kind} ({logical})"),
        }
    }

    /// Whether a default fits the type.
    fn accepts(&self, schema: &'a Value, default: &Value) -> bool {
        let schema = self.resolve(schema);
        if let Value::Array(branches) = schema {
            return branches
                .first()
                .is_some_and(|first| self.accepts(first, default));
        }
        match kind(schema) {
            "null" => default.is_null(),
            "boolean" => default.is_boolean(),
            "int" => default.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            "long" => default.is_i64(),
            "float" | "double" => default.is_number(),
            "string" | "bytes" | "fixed" => default.is_string(),
            "enum" => default
                .as_str()
                .is_some_and(|symbol| symbols(schema).contains(&symbol)),
            "array" => default.as_array().is_some_and(|items| {
                items
                    .iter()
                    .all(|item| self.accepts(&schema["items"], item))
            }),
            "map" => default.as_object().is_some_and(|values| {
                values
                    .values()
                    .all(|value| self.accepts(&schema["values"], value))
            }),
            "record" => default.as_object().is_some_and(|values| {
                fields(schema).iter().all(|field| {
                    match values.get(text(field, "name")).or(field.get("default")) {
                        Some(value) => self.accepts(&field["type"], value),
                        None => false,
                    }
                })
            }),
            _ => false,
        }
    }
}

struct Comparison<'a> {
    writers: Definitions<'a>,
    readers: Definitions<'a>,
    /// Records that are being compared, so that a recursive type ends.
    under_way: Vec<String>,
    findings: Vec<Finding>,
}

impl<'a> Comparison<'a> {
    fn compare(&mut self, place: &str, writer: &'a Value, reader: &'a Value) {
        let writer = self.writers.resolve(writer);
        let reader = self.readers.resolve(reader);
        if let Value::Array(branches) = writer {
            for branch in branches {
                self.compare(place, branch, reader);
            }
            return;
        }
        if let Value::Array(branches) = reader {
            if !branches.iter().any(|branch| self.fits(writer, branch)) {
                self.find(
                    place,
                    format!(
                        "{} is not among {}",
                        self.writers.describe(writer),
                        self.readers.describe(reader)
                    ),
                );
            }
            return;
        }
        match (kind(writer), kind(reader)) {
            ("record", "record") => self.compare_records(place, writer, reader),
            ("enum", "enum") => self.compare_enums(place, writer, reader),
            ("array", "array") => self.compare(place, &writer["items"], &reader["items"]),
            ("map", "map") => self.compare(place, &writer["values"], &reader["values"]),
            ("fixed", "fixed") if writer["size"] == reader["size"] => {
                self.compare_names(place, writer, reader);
            }
            (from, to) if promotes(from, to) && logical(writer) == logical(reader) => {}
            _ => self.find(
                place,
                format!(
                    "{} cannot be read as {}",
                    self.writers.describe(writer),
                    self.readers.describe(reader)
                ),
            ),
        }
    }

    /// Whether a branch of the reader's union reads all that the writer writes.
    fn fits(&mut self, writer: &'a Value, branch: &'a Value) -> bool {
        let before = self.findings.len();
        self.compare("", writer, branch);
        let fits = self.findings.len() == before;
        self.findings.truncate(before);
        fits
    }

    fn compare_records(&mut self, place: &str, writer: &'a Value, reader: &'a Value) {
        self.compare_names(place, writer, reader);
        let name = text(reader, "name").to_owned();
        if self.under_way.contains(&name) {
            return;
        }
        self.under_way.push(name);
        for field in fields(reader) {
            let name = text(field, "name");
            let place = format!("{place}/{name}");
            let written = fields(writer)
                .iter()
                .find(|field| text(field, "name") == name);
            match written {
                Some(written) => self.compare(&place, &written["type"], &field["type"]),
                None if field.get("default").is_some() => {}
                None => self.find(
                    &place,
                    "is not written, and has no default to be read with".to_owned(),
                ),
            }
        }
        self.under_way.pop();
    }

    fn compare_enums(&mut self, place: &str, writer: &Value, reader: &Value) {
        self.compare_names(place, writer, reader);
        if reader.get("default").is_some() {
            return;
        }
        let known = symbols(reader);
        for symbol in symbols(writer) {
            if !known.contains(&symbol) {
                self.find(
                    place,
                    format!("symbol {symbol} is unknown, and the enum has no default"),
                );
            }
        }
    }

    fn compare_names(&mut self, place: &str, writer: &Value, reader: &Value) {
        let (from, to) = (full_name(writer, ""), full_name(reader, ""));
        if from != to {
            self.find(place, format!("{from} is called {to}"));
        }
    }

    fn find(&mut self, place: &str, problem: String) {
        self.findings.push(Finding {
            place: place.to_owned(),
            problem,
        });
    }
}

/// Whether every value of one primitive type is one of the other. Avro also reads strings as bytes; our types do not.
fn promotes(from: &str, to: &str) -> bool {
    match from {
        "int" => matches!(to, "int" | "long" | "float" | "double"),
        "long" => matches!(to, "long" | "float" | "double"),
        "float" => matches!(to, "float" | "double"),
        "null" | "boolean" | "double" | "string" | "bytes" => from == to,
        _ => false,
    }
}

fn kind(schema: &Value) -> &str {
    match schema {
        Value::String(name) => name,
        _ => text(schema, "type"),
    }
}

fn logical(schema: &Value) -> &str {
    text(schema, "logicalType")
}

fn full_name(schema: &Value, namespace: &str) -> String {
    let name = text(schema, "name");
    let namespace = schema
        .get("namespace")
        .and_then(Value::as_str)
        .unwrap_or(namespace);
    if name.contains('.') || namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}.{name}")
    }
}

fn fields(schema: &Value) -> &[Value] {
    schema
        .get("fields")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

fn symbols(schema: &Value) -> Vec<&str> {
    schema
        .get("symbols")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    schema.get(key).and_then(Value::as_str).unwrap_or_default()
}
