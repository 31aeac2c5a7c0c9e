use souk_schemas::{
    Money, PaymentAuthorized, PaymentCaptured, PaymentEvent, PaymentFailed, PaymentRefunded,
    PaymentRequested, ids::OrderId,
};

use super::{
    Charge, Payment, PaymentError, PaymentStatus,
    commands::{RefundPayment, RequestPayment},
};
use crate::{context::Context, validation::Checks};

impl Payment {
    /// Asks the buyer to pay for an order.
    pub fn request(
        &self,
        ctx: &mut Context,
        order_id: OrderId,
        command: RequestPayment,
    ) -> Result<Vec<PaymentEvent>, PaymentError> {
        let mut checks = Checks::default();
        // An order's total may be larger than what one command may name.
        checks.at_least(command.amount.amount_minor, "/amount/amount_minor", 1);
        checks.currency(&command.amount.currency, "/amount/currency".to_owned());
        checks.finish()?;
        let amount = Money::from(command.amount);
        if let Some(charge) = self.charge() {
            let same = (charge.buyer_id, charge.seller_id) == (command.buyer_id, command.seller_id)
                && (charge.method, &charge.amount) == (command.method, &amount);
            return if same {
                Ok(Vec::new())
            } else {
                Err(PaymentError::RequestedOtherwise)
            };
        }
        let event = PaymentRequested {
            meta: ctx.next_meta(order_id, self),
            buyer_id: command.buyer_id,
            seller_id: command.seller_id,
            amount,
            method: command.method,
        };
        Ok(vec![event.into()])
    }

    /// Takes in that the gateway guarantees the amount.
    pub fn authorize(
        &self,
        ctx: &mut Context,
        gateway_reference: &str,
    ) -> Result<Vec<PaymentEvent>, PaymentError> {
        let charge = self.existing()?;
        let reference = check_reference(gateway_reference)?;
        match &charge.status {
            PaymentStatus::Requested => {}
            PaymentStatus::Authorized(known) | PaymentStatus::Captured(known) => {
                return if *known == reference {
                    Ok(Vec::new())
                } else {
                    Err(PaymentError::AuthorizedOtherwise)
                };
            }
            PaymentStatus::Failed(_) => return Err(PaymentError::Failed),
        }
        let event = PaymentAuthorized {
            meta: ctx.next_meta(charge.order_id, self),
            buyer_id: charge.buyer_id,
            seller_id: charge.seller_id,
            amount: charge.amount.clone(),
            gateway_reference: reference,
        };
        Ok(vec![event.into()])
    }

    /// Takes in that the amount is in escrow, under the name it was authorized with.
    pub fn capture(&self, ctx: &mut Context) -> Result<Vec<PaymentEvent>, PaymentError> {
        let charge = self.existing()?;
        let reference = match &charge.status {
            PaymentStatus::Authorized(reference) => reference.clone(),
            PaymentStatus::Captured(_) => return Ok(Vec::new()),
            PaymentStatus::Requested => return Err(PaymentError::NotAuthorized),
            PaymentStatus::Failed(_) => return Err(PaymentError::Failed),
        };
        let event = PaymentCaptured {
            meta: ctx.next_meta(charge.order_id, self),
            buyer_id: charge.buyer_id,
            seller_id: charge.seller_id,
            amount: charge.amount.clone(),
            gateway_reference: reference,
        };
        Ok(vec![event.into()])
    }

    /// Takes in that the gateway refused, or let its guarantee lapse.
    pub fn fail(&self, ctx: &mut Context, reason: &str) -> Result<Vec<PaymentEvent>, PaymentError> {
        let charge = self.existing()?;
        let mut checks = Checks::default();
        let reason = checks.line(reason, "/reason", 1, 100);
        checks.finish()?;
        match charge.status {
            PaymentStatus::Requested | PaymentStatus::Authorized(_) => {}
            PaymentStatus::Captured(_) => return Err(PaymentError::Captured),
            PaymentStatus::Failed(_) => return Ok(Vec::new()),
        }
        let event = PaymentFailed {
            meta: ctx.next_meta(charge.order_id, self),
            buyer_id: charge.buyer_id,
            seller_id: charge.seller_id,
            amount: charge.amount.clone(),
            reason,
        };
        Ok(vec![event.into()])
    }

    /// Gives money back to the buyer; a refund is known by the gateway's name for it.
    pub fn refund(
        &self,
        ctx: &mut Context,
        command: &RefundPayment,
        gateway_reference: &str,
    ) -> Result<Vec<PaymentEvent>, PaymentError> {
        let charge = self.existing()?;
        let reference = check_reference(gateway_reference)?;
        if charge.refunds.contains(&reference) {
            return Ok(Vec::new());
        }
        self.check_refund(command)?;
        let amount_minor = command.amount.amount_minor;
        let money = |amount_minor| Money::new(amount_minor, charge.amount.currency.clone());
        let event = PaymentRefunded {
            meta: ctx.next_meta(charge.order_id, self),
            buyer_id: charge.buyer_id,
            seller_id: charge.seller_id,
            amount: money(amount_minor),
            refunded_total: money(charge.refunded_minor + amount_minor),
            gateway_reference: reference,
        };
        Ok(vec![event.into()])
    }

    /// Checks whether a refund would be accepted, before the gateway is asked for it.
    pub fn check_refund(&self, command: &RefundPayment) -> Result<(), PaymentError> {
        let charge = self.existing()?;
        let mut checks = Checks::default();
        checks.at_least(command.amount.amount_minor, "/amount/amount_minor", 1);
        checks.require(
            command.amount.currency == charge.amount.currency,
            "/amount/currency",
            "other_currency",
            "must be the currency of the payment",
        );
        checks.finish()?;
        match charge.status {
            PaymentStatus::Captured(_) => {}
            PaymentStatus::Requested | PaymentStatus::Authorized(_) => {
                return Err(PaymentError::NotCaptured);
            }
            PaymentStatus::Failed(_) => return Err(PaymentError::Failed),
        }
        let refundable_minor = charge.refundable_minor();
        if command.amount.amount_minor > refundable_minor {
            return Err(PaymentError::RefundTooLarge { refundable_minor });
        }
        Ok(())
    }

    fn existing(&self) -> Result<&Charge, PaymentError> {
        self.charge().ok_or(PaymentError::NotFound)
    }
}

fn check_reference(reference: &str) -> Result<String, PaymentError> {
    let mut checks = Checks::default();
    let reference = checks.line(reference, "/gateway_reference", 1, 200);
    checks.finish()?;
    Ok(reference)
}
