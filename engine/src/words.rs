//! Options as words: any order and case, none twice, every failure by name and without a user's bytes.

use std::ops::RangeInclusive;

use crate::{Error, Result};

/// Walks over the words of options.
pub(crate) struct Options<'w, 'a> {
    words: &'w [&'a [u8]],
    at: usize,
    /// Which of the known options have been seen, one bit each.
    seen: u32,
}

impl<'w, 'a> Options<'w, 'a> {
    pub(crate) fn new(words: &'w [&'a [u8]]) -> Self {
        Self { words, at: 0, seen: 0 }
    }

    /// The next option, one of `known` (upper case, at most 32, the same at every call); `None` at the end. Only the
    /// first of `known` may repeat.
    pub(crate) fn next(&mut self, known: &[&'static str]) -> Result<Option<&'static str>> {
        let Some(word) = self.words.get(self.at) else { return Ok(None) };
        let number = known
            .iter()
            .position(|name| name.as_bytes().eq_ignore_ascii_case(word))
            .ok_or_else(|| invalid(format!("unknown option {}", shown(word))))?;
        if number > 0 && self.seen & 1 << number != 0 {
            return Err(invalid(format!("option {} is given twice", known[number])));
        }
        self.seen |= 1 << number;
        self.at += 1;
        Ok(Some(known[number]))
    }

    /// Takes a word if it is the next one.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        let is_next = self.is_next(word);
        self.at += usize::from(is_next);
        is_next
    }

    /// Whether a word is the next one, whatever its case.
    pub(crate) fn is_next(&self, word: &str) -> bool {
        self.words.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case(word.as_bytes()))
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.words.len()
    }

    /// Lets every option be given once more: another thing begins, with options of its own.
    pub(crate) fn begin_anew(&mut self) {
        self.seen = 0;
    }

    /// The value of an option.
    pub(crate) fn value(&mut self, option: &'static str) -> Result<&'a [u8]> {
        let value = self.words.get(self.at).ok_or_else(|| invalid(format!("option {option} needs a value")))?;
        self.at += 1;
        Ok(value)
    }

    /// The value of an option that is a whole number.
    pub(crate) fn number(&mut self, option: &'static str, range: RangeInclusive<u64>) -> Result<u64> {
        let value = self.value(option)?;
        number(value).filter(|number| range.contains(number)).ok_or_else(|| {
            invalid(format!("{option} must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// The value of an option that is a percentage.
    pub(crate) fn percent(&mut self, option: &'static str, least: u8) -> Result<u8> {
        // At most 100, so it fits.
        Ok(self.number(option, u64::from(least)..=100)? as u8)
    }

    /// The value of an option that is `yes` or `no`.
    pub(crate) fn yes_or_no(&mut self, option: &'static str) -> Result<bool> {
        match self.value(option)? {
            word if word.eq_ignore_ascii_case(b"yes") => Ok(true),
            word if word.eq_ignore_ascii_case(b"no") => Ok(false),
            _ => Err(invalid(format!("{option} must be yes or no"))),
        }
    }

    /// The value of an option that is a number of bytes, with the units of redis.conf.
    pub(crate) fn bytes(&mut self, option: &'static str, range: RangeInclusive<u64>) -> Result<u64> {
        let value = self.value(option)?;
        bytes(value).filter(|bytes| range.contains(bytes)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            invalid(format!("{option} must be a number of bytes from {least} to {most}, units are kb, mb and gb"))
        })
    }
}

/// A whole number, digits only.
fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// A number of bytes as redis.conf has it: `k` is a thousand, `kb` is 1024.
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

/// A word for an error text: as it is when it looks like an option; else none of its bytes, which are a user's.
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
