use rust_decimal::Decimal;
use souk_schemas::{Money, OrderEvent, OrderImported, OrderLine, ids::OrderId};

use super::{
    Order, OrderError,
    commands::{ImportLine, ImportOrder},
    totals::{line_amount, sum_of_lines},
};
use crate::{context::Context, money::minor_digits, validation::Checks};

const MAX_LINES: usize = 10_000;

impl Order {
    /// Takes over a paper of another system. Its prices may be zero or negative and have more digits than the
    /// currency: what matters is that the total is what it was there.
    pub fn import(
        ctx: &mut Context,
        id: OrderId,
        command: ImportOrder,
    ) -> Result<Vec<OrderEvent>, OrderError> {
        let mut checks = Checks::default();
        checks.count(command.lines.len(), "/lines", 1, MAX_LINES);
        checks.currency(&command.currency, "/currency".to_owned());
        checks.time_zone(&command.time_zone, "/time_zone");
        let external_id = checks.line(&command.external_id, "/external_id", 1, 100);
        let digits = minor_digits(&command.currency).unwrap_or(0);
        let mut lines = Vec::with_capacity(command.lines.len());
        for (index, line) in command.lines.iter().enumerate() {
            lines.extend(import_line(
                index,
                line,
                &command.currency,
                digits,
                &mut checks,
            ));
        }
        checks.finish()?;
        let total = sum_of_lines(&lines).ok_or(OrderError::TooLarge)?;
        let event = OrderImported {
            meta: ctx.next_meta(id, &Self::default()),
            buyer_id: command.buyer_id,
            seller_id: command.seller_id,
            kind: command.kind,
            lines,
            total: Money::new(total, command.currency),
            time_zone: command.time_zone,
            placed_at: command.placed_at,
            external_id,
        };
        Ok(vec![event.into()])
    }
}

fn import_line(
    index: usize,
    line: &ImportLine,
    currency: &str,
    digits: u32,
    checks: &mut Checks,
) -> Option<OrderLine> {
    let pointer = |field: &str| format!("/lines/{index}/{field}");
    let title = checks.line(&line.title, pointer("title"), 0, 300);
    let external_id =
        checks.optional_line(line.external_id.as_deref(), pointer("external_id"), 100);
    checks.require(
        line.quantity != 0,
        pointer("quantity"),
        "out_of_range",
        "must not be 0",
    );
    let unit_price = Decimal::from_str_exact(line.unit_price.trim()).ok();
    checks.require(
        unit_price.is_some(),
        pointer("unit_price"),
        "decimal",
        "must be a decimal number, for example 2.55",
    );
    let unit_price = unit_price?;
    let amount = line_amount(unit_price, line.quantity, digits);
    checks.require(
        amount.is_some(),
        pointer("unit_price"),
        "out_of_range",
        "is too large at this quantity",
    );
    Some(OrderLine {
        listing_id: line.listing_id,
        external_id,
        title,
        condition: None,
        unit_price: unit_price.to_string(),
        quantity: line.quantity,
        amount: Money::new(amount?, currency),
    })
}
