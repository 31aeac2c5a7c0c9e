use axum::extract::State;
use serde::{Deserialize, Serialize};
use souk_documents::{OrderDocument, OrderStatus, TimelineEntry};
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

type OrderFound = OrderDocument<'static>;

const STAFF: &[Role] = &[Role::Admin, Role::Support];

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListOrders {
    /// Which side of the order one is on; both when not said.
    role: Option<Party>,
    status: Option<OrderStatus>,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Party {
    Buyer,
    Seller,
}

impl Party {
    const fn field(self) -> &'static str {
        match self {
            Self::Buyer => "buyer_id",
            Self::Seller => "seller_id",
        }
    }
}

/// One's own orders, bought or sold, newest first.
pub(crate) async fn list_orders(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Query(query): Query<ListOrders>,
) -> Result<Page<OrderFound>, Problem> {
    let paging = Paging::new(
        "orders",
        Some(&principal),
        &query,
        query.limit,
        query.cursor.as_deref(),
    );
    app.list(
        Processor::Orders,
        &tokens,
        &paging,
        &build_search(&principal, &query),
    )
    .await
}

fn build_search(principal: &Principal, query: &ListOrders) -> Search<OrderFound> {
    let search = Search::private(&OwnerScope::own(principal))
        .maybe_term("status", query.status)
        .sort("placed_at", Order::Desc);
    match query.role {
        Some(party) => search.term(party.field(), principal.user_id),
        None => search,
    }
}

/// One order, for its two parties, administrators and support.
pub(crate) async fn get_order(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Path(id): Path<Uuid>,
) -> Result<Single<OrderFound>, Problem> {
    find(&app, &principal, &tokens, id).await
}

/// What happened to an order, oldest first; all of it, on one page.
pub(crate) async fn get_timeline(
    State(app): State<App>,
    principal: Principal,
    tokens: ConsistencyTokens,
    Path(id): Path<Uuid>,
) -> Result<Page<TimelineEntry<'static>>, Problem> {
    let Single {
        item,
        as_of,
        query_id,
    } = find(&app, &principal, &tokens, id).await?;
    Ok(Page {
        items: item.timeline,
        next_cursor: None,
        as_of,
        query_id,
    })
}

async fn find(
    app: &App,
    principal: &Principal,
    tokens: &ConsistencyTokens,
    id: Uuid,
) -> Result<Single<OrderFound>, Problem> {
    let search = Search::private(&OwnerScope::own_unless(principal, STAFF)).term("id", id);
    let found = app.find_one(Processor::Orders, tokens, &search).await?;
    found.ok_or_else(|| {
        Problem::not_found("order_not_found", format!("there is no order {id} for you"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use souk_platform::Roles;

    use super::*;

    #[test]
    fn a_role_narrows_the_owner_rule_and_never_replaces_it() {
        let principal = Principal {
            user_id: Uuid::from_u128(1),
            roles: Roles::from([Role::Admin]),
        };
        let query = ListOrders {
            role: Some(Party::Seller),
            status: Some(OrderStatus::Placed),
            ..ListOrders::default()
        };
        let filter =
            build_search(&principal, &query).body(1, None)["query"]["bool"]["filter"].take();
        let id = principal.user_id;
        let owner = json!([{ "term": { "buyer_id": id } }, { "term": { "seller_id": id } }]);
        assert_eq!(
            filter,
            json!([
                { "bool": { "should": owner, "minimum_should_match": 1 } },
                { "term": { "status": { "value": "placed" } } },
                { "term": { "seller_id": { "value": id } } },
            ])
        );
    }
}
