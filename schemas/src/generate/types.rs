//! Structs and enums, from records and enums.

use serde_json::Value;

use super::{GenerateError, camel, push, strings, text, text_of};

/// Writes a struct or an enum.
pub(super) fn write_named(
    out: &mut String,
    name: &str,
    schema: &Value,
) -> Result<(), GenerateError> {
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

pub(super) fn is_pii(field: &Value) -> bool {
    field.get("souk.pii").and_then(Value::as_bool) == Some(true)
}
