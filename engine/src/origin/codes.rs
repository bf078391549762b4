//! Lists of codes in the notation of rules: `84`, `8471`, `7208-7229`, `same:4`.

use super::hs::{Hs, digits_of};
use super::json::{Json, Read, Type};

/// Maximum number of entries of a list.
const MAX_ENTRIES: usize = 1_000;

/// The range of six-digit codes that a shorter code stands for: `8471` is 847100 to 847199.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub(super) from: u32,
    pub(super) to: u32,
}

impl Span {
    pub(super) fn of(code: Hs) -> Self {
        let missing = 6 - code.as_str().len() as u32;
        let unit = 10u32.pow(missing);
        let from = code.as_str().bytes().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')) * unit;
        Self { from, to: from + unit - 1 }
    }

    /// All codes with the same first `level` digits.
    pub(super) const fn same(self, level: u8) -> Self {
        let unit = 10u32.pow(6 - level as u32);
        let from = self.from / unit * unit;
        Self { from, to: from + unit - 1 }
    }

    /// Whether the range contains all codes of `other`; `None` if it contains some of them.
    pub(super) const fn holds(self, other: Self) -> Option<bool> {
        if self.from <= other.from && other.to <= self.to {
            Some(true)
        } else if other.to < self.from || self.to < other.from {
            Some(false)
        } else {
            None
        }
    }

    /// Whether the two ranges have codes in common.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    /// 2 if all codes are in one chapter, 4 if in one heading, 6 if in one subheading, else 0.
    pub(super) const fn level(self) -> u8 {
        if self.from == self.to {
            6
        } else if self.from / 100 == self.to / 100 {
            4
        } else if self.from / 10_000 == self.to / 10_000 {
            2
        } else {
            0
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// Codes that begin with this code.
    Prefix(Hs),
    /// From the first code of the one to the last code of the other.
    Range(Hs, Hs),
    /// The product's own chapter (2), heading (4) or subheading (6).
    Same(u8),
}

/// A list of codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Codes(Box<[Entry]>);

impl Codes {
    /// Reads a list of texts, which must not be empty, or one text with codes separated by commas or spaces.
    pub(super) fn read(json: &mut Json<'_>) -> Read<Self> {
        let mut entries = Vec::new();
        let mut take = |json: &Json<'_>, text: &str| {
            let Some(entry) = Entry::parse(text) else {
                return json
                    .refuse("a code is 2, 4 or 6 digits, a range of them (7208-7229) or same:2, same:4, same:6");
            };
            if entries.len() == MAX_ENTRIES {
                return json.refuse("a list of codes has at most 1000 entries");
            }
            entries.push(entry);
            Ok(())
        };
        if json.peek()? == Type::Text {
            let text = json.text()?;
            for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
                take(json, word)?;
            }
        } else {
            json.list(|json| {
                let text = json.text()?;
                take(json, &text)
            })?;
        }
        if entries.is_empty() {
            return json.refuse("a list of codes must not be empty");
        }
        Ok(Self(entries.into()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the list contains a material's code; `None` if the code is too short to decide.
    pub(super) fn hold(&self, material: Span, product: Span) -> Option<bool> {
        let mut answer = Some(false);
        for entry in &self.0 {
            match entry.span(product).holds(material) {
                Some(true) => return Some(true),
                None => answer = None,
                Some(false) => {}
            }
        }
        answer
    }

    /// The entries in their notation, separated.
    pub(super) fn shown(&self, separator: &str) -> String {
        let texts: Vec<_> = self.0.iter().map(Entry::shown).collect();
        texts.join(separator)
    }

    /// Appends the list as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"[\"");
        out.extend_from_slice(self.shown("\",\"").as_bytes());
        out.extend_from_slice(b"\"]");
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len() * size_of::<Entry>()
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let code = |text: &str| {
            let digits = digits_of(text.as_bytes()).ok().filter(|digits| digits.len() <= 6)?;
            Hs::parse(digits.as_bytes())
        };
        if let Some(level) = text.strip_prefix("same:") {
            return match level {
                "2" => Some(Self::Same(2)),
                "4" => Some(Self::Same(4)),
                "6" => Some(Self::Same(6)),
                _ => None,
            };
        }
        match text.split_once('-') {
            None => code(text).map(Self::Prefix),
            Some((from, to)) => {
                let (from, to) = (code(from)?, code(to)?);
                (Span::of(from).from <= Span::of(to).to).then_some(Self::Range(from, to))
            }
        }
    }

    fn span(&self, product: Span) -> Span {
        match *self {
            Self::Prefix(code) => Span::of(code),
            Self::Range(from, to) => Span { from: Span::of(from).from, to: Span::of(to).to },
            Self::Same(level) => product.same(level),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Prefix(code) => code.as_str().to_owned(),
            Self::Range(from, to) => format!("{}-{}", from.as_str(), to.as_str()),
            Self::Same(level) => format!("same:{level}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Span {
        Span::of(Hs::parse(text.as_bytes()).unwrap())
    }

    fn codes(text: &str) -> Option<Codes> {
        Codes::read(&mut Json::new(text.as_bytes()).unwrap()).ok()
    }

    #[test]
    fn a_list_contains_prefixes_ranges_and_the_products_own_codes() {
        let list = codes(r#"["84","7208-7229","540342-540500","same:4"]"#).unwrap();
        let product = span("870321");
        for inside in ["847130", "84", "720800", "722999", "540342", "540500", "870390", "8703"] {
            assert_eq!(list.hold(span(inside), product), Some(true), "{inside}");
        }
        for outside in ["850110", "723000", "540341", "540501", "870210", "71"] {
            assert_eq!(list.hold(span(outside), product), Some(false), "{outside}");
        }
        for unclear in ["72", "5403", "87"] {
            assert_eq!(list.hold(span(unclear), product), None, "{unclear}");
        }
    }

    #[test]
    fn a_malformed_list_of_codes_is_refused() {
        for text in
            ["[]", r#"["8"]"#, r#"["84-83"]"#, r#"["same:3"]"#, r#"["84-"]"#, "[84]", r#""""#, r#"",""#, r#""84;85""#]
        {
            assert!(codes(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_list_may_be_one_text() {
        assert_eq!(codes(r#""84""#), codes(r#"["84"]"#));
        assert_eq!(codes(r#"["84 71","HS 7208.10-72 29","same:4"]"#), codes(r#"["8471","720810-7229","same:4"]"#));
        assert_eq!(codes(r#""84, 7208-7229 same:4""#), codes(r#"["84","7208-7229","same:4"]"#));
    }

    #[test]
    fn a_list_that_was_read_is_written_unchanged() {
        let text = r#"["84","7208-7229","540342-540500","same:4"]"#;
        let mut out = Vec::new();
        codes(text).unwrap().write(&mut out);
        assert_eq!(out, text.as_bytes());
    }
}
