use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use souk_runtime::Poison;

/// A value kept as its postcard bytes: one allocation where a struct of texts would have dozens, and a snapshot copies it whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed(Box<[u8]>);

impl Packed {
    pub(crate) fn pack(value: &impl Serialize) -> Result<Self, Poison> {
        postcard::to_stdvec(value)
            .map(|bytes| Self(bytes.into_boxed_slice()))
            .map_err(|error| Poison::new("unpackable", error.to_string()))
    }

    /// Reads the value back. `None` only if it was packed as another type, which no caller does.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Option<T> {
        postcard::from_bytes(&self.0).ok()
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Packed;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Packed, E> {
                Ok(Packed(bytes.into()))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}
