use axum::extract::State;
use souk_domain::AggregateState;
use souk_domain::account::{Account, AddressInput, SetDefaultAddress};
use souk_platform::http::Path;
use souk_platform::{Principal, Problem};
use souk_schemas::Aggregate;
use souk_schemas::ids::{AddressId, UserId};
use souk_store::{UseCase, Work};

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::change::Change;
use crate::error::CommandError;
use crate::input::{IfMatch, Input, NoBody, OptionalIfMatch};

/// `POST /accounts/me/addresses`.
pub(crate) async fn add_address(
    State(app): State<App>,
    principal: Principal,
    OptionalIfMatch(if_match): OptionalIfMatch,
    Input { body, origin }: Input<AddressInput>,
) -> Result<Accepted, Problem> {
    let add = AddAddress {
        owner: UserId(principal.user_id),
        if_match,
        address: body,
    };
    let accepted = app.accept(&principal, &origin, add).await?;
    Ok(accepted.created("accounts/me/addresses"))
}

/// `PUT /accounts/me/addresses/{id}`: the whole address.
pub(crate) async fn change_address(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<AddressId>,
    if_match: IfMatch,
    Input { body, origin }: Input<AddressInput>,
) -> Result<Accepted, Problem> {
    let change = Change::<Account, _>::new(principal.user_id, if_match, move |account, ctx| {
        account.change_address(ctx, id, &body)
    });
    app.accept(&principal, &origin, change).await
}

/// `DELETE /accounts/me/addresses/{id}`.
pub(crate) async fn remove_address(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<AddressId>,
    if_match: IfMatch,
    Input { origin, .. }: Input<NoBody>,
) -> Result<Accepted, Problem> {
    let change = Change::<Account, _>::new(principal.user_id, if_match, move |account, ctx| {
        account.remove_address(ctx, id)
    });
    app.accept(&principal, &origin, change).await
}

/// `PUT /accounts/me/default-address`.
pub(crate) async fn set_default_address(
    State(app): State<App>,
    principal: Principal,
    if_match: IfMatch,
    Input { body, origin }: Input<SetDefaultAddress>,
) -> Result<Accepted, Problem> {
    let change = Change::<Account, _>::new(principal.user_id, if_match, move |account, ctx| {
        account.set_default_address(ctx, body.address_id)
    });
    app.accept(&principal, &origin, change).await
}

struct AddAddress {
    owner: UserId,
    if_match: IfMatch,
    address: AddressInput,
}

impl UseCase for AddAddress {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let mut account: Account = work.load(self.owner).await?;
        self.if_match.check(account.sequence())?;
        let address_id = AddressId(work.context().new_id());
        let events = account.add_address(work.context(), self.owner, address_id, &self.address)?;
        work.record(&mut account, events)?;
        Ok(Done::new(Aggregate::Account, self.owner, account.sequence()).part(address_id))
    }
}
