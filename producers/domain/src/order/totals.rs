//! Amounts of orders, computed exactly.

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use souk_schemas::{Money, OrderLine};

/// The marketplace's share of the lines, borne by the seller. Shipping is passed on whole.
pub const FEE_PERCENT: i64 = 5;

/// Returns unit price times quantity in minor units, rounded half-up away from zero, so that a credit is the exact
/// opposite of the line it takes back; `None` when no `i64` holds it.
pub(super) fn line_amount(unit_price: Decimal, quantity: i64, minor_digits: u32) -> Option<i64> {
    let minor_units = Decimal::from(10_i64.checked_pow(minor_digits)?);
    unit_price
        .checked_mul(Decimal::from(quantity))?
        .round_dp_with_strategy(minor_digits, RoundingStrategy::MidpointAwayFromZero)
        .checked_mul(minor_units)?
        .to_i64()
}

/// Returns what the lines come to; `None` when no `i64` holds it.
pub(super) fn sum_of_lines(lines: &[OrderLine]) -> Option<i64> {
    lines
        .iter()
        .try_fold(0_i64, |sum, line| sum.checked_add(line.amount.amount_minor))
}

/// Returns the fee on what the lines come to, rounded half-up to minor units.
pub(super) fn fee(lines: &Money) -> Money {
    let exact = i128::from(lines.amount_minor) * i128::from(FEE_PERCENT);
    let rounded = (exact + 50).div_euclid(100);
    let amount_minor = i64::try_from(rounded).expect("five hundredths of an i64 are an i64");
    Money::new(amount_minor, lines.currency.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_amounts_are_rounded_half_up_away_from_zero() {
        for (unit_price, quantity, minor_digits, expected) in [
            ("2.55", 6, 2, Some(1530)),
            ("0.005", 1, 2, Some(1)),
            ("0.005", -1, 2, Some(-1)),
            ("0.0049", 1, 2, Some(0)),
            ("0.125", 3, 2, Some(38)),
            ("-11062.06", 1, 2, Some(-1_106_206)),
            ("0.5", 1, 0, Some(1)),
            ("1.0005", 1, 3, Some(1001)),
            ("0", 1000, 2, Some(0)),
            ("92233720368547758.07", 1, 2, Some(i64::MAX)),
            ("92233720368547758.08", 1, 2, None),
            ("79228162514264337593543950335", 2, 2, None),
        ] {
            let price = Decimal::from_str_exact(unit_price).unwrap();
            assert_eq!(
                line_amount(price, quantity, minor_digits),
                expected,
                "{unit_price} x {quantity}"
            );
        }
    }

    #[test]
    fn the_fee_is_rounded_half_up() {
        for (lines, expected) in [
            (0, 0),
            (9, 0),
            (10, 1),
            (29, 1),
            (30, 2),
            (1000, 50),
            (i64::MAX, 461_168_601_842_738_790),
        ] {
            assert_eq!(
                fee(&Money::new(lines, "EUR")).amount_minor,
                expected,
                "{lines}"
            );
        }
    }
}
