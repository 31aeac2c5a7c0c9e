//! Writes `generated.rs` from the Avro schemas: one struct per record, one enum per aggregate.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Why no Rust could be written for the schemas.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A folder or file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is not JSON.
    #[error("{path} is not JSON")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where the JSON ends.
        source: serde_json::Error,
    },
    /// A schema uses something the generator does not know.
    #[error("{schema}: {problem}")]
    Unsupported {
        /// Name of the record.
        schema: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}

/// Returns the text of `generated.rs` for the schemas under `avro_dir` (`<aggregate>/<EventType>.avsc`).
///
/// The same schemas always give the same text.
pub fn generate(avro_dir: &Path) -> Result<String, GenerateError> {
    let schemas = read_schemas(avro_dir)?;
    let mut types = Types::default();
    for schema in schemas.values().flatten() {
        types.collect(&schema.json)?;
    }
    let mut out = String::from(
        "//! The events of the marketplace, generated from `schemas/avro` by `souk schemas generate`; do not edit.\n\n\
         use std::fmt;\n\nuse serde::{Deserialize, Serialize};\nuse uuid::Uuid;\n\n\
         use crate::{\n    event::{Hidden, Reader, RegisteredSchema},\n    ids::{AddressId, CategoryId, EventId, ListingId, OrderId, UserId},\n    timestamp::Timestamp,\n};\n",
    );
    for (name, definition) in &types.named {
        write_named(&mut out, name, definition)?;
    }
    for (aggregate, events) in &schemas {
        write_aggregate(&mut out, aggregate, events);
    }
    write_event(&mut out, &schemas);
    Ok(out)
}

struct Schema {
    name: String,
    json: Value,
}

fn read_schemas(avro_dir: &Path) -> Result<BTreeMap<String, Vec<Schema>>, GenerateError> {
    let mut schemas = BTreeMap::new();
    for folder in sorted_entries(avro_dir)? {
        if !folder.is_dir() {
            continue;
        }
        let mut events = Vec::new();
        for path in sorted_entries(&folder)? {
            if path.extension().is_none_or(|extension| extension != "avsc") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|source| GenerateError::Read {
                path: path.clone(),
                source,
            })?;
            let json = serde_json::from_str(&text).map_err(|source| GenerateError::Json {
                path: path.clone(),
                source,
            })?;
            events.push(Schema {
                name: file_stem(&path),
                json,
            });
        }
        schemas.insert(file_stem(&folder), events);
    }
    Ok(schemas)
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>, GenerateError> {
    let read = |source| GenerateError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        paths.push(entry.map_err(read)?.path());
    }
    paths.sort();
    Ok(paths)
}

