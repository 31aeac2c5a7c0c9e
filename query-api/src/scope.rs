use serde_json::{Value, json};
use souk_platform::{Principal, Problem, Role};
use uuid::Uuid;

/// Whose private documents a query may see. Made only from a [`Principal`]; without one, no private index can be queried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnerScope(Scope);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scope {
    Everyone,
    Person(Uuid),
}

impl OwnerScope {
    /// Only the person's own documents.
    pub(crate) fn own(principal: &Principal) -> Self {
        Self(Scope::Person(principal.user_id))
    }

    /// Everyone's documents for the given roles, only one's own otherwise.
    pub(crate) fn own_unless(principal: &Principal, staff: &[Role]) -> Self {
        if is_any(principal, staff) {
            Self(Scope::Everyone)
        } else {
            Self::own(principal)
        }
    }

    /// Everyone's documents; refuses with 403 without one of the roles.
    pub(crate) fn everyone(principal: &Principal, staff: &[Role]) -> Result<Self, Problem> {
        principal.require_any(staff)?;
        Ok(Self(Scope::Everyone))
    }

    /// The documents of one person: oneself, or anyone for the given roles; refuses with 403 otherwise.
    pub(crate) fn of_person(
        principal: &Principal,
        staff: &[Role],
        person: Uuid,
    ) -> Result<Self, Problem> {
        if person != principal.user_id {
            principal.require_any(staff)?;
        }
        Ok(Self(Scope::Person(person)))
    }

    /// The filter that keeps other people's documents out: one of `owner_fields` must be the person.
    pub(crate) fn filter(&self, owner_fields: &[&str]) -> Option<Value> {
        let Scope::Person(person) = self.0 else {
            return None;
        };
        let should: Vec<Value> = owner_fields
            .iter()
            .map(|field| json!({ "term": { *field: person } }))
            .collect();
        Some(json!({ "bool": { "should": should, "minimum_should_match": 1 } }))
    }
}

fn is_any(principal: &Principal, roles: &[Role]) -> bool {
    roles.iter().any(|role| principal.has(*role))
}

#[cfg(test)]
mod tests {
    use souk_platform::Roles;

    use super::*;

    fn principal(roles: Roles) -> Principal {
        Principal {
            user_id: Uuid::from_u128(1),
            roles,
        }
    }

    #[test]
    fn staff_sees_everything_and_others_their_own() {
        let (staff, person) = (
            principal(Roles::from([Role::Support])),
            principal(Roles::default()),
        );
        assert_eq!(
            OwnerScope::own_unless(&staff, &[Role::Admin, Role::Support]).filter(&["buyer_id"]),
            None
        );
        let filter = OwnerScope::own_unless(&person, &[Role::Admin, Role::Support])
            .filter(&["buyer_id", "seller_id"])
            .unwrap();
        let id = "00000000-0000-0000-0000-000000000001";
        let should = json!([{ "term": { "buyer_id": id } }, { "term": { "seller_id": id } }]);
        assert_eq!(
            filter,
            json!({ "bool": { "should": should, "minimum_should_match": 1 } })
        );
        assert!(OwnerScope::own(&staff).filter(&["buyer_id"]).is_some());
    }

    #[test]
    fn another_persons_documents_need_a_role() {
        let other = Uuid::from_u128(2);
        let person = principal(Roles::from([Role::Analyst]));
        assert!(OwnerScope::of_person(&person, &[Role::Admin], person.user_id).is_ok());
        assert_eq!(
            OwnerScope::of_person(&person, &[Role::Admin], other)
                .unwrap_err()
                .status
                .as_u16(),
            403
        );
        assert_eq!(
            OwnerScope::everyone(&person, &[Role::Admin])
                .unwrap_err()
                .status
                .as_u16(),
            403
        );
        let admin = principal(Roles::from([Role::Admin]));
        assert_eq!(
            OwnerScope::of_person(&admin, &[Role::Admin], other),
            Ok(OwnerScope(Scope::Person(other)))
        );
    }
}
