use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_documents::InvoiceDocument;
use souk_platform::consistency::ConsistencyTokens;
use souk_platform::http::{Path, Query};
use souk_platform::{Principal, Problem, Role};
use uuid::Uuid;

use crate::app::{App, Paging};
use crate::envelope::{Page, Single};
use crate::paging::Limit;
use crate::processor::Processor;
use crate::scope::OwnerScope;
use crate::search::{Order, Search};

type Invoice = InvoiceDocument<'static>;

const STAFF: &[Role] = &[Role::Admin, Role::Support];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListInvoices {
    /// Whose; oneself when not said.
    user_id: Option<Uuid>,
    month: Option<Month>,
    year: Option<i16>,
    currency: Option<String>,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

/// 1 to 12.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64")]
struct Month(i64);

impl TryFrom<i64> for Month {
    type Error = &'static str;

    fn try_from(month: i64) -> Result<Self, Self::Error> {
        if (1..=12).contains(&month) {
            Ok(Self(month))
        } else {
            Err("must be from 1 to 12")
        }
    }
}

/// A person's invoices with their entries, newest month first: one's own, or anyone's for administrators and support.
pub(crate) async fn list_invoices(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Query(query): Query<ListInvoices>,
) -> Result<Page<Invoice>, Problem> {
    let scope = OwnerScope::of_person(
        &principal,
        STAFF,
        query.user_id.unwrap_or(principal.user_id),
    )?;
    let paging = Paging::new(
        "invoices",
        Some(&principal),
        &query,
        query.limit,
        query.cursor.as_deref(),
    );
    app.list(
        Processor::Invoices,
        &tokens,
        &paging,
        &build_search(&scope, &query),
    )
    .await
}

fn build_search(scope: &OwnerScope, query: &ListInvoices) -> Search<Invoice> {
    Search::private(scope)
        .maybe_term("month", query.month)
        .maybe_term("year", query.year)
        .maybe_term("currency", query.currency.as_ref())
        .sort("year", Order::Desc)
        .sort("month", Order::Desc)
}

/// One invoice, for its buyer, administrators and support.
pub(crate) async fn get_invoice(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Path(id): Path<String>,
) -> Result<Single<Invoice>, Problem> {
    let search = Search::private(&OwnerScope::own_unless(&principal, STAFF)).term("id", &id);
    let found = app.find_one(Processor::Invoices, &tokens, &search).await?;
    found.ok_or_else(|| Problem::not_found("invoice_not_found", "there is no such invoice for you"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use souk_platform::Roles;

    use super::*;

    #[test]
    fn an_invoice_search_names_its_buyer_month_and_year() {
        let principal = Principal {
            user_id: Uuid::from_u128(1),
            roles: Roles::default(),
        };
        let query = ListInvoices {
            month: Some(Month(3)),
            year: Some(2011),
            ..ListInvoices::default()
        };
        let body = build_search(&OwnerScope::own(&principal), &query).body(1, None);
        let owner = json!({ "bool": { "should": [{ "term": { "buyer_id": principal.user_id } }], "minimum_should_match": 1 } });
        assert_eq!(
            body["query"]["bool"]["filter"],
            json!([owner, { "term": { "month": { "value": 3 } } }, { "term": { "year": { "value": 2011 } } }])
        );
    }
}
