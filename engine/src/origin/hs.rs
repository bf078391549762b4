//! Codes of the Harmonized System.

use std::borrow::Cow;
use std::fmt;

/// The number of digits that are compared. Further digits are national extensions and are dropped.
const DIGITS: usize = 6;

/// A code with 2 digits (a chapter), 4 (a heading) or 6 (a subheading). Codes are ordered as in a printed nomenclature:
/// a code comes before the codes that begin with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hs {
    /// ASCII digits, then zero bytes, so the derived order is the order of the texts.
    digits: [u8; DIGITS],
    len: u8,
}

impl Hs {
    /// Reads 2, 4, 6, 8 or 10 digits, with or without single dots between them (`8471.30.00`). The first 6 are kept.
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

    /// Reads a code in the notations that people use: 2 to 12 digits, an even number. Dots, spaces, dashes and a
    /// leading `HS` are dropped. The first 6 digits are kept.
    ///
    /// # Errors
    /// The reason of the refusal, in ASCII. An odd number of digits usually means a code of chapters 01 to 09 without
    /// its leading zero, which spreadsheets drop, so the message suggests the code with it.
    pub fn read(text: &[u8]) -> Result<Self, Cow<'static, str>> {
        let digits = digits_of(text)?;
        let kept = &digits[..digits.len().min(DIGITS)];
        Self::parse(kept.as_bytes()).ok_or(Cow::Borrowed(EXPECTED))
    }

    /// The code without dots.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.len)]).expect("digits are ASCII")
    }

    /// The number of digits: 2, 4 or 6.
    pub const fn level(&self) -> u8 {
        self.len
    }

    /// The first two digits.
    pub fn chapter(&self) -> Self {
        self.cut(2)
    }

    /// The first four digits; the chapter if there are no more.
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

/// What is expected of a code.
const EXPECTED: &str =
    "a code is 2 to 12 digits, an even number of them; dots, blanks, dashes and a leading HS are dropped";

/// Maximum length of a text with a code: enough for twelve digits with separators between them.
const MAX_TEXT: usize = 64;

/// The digits of a code in the notations that people use: 2 to 12, an even number.
///
/// # Errors
/// The reason of the refusal, in ASCII.
pub(super) fn digits_of(text: &[u8]) -> Result<String, Cow<'static, str>> {
    let groups = groups_of(text).ok_or(EXPECTED)?;
    let digits = groups.concat();
    match digits.len() {
        2 | 4 | 6 | 8 | 10 | 12 => Ok(digits),
        1 | 3 | 5 | 7 | 9 | 11 => {
            // A chapter does not begin with 00, and a whole first group (8471.3) has lost nothing.
            let has_lost_zero = !digits.starts_with('0') && groups.first().is_some_and(|first| first.len() % 2 == 1);
            Err(if has_lost_zero {
                format!("a code has an even number of digits; {digits} seems to have lost a leading zero: 0{digits}?")
            } else {
                format!("a code has an even number of digits; {digits} has {}", digits.len())
            }
            .into())
        }
        _ => Err(EXPECTED.into()),
    }
}

/// The groups of digits of a text that has only digits, dots, spaces, dashes and perhaps `HS` before them.
pub(super) fn groups_of(text: &[u8]) -> Option<Vec<&str>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    let rest = match text.get(..2) {
        Some(letters) if letters.eq_ignore_ascii_case("hs") => &text[2..],
        _ => text,
    };
    let separates =
        |letter: char| letter.is_whitespace() || matches!(letter, '.' | ':' | '-' | '\u{2010}'..='\u{2014}');
    if rest.chars().any(|letter| !letter.is_ascii_digit() && !separates(letter)) {
        return None;
    }
    Some(rest.split(separates).filter(|group| !group.is_empty()).collect())
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
    fn a_malformed_code_is_refused() {
        for text in ["", "8", "847", "84713", "84713000001", "84 71", "TOTAL", ".84", "84.", "84..71", "+1", "8x"] {
            assert_eq!(Hs::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Hs::parse(&[b'1'; 1 << 20]), None);
    }

    #[test]
    fn a_code_is_read_in_the_notations_of_tariffs() {
        let spellings =
            ["8471.30", "847130", "8471 30", "8471 30 00 00", "8471-30", "HS 8471.30", "hs847130", "84 71 30"];
        for text in spellings.into_iter().chain(["8471.30.00.00", "847130000012", " 8471\u{a0}30 "]) {
            assert_eq!(Hs::read(text.as_bytes()), Ok(hs("847130")), "{text}");
        }
        for (text, meant) in
            [("10121", "010121"), ("101.21", "010121"), ("101", "0101"), ("1", "01"), ("1012100", "01012100")]
        {
            assert!(Hs::read(text.as_bytes()).is_err_and(|reason| reason.ends_with(&format!(" {meant}?"))), "{text}");
        }
        for text in ["8471.3", "01012", "8471 30 1", "0101.2"] {
            let reason = Hs::read(text.as_bytes()).unwrap_err();
            assert!(reason.contains("an even number of digits; ") && !reason.contains("zero"), "{text}: {reason}");
        }
        for text in ["", "TOTAL", "8471x30", "12345678901234", "HS", "+8471"] {
            assert!(Hs::read(text.as_bytes()).is_err_and(|reason| !reason.ends_with('?')), "{text}");
        }
    }

    #[test]
    fn a_code_comes_before_the_codes_that_begin_with_it() {
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
