//! Money, weights and percentages as exact decimals: whether a limit is met must not depend on binary rounding.

use std::fmt;

/// A number >= 0 in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Decimal(i128);

/// Millionths in one.
const ONE: i128 = 1_000_000;

/// The largest number that is accepted.
const LARGEST: i128 = 1_000_000_000_000_000 * ONE;

/// The error for a number that is not accepted.
pub(super) const EXPECTED: &str = "a number from 0 to 1e15 with at most 6 decimals is expected";

impl Decimal {
    pub(super) const HUNDRED: Self = Self(100 * ONE);

    /// Reads a JSON number; `None` when it is negative, too large or has more than 6 decimals.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = digits.strip_prefix('-').map_or((false, digits), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let mut value: i128 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            value = value.checked_mul(10)?.checked_add(i128::from(digit.checked_sub(b'0')?))?;
        }
        if value == 0 {
            return Some(Self(0));
        }
        let mut shift = exponent.checked_add(6)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        // Trailing zeros of the integer part compensate a negative exponent.
        while shift < 0 {
            if value % 10 != 0 {
                return None;
            }
            value /= 10;
            shift += 1;
        }
        for _ in 0..shift {
            value = value.checked_mul(10).filter(|value| *value <= LARGEST)?;
        }
        (!negative && value <= LARGEST).then_some(Self(value))
    }

    pub(super) const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum. The numbers of a bill of materials are too small to overflow.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, which may be below 0. Use it only for shares and for comparing them.
    pub(super) const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Compares `self` with `percent` of `base`, in integers.
    pub(super) fn compare(self, percent: Self, base: Self) -> std::cmp::Ordering {
        let left = self.0.saturating_mul(100).saturating_mul(ONE);
        left.cmp(&percent.0.saturating_mul(base.0))
    }

    /// `self` as percent of `base`, rounded half away from zero to 4 decimals. Use it only for output, never for
    /// comparisons.
    pub(super) fn percent_of(self, base: Self) -> Option<Self> {
        if base.0 == 0 {
            return None;
        }
        // In 1/10,000 of a percent.
        let doubled = self.0.saturating_mul(2_000_000);
        let parts = (doubled.abs() / base.0 + 1) / 2 * doubled.signum();
        Some(Self(parts.saturating_mul(100)))
    }

    /// Whether the share of `self` in `base` is within one percentage point of `percent`.
    pub(super) fn is_near(self, percent: Self, base: Self) -> bool {
        let point = |points: i128| Self(percent.0 + points * ONE);
        self.compare(point(-1), base).is_ge() && self.compare(point(1), base).is_le()
    }
}

impl fmt::Display for Decimal {
    /// The shortest decimal: `45`, `0.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let (whole, rest) = (self.0.unsigned_abs() / ONE.unsigned_abs(), self.0.unsigned_abs() % ONE.unsigned_abs());
        write!(f, "{whole}")?;
        if rest > 0 {
            write!(f, ".{}", format!("{rest:06}").trim_end_matches('0'))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<String> {
        Decimal::parse(text).map(|number| number.to_string())
    }

    #[test]
    fn numbers_are_read_exactly() {
        let cases = [
            ("0", "0"),
            ("-0", "0"),
            ("50.0", "50"),
            ("0.1", "0.1"),
            ("1e3", "1000"),
            ("1500e-3", "1.5"),
            ("1000000000000000", "1000000000000000"),
            ("999999999999999.999999", "999999999999999.999999"),
            ("1.0000000", "1"),
            ("2.5E+1", "25"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn numbers_that_cannot_be_stored_exactly_are_refused() {
        for text in ["-1", "0.0000001", "1e16", "1000000000000000.000001", "1e999", "1e-7", "1e2147483647"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn a_share_at_the_limit_is_neither_over_nor_under() {
        let number = |text| Decimal::parse(text).unwrap();
        assert!(number("0.3").compare(number("10"), number("3")).is_eq());
        assert!(number("0.300001").compare(number("10"), number("3")).is_gt());
        assert_eq!(number("45").percent_of(number("80")).unwrap().to_string(), "56.25");
        assert_eq!(number("1").percent_of(number("3")).unwrap().to_string(), "33.3333");
        assert_eq!(number("2").percent_of(number("3")).unwrap().to_string(), "66.6667");
        assert!(number("0").percent_of(number("0")).is_none());
    }
}
