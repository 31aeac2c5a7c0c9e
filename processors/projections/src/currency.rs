use std::str;

use serde::{Deserialize, Serialize};
use souk_runtime::Poison;

/// A currency code in three bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Currency([u8; 3]);

impl Currency {
    pub(crate) fn parse(code: &str) -> Result<Self, Poison> {
        match code.as_bytes().try_into() {
            Ok(bytes) if code.is_ascii() => Ok(Self(bytes)),
            _ => Err(Poison::new(
                "invalid_currency",
                "a currency code has three ASCII letters",
            )),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}
