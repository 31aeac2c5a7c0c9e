//! The import door: many items of one kind in one request, each decided like any other command.
//!
//! A request is cut into batches, each one transaction under a key of its own. An item that is refused leaves nothing behind and
//! does not disturb its neighbours; an item whose external id is known stays as it is.

use axum::Json;
use axum::extract::State;
use futures::stream;
use futures::{StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use souk_platform::{FieldErrors, Principal, Problem};
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::app::App;
use crate::error::CommandError;
use crate::external_id::MAX_EXTERNAL_ID;
use crate::input::{Input, Origin};
use crate::metrics;
use crate::users::Admin;

mod batch;
mod categories;
mod listings;
mod orders;
mod users;

use batch::{Item, Outcome};
use categories::CategoryItem;
use listings::ListingItem;
use orders::OrderItem;
use users::UserItem;

const MAX_ITEMS: usize = 1_000;
/// Batches of one request that run at once.
const PARALLEL_BATCHES: usize = 2;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBody {
    items: Vec<Value>,
}

/// What became of the items, in their order.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    created: usize,
    existing: usize,
    refused: usize,
    items: Vec<ItemReport>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ItemReport {
    external_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Problem>,
}

/// `POST /admin/import/users`.
pub(crate) async fn import_users(
    State(app): State<App>,
    Admin(principal): Admin,
    Input { body, origin }: Input<ImportBody>,
) -> Result<Json<Report>, Problem> {
    import::<UserItem>(&app, &principal, &origin, body).await
}

/// `POST /admin/import/categories`.
pub(crate) async fn import_categories(
    State(app): State<App>,
    Admin(principal): Admin,
    Input { body, origin }: Input<ImportBody>,
) -> Result<Json<Report>, Problem> {
    import::<CategoryItem>(&app, &principal, &origin, body).await
}

/// `POST /admin/import/listings`.
pub(crate) async fn import_listings(
    State(app): State<App>,
    Admin(principal): Admin,
    Input { body, origin }: Input<ImportBody>,
) -> Result<Json<Report>, Problem> {
    import::<ListingItem>(&app, &principal, &origin, body).await
}

/// `POST /admin/import/orders`.
pub(crate) async fn import_orders(
    State(app): State<App>,
    Admin(principal): Admin,
    Input { body, origin }: Input<ImportBody>,
) -> Result<Json<Report>, Problem> {
    import::<OrderItem>(&app, &principal, &origin, body).await
}

/// One kind of things to import.
trait Import: DeserializeOwned + Clone + Send + Sync + 'static {
    const KIND: &'static str;

    /// Whether items may refer to earlier ones of the same request, and so have to share its one transaction.
    const IN_ONE_BATCH: bool = false;

    fn external_id(&self) -> &str;

    /// Decides and records the items of one transaction; one answer an item, in their order.
    fn import(
        work: &mut Work,
        items: &[Self],
    ) -> impl Future<Output = Result<Vec<Item>, CommandError>> + Send;
}

async fn import<I: Import>(
    app: &App,
    principal: &Principal,
    origin: &Origin,
    body: ImportBody,
) -> Result<Json<Report>, Problem> {
    let mut errors = FieldErrors::new();
    let fits = (1..=MAX_ITEMS).contains(&body.items.len());
    errors.require(
        fits,
        "/items",
        "count",
        format!("must have 1 to {MAX_ITEMS} entries"),
    );
    errors.into_result()?;

    let read: Vec<Result<I, Box<ItemReport>>> = body.items.into_iter().map(read_item).collect();
    let good: Vec<I> = read
        .iter()
        .filter_map(|item| item.as_ref().ok().cloned())
        .collect();
    let batch_size = if I::IN_ONE_BATCH {
        MAX_ITEMS
    } else {
        app.config().import_batch
    };
    let batches: Vec<Vec<I>> = good.chunks(batch_size).map(<[I]>::to_vec).collect();
    let answered: Vec<Vec<Item>> = stream::iter(batches.into_iter().enumerate())
        .map(|(number, items)| async move {
            let command = origin.command_part(principal, number);
            let outcome = app.execute(command, Batch { items }).await?;
            Ok::<_, Problem>(outcome.answer)
        })
        .buffered(PARALLEL_BATCHES)
        .try_collect()
        .await?;
    Ok(Json(report::<I>(read, answered.into_iter().flatten())))
}

/// An item that does not have the expected fields is refused alone.
fn read_item<I: Import>(value: Value) -> Result<I, Box<ItemReport>> {
    let external_id = value["external_id"].as_str().unwrap_or_default().to_owned();
    let refused = |problem| {
        Box::new(ItemReport {
            external_id: external_id.clone(),
            id: None,
            sequence: None,
            outcome: Outcome::Refused,
            problem: Some(problem),
        })
    };
    let item: I = souk_platform::http::from_value(value).map_err(refused)?;
    let length = item.external_id().trim().chars().count();
    let mut errors = FieldErrors::new();
    errors.require(
        (1..=MAX_EXTERNAL_ID).contains(&length),
        "/external_id",
        "length",
        format!("must have 1 to {MAX_EXTERNAL_ID} characters"),
    );
    errors.into_result().map_err(refused)?;
    Ok(item)
}

fn report<I: Import>(
    read: Vec<Result<I, Box<ItemReport>>>,
    mut answered: impl Iterator<Item = Item>,
) -> Report {
    let mut report = Report::default();
    for item in read {
        let line = match item {
            Err(refused) => *refused,
            Ok(item) => match answered.next() {
                Some(answer) => ItemReport {
                    external_id: item.external_id().to_owned(),
                    id: answer.id,
                    sequence: answer.sequence,
                    outcome: answer.outcome,
                    problem: answer.problem,
                },
                None => continue,
            },
        };
        match line.outcome {
            Outcome::Created => report.created += 1,
            Outcome::Existing => report.existing += 1,
            Outcome::Refused => report.refused += 1,
        }
        report.items.push(line);
    }
    metrics::imported(I::KIND, "created", report.created);
    metrics::imported(I::KIND, "existing", report.existing);
    metrics::imported(I::KIND, "refused", report.refused);
    report
}

/// The items of one transaction.
struct Batch<I> {
    items: Vec<I>,
}

impl<I: Import> UseCase for Batch<I> {
    type Answer = Vec<Item>;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Vec<Item>, CommandError> {
        I::import(work, &self.items).await
    }
}
