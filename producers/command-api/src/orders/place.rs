use axum::extract::State;
use serde::Deserialize;
use souk_domain::account::Account;
use souk_domain::listing::{Listing, ListingError};
use souk_domain::order::{Buyer, Order, PlaceLine, PlaceOrder, Sale};
use souk_domain::payment::{Payment, RequestPayment};
use souk_domain::user::{User, UserError};
use souk_domain::{AggregateState, Refusal, RefusalKind};
use souk_platform::problem::FieldError;
use souk_platform::{Principal, Problem};
use souk_schemas::ids::{AddressId, OrderId, UserId};
use souk_schemas::{Address, Aggregate, PaymentMethod};
use souk_store::{UseCase, Work};
use uuid::Uuid;

use crate::answer::{Accepted, Done};
use crate::app::App;
use crate::error::{CommandError, Refused};
use crate::input::{Input, Origin};
use crate::payments::{Ask, NewTask, TaskOrigin};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceOrderBody {
    /// 1 to 100, all of one seller.
    lines: Vec<PlaceLine>,
    /// One of the buyer's addresses; the default one unless given.
    #[serde(default)]
    shipping_address_id: Option<AddressId>,
    payment_method: PaymentMethod,
}

/// `POST /orders`: reserves every line or none, and asks for the payment.
pub(crate) async fn place_order(
    State(app): State<App>,
    principal: Principal,
    Input { body, origin }: Input<PlaceOrderBody>,
) -> Result<Accepted, Problem> {
    let place = Place {
        buyer_id: UserId(principal.user_id),
        body,
        origin: origin.clone(),
    };
    let accepted = app.accept(&principal, &origin, place).await?;
    app.payments_due().notify_one();
    Ok(accepted.created("orders"))
}

struct Place {
    buyer_id: UserId,
    body: PlaceOrderBody,
    origin: Origin,
}

impl UseCase for Place {
    type Answer = Done;
    type Error = CommandError;

    async fn run(&self, work: &mut Work) -> Result<Done, CommandError> {
        let buyer = self.buyer(work).await?;
        let lines = &self.body.lines;
        let listing_ids: Vec<Uuid> = lines.iter().map(|line| line.listing_id.0).collect();
        let mut listings: Vec<Listing> = work.load_all(&listing_ids).await?;

        let order_id = OrderId(work.context().new_id());
        let command = PlaceOrder {
            lines: lines.clone(),
            shipping: None,
            address_id: self.body.shipping_address_id,
            payment_method: Some(self.body.payment_method),
        };
        let events = Order::place(work.context(), order_id, buyer, command, &listings)?;
        let mut order = Order::default();
        work.record(&mut order, events)?;
        if let Some(sale) = order.sale() {
            self.request_payment(work, sale).await?;
        }
        reserve(work, order_id, lines, &mut listings)?;
        Ok(Done::new(Aggregate::Order, order_id, order.sequence()))
    }
}

impl Place {
    async fn buyer(&self, work: &mut Work) -> Result<Buyer, CommandError> {
        let users: Vec<User> = work.peek_all(&[self.buyer_id.0]).await?;
        let profile = users.first().and_then(User::profile);
        let time_zone = profile.ok_or(UserError::NotFound)?.time_zone.clone();
        let accounts: Vec<Account> = work.peek_all(&[self.buyer_id.0]).await?;
        let address = match accounts.first() {
            Some(account) => self.address(account)?,
            None => None,
        };
        Ok(Buyer {
            id: self.buyer_id,
            time_zone,
            address,
        })
    }

    fn address(&self, account: &Account) -> Result<Option<Address>, CommandError> {
        let Some(id) = self.body.shipping_address_id else {
            return Ok(account
                .default_address()
                .map(|(_, address)| address.clone()));
        };
        account.address(id).cloned().map(Some).ok_or_else(|| {
            CommandError::field(
                "/shipping_address_id",
                "address_not_found",
                "must be one of your addresses",
            )
        })
    }

    async fn request_payment(&self, work: &mut Work, sale: &Sale) -> Result<(), CommandError> {
        let mut payment = Payment::default();
        let request = RequestPayment {
            buyer_id: sale.buyer_id,
            seller_id: sale.seller_id,
            amount: sale.total.clone().into(),
            method: self.body.payment_method,
        };
        let events = payment.request(work.context(), sale.id, request)?;
        work.record(&mut payment, events)?;
        let task = NewTask {
            order_id: sale.id,
            ask: Ask::Authorize {
                method: self.body.payment_method,
            },
            amount: sale.total.clone(),
            origin: TaskOrigin::of(&self.origin),
        };
        task.insert(work).await
    }
}

/// Reserves every line or none; refuses with every line that could not be.
fn reserve(
    work: &mut Work,
    order_id: OrderId,
    lines: &[PlaceLine],
    listings: &mut [Listing],
) -> Result<(), CommandError> {
    let mut refusals: Vec<(usize, ListingError)> = Vec::new();
    for (index, (line, listing)) in lines.iter().zip(listings).enumerate() {
        match listing.reserve(work.context(), order_id, line.quantity) {
            Ok(events) => work.record(listing, events)?,
            Err(refusal) => refusals.push((index, refusal)),
        }
    }
    match refusals.first() {
        None => Ok(()),
        Some((_, first)) => Err(CommandError::Refused(Refused {
            kind: RefusalKind::Conflict,
            code: first.code(),
            detail: "some lines cannot be had, nothing was ordered".to_owned(),
            errors: refusals
                .iter()
                .map(|(index, refusal)| of_line(*index, refusal))
                .collect(),
        })),
    }
}

fn of_line(index: usize, refusal: &ListingError) -> FieldError {
    FieldError {
        pointer: format!("/lines/{index}"),
        code: refusal.code().into(),
        message: refusal.to_string(),
    }
}
