use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    Amount, Context,
    testing::{Story, fields, id},
};

type Decided = Result<Vec<PaymentEvent>, PaymentError>;

fn euros(amount_minor: i64) -> Amount {
    Amount {
        amount_minor,
        currency: "EUR".to_owned(),
    }
}

fn request_of(amount_minor: i64) -> RequestPayment {
    RequestPayment {
        buyer_id: id(5),
        seller_id: id(6),
        amount: euros(amount_minor),
        method: PaymentMethod::CreditCard,
    }
}

fn request(amount_minor: i64) -> impl Fn(&Payment, &mut Context) -> Decided {
    move |payment, ctx| payment.request(ctx, id(1), request_of(amount_minor))
}

fn authorize(reference: &'static str) -> impl Fn(&Payment, &mut Context) -> Decided {
    move |payment, ctx| payment.authorize(ctx, reference)
}

fn fail(payment: &Payment, ctx: &mut Context) -> Decided {
    payment.fail(ctx, "card_declined")
}

fn refund(amount_minor: i64, reference: &str) -> impl Fn(&Payment, &mut Context) -> Decided {
    let command = RefundPayment {
        amount: euros(amount_minor),
    };
    move |payment, ctx| payment.refund(ctx, &command, reference)
}

fn requested() -> Story<Payment> {
    Story::by(None).given(request(1000))
}

fn authorized() -> Story<Payment> {
    requested().given(authorize("pi_1"))
}

fn captured() -> Story<Payment> {
    authorized().given(Payment::capture)
}

#[test]
fn a_payment_is_requested_authorized_and_captured_into_escrow() {
    let story = captured();

    let charge = story.state.charge().unwrap();
    assert_eq!(charge.order_id, id(1));
    assert_eq!(charge.status, PaymentStatus::Captured("pi_1".to_owned()));
    let expected = Ledger {
        buyer: -1000,
        escrow: 1000,
        ..Ledger::default()
    };
    assert_eq!(*story.state.ledger(), expected);
}

#[test]
fn repeats_give_no_events() {
    let refunded = captured().given(refund(300, "re_1"));
    for (name, decided) in [
        ("request", requested().when(request(1000))),
        ("authorize", authorized().when(authorize("pi_1"))),
        ("authorize late", captured().when(authorize("pi_1"))),
        ("capture", captured().when(Payment::capture)),
        ("fail", requested().given(fail).when(fail)),
        ("refund", refunded.when(refund(300, "re_1"))),
    ] {
        assert_eq!(decided, Ok(vec![]), "{name}");
    }
}

#[test]
fn a_payment_moves_only_along_its_life() {
    let failed = || requested().given(fail);
    for (name, decided, expected) in [
        (
            "another request",
            requested().when(request(999)),
            PaymentError::RequestedOtherwise,
        ),
        (
            "authorize nothing",
            Story::by(None).when(authorize("pi_1")),
            PaymentError::NotFound,
        ),
        (
            "authorize twice",
            authorized().when(authorize("pi_2")),
            PaymentError::AuthorizedOtherwise,
        ),
        (
            "authorize a failed",
            failed().when(authorize("pi_1")),
            PaymentError::Failed,
        ),
        (
            "capture a requested",
            requested().when(Payment::capture),
            PaymentError::NotAuthorized,
        ),
        (
            "capture a failed",
            failed().when(Payment::capture),
            PaymentError::Failed,
        ),
        (
            "fail a captured",
            captured().when(fail),
            PaymentError::Captured,
        ),
        (
            "refund an authorized",
            authorized().when(refund(1, "re_1")),
            PaymentError::NotCaptured,
        ),
        (
            "refund a failed",
            failed().when(refund(1, "re_1")),
            PaymentError::Failed,
        ),
    ] {
        assert_eq!(decided, Err(expected), "{name}");
    }
}

#[test]
fn an_authorized_payment_can_still_fail() {
    let story = authorized().given(fail);

    let status = &story.state.charge().unwrap().status;
    assert_eq!(*status, PaymentStatus::Failed("card_declined".to_owned()));
    assert_eq!(*story.state.ledger(), Ledger::default());
}

