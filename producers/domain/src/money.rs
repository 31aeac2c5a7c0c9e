use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use souk_schemas::Money;

use crate::validation::Checks;

/// The largest amount a command may name; a hundred lines of ten thousand pieces at this price still fit an `i64`.
pub const MAX_AMOUNT_MINOR: i64 = 1_000_000_000_000;

/// The ISO 4217 currencies in use, by the digits of their minor unit.
#[rustfmt::skip]
const TWO_DIGITS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND",
    "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CNY", "COP", "CRC", "CUP",
    "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS",
    "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES",
    "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD",
    "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK",
    "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD",
    "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB",
    "TJS", "TMT", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "UYU", "UZS", "VES", "WST", "XCD",
    "XCG", "YER", "ZAR", "ZMW", "ZWG",
];

#[rustfmt::skip]
const NO_DIGITS: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
    "XOF", "XPF",
];

#[rustfmt::skip]
const THREE_DIGITS: &[&str] = &[
    "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
];

/// Returns how many digits the minor unit of a currency has: 2 for EUR, 0 for JPY; `None` when there is no such currency.
pub fn minor_digits(currency: &str) -> Option<u32> {
    let known = |list: &[&str]| list.binary_search(&currency).is_ok();
    if known(TWO_DIGITS) {
        Some(2)
    } else if known(NO_DIGITS) {
        Some(0)
    } else if known(THREE_DIGITS) {
        Some(3)
    } else {
        None
    }
}

/// An amount of money in a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Minor units: 1250 is 12.50 in EUR.
    pub amount_minor: i64,
    /// ISO 4217, three upper-case letters.
    pub currency: String,
}

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self::new(amount.amount_minor, amount.currency)
    }
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            amount_minor: money.amount_minor,
            currency: money.currency,
        }
    }
}

impl Checks {
    /// Checks an amount at least `min` in a known currency.
    pub(crate) fn amount(&mut self, amount: &Amount, pointer: &str, min: i64) {
        self.range(
            amount.amount_minor,
            format!("{pointer}/amount_minor"),
            min,
            MAX_AMOUNT_MINOR,
        );
        self.currency(&amount.currency, format!("{pointer}/currency"));
    }

    pub(crate) fn currency(&mut self, currency: &str, pointer: String) {
        self.require(
            minor_digits(currency).is_some(),
            pointer,
            "currency",
            "must be an ISO 4217 currency code, for example EUR",
        );
    }
}

/// Writes an amount in major units, exactly: 1250 minor units of EUR are `12.50`.
pub(crate) fn major_units(money: &Money) -> String {
    let digits = minor_digits(&money.currency).unwrap_or(2);
    Decimal::from_i128_with_scale(money.amount_minor.into(), digits).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn currencies_are_found_with_their_digits() {
        for list in [TWO_DIGITS, NO_DIGITS, THREE_DIGITS] {
            assert!(list.is_sorted(), "a binary search needs order");
        }
        for (currency, digits) in [
            ("USD", Some(2)),
            ("EUR", Some(2)),
            ("GBP", Some(2)),
            ("INR", Some(2)),
            ("AED", Some(2)),
            ("JPY", Some(0)),
            ("KWD", Some(3)),
            ("eur", None),
            ("EURO", None),
            ("XXX", None),
            ("", None),
        ] {
            assert_eq!(minor_digits(currency), digits, "{currency}");
        }
    }

    #[test]
    fn amounts_are_written_in_major_units_exactly() {
        for (amount_minor, currency, expected) in [
            (1250, "EUR", "12.50"),
            (5, "GBP", "0.05"),
            (-5, "GBP", "-0.05"),
            (7, "JPY", "7"),
            (1, "KWD", "0.001"),
            (i64::MAX, "USD", "92233720368547758.07"),
        ] {
            assert_eq!(major_units(&Money::new(amount_minor, currency)), expected);
        }
    }
}
