//! Codes of the Harmonized System.

use std::fmt;

/// The digits that are compared: national extensions of the code are cut off.
const DIGITS: usize = 6;

/// A code of 2 digits (a chapter), 4 (a heading) or 6 (a subheading). Codes are ordered as in a printed nomenclature: a
/// code stands before those that begin with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hs {
    /// ASCII digits, then zero bytes, so that the derived order is the one of the texts.
    digits: [u8; DIGITS],
    len: u8,
}

impl Hs {
    /// Reads 2, 4, 6, 8 or 10 digits, with or without single dots between them (`8471.30.00`); keeps the first 6.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut digits = [0; DIGITS];
        let (mut len, mut after_digit) = (0, false);
        for &byte in text {
            match byte {
                b'0'..=b'9' if len < 10 => {
                    if let Some(slot) = digits.get_mut(len) {
                        *slot = byte;
                    }
                    len += 1;
                    after_digit = true;
                }
                b'.' if after_digit => after_digit = false,
                _ => return None,
            }
        }
        let is_code = after_digit && len % 2 == 0;
        is_code.then_some(Self { digits, len: len.min(DIGITS) as u8 })
    }

    /// The code without dots.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)]).expect("digits are ASCII")
    }

    /// How many digits: 2, 4 or 6.
    pub const fn level(&self) -> u8 {
        self.len
    }

    /// The first two digits.
    pub fn chapter(&self) -> Self {
        self.cut(2)
    }

    /// The first four digits; the chapter where there are no more.
    pub fn heading(&self) -> Self {
        self.cut(4)
    }

    /// Whether `other` is this code or begins with it.
    pub fn covers(&self, other: &Self) -> bool {
        other.as_str().starts_with(self.as_str())
    }

    fn cut(&self, len: usize) -> Self {
        let mut digits = self.digits;
        digits[len..].fill(0);
        Self { digits, len: self.len.min(len as u8) }
    }
}

impl fmt::Debug for Hs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Hs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hs(text: &str) -> Hs {
        Hs::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn dots_and_national_digits_are_cut_off() {
        let cases = [("84", "84"), ("84.71", "8471"), ("8471.30", "847130"), ("8471300000", "847130")];
        for (text, expected) in cases {
            assert_eq!(hs(text).as_str(), expected);
        }
        assert_eq!(hs("84.71.30.00.00"), hs("847130"));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "8", "847", "84713", "84713000001", "84 71", "TOTAL", ".84", "84.", "84..71", "+1", "8x"] {
            assert_eq!(Hs::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Hs::parse(&[b'1'; 1 << 20]), None);
    }

    #[test]
    fn a_code_stands_before_those_that_begin_with_it() {
        let printed = ["01", "0101", "010121", "0102", "02"].map(hs);
        assert!(printed.is_sorted());
        assert!(hs("01").covers(&hs("010121")) && hs("01").covers(&hs("01")) && !hs("0101").covers(&hs("01")));
    }

    #[test]
    fn chapters_and_headings_are_prefixes() {
        assert_eq!((hs("847130").chapter(), hs("847130").heading()), (hs("84"), hs("8471")));
        assert_eq!((hs("84").chapter(), hs("84").heading()), (hs("84"), hs("84")));
    }
}
