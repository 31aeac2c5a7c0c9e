use serde::{Deserialize, Deserializer};

/// A field of a partial change: absent keeps the value, `null` clears it, anything else replaces it.
///
/// Needs `#[serde(default)]` on the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// The field is absent.
    #[default]
    Keep,
    /// The field is `null`.
    Clear,
    /// The field has a value.
    Set(T),
}

impl<T> Patch<T> {
    /// Returns the value after the change.
    pub fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Changes the type of the value.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Patch<U> {
        match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(convert(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::Clear, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::Patch;

    #[derive(Deserialize)]
    struct Change {
        #[serde(default)]
        age: Patch<i32>,
    }

    #[test]
    fn absent_keeps_null_clears_and_a_value_replaces() {
        for (body, expected) in [
            (json!({}), Some(36)),
            (json!({ "age": null }), None),
            (json!({ "age": 40 }), Some(40)),
        ] {
            let change: Change = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(change.age.over(Some(36)), expected, "{body}");
        }
    }
}
