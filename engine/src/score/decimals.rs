//! Declared rounding. With it, requests with nearly equal inputs are the same request to the cache.
//!
//! A value `x` of a feature with `d` decimals becomes the integer `round(x * 10^d)`, half away from zero. The canonical
//! name is written from this integer, and the f64 nearest to `integer / 10^d` is scored, so a cached answer equals a
//! computed one. A feature without decimals is not rounded.

use std::collections::BTreeMap;

use super::MAX_FEATURES;
use crate::{Error, Result};

/// Maximum number of decimals.
pub(super) const MAX_DECIMALS: u8 = 9;

/// Maximum length of the text of `DECIMALS`, in bytes. The text is parsed on the main thread.
const MAX_TEXT: usize = 64 << 10;

/// Powers of ten, exact.
pub(super) const POWERS: [f64; MAX_DECIMALS as usize + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Integers below this are exact as f64.
const EXACT: f64 = (1u64 << 53) as f64;

/// The decimals to round features to, from the option `DECIMALS`. They take precedence over the decimals that a file
/// declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decimals {
    /// The same decimals for every feature.
    All(u8),
    /// Decimals for each named feature; the other features keep the decimals that the file declares.
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

/// The integer `round(x * 10^decimals)`; `None` when it is too large to be exact.
pub(super) fn integer(x: f64, decimals: u8) -> Option<i64> {
    let scaled = x * POWERS[usize::from(decimals)];
    // Half away from zero, like f64::round, but without the function call that f64::round needs where the processor has
    // no instruction for it. The constant is the largest f64 below one half: its sum with a number just below one half
    // stays below 1.
    let rounded = (scaled + 0.499_999_999_999_999_94_f64.copysign(scaled)) as i64;
    (scaled.abs() < EXACT && rounded.unsigned_abs() < 1 << 53).then_some(rounded)
}

/// The f64 nearest to `integer / 10^decimals`. Both operands are exact as f64, so one division gives the nearest f64.
pub(super) fn value(integer: i64, decimals: u8) -> f64 {
    integer as f64 / POWERS[usize::from(decimals)]
}

/// Rounds all of `column` like [`integer`] and [`value`]. It has no branches, so the compiler vectorises it. NaN stays
/// NaN. Returns false and changes nothing when a number is too large for this method.
pub(super) fn round_small(column: &mut [f64], decimals: u8) -> bool {
    /// From here on every f64 is an integer. Adding this to a smaller number rounds it to an integer, half to even.
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
        // The difference is one half only where a half was rounded down.
        let away = even + if size - even >= 0.5 { 1.0 } else { 0.0 };
        // A negative zero becomes a positive zero.
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
    fn rounding_equals_f64_round_where_that_is_exact() {
        let mut x = 0.000_123_f64;
        while x < 1e12 {
            for value in [x, -x, x.floor() + 0.5, -(x.floor() + 0.5)] {
                assert_eq!(integer(value, 2), Some((value * 100.0).round() as i64), "{value}");
            }
            x *= 1.37;
        }
    }

    #[test]
    fn a_column_is_rounded_like_single_values() {
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
