use serde::{Deserialize, Serialize};
use souk_schemas::PaymentEvent;

/// Whose money is where, in minor units of the payment's currency. Every posting takes from one account what it gives
/// to another, so the four always add up to zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Negative by what the buyer has paid and not got back.
    pub buyer: i64,
    /// Held for the seller until the buyer has the goods.
    pub escrow: i64,
    /// Paid out.
    pub seller: i64,
    /// The marketplace's share.
    pub fee: i64,
}

/// One account of a [`Ledger`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LedgerAccount {
    /// The buyer's.
    Buyer,
    /// What is held.
    Escrow,
    /// The seller's.
    Seller,
    /// The marketplace's.
    Fee,
}

impl Ledger {
    /// Posts what an event says about money; asking, guaranteeing and refusing move none.
    pub fn apply(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::PaymentCaptured(event) => {
                self.transfer(
                    LedgerAccount::Buyer,
                    LedgerAccount::Escrow,
                    event.amount.amount_minor,
                );
            }
            PaymentEvent::PaymentRefunded(event) => {
                self.transfer(
                    LedgerAccount::Escrow,
                    LedgerAccount::Buyer,
                    event.amount.amount_minor,
                );
            }
            PaymentEvent::PaymentRequested(_)
            | PaymentEvent::PaymentAuthorized(_)
            | PaymentEvent::PaymentFailed(_) => {}
        }
    }

    /// Takes an amount from one account and gives it to another.
    pub fn transfer(&mut self, from: LedgerAccount, to: LedgerAccount, amount_minor: i64) {
        *self.account(from) -= amount_minor;
        *self.account(to) += amount_minor;
    }

    /// Returns what the four accounts add up to: zero, always.
    pub fn balance(&self) -> i64 {
        self.buyer + self.escrow + self.seller + self.fee
    }

    fn account(&mut self, account: LedgerAccount) -> &mut i64 {
        match account {
            LedgerAccount::Buyer => &mut self.buyer,
            LedgerAccount::Escrow => &mut self.escrow,
            LedgerAccount::Seller => &mut self.seller,
            LedgerAccount::Fee => &mut self.fee,
        }
    }
}
