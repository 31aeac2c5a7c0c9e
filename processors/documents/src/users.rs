use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::document::{Document, Private};
use crate::orders::Address;
use crate::sources::Sources;
use crate::timestamp::Timestamp;

/// A person in the directory, for administrators and the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserDocument<'a> {
    /// The user's id, also the document's.
    pub id: Uuid,
    /// Display name; personal.
    pub name: Cow<'a, str>,
    /// Case-folded; personal.
    pub email: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<i32>,
    /// IANA name.
    pub time_zone: Cow<'a, str>,
    pub roles: Vec<Cow<'a, str>>,
    /// Id in the system the person was imported from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Cow<'a, str>>,
    pub address_count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_address: Option<Address<'a>>,
    pub created_at: Timestamp,
    /// When the person's profile or roles changed last.
    pub updated_at: Timestamp,
    pub deleted: bool,
    /// `user`, `account`.
    pub sources: Sources,
}

impl Document for UserDocument<'static> {
    const ALIAS: &'static str = crate::USERS;
    const MAPPING: &'static str = include_str!("../mappings/users.json");
}

impl Private for UserDocument<'static> {
    const OWNER_FIELDS: &'static [&'static str] = &["id"];

    fn parties(&self) -> Vec<Uuid> {
        vec![self.id]
    }
}
