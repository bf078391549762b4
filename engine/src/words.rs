//! Options: words after the required arguments of a command, in any order and case, each at most once.
//!
//! The engine and the commands of the module read all options with this walker. An error text names the option. It
//! holds no bytes of the user, except an unknown option of plain ASCII characters.

use std::ops::RangeInclusive;

use crate::{Error, Result};

/// Reads options word by word.
#[derive(Debug)]
pub struct Options<'w, 'a> {
    words: &'w [&'a [u8]],
    at: usize,
    /// The known options that were read, one bit each.
    seen: u32,
    /// The option that may occur more than once.
    repeatable: Option<&'static str>,
    /// The end of the error text for an unknown option.
    hint: &'static str,
}

impl<'w, 'a> Options<'w, 'a> {
    /// A walker at the first word.
    pub const fn new(words: &'w [&'a [u8]]) -> Self {
        Self { words, at: 0, seen: 0, repeatable: None, hint: "" }
    }

    /// Allows one option more than once.
    #[must_use]
    pub const fn repeating(mut self, option: &'static str) -> Self {
        self.repeatable = Some(option);
        self
    }

    /// Appends a hint to the error text for an unknown option.
    #[must_use]
    pub const fn hinting(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }

    /// The next option, one of `known` (upper case, at most 32, the same at every call); `None` at the end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a word that is not an option, and for an option that is given twice.
    pub fn next(&mut self, known: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(word) = self.words.get(self.at) else { return Ok(None) };
        let number = known
            .iter()
            .position(|name| name.as_bytes().eq_ignore_ascii_case(word))
            .ok_or_else(|| invalid(format!("unknown option {}{}", shown(word), self.hint)))?;
        if self.seen & 1 << number != 0 && self.repeatable != Some(known[number]) {
            return Err(invalid(format!("option {} is given twice", known[number])));
        }
        self.seen |= 1 << number;
        self.at += 1;
        Ok(Some(known[number]))
    }

    /// Skips a word if it is the next one, in any case. Returns whether it was.
    pub fn take(&mut self, word: &str) -> bool {
        let is_next = self.is_next(word);
        self.at += usize::from(is_next);
        is_next
    }

    /// Whether a word is the next one, in any case.
    pub fn is_next(&self, word: &str) -> bool {
        self.words.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Whether no word is left.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.words.len()
    }

    /// Allows every option once more, for the next object of a command that declares several.
    pub fn reset_seen(&mut self) {
        self.seen = 0;
    }

    /// The value of an option.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is missing.
    pub fn value(&mut self, option: &'static str) -> Result<&'a [u8]> {
        let value = self.words.get(self.at).ok_or_else(|| invalid(format!("option {option} needs a value")))?;
        self.at += 1;
        Ok(value)
    }

    /// The value of an option that is a whole number.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is missing, or not a whole number in the range.
    pub fn number(&mut self, option: &'static str, range: RangeInclusive<u64>) -> Result<u64> {
        let value = self.value(option)?;
        number(value).filter(|number| range.contains(number)).ok_or_else(|| {
            invalid(format!("{option} must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// The values of an option that gives their number first: at most `most`, at least one.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the number is not in the range, or when there are fewer values.
    pub fn counted(&mut self, option: &'static str, most: u64) -> Result<&'w [&'a [u8]]> {
        let count = self.number(option, 1..=most)? as usize;
        let rest = &self.words[self.at..];
        let values = rest.get(..count).ok_or_else(|| {
            invalid(format!("{option} has {count} values by its number, and {} words follow", rest.len()))
        })?;
        self.at += count;
        Ok(values)
    }

    /// The value of an option that is a percentage.
    ///
    /// # Errors
    /// As [`Options::number`].
    pub fn percent(&mut self, option: &'static str, least: u8) -> Result<u8> {
        // At most 100, so it fits into 8 bits.
        Ok(self.number(option, u64::from(least)..=100)? as u8)
    }

    /// The value of an option that is one of a few words.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is missing, or not one of the choices; the text lists them.
    pub fn choice<T: Copy>(&mut self, option: &'static str, choices: &[(&'static str, T)]) -> Result<T> {
        let value = self.value(option)?;
        choice(value, choices).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
            invalid(format!("{option} must be one of {}", names.join(", ")))
        })
    }

    /// The value of an option that is `yes` or `no`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is missing, or neither `yes` nor `no`.
    pub fn yes_or_no(&mut self, option: &'static str) -> Result<bool> {
        let value = self.value(option)?;
        choice(value, &[("yes", true), ("no", false)]).ok_or_else(|| invalid(format!("{option} must be yes or no")))
    }

    /// The value of an option that is a number of bytes, with the units of redis.conf.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the value is missing, or not a number of bytes in the range.
    pub fn bytes(&mut self, option: &'static str, range: RangeInclusive<u64>) -> Result<u64> {
        let value = self.value(option)?;
        bytes(value).filter(|bytes| range.contains(bytes)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            invalid(format!("{option} must be a number of bytes from {least} to {most}, units are kb, mb and gb"))
        })
    }
}

/// The value of the choice that equals a word, in any case.
pub fn choice<T: Copy>(word: &[u8], choices: &[(&'static str, T)]) -> Option<T> {
    choices.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word)).map(|&(_, value)| value)
}

/// A whole number that consists of digits only.
pub fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// A number of bytes in the format of redis.conf: `k` is 1000, `kb` is 1024.
fn bytes(word: &[u8]) -> Option<u64> {
    let digits = word.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(word.len());
    let unit = match word[digits..].to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    number(&word[..digits])?.checked_mul(unit)
}

/// A word as an error text shows it: unchanged, in upper case, when it looks like an option. Otherwise a constant,
/// because the bytes of a user could be of any kind.
fn shown(word: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    if !word.is_empty() && word.len() <= 24 && word.iter().all(plain) {
        String::from_utf8_lossy(word).to_ascii_uppercase()
    } else {
        "of unusual characters".into()
    }
}

fn invalid(text: String) -> Error {
    Error::Invalid(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&[u8]]) -> Result<Vec<(&'static str, Option<u64>)>> {
        let mut options = Options::new(words).repeating("PATTERN").hinting(", see HELP");
        let mut read = Vec::new();
        while let Some(option) = options.next(&["TOP", "NOCACHE", "PATTERN", "KIND"])? {
            let value = match option {
                "TOP" => Some(options.number("TOP", 0..=100)?),
                "KIND" => Some(options.choice("KIND", &[("io", 1), ("score", 2)])?),
                _ => None,
            };
            read.push((option, value));
        }
        Ok(read)
    }

    #[test]
    fn options_are_read_in_any_order_and_case() {
        let expected = vec![("NOCACHE", None), ("TOP", Some(7)), ("KIND", Some(2))];
        assert_eq!(read(&[b"nocache", b"Top", b"7", b"kind", b"SCORE"]).unwrap(), expected);
        assert_eq!(read(&[]).unwrap(), []);
    }

    #[test]
    fn only_a_repeatable_option_may_occur_twice() {
        assert_eq!(read(&[b"pattern", b"PATTERN"]).unwrap().len(), 2);
        assert!(read(&[b"nocache", b"NOCACHE"]).is_err());
    }

    #[test]
    fn every_failure_names_its_option() {
        for (words, named) in [
            (&[&b"TOPP"[..]][..], "unknown option TOPP, see HELP"),
            (&[b"TOP", b"1", b"top", b"2"], "option TOP is given twice"),
            (&[b"TOP"], "option TOP needs a value"),
            (&[b"TOP", b"101"], "TOP must be a whole number from 0 to 100"),
            (&[b"TOP", b"-1"], "TOP must be a whole number from 0 to 100"),
            (&[b"TOP", b"+1"], "TOP must be a whole number from 0 to 100"),
            (&[b"TOP", b""], "TOP must be a whole number from 0 to 100"),
            (&[b"TOP", b"99999999999999999999999"], "TOP must be a whole number from 0 to 100"),
            (&[b"KIND", b"x"], "KIND must be one of io, score"),
            (&[b"\xff\x00"], "unknown option of unusual characters, see HELP"),
        ] {
            assert_eq!(read(words).unwrap_err().to_string(), named);
        }
    }

    #[test]
    fn bytes_have_the_units_of_the_configuration_file() {
        for (word, expected) in [
            ("12", Some(12)),
            ("1b", Some(1)),
            ("1k", Some(1000)),
            ("2KB", Some(2048)),
            ("3m", Some(3_000_000)),
            ("1Mb", Some(1 << 20)),
            ("1g", Some(1_000_000_000)),
            ("1gb", Some(1 << 30)),
            ("1tb", None),
            ("", None),
            ("kb", None),
            ("-1", None),
            ("1 kb", None),
            ("17179869184gb", None),
        ] {
            assert_eq!(bytes(word.as_bytes()), expected, "{word}");
        }
    }
}
