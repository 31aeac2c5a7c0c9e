use axum::extract::State;
use souk_domain::listing::{AdjustStock, ChangeDetails, ChangePrice, DraftListing, Listing};
use souk_domain::{AggregateState, Patch};
use souk_platform::http::Path;
use souk_platform::{Principal, Problem};
use souk_schemas::Aggregate;
use souk_schemas::ids::{ListingId, UserId};
use souk_store::guards::external_ids::Namespace;
use souk_store::{UseCase, Work};

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::categories::check_category;
use crate::change::{Change, load_matching};
use crate::error::CommandError;
use crate::external_id::claim_external_id;
use crate::input::{IfMatch, Input, NoBody};

/// Two sellers may use the same code for different things.
pub(crate) fn external_ids_of(seller_id: UserId) -> Namespace {
    Namespace {
        kind: "listing",
        owner: seller_id.0,
    }
}

/// `POST /listings`: a draft that only its seller sees.
pub(crate) async fn draft_listing(
    State(app): State<App>,
    principal: Principal,
    Input { body, origin }: Input<DraftListing>,
) -> Result<Accepted, Problem> {
    let draft = Draft {
        seller_id: UserId(principal.user_id),
        command: body,
    };
    let accepted = app.accept(&principal, &origin, draft).await?;
    Ok(accepted.created("listings"))
}

/// `PATCH /listings/{id}`: what is absent stays, `null` clears.
pub(crate) async fn change_details(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { body, origin }: Input<ChangeDetails>,
) -> Result<Accepted, Problem> {
    let change = Details {
        id,
        if_match,
        command: body,
    };
    app.accept(&principal, &origin, change).await
}

/// `DELETE /listings/{id}`: withdrawn for good.
pub(crate) async fn withdraw_listing(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { origin, .. }: Input<NoBody>,
) -> Result<Accepted, Problem> {
    let change = Change::<Listing, _>::new(id, if_match, Listing::withdraw);
    app.accept(&principal, &origin, change).await
}

/// `POST /listings/{id}/publish`.
pub(crate) async fn publish_listing(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { origin, .. }: Input<NoBody>,
) -> Result<Accepted, Problem> {
    let change = Change::<Listing, _>::new(id, if_match, Listing::publish);
    app.accept(&principal, &origin, change).await
}

/// `POST /listings/{id}/pause`.
pub(crate) async fn pause_listing(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { origin, .. }: Input<NoBody>,
) -> Result<Accepted, Problem> {
    let change = Change::<Listing, _>::new(id, if_match, Listing::pause);
    app.accept(&principal, &origin, change).await
}

/// `POST /listings/{id}/resume`.
pub(crate) async fn resume_listing(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { origin, .. }: Input<NoBody>,
) -> Result<Accepted, Problem> {
    let change = Change::<Listing, _>::new(id, if_match, Listing::resume);
    app.accept(&principal, &origin, change).await
}

/// `POST /listings/{id}/stock`: how many pieces were ever offered.
pub(crate) async fn adjust_stock(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { body, origin }: Input<AdjustStock>,
) -> Result<Accepted, Problem> {
    let change = Change::<Listing, _>::new(id, if_match, move |listing, ctx| {
        listing.adjust_stock(ctx, &body)
    });
    app.accept(&principal, &origin, change).await
}

/// `POST /listings/{id}/price`.
pub(crate) async fn change_price(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<ListingId>,
    if_match: IfMatch,
    Input { body, origin }: Input<ChangePrice>,
) -> Result<Accepted, Problem> {
    let change = Change::<Listing, _>::new(id, if_match, move |listing, ctx| {
        listing.change_price(ctx, body.clone())
    });
    app.accept(&principal, &origin, change).await
}

struct Draft {
    seller_id: UserId,
    command: DraftListing,
}

impl UseCase for Draft {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let id = ListingId(work.context().new_id());
        let events = Listing::draft(work.context(), id, self.seller_id, self.command.clone())?;
        check_category(work, self.command.category_id).await?;
        let external_id = self.command.external_id.as_deref();
        claim_external_id(work, external_ids_of(self.seller_id), external_id, id).await?;
        let mut listing = Listing::default();
        work.record(&mut listing, events)?;
        Ok(Done::new(Aggregate::Listing, id, listing.sequence()))
    }
}

struct Details {
    id: ListingId,
    if_match: IfMatch,
    command: ChangeDetails,
}

impl UseCase for Details {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut listing: Listing = load_matching(work, self.id, &self.if_match).await?;
        let events = listing.change_details(work.context(), self.command.clone())?;
        if let Patch::Set(category_id) = &self.command.category_id {
            check_category(work, Some(*category_id)).await?;
        }
        work.record(&mut listing, events)?;
        Ok(Done::new(Aggregate::Listing, self.id, listing.sequence()))
    }
}
