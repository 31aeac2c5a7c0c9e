use std::fmt;

use serde::{Deserialize, Serialize};

use crate::patch::Patch;

/// Asks for a new user.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterUser {
    /// At most 254 characters; upper and lower case are the same.
    pub email: String,
    /// 2 to 100 characters.
    pub name: String,
    /// 18 to 120.
    #[serde(default)]
    pub age: Option<i32>,
    /// IANA name; UTC unless given.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Id in the system the person is imported from, at most 100 characters.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// Asks for another profile; what is absent stays.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeProfile {
    /// At most 254 characters; upper and lower case are the same.
    #[serde(default)]
    pub email: Option<String>,
    /// 2 to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// 18 to 120, or `null` for none.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub age: Patch<i32>,
    /// IANA name.
    #[serde(default)]
    pub time_zone: Option<String>,
}

/// Personal data stays out of logs, so commands about people print as their name.
impl fmt::Debug for RegisterUser {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RegisterUser")
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ChangeProfile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ChangeProfile")
            .finish_non_exhaustive()
    }
}
