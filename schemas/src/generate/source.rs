//! Reads the schemas and lists the examples.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{GenerateError, text, text_of};

/// What is under the crate's folder.
pub(super) struct Source {
    /// By aggregate; folders and files in the order of their names.
    pub(super) schemas: BTreeMap<String, Vec<Schema>>,
    /// Full name of the event type and path of the file, relative to the crate's folder.
    pub(super) examples: Vec<(String, String)>,
}

/// One event type.
pub(super) struct Schema {
    /// Name of the record, without namespace.
    pub(super) name: String,
    /// The schema itself.
    pub(super) json: Value,
}

impl Source {
    pub(super) fn read(schemas_dir: &Path) -> Result<Self, GenerateError> {
        Ok(Self {
            schemas: read_schemas(&schemas_dir.join("avro"))?,
            examples: list_examples(&schemas_dir.join("examples"))?,
        })
    }

    /// Every record and enum that an event is made of, by name.
    pub(super) fn named_types(&self) -> Result<BTreeMap<String, Value>, GenerateError> {
        let mut types = Types::default();
        for schema in self.schemas.values().flatten() {
            types.collect(&schema.json)?;
        }
        Ok(types.named)
    }
}

/// Folders of `versions` lie beside the schemas; only the files directly in an aggregate's folder are current.
fn read_schemas(avro_dir: &Path) -> Result<BTreeMap<String, Vec<Schema>>, GenerateError> {
    let mut schemas = BTreeMap::new();
    for folder in entries(avro_dir)?.into_iter().filter(|path| path.is_dir()) {
        let aggregate = file_stem(&folder);
        let mut events = Vec::new();
        for path in files(&folder, "avsc")? {
            let schema = Schema {
                name: file_stem(&path),
                json: read_json(&path)?,
            };
            check_event(&aggregate, &schema)?;
            events.push(schema);
        }
        schemas.insert(aggregate, events);
    }
    Ok(schemas)
}

fn list_examples(folder: &Path) -> Result<Vec<(String, String)>, GenerateError> {
    let mut examples = Vec::new();
    for folder in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        let aggregate = file_stem(&folder);
        for path in files(&folder, "json")? {
            let file = file_stem(&path);
            let event = file.split('.').next().unwrap_or(&file);
            examples.push((
                format!("souk.{aggregate}.{event}"),
                format!("examples/{aggregate}/{file}.json"),
            ));
        }
    }
    Ok(examples)
}

/// An event is called what its file is called, and starts with `meta`.
fn check_event(aggregate: &str, schema: &Schema) -> Result<(), GenerateError> {
    let expected = format!("souk.{aggregate}.{}", schema.name);
    let full_name = format!(
        "{}.{}",
        text(&schema.json, "namespace"),
        text(&schema.json, "name")
    );
    let problem = if full_name != expected {
        format!("its place says it is {expected}")
    } else if text(&schema.json["fields"][0], "name") != "meta" {
        "its first field is not meta".to_owned()
    } else {
        return Ok(());
    };
    Err(GenerateError::Unsupported {
        schema: full_name,
        problem,
    })
}

pub(crate) fn read_json(path: &Path) -> Result<Value, GenerateError> {
    serde_json::from_str(&read_text(path)?).map_err(|source| GenerateError::Json {
        path: path.to_owned(),
        source,
    })
}

pub(crate) fn read_text(path: &Path) -> Result<String, GenerateError> {
    fs::read_to_string(path).map_err(|source| GenerateError::File {
        path: path.to_owned(),
        source,
    })
}

/// The files of a folder with that extension, by name.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, GenerateError> {
    let mut files = entries(folder)?;
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    Ok(files)
}

/// What is in a folder, by name.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, GenerateError> {
    let failed = |source| GenerateError::File {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

pub(crate) fn file_stem(path: &Path) -> String {
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
