//! Codes of a nomenclature: six digits of the Harmonized System, and the digits that a country or a union adds.

use std::borrow::Cow;
use std::fmt;

use crate::origin::hs::{Hs, digits_of};

/// Maximum number of digits.
const DIGITS: usize = 12;

/// A code with 2 to 12 digits, an even number. Codes are ordered as in a printed nomenclature: a code comes before the
/// codes that begin with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::origin) struct Code {
    /// ASCII digits, then zero bytes, so the derived order is the order of the texts.
    digits: [u8; DIGITS],
    len: u8,
}

impl Code {
    /// A code that is written with digits only.
    pub(in crate::origin) fn parse(text: &[u8]) -> Option<Self> {
        let mut digits = [0; DIGITS];
        let is_code = text.len() >= 2 && text.len().is_multiple_of(2) && text.iter().all(u8::is_ascii_digit);
        digits.get_mut(..text.len()).filter(|_| is_code)?.copy_from_slice(text);
        Some(Self { digits, len: text.len() as u8 })
    }

    /// Reads a code in the notations that people use, see [`Hs::read`]. All digits are kept.
    ///
    /// # Errors
    /// The reason of the refusal, in ASCII.
    pub(in crate::origin) fn read(text: &[u8]) -> Result<Self, Cow<'static, str>> {
        let digits = digits_of(text)?;
        Self::parse(digits.as_bytes()).ok_or(Cow::Borrowed("a code is 2 to 12 digits, an even number of them"))
    }

    /// The digits.
    pub(in crate::origin) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)]).expect("digits are ASCII")
    }

    /// The number of digits.
    pub(in crate::origin) const fn level(&self) -> u8 {
        self.len
    }

    /// Whether `other` is this code or begins with it.
    pub(in crate::origin) fn covers(&self, other: &Self) -> bool {
        other.as_str().starts_with(self.as_str())
    }

    /// The codes that this code begins with and that have at least `least` digits, the longest first.
    pub(in crate::origin) fn shorter(&self, least: usize) -> impl Iterator<Item = Self> + use<> {
        let code = *self;
        let lengths = (least.max(2)..usize::from(self.len)).rev().filter(|length| length.is_multiple_of(2));
        lengths.filter_map(move |length| Self::parse(&code.digits[..length]))
    }
}

impl From<Hs> for Code {
    fn from(code: Hs) -> Self {
        let mut digits = [0; DIGITS];
        let text = code.as_str().as_bytes();
        digits[..text.len()].copy_from_slice(text);
        Self { digits, len: code.level() }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn all_digits_are_kept() {
        assert_eq!(code("8471 30 00 10").as_str(), "8471300010");
        assert_eq!(code("8471.30"), Code::from(Hs::read(b"8471300010").unwrap()));
        for text in ["", "8", "8471.30", "84713000101010", "84x1"] {
            assert!(Code::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_code_comes_before_the_codes_that_begin_with_it() {
        let printed = ["01", "0101", "010121", "01012100", "0101210010", "0102"].map(code);
        assert!(printed.is_sorted());
        assert!(code("0101").covers(&code("0101210010")) && !code("0102").covers(&code("0101210010")));
        assert!(code("0101210010").shorter(6).eq(["01012100", "010121"].map(code)));
        assert!(code("0101").shorter(2).eq([code("01")]) && code("01").shorter(0).next().is_none());
    }
}
