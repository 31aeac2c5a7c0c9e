//! Cursors: where a listing goes on, signed, and bound to the query, its sort and the person, so that they are good for nothing else.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use souk_platform::{Principal, Problem};

/// Half of the MAC: 128 bits are enough, and cursors stay short.
const MAC_BYTES: usize = 16;

/// Longer texts are not cursors of ours and are not even decoded.
const MAX_CURSOR_BYTES: usize = 1024;

/// Signs and checks cursors.
#[derive(Clone)]
pub(crate) struct CursorKey(Hmac<Sha256>);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("CursorKey")
    }
}

/// What a cursor is bound to.
#[derive(Debug)]
pub(crate) struct Binding(String);

impl Binding {
    /// `parameters` are the query's without cursor and limit.
    pub(crate) fn new(
        endpoint: &str,
        principal: Option<&Principal>,
        parameters: &impl Serialize,
    ) -> Self {
        let parameters =
            serde_json::to_string(parameters).expect("query parameters are plain data");
        let person = principal.map(|principal| principal.user_id);
        Self(format!("{endpoint}\n{person:?}\n{parameters}"))
    }
}

impl CursorKey {
    /// Derives a key of its own from the secret that also signs tokens.
    pub(crate) fn new(secret: &SecretString) -> Self {
        let mut derivation = new_mac(secret.expose_secret().as_bytes());
        derivation.update(b"souk query cursor v1");
        Self(new_mac(&derivation.finalize().into_bytes()))
    }

    /// Makes the cursor that goes on after the hit with the sort values `after`.
    pub(crate) fn seal(&self, binding: &Binding, after: &[Value]) -> String {
        let after = serde_json::to_vec(after).expect("sort values are plain data");
        let mut sealed = self.mac(binding, &after).finalize().into_bytes()[..MAC_BYTES].to_vec();
        sealed.extend_from_slice(&after);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Returns the sort values, or refuses a cursor that was changed or belongs to another query with 400 `cursor_invalid`.
    pub(crate) fn open(
        &self,
        binding: &Binding,
        cursor: Option<&str>,
    ) -> Result<Option<Vec<Value>>, Problem> {
        let Some(cursor) = cursor else {
            return Ok(None);
        };
        let opened = self.open_sealed(binding, cursor);
        opened.map(Some).ok_or_else(|| {
            Problem::bad_request("cursor_invalid", "the cursor does not belong to this query")
        })
    }

    fn open_sealed(&self, binding: &Binding, cursor: &str) -> Option<Vec<Value>> {
        if cursor.len() > MAX_CURSOR_BYTES {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (mac, after) = sealed.split_at_checked(MAC_BYTES)?;
        self.mac(binding, after).verify_truncated_left(mac).ok()?;
        serde_json::from_slice(after).ok()
    }

    fn mac(&self, binding: &Binding, after: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(binding.0.as_bytes());
        // No JSON text contains this byte, so no part can pass for the other.
        mac.update(&[0]);
        mac.update(after);
        mac
    }
}

fn new_mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use souk_platform::Roles;
    use uuid::Uuid;

    use super::*;

    fn person(id: u128) -> Principal {
        Principal {
            user_id: Uuid::from_u128(id),
            roles: Roles::default(),
        }
    }

    fn key() -> CursorKey {
        CursorKey::new(&"a secret of thirty-two bytes, ok".into())
    }

    #[test]
    fn a_cursor_opens_for_its_own_query() {
        let binding = Binding::new("orders", Some(&person(1)), &json!({"status": "open"}));
        let after = vec![json!(17.25), json!(i64::MAX), json!("id"), Value::Null];
        let cursor = key().seal(&binding, &after);
        assert_eq!(key().open(&binding, Some(&cursor)).unwrap(), Some(after));
        assert_eq!(key().open(&binding, None).unwrap(), None);
    }

    #[test]
    fn a_foreign_or_changed_cursor_is_refused() {
        let parameters = json!({"status": "open"});
        let binding = Binding::new("orders", Some(&person(1)), &parameters);
        let cursor = key().seal(&binding, &[json!(1)]);
        let others = [
            Binding::new("invoices", Some(&person(1)), &parameters),
            Binding::new("orders", Some(&person(2)), &parameters),
            Binding::new("orders", None, &parameters),
            Binding::new("orders", Some(&person(1)), &json!({"status": "closed"})),
        ];
        for other in others {
            assert_eq!(
                key().open(&other, Some(&cursor)).unwrap_err().code,
                "cursor_invalid",
                "{other:?}"
            );
        }
        let foreign = CursorKey::new(&"another secret of 32 bytes......".into());
        assert!(foreign.open(&binding, Some(&cursor)).is_err());
        for text in [
            "",
            "x",
            "AAAA",
            &format!("{cursor}AA"),
            &"A".repeat(MAX_CURSOR_BYTES + 4),
        ] {
            assert!(key().open(&binding, Some(text)).is_err(), "{text}");
        }
    }
}