fn file_stem(path: &Path) -> String {
    path.file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Every named type once; two definitions of one name have to agree.
#[derive(Default)]
struct Types {
    named: BTreeMap<String, Value>,
}

impl Types {
    fn collect(&mut self, schema: &Value) -> Result<(), GenerateError> {
        match schema {
            Value::Array(branches) => branches.iter().try_for_each(|branch| self.collect(branch)),
            Value::Object(object) => match object.get("type").and_then(Value::as_str) {
                Some("record") => {
                    for field in object
                        .get("fields")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                    {
                        self.collect(&field["type"])?;
                    }
                    self.add(schema)
                }
                Some("enum") => self.add(schema),
                Some("array") => self.collect(&schema["items"]),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn add(&mut self, schema: &Value) -> Result<(), GenerateError> {
        let name = text(schema, "name").to_owned();
        let shape = by_reference(schema);
        match self.named.get(&name) {
            Some(known) if *known != shape => Err(GenerateError::Unsupported {
                schema: name,
                problem: "is defined in two ways".to_owned(),
            }),
            _ => {
                self.named.insert(name, shape);
                Ok(())
            }
        }
    }
}

/// A copy in which nested definitions are replaced by their names, so that two copies can be compared.
fn by_reference(schema: &Value) -> Value {
    let mut copy = schema.clone();
    for field in copy
        .get_mut("fields")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        shorten(&mut field["type"]);
    }
    copy
}

fn shorten(schema: &mut Value) {
    match schema {
        Value::Array(branches) => branches.iter_mut().for_each(shorten),
        Value::Object(object) => match object.get("type").and_then(Value::as_str) {
            Some("record" | "enum") => {
                let full_name = format!(
                    "{}.{}",
                    text_of(object.get("namespace")),
                    text_of(object.get("name"))
                );
                *schema = Value::String(full_name);
            }
            Some("array") => {
                if let Some(items) = object.get_mut("items") {
                    shorten(items);
                }
            }
            _ => {}
        },
        _ => {}
    }
}

fn write_named(out: &mut String, name: &str, schema: &Value) -> Result<(), GenerateError> {
    if text(schema, "type") != "enum" {
        return write_record(out, name, schema);
    }
    write_enum(out, name, schema);
    Ok(())
}

fn write_enum(out: &mut String, name: &str, schema: &Value) {
    let symbols = strings(&schema["symbols"]);
    let fallback = schema.get("default").and_then(Value::as_str);
    push(
        out,
        format_args!(
            "\n/// {}\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]\npub enum {name} {{\n",
            text(schema, "doc")
        ),
    );
    for symbol in &symbols {
        let other = if fallback == Some(symbol) {
            "\n    #[serde(other)]"
        } else {
            ""
        };
        push(
            out,
            format_args!(
                "    /// `{symbol}`\n    #[serde(rename = \"{symbol}\")]{other}\n    {},\n",
                camel(symbol)
            ),
        );
    }
    push(
        out,
        format_args!(
            "}}\n\nimpl {name} {{\n    /// Every value, in the schema's order.\n    pub const ALL: [Self; {}] = [",
            symbols.len()
        ),
    );
    let all: Vec<String> = symbols
        .iter()
        .map(|symbol| format!("Self::{}", camel(symbol)))
        .collect();
    push(
        out,
        format_args!(
            "{}];\n\n    /// The value as it is written in Avro and JSON.\n    pub fn as_str(self) -> &'static str {{\n        match self {{\n",
            all.join(", ")
        ),
    );
    for symbol in &symbols {
        push(
            out,
            format_args!("            Self::{} => \"{symbol}\",\n", camel(symbol)),
        );
    }
    out.push_str("        }\n    }\n}\n");
}

fn write_record(out: &mut String, name: &str, schema: &Value) -> Result<(), GenerateError> {
    let fields = schema["fields"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let has_pii = fields.iter().any(is_pii);
    let debug = if has_pii { "" } else { "Debug, " };
    push(
        out,
        format_args!(
            "\n/// {}\n#[derive(Clone, {debug}PartialEq, Serialize, Deserialize)]\npub struct {name} {{\n",
            text(schema, "doc")
        ),
    );
    for field in fields {
        let default = default_attribute(name, field)?;
        let rust = rust_type(name, &field["type"])?;
        push(
            out,
            format_args!(
                "    /// {}\n{default}    pub {}: {rust},\n",
                text(field, "doc"),
                text(field, "name")
            ),
        );
    }
    out.push_str("}\n");
    if has_pii {
        push(
            out,
            format_args!(
                "\nimpl fmt::Debug for {name} {{\n    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        formatter.debug_struct(\"{name}\")"
            ),
        );
        for field in fields {
            let field_name = text(field, "name");
            let value = if is_pii(field) {
                "Hidden".to_owned()
            } else {
                format!("self.{field_name}")
            };
            push(
                out,
                format_args!("\n            .field(\"{field_name}\", &{value})"),
            );
        }
        out.push_str("\n            .finish()\n    }\n}\n");
    }
    Ok(())
}

fn write_aggregate(out: &mut String, aggregate: &str, events: &[Schema]) {
    let name = format!("{}Event", camel(aggregate));
    push(
        out,
        format_args!(
            "\n/// Everything that happens to one aggregate of type `{aggregate}`.\n#[derive(Clone, Debug, PartialEq)]\npub enum {name} {{\n"
        ),
    );
    for event in events {
        push(
            out,
            format_args!(
                "    /// {}\n    {}({}),\n",
                text(&event.json, "doc"),
                event.name,
                event.name
            ),
        );
    }
    push(out, format_args!("}}\n\nimpl {name} {{\n"));
    write_match(
        out,
        events,
        "Returns what the event says of itself.",
        "meta(&self) -> &EventMeta",
        |event| format!("Self::{event}(event) => &event.meta"),
    );
    out.push('\n');
    write_match(
        out,
        events,
        "Names the type, without namespace.",
        "event_type(&self) -> &'static str",
        |event| format!("Self::{event}(_) => \"{event}\""),
    );
    out.push_str("}\n");
    for event in events {
        push(
            out,
            format_args!(
                "\nimpl From<{0}> for {name} {{\n    fn from(event: {0}) -> Self {{\n        Self::{0}(event)\n    }}\n}}\n",
                event.name
            ),
        );
    }
}

fn write_match(
    out: &mut String,
    events: &[Schema],
    doc: &str,
    signature: &str,
    arm: impl Fn(&str) -> String,
) {
    push(
        out,
        format_args!("    /// {doc}\n    pub fn {signature} {{\n        match self {{\n"),
    );
    for event in events {
        push(out, format_args!("            {},\n", arm(&event.name)));
    }
    out.push_str("        }\n    }\n");
}

fn write_event(out: &mut String, schemas: &BTreeMap<String, Vec<Schema>>) {
    let names: Vec<String> = schemas.keys().map(|aggregate| camel(aggregate)).collect();
    out.push_str("\n/// The kinds of aggregates; each has a topic of its own.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]\n#[serde(rename_all = \"snake_case\")]\npub enum Aggregate {\n");
    for (aggregate, name) in schemas.keys().zip(&names) {
        push(out, format_args!("    /// `{aggregate}`\n    {name},\n"));
    }
    let all: Vec<String> = names.iter().map(|name| format!("Self::{name}")).collect();
    push(
        out,
        format_args!(
            "}}\n\nimpl Aggregate {{\n    /// All of them.\n    pub const ALL: [Self; {}] = [{}];\n\n    /// The name in topics, tables and tokens.\n    pub fn name(self) -> &'static str {{\n        match self {{\n",
            names.len(),
            all.join(", ")
        ),
    );
    for (aggregate, name) in schemas.keys().zip(&names) {
        push(
            out,
            format_args!("            Self::{name} => \"{aggregate}\",\n"),
        );
    }
    out.push_str("        }\n    }\n}\n\n/// Any event of the marketplace.\n#[derive(Clone, Debug, PartialEq)]\npub enum Event {\n");
    for (aggregate, name) in schemas.keys().zip(&names) {
        push(
            out,
            format_args!("    /// Of a `{aggregate}`.\n    {name}({name}Event),\n"),
        );
    }
    out.push_str("}\n\nimpl Event {\n");
    for (doc, signature, arm) in [
        (
            "Returns what the event says of itself.",
            "meta(&self) -> &EventMeta",
            "event.meta()",
        ),
        (
            "Names the type, without namespace.",
            "event_type(&self) -> &'static str",
            "event.event_type()",
        ),
    ] {
        push(
            out,
            format_args!("    /// {doc}\n    pub fn {signature} {{\n        match self {{\n"),
        );
        for name in &names {
            push(
                out,
                format_args!("            Self::{name}(event) => {arm},\n"),
            );
        }
        out.push_str("        }\n    }\n\n");
    }
    out.push_str("    /// Says which kind of aggregate it happened to.\n    pub fn aggregate(&self) -> Aggregate {\n        match self {\n");
    for name in &names {
        push(
            out,
            format_args!("            Self::{name}(_) => Aggregate::{name},\n"),
        );
    }
    out.push_str("        }\n    }\n\n");
    write_datum_functions(out, schemas);
    out.push_str("}\n");
    for name in &names {
        push(
            out,
            format_args!(
                "\nimpl From<{name}Event> for Event {{\n    fn from(event: {name}Event) -> Self {{\n        Self::{name}(event)\n    }}\n}}\n"
            ),
        );
    }
    out.push_str("\n/// Every schema of this build, in the order of `Event::schema_index`.\npub const SCHEMAS: &[RegisteredSchema] = &[\n");
    for (aggregate, events) in schemas {
        for event in events {
            push(
                out,
                format_args!(
                    "    RegisteredSchema {{\n        aggregate: Aggregate::{0},\n        event_type: \"{1}\",\n        json: include_str!(\"../avro/{aggregate}/{1}.avsc\"),\n        reader: Reader::of::<{0}Event, {1}>(),\n    }},\n",
                    camel(aggregate),
                    event.name
                ),
            );
        }
    }
    out.push_str("];\n");
}

/// The two functions that turn a typed event into bytes.
fn write_datum_functions(out: &mut String, schemas: &BTreeMap<String, Vec<Schema>>) {
    out.push_str("    /// Place of the event's schema in [`SCHEMAS`].\n    pub fn schema_index(&self) -> usize {\n        match self {\n");
    let mut index = 0;
    for (aggregate, events) in schemas {
        for event in events {
            push(
                out,
                format_args!(
                    "            Self::{0}({0}Event::{1}(_)) => {index},\n",
                    camel(aggregate),
                    event.name
                ),
            );
            index += 1;
        }
    }
    out.push_str("        }\n    }\n\n    /// Appends the event's Avro datum, written with the schema given.\n    pub(crate) fn write_datum(&self, out: Vec<u8>, config: &mut serde_avro_fast::ser::SerializerConfig<'_>) -> Result<Vec<u8>, serde_avro_fast::ser::SerError> {\n        match self {\n");
    for (aggregate, events) in schemas {
        for event in events {
            push(
                out,
                format_args!(
                    "            Self::{0}({0}Event::{1}(event)) => serde_avro_fast::to_datum(event, out, config),\n",
                    camel(aggregate),
                    event.name
                ),
            );
        }
    }
    out.push_str("        }\n    }\n");
}

fn rust_type(schema: &str, field: &Value) -> Result<String, GenerateError> {
    let unsupported = |problem: String| GenerateError::Unsupported {
        schema: schema.to_owned(),
        problem,
    };
    Ok(match field {
        Value::String(name) => match name.as_str() {
            "string" => "String".to_owned(),
            "boolean" => "bool".to_owned(),
            "int" => "i32".to_owned(),
            "long" => "i64".to_owned(),
            "double" => "f64".to_owned(),
            "null" | "float" | "bytes" => {
                return Err(unsupported(format!("type {name} is not used here")));
            }
            named => named.rsplit('.').next().unwrap_or(named).to_owned(),
        },
        Value::Array(branches) => match branches.as_slice() {
            [Value::String(null), branch] if null == "null" => {
                format!("Option<{}>", rust_type(schema, branch)?)
            }
            _ => {
                return Err(unsupported(
                    "only unions of null and one type are used here".to_owned(),
                ));
            }
        },
        Value::Object(object) => match (
            text_of(object.get("type")),
            text_of(object.get("logicalType")),
        ) {
            ("array", _) => format!("Vec<{}>", rust_type(schema, &field["items"])?),
            ("record" | "enum", _) => text(field, "name").to_owned(),
            ("string", "uuid") => text(field, "souk.type").to_owned(),
            ("long", "timestamp-micros") => "Timestamp".to_owned(),
            (other, logical) => {
                return Err(unsupported(format!(
                    "type {other} {logical} is not used here"
                )));
            }
        },
        _ => return Err(unsupported("a field has no type".to_owned())),
    })
}

/// Readers of this build fill what an older writer left out; serde's defaults are Avro's for these values.
fn default_attribute(schema: &str, field: &Value) -> Result<&'static str, GenerateError> {
    match field.get("default") {
        None => Ok(""),
        Some(Value::Null | Value::Bool(false)) => Ok("    #[serde(default)]\n"),
        Some(Value::String(text)) if text.is_empty() => Ok("    #[serde(default)]\n"),
        Some(Value::Array(items)) if items.is_empty() => Ok("    #[serde(default)]\n"),
        Some(Value::Number(number)) if number.as_i64() == Some(0) => Ok("    #[serde(default)]\n"),
        Some(other) => Err(GenerateError::Unsupported {
            schema: schema.to_owned(),
            problem: format!(
                "default {other} of {} is not one of null, false, 0, \"\", []",
                text(field, "name")
            ),
        }),
    }
}

fn is_pii(field: &Value) -> bool {
    field.get("souk.pii").and_then(Value::as_bool) == Some(true)
}

fn text<'a>(schema: &'a Value, key: &str) -> &'a str {
    text_of(schema.get(key))
}

fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn camel(snake: &str) -> String {
    let mut out = String::new();
    for word in snake.split('_') {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            out.extend(first.to_uppercase());
            out.push_str(letters.as_str());
        }
    }
    out
}

fn push(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    out.write_fmt(arguments)
        .expect("writing to a string cannot fail");
}
