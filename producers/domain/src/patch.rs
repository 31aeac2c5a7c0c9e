use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of a partial change: absent keeps the value, `null` clears it, anything else replaces it.
///
/// Needs `#[serde(default, skip_serializing_if = "Patch::is_keep")]` on the field.
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
    /// Whether the field is absent.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

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

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::Patch;

    #[derive(Serialize, Deserialize)]
    struct Change {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
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
            assert_eq!(serde_json::to_value(&change).unwrap(), body);
            assert_eq!(change.age.over(Some(36)), expected, "{body}");
        }
    }
}
