//! Options after the required arguments: in any order, none twice, and every error names its option.

use std::ops::RangeInclusive;

use crate::error::{Code, Failure, Outcome};
use crate::settings;

/// An iterator over the options of a command.
pub(crate) struct Options<'w, 'a> {
    words: &'w [&'a [u8]],
    at: usize,
    /// The known options that have been read, one bit each.
    seen: u32,
}

impl<'w, 'a> Options<'w, 'a> {
    pub(crate) fn new(words: &'w [&'a [u8]]) -> Self {
        Self { words, at: 0, seen: 0 }
    }

    /// The next option, one of `known` (upper case, at most 32, the same at every call); `None` at the end.
    pub(crate) fn next(&mut self, known: &[&'static str]) -> Outcome<Option<&'static str>> {
        let Some(word) = self.words.get(self.at) else { return Ok(None) };
        let number = known
            .iter()
            .position(|name| name.as_bytes().eq_ignore_ascii_case(word))
            .ok_or_else(|| Failure::err(format!("unknown option {}, see the command's HELP", shown(word))))?;
        if self.seen & 1 << number != 0 {
            return Err(Failure::err(format!("option {} is given twice", known[number])));
        }
        self.seen |= 1 << number;
        self.at += 1;
        Ok(Some(known[number]))
    }

    /// The value of an option.
    pub(crate) fn value(&mut self, option: &'static str) -> Outcome<&'a [u8]> {
        let value = self.words.get(self.at).ok_or_else(|| Failure::err(format!("option {option} needs a value")))?;
        self.at += 1;
        Ok(value)
    }

    /// The value of an option that is a whole number.
    pub(crate) fn number(&mut self, option: &'static str, range: RangeInclusive<u64>) -> Outcome<u64> {
        let value = self.value(option)?;
        number(value).filter(|number| range.contains(number)).ok_or_else(|| {
            Failure::err(format!("{option} must be a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// The value of an option that is one of a few words.
    pub(crate) fn choice<T: Copy>(&mut self, option: &'static str, choices: &[(&'static str, T)]) -> Outcome<T> {
        let value = self.value(option)?;
        choice(value, choices).ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
            Failure::err(format!("{option} must be one of {}", names.join(", ")))
        })
    }
}

/// One of a few words, whatever its case.
pub(crate) fn choice<T: Copy>(word: &[u8], choices: &[(&'static str, T)]) -> Option<T> {
    choices.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word)).map(|&(_, value)| value)
}

/// A whole number, digits only.
pub(crate) fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// The number of subjects, rows or coefficients that a command asks for.
pub(crate) fn batch_size(word: &[u8]) -> Outcome<u64> {
    let count = number(word).filter(|&n| n > 0);
    let count = count.ok_or_else(|| Failure::err("n must be a whole number, at least 1"))?;
    if count > settings::max_batch() {
        let text = format!("a batch is at most {} (assess.max-batch)", settings::max_batch());
        return Err(Failure::new(Code::TooBig, text));
    }
    Ok(count)
}

/// A word for an error text. If it does not look like an option, it is not shown, because it may hold data of a user.
fn shown(word: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    if !word.is_empty() && word.len() <= 24 && word.iter().all(plain) {
        String::from_utf8_lossy(word).to_ascii_uppercase()
    } else {
        "of unusual characters".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&[u8]]) -> Outcome<Vec<(&'static str, Option<u64>)>> {
        let mut options = Options::new(words);
        let mut read = Vec::new();
        while let Some(option) = options.next(&["TOP", "NOCACHE"])? {
            let value = if option == "TOP" { Some(options.number("TOP", 0..=100)?) } else { None };
            read.push((option, value));
        }
        Ok(read)
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        assert_eq!(read(&[b"nocache", b"Top", b"7"]), Ok(vec![("NOCACHE", None), ("TOP", Some(7))]));
        assert_eq!(read(&[]), Ok(vec![]));
    }

    #[test]
    fn every_failure_names_its_option() {
        for (words, named) in [
            (&[&b"TOPP"[..]][..], "TOPP"),
            (&[b"TOP", b"1", b"top", b"2"], "TOP is given twice"),
            (&[b"TOP"], "TOP needs a value"),
            (&[b"TOP", b"101"], "TOP must be a whole number from 0 to 100"),
            (&[b"TOP", b"-1"], "TOP must be"),
            (&[b"TOP", b"+1"], "TOP must be"),
            (&[b"TOP", b""], "TOP must be"),
            (&[b"TOP", b"99999999999999999999999"], "TOP must be"),
            (&[b"\xff\x00"], "unusual characters"),
        ] {
            let failure = read(words).unwrap_err().to_string();
            assert!(failure.contains(named) && failure.is_ascii(), "{failure}");
        }
    }
}
