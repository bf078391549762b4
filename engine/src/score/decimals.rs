//! Declared rounding: with it, near-equal inputs are one query.
//!
//! A value `x` of a feature with `d` decimals stands for the integer `round(x * 10^d)`, half away from zero. The integer is
//! what the canonical name is written from, and the f64 nearest to `integer / 10^d` is what is scored, so that a cached
//! answer equals a computed one. Without decimals a value stands for itself.

use std::collections::BTreeMap;

use super::MAX_FEATURES;
use crate::{Error, Result};

/// The most decimals.
pub(super) const MAX_DECIMALS: u8 = 9;

/// The longest text of decimals, in bytes: it is read where the command is.
const MAX_TEXT: usize = 64 << 10;

/// Powers of ten, exact.
pub(super) const POWERS: [f64; MAX_DECIMALS as usize + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Integers below this are exact as f64.
const EXACT: f64 = (1u64 << 53) as f64;

/// The decimals to round features to, as the option `DECIMALS` gives them; they go before those a file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decimals {
    /// The same for every feature.
    All(u8),
    /// For each feature that is named; others keep what the file declares.
    Each(BTreeMap<String, u8>),
}

impl Decimals {
    /// Reads `3` or `{"age":2,"income":0}`.
    ///
    /// # Errors
    /// [`Error::Invalid`].
    pub fn parse(text: &[u8]) -> Result<Self> {
        let wrong =
            || Error::Invalid("DECIMALS is a number from 0 to 9, or a JSON object of such numbers by feature".into());
        if let [digit @ b'0'..=b'9'] = text {
            return Ok(Self::All(digit - b'0'));
        }
        if text.len() > MAX_TEXT {
            return Err(Error::TooBig { what: "DECIMALS, in bytes,", limit: MAX_TEXT as u64 });
        }
        let each: BTreeMap<String, u8> = serde_json::from_slice(text).map_err(|_| wrong())?;
        if each.values().any(|&decimals| decimals > MAX_DECIMALS) || each.len() > MAX_FEATURES {
            return Err(wrong());
        }
        Ok(Self::Each(each))
    }
}

/// The integer that `x` stands for with so many decimals; `None` when it is too large to be exact.
pub(super) fn integer(x: f64, decimals: u8) -> Option<i64> {
    let scaled = x * POWERS[usize::from(decimals)];
    // Half away from zero, as f64::round, which is a call where the processor has no instruction for it. The largest
    // f64 below one half, so that the sum of it and a number just below one half does not reach 1.
    let rounded = (scaled + 0.499_999_999_999_999_94_f64.copysign(scaled)) as i64;
    (scaled.abs() < EXACT && rounded.unsigned_abs() < 1 << 53).then_some(rounded)
}

/// The f64 nearest to `integer / 10^decimals`. Both are exact as f64, so one division is.
pub(super) fn value(integer: i64, decimals: u8) -> f64 {
    integer as f64 / POWERS[usize::from(decimals)]
}

/// Rounds all of `column` as [`integer`] and [`value`] do, without a branch, so that the compiler makes vectors of it;
/// NaN stays. Does nothing and says no when a number is so large that it takes more care.
pub(super) fn round_small(column: &mut [f64], decimals: u8) -> bool {
    /// From here on every f64 is an integer. Adding it to a smaller one rounds that, half to even.
    const INTEGERS: f64 = (1u64 << 52) as f64;
    let power = POWERS[usize::from(decimals)];
    let is_large = |x: &f64| (x * power).abs() >= INTEGERS;
    if column.iter().fold(false, |any, x| any | is_large(x)) {
        return false;
    }
    for x in column {
        let scaled = *x * power;
        let size = scaled.abs();
        let even = (size + INTEGERS) - INTEGERS;
        // One half is left only where a half has been rounded down.
        let away = even + if size - even >= 0.5 { 1.0 } else { 0.0 };
        // A negative zero becomes a zero.
        *x = (away / power).copysign(scaled) + 0.0;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (x, decimals, expected) in [
            (0.125, 2, 13),
            (-0.125, 2, -13),
            (2.5, 0, 3),
            (-2.5, 0, -3),
            (0.499_999_999_999_999_94, 0, 0),
            (36.94, 2, 3694),
            (-0.0, 3, 0),
            (1e-300, 9, 0),
            (4_503_599_627_370_497.0, 0, 4_503_599_627_370_497),
            (9_007_199_254_740_991.0, 0, 9_007_199_254_740_991),
        ] {
            assert_eq!(integer(x, decimals), Some(expected), "{x}");
        }
        for x in [9_007_199_254_740_992.0, -1e300, f64::INFINITY, f64::NAN] {
            assert_eq!(integer(x, 0), None, "{x}");
        }
    }

    #[test]
    fn it_is_the_rounding_of_the_library_wherever_that_is_exact() {
        let mut x = 0.000_123_f64;
        while x < 1e12 {
            for value in [x, -x, x.floor() + 0.5, -(x.floor() + 0.5)] {
                assert_eq!(integer(value, 2), Some((value * 100.0).round() as i64), "{value}");
            }
            x *= 1.37;
        }
    }

    #[test]
    fn a_column_is_rounded_as_its_values_are() {
        let mut x = 0.000_000_123_f64;
        let mut column = vec![0.5, -0.5, 1.5, 2.5, -2.5, 0.285, -0.0, 1e-300, -1e-9, 0.499_999_999_999_999_94];
        while x < 1e9 {
            column.extend([x, -x, x.floor() + 0.5, x.floor() + 0.125]);
            x *= 1.01;
        }
        for decimals in 0..=6 {
            let mut rounded = column.clone();
            assert!(round_small(&mut rounded, decimals));
            for (x, rounded) in column.iter().zip(rounded) {
                let expected = value(integer(*x, decimals).unwrap(), decimals);
                assert_eq!(rounded.to_bits(), expected.to_bits(), "{x} {decimals}");
            }
        }
        assert!(round_small(&mut [f64::NAN], 2));
        for large in [5e15, f64::INFINITY, -1e300] {
            assert!(!round_small(&mut [large], 0));
        }
    }

    #[test]
    fn the_option_is_a_digit_or_an_object() {
        assert_eq!(Decimals::parse(b"3").unwrap(), Decimals::All(3));
        let each = [("age".to_owned(), 2)].into();
        assert_eq!(Decimals::parse(b"{\"age\":2}").unwrap(), Decimals::Each(each));
        for text in [&b""[..], b"10", b"-1", b"{\"age\":10}", b"{\"age\":-1}", b"{\"age\":1.5}", b"[1]", b"{"] {
            assert!(matches!(Decimals::parse(text), Err(Error::Invalid(_))), "{text:?}");
        }
    }
}
