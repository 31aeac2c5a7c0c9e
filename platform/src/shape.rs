//! Reads a JSON value into a type and reports every field that does not fit, where serde alone stops at the first.
//!
//! After an error the offending place is mended (an unknown field removed, any other value replaced by one that fits) and
//! reading starts over, until nothing more is found. A mended value is never handed out.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::problem::FieldError;

/// No document has more errors than this worth telling.
const MAX_ERRORS: usize = 50;

/// Reads `value`, or lists what does not fit.
pub(crate) fn read_all<T: DeserializeOwned>(value: Value) -> Result<T, Vec<FieldError>> {
    read_all_or(value, |_| None)
}

/// Like [`read_all`]; `alternative` may offer another reading of the value at a pointer, which is taken silently if it fits.
pub(crate) fn read_all_or<T: DeserializeOwned>(
    mut value: Value,
    alternative: impl Fn(&str) -> Option<Value>,
) -> Result<T, Vec<FieldError>> {
    let mut errors: Vec<FieldError> = Vec::new();
    loop {
        let error = match read::<T>(&value) {
            Ok(read) => {
                return if errors.is_empty() {
                    Ok(read)
                } else {
                    Err(errors)
                };
            }
            Err(error) => error,
        };
        let offered = alternative(&error.pointer);
        if let Some(mended) =
            offered.and_then(|other| replaced_if_fitting::<T>(&value, &error.pointer, other))
        {
            value = mended;
            continue;
        }
        let mended = mend::<T>(&value, &error);
        errors.push(error);
        match mended {
            Some(mended) if errors.len() < MAX_ERRORS => value = mended,
            _ => return Err(errors),
        }
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let segments: Vec<Segment> = error.path().iter().cloned().collect();
        field_error(&segments, &error.inner().to_string())
    })
}

/// Turns serde's text into a code and a message that does not repeat the value, which may be a secret.
/// The text is all there is: `serde_json::Error` does not tell its kinds of data errors apart.
pub(crate) fn field_error(path: &[Segment], text: &str) -> FieldError {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push_segment(&mut pointer, &index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                push_segment(&mut pointer, key);
            }
            Segment::Unknown => {}
        }
    }
    if let Some(name) = text
        .strip_prefix("missing field `")
        .and_then(|rest| rest.strip_suffix('`'))
    {
        push_segment(&mut pointer, name);
        return FieldError {
            pointer,
            code: "missing_field".into(),
            message: "must be given".to_owned(),
        };
    }
    let expected = text
        .split_once(", expected ")
        .map(|(_, expected)| format!("expected {expected}"));
    if text.starts_with("unknown field") {
        let message = expected.map_or_else(
            || "is not known here".to_owned(),
            |expected| format!("is not known here, {expected}"),
        );
        return FieldError {
            pointer,
            code: "unknown_field".into(),
            message,
        };
    }
    let code = if text.starts_with("duplicate field") {
        "duplicate_field"
    } else {
        "invalid_value"
    };
    FieldError {
        pointer,
        code: code.into(),
        message: expected.unwrap_or_else(|| text.to_owned()),
    }
}

fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
}

/// Makes a copy of `value` that no longer has `error`, if one can be found.
fn mend<T: DeserializeOwned>(value: &Value, error: &FieldError) -> Option<Value> {
    if error.code == "unknown_field" {
        let mut mended = value.clone();
        let (parent, key) = split_pointer(&error.pointer)?;
        mended.pointer_mut(parent)?.as_object_mut()?.remove(&key)?;
        return Some(mended);
    }
    let nil_uuid = Value::from("00000000-0000-0000-0000-000000000000");
    let candidates = [
        Value::Null,
        Value::from(""),
        Value::from(1),
        Value::from(false),
        Value::Array(vec![]),
        Value::Object(Map::new()),
        nil_uuid,
    ];
    candidates
        .into_iter()
        .find_map(|candidate| replaced_if_fitting::<T>(value, &error.pointer, candidate))
}

/// Puts `candidate` at `pointer`; gives up if the type still complains about that place or one below it.
fn replaced_if_fitting<T: DeserializeOwned>(
    value: &Value,
    pointer: &str,
    candidate: Value,
) -> Option<Value> {
    let mut mended = value.clone();
    let (parent, key) = split_pointer(pointer)?;
    match mended.pointer_mut(parent)? {
        Value::Object(fields) => drop(fields.insert(key, candidate)),
        Value::Array(items) => *items.get_mut(key.parse::<usize>().ok()?)? = candidate,
        _ => return None,
    }
    match read::<T>(&mended) {
        Err(next) if is_at_or_below(&next.pointer, pointer) => None,
        _ => Some(mended),
    }
}

fn split_pointer(pointer: &str) -> Option<(&str, String)> {
    let (parent, key) = pointer.rsplit_once('/')?;
    Some((parent, key.replace("~1", "/").replace("~0", "~")))
}

fn is_at_or_below(pointer: &str, ancestor: &str) -> bool {
    pointer
        .strip_prefix(ancestor)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Order {
        id: Uuid,
        lines: Vec<Line>,
        note: Option<String>,
        state: State,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Line {
        title: String,
        quantity: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum State {
        Open,
        Closed,
    }

    fn errors(value: Value) -> Vec<(String, String)> {
        let errors = read_all::<Order>(value).unwrap_err();
        errors
            .into_iter()
            .map(|error| (error.pointer, error.code.into_owned()))
            .collect()
    }

    #[test]
    fn every_bad_field_is_reported_with_its_pointer() {
        let found = errors(json!({
            "id": "x", "colour": 1, "note": 5, "state": "open",
            "lines": [{"title": "a", "quantity": -1}, {"title": 7, "quantity": 1, "a/b": 0}, {"quantity": 2}],
        }));
        let expected = [
            ("/id", "invalid_value"),
            ("/colour", "unknown_field"),
            ("/note", "invalid_value"),
            ("/lines/0/quantity", "invalid_value"),
            ("/lines/1/title", "invalid_value"),
            ("/lines/1/a~1b", "unknown_field"),
            ("/lines/2/title", "missing_field"),
        ];
        for (pointer, code) in expected {
            assert!(
                found.contains(&(pointer.to_owned(), code.to_owned())),
                "{pointer} not in {found:?}"
            );
        }
        assert_eq!(found.len(), expected.len());
    }

    #[test]
    fn all_missing_fields_are_reported_until_one_cannot_be_made_up() {
        assert_eq!(
            errors(json!({})),
            [
                ("/id".to_owned(), "missing_field".to_owned()),
                ("/lines".to_owned(), "missing_field".to_owned()),
                ("/state".to_owned(), "missing_field".to_owned())
            ]
        );
    }

    #[test]
    fn messages_do_not_repeat_the_value() {
        let errors = read_all::<Line>(json!({"title": 4711, "quantity": "hunter2"})).unwrap_err();
        assert!(
            errors
                .iter()
                .all(|error| !error.message.contains("4711") && !error.message.contains("hunter2")),
            "{errors:?}"
        );
    }

    #[test]
    fn a_body_of_the_wrong_kind_is_one_error_at_the_root() {
        assert_eq!(
            errors(json!([])),
            [(String::new(), "invalid_value".to_owned())]
        );
    }

    #[test]
    fn an_alternative_reading_is_taken_when_it_fits() {
        let alternative = |pointer: &str| (pointer == "/title").then(|| Value::from("4711"));
        let line: Line = read_all_or(json!({"title": 4711, "quantity": 1}), alternative).unwrap();
        assert_eq!(line.title, "4711");
    }
}
