//! Reads and writes decimal numbers as text. This is the inner loop of a small model.

use super::decimals::POWERS;
use crate::{Error, Result};

/// A number as it is written in the subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spelled {
    /// Empty, or `nan` in any case.
    Missing,
    /// Exactly `mantissa / 10^decimals`, with at most 18 digits.
    Decimal { mantissa: i64, decimals: u8 },
    /// Any other finite number, as the nearest f64.
    Float(f64),
    /// The place of a category.
    Category(u32),
}

impl Spelled {
    /// The nearest f64.
    pub(super) fn value(self) -> f64 {
        match self {
            Self::Missing => f64::NAN,
            Self::Decimal { mantissa, decimals } => mantissa as f64 / POWERS[usize::from(decimals)],
            Self::Float(value) => value,
            Self::Category(place) => f64::from(place),
        }
    }
}

/// Mantissas up to this are exact as f64, and multiplying and rounding gives the same integer again.
const SMALL: i64 = 1 << 50;

/// Reads a number. Numbers too large for f64, infinities and other words are refused.
pub(super) fn read(text: &[u8]) -> Result<Spelled> {
    let (is_negative, digits) = match text.split_first() {
        None => return Ok(Spelled::Missing),
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        Some(_) => (false, text),
    };
    let (mut mantissa, mut decimals, mut point, mut any) = (0i64, 0u8, false, false);
    for &byte in digits {
        match byte {
            b'0'..=b'9' if mantissa < SMALL / 10 && decimals < 9 => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                decimals += u8::from(point);
                any = true;
            }
            b'.' if !point => point = true,
            _ => return read_slowly(text),
        }
    }
    if !any {
        return Err(not_a_number());
    }
    Ok(Spelled::Decimal { mantissa: if is_negative { -mantissa } else { mantissa }, decimals })
}

#[cold]
fn read_slowly(text: &[u8]) -> Result<Spelled> {
    if text.eq_ignore_ascii_case(b"nan") {
        return Ok(Spelled::Missing);
    }
    // `str::parse` also accepts words for infinity; these have no digit.
    let value: f64 = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.bytes().any(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok())
        .ok_or_else(not_a_number)?;
    if value.is_finite() { Ok(Spelled::Float(value)) } else { Err(Error::Invalid("a value is too large".into())) }
}

fn not_a_number() -> Error {
    Error::Invalid("a value must be a finite number, or empty or nan where it is missing".into())
}

/// Appends the shortest text that reads back as the same number.
pub(super) fn write(value: f64, out: &mut Vec<u8>) {
    serde_json::to_writer(out, &value).expect("writing a number to memory cannot fail");
}

/// Appends `integer / 10^decimals` in the form of the shortest text: without trailing zeros, but with at least one
/// digit after the point.
pub(super) fn write_decimal(integer: i64, decimals: u8, out: &mut Vec<u8>) {
    let mut rest = integer.unsigned_abs();
    let mut digits = [b'0'; 32];
    let mut at = digits.len();
    let mut fraction = usize::from(decimals);
    while fraction > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        fraction -= 1;
    }
    if fraction == 0 {
        at -= 1; // the zero after the point
    }
    for _ in 0..fraction {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    at -= 1;
    digits[at] = b'.';
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_the_nearest_f64() {
        for text in [
            "0",
            "-0",
            "1",
            "36.94",
            "+2.5",
            ".5",
            "5.",
            "1e3",
            "1E-7",
            "123456789012345678901234567890",
            "0.1234567891234",
            "1125899906842624",
            "9007199254740993",
            "-0.000000001",
            "1.0000000000000000000000001",
            "5e-324",
        ] {
            assert_eq!(read(text.as_bytes()).unwrap().value(), text.parse::<f64>().unwrap(), "{text}");
        }
    }

    #[test]
    fn missing_values_and_wrong_values_are_distinguished() {
        for text in ["", "nan", "NaN", "NAN"] {
            assert_eq!(read(text.as_bytes()).unwrap(), Spelled::Missing, "{text}");
        }
        for text in [
            "inf", "-inf", "Infinity", "1e999", "-", "+", ".", "1,5", "0x10", "1 ", " 1", "a", "--1", "1.2.3",
            "\u{661}", "-nan",
        ] {
            assert!(matches!(read(text.as_bytes()), Err(Error::Invalid(_))), "{text}");
        }
        assert!(read(b"\xff").is_err());
    }

    #[test]
    fn an_integer_and_its_decimals_are_written_as_their_quotient() {
        for (integer, decimals, expected) in [
            (3694, 2, "36.94"),
            (3690, 2, "36.9"),
            (100, 2, "1.0"),
            (-5, 3, "-0.005"),
            (0, 9, "0.0"),
            (7, 0, "7.0"),
            (-(1 << 53) + 1, 0, "-9007199254740991.0"),
            (1, 9, "0.000000001"),
        ] {
            let mut out = Vec::new();
            write_decimal(integer, decimals, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
