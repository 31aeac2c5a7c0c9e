use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Value, json};
use souk_documents::{Document, Private, Public};

use crate::scope::OwnerScope;

/// A search for documents of one type. Every value in it comes from `serde_json`, so no text of a client can change its shape.
#[derive(Clone, Debug)]
pub(crate) struct Search<D> {
    filters: Vec<Value>,
    matching: Option<Value>,
    sort: Vec<Value>,
    document: PhantomData<fn() -> D>,
}

impl<D: Public> Search<D> {
    /// Searches what anybody may see.
    pub(crate) fn public() -> Self {
        Self::new()
    }
}

impl<D: Private> Search<D> {
    /// Searches what the scope's person may see; there is no other way to a private document.
    pub(crate) fn private(scope: &OwnerScope) -> Self {
        let mut search = Self::new();
        search.filters.extend(scope.filter(D::OWNER_FIELDS));
        search
    }
}

impl<D: Document> Search<D> {
    fn new() -> Self {
        Self {
            filters: Vec::new(),
            matching: None,
            sort: Vec::new(),
            document: PhantomData,
        }
    }

    /// Keeps documents whose field is exactly `value`.
    pub(crate) fn term(self, field: &str, value: impl Serialize) -> Self {
        self.filter(json!({ "term": { field: { "value": value } } }))
    }

    /// Keeps documents whose field is exactly `value`, when there is one.
    pub(crate) fn maybe_term(self, field: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.term(field, value),
            None => self,
        }
    }

    pub(crate) fn filter(mut self, filter: Value) -> Self {
        self.filters.push(filter);
        self
    }

    /// Keeps and scores documents.
    pub(crate) fn matching(mut self, query: Value) -> Self {
        self.matching = Some(query);
        self
    }

    /// Adds a sort key; the id comes last by itself, so that the order is total.
    pub(crate) fn sort(mut self, field: &str, order: Order) -> Self {
        self.sort.push(json!({ field: { "order": order } }));
        self
    }

    /// Builds the request body for `size` hits after the given sort values.
    pub(crate) fn body(&self, size: usize, after: Option<&[Value]>) -> Value {
        let mut bool_query =
            json!({ "filter": self.filters, "must_not": [{ "term": { "deleted": true } }] });
        if let Some(matching) = &self.matching {
            bool_query["must"] = matching.clone();
        }
        let mut sort = self.sort.clone();
        sort.push(json!({ "id": { "order": Order::Asc } }));
        let mut body = json!({ "query": { "bool": bool_query }, "sort": sort, "size": size, "track_total_hits": false });
        if let Some(after) = after {
            body["search_after"] = Value::from(after);
        }
        body
    }
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    Asc,
    Desc,
}

#[cfg(test)]
mod tests {
    use souk_documents::OrderDocument;
    use souk_platform::{Principal, Roles};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_private_search_carries_its_owner_and_a_total_order() {
        let scope = OwnerScope::own(&Principal {
            user_id: Uuid::from_u128(1),
            roles: Roles::default(),
        });
        let search = Search::<OrderDocument<'static>>::private(&scope)
            .term("status", "placed")
            .sort("placed_at", Order::Desc);
        let id = "00000000-0000-0000-0000-000000000001";
        let owner = json!([{ "term": { "buyer_id": id } }, { "term": { "seller_id": id } }]);
        let expected = json!({
            "query": { "bool": {
                "filter": [
                    { "bool": { "should": owner, "minimum_should_match": 1 } },
                    { "term": { "status": { "value": "placed" } } },
                ],
                "must_not": [{ "term": { "deleted": true } }],
            } },
            "sort": [{ "placed_at": { "order": "desc" } }, { "id": { "order": "asc" } }],
            "size": 11,
            "track_total_hits": false,
            "search_after": [5, "x"],
        });
        assert_eq!(search.body(11, Some(&[json!(5), json!("x")])), expected);
    }
}
