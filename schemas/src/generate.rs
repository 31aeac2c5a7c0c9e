//! Writes `generated.rs` from the Avro schemas: one struct per record, one enum per aggregate.

mod events;
mod markdown;
pub(crate) mod source;
#[cfg(test)]
mod tests;
mod types;

use std::{
    fmt::{self, Write as _},
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

pub use markdown::events_markdown;

use source::Source;

/// Why nothing could be generated from the schemas.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A folder or file could not be read or written.
    #[error("cannot access {path}")]
    File {
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

/// Returns the text of `src/generated.rs` for the schemas and examples under `schemas_dir`
/// (`avro/<aggregate>/<EventType>.avsc`, `examples/<aggregate>/<EventType>.v<N>.json`).
///
/// The same files always give the same text.
pub fn generate(schemas_dir: &Path) -> Result<String, GenerateError> {
    let source = Source::read(schemas_dir)?;
    let mut out = String::from(
        "//! The events of the marketplace, generated from `schemas/avro` by `souk schemas generate`; do not edit.\n\n\
         use std::fmt;\n\nuse serde::{Deserialize, Serialize};\nuse uuid::Uuid;\n\n\
         use crate::{\n    event::{Hidden, Reader, RegisteredSchema},\n    ids::{AddressId, CategoryId, EventId, ListingId, OrderId, UserId},\n    timestamp::Timestamp,\n};\n",
    );
    for (name, definition) in &source.named_types()? {
        types::write_named(&mut out, name, definition)?;
    }
    events::write(&mut out, &source);
    Ok(out)
}

/// Rewrites the generated files (`src/generated.rs`, `../docs/EVENTS.md`) of the crate at `schemas_dir` that are stale, and returns which these were.
pub fn refresh(schemas_dir: &Path) -> Result<Vec<PathBuf>, GenerateError> {
    let mut stale = Vec::new();
    for (path, text) in [
        ("src/generated.rs", generate(schemas_dir)?),
        ("../docs/EVENTS.md", events_markdown(schemas_dir)?),
    ] {
        let path = schemas_dir.join(path);
        if fs::read_to_string(&path).is_ok_and(|current| current == text) {
            continue;
        }
        fs::write(&path, text).map_err(|source| GenerateError::File {
            path: path.clone(),
            source,
        })?;
        stale.push(path);
    }
    Ok(stale)
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

fn push(out: &mut String, arguments: fmt::Arguments<'_>) {
    out.write_fmt(arguments)
        .expect("writing to a string cannot fail");
}