#[test]
fn refunds_never_exceed_what_is_captured() {
    let story = captured().given(refund(300, "re_1"));
    assert_eq!(
        story.when(refund(701, "re_2")),
        Err(PaymentError::RefundTooLarge {
            refundable_minor: 700
        })
    );

    let story = story.given(refund(700, "re_2"));
    assert_eq!(story.state.charge().unwrap().refundable_minor(), 0);
    assert_eq!(*story.state.ledger(), Ledger::default());
}

#[test]
fn bad_amounts_are_refused() {
    let refused = Story::<Payment>::by(None).when(request(0));
    assert_eq!(
        fields(refused),
        [("/amount/amount_minor".to_owned(), "out_of_range")]
    );

    let command: RefundPayment =
        serde_json::from_value(json!({ "amount": { "amount_minor": -1, "currency": "USD" } }))
            .unwrap();
    let refused = captured().when(|payment, ctx| payment.refund(ctx, &command, "re_1"));
    let expected = [
        ("/amount/amount_minor".to_owned(), "out_of_range"),
        ("/amount/currency".to_owned(), "other_currency"),
    ];
    assert_eq!(fields(refused), expected);
}

#[test]
fn a_release_from_escrow_pays_the_seller_less_the_fee() {
    let mut ledger = *captured().state.ledger();
    ledger.transfer(LedgerAccount::Escrow, LedgerAccount::Fee, 50);
    ledger.transfer(LedgerAccount::Escrow, LedgerAccount::Seller, 950);

    let expected = Ledger {
        buyer: -1000,
        escrow: 0,
        seller: 950,
        fee: 50,
    };
    assert_eq!(ledger, expected);
    assert_eq!(ledger.balance(), 0);
}

#[derive(Clone, Debug)]
enum Command {
    Request(i64),
    Authorize(bool),
    Capture,
    Fail,
    Refund(i64, u8),
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        2 => (-1..2000_i64).prop_map(Command::Request),
        3 => any::<bool>().prop_map(Command::Authorize),
        3 => Just(Command::Capture),
        1 => Just(Command::Fail),
        6 => (-1..400_i64, 0..10_u8).prop_map(|(amount, reference)| Command::Refund(amount, reference)),
    ]
}

fn carry_out(payment: &Payment, ctx: &mut Context, command: &Command) -> Decided {
    match *command {
        Command::Request(amount_minor) => request(amount_minor)(payment, ctx),
        Command::Authorize(first) => authorize(if first { "pi_1" } else { "pi_2" })(payment, ctx),
        Command::Capture => payment.capture(ctx),
        Command::Fail => fail(payment, ctx),
        Command::Refund(amount_minor, reference) => {
            refund(amount_minor, &format!("re_{reference}"))(payment, ctx)
        }
    }
}

proptest! {
    #[test]
    fn the_ledger_balances_whatever_is_commanded(commands in prop::collection::vec(command(), 0..60)) {
        let mut story = Story::<Payment>::by(None);
        for command in &commands {
            let _refused = story.attempt(|payment, ctx| carry_out(payment, ctx, command));
            let ledger = story.state.ledger();
            prop_assert_eq!(ledger.balance(), 0);
            prop_assert!(ledger.escrow >= 0 && ledger.buyer <= 0);
            let refundable = story.state.charge().map_or(0, Charge::refundable_minor);
            prop_assert_eq!(ledger.escrow, refundable);
        }
        story.end();
    }

    #[test]
    fn the_ledger_balances_whatever_is_transferred(
        transfers in prop::collection::vec((0..4_usize, 0..4_usize, 0..1_000_000_000_i64), 0..50),
    ) {
        let accounts = [LedgerAccount::Buyer, LedgerAccount::Escrow, LedgerAccount::Seller, LedgerAccount::Fee];
        let mut ledger = Ledger::default();
        for (from, to, amount_minor) in transfers {
            ledger.transfer(accounts[from], accounts[to], amount_minor);
            prop_assert_eq!(ledger.balance(), 0);
        }
    }
}
