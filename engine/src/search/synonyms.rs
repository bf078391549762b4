//! Words of everyday language and the phrases of a nomenclature that they stand for: no description contains
//! "computer"; the goods are "automatic data processing machines".
//!
//! A phrase may also be a code, written `#8471`: the goods of this code are meant, whatever their description says.
//!
//! There is a built-in table. A user's table adds keys to it and replaces equal keys.

mod goods;
mod json;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::distance::{Pattern, is_likely};
use super::index::KEY_MARK;
use super::spelling::spellings;
use super::text::{folded, inflections, words};
use crate::Result;

/// Maximum number of words of a key.
pub(super) const MAX_KEY_WORDS: usize = 4;

/// Maximum number of keys of a user's table.
const MAX_KEYS: usize = 10_000;

/// Maximum number of phrases of a key.
const MAX_PHRASES: usize = 16;

/// Maximum number of words of a phrase.
const MAX_PHRASE_WORDS: usize = 16;

/// Maximum length of a key and of a phrase, in bytes.
const MAX_TEXT: usize = 256;

/// Words that must all be found.
pub(super) type Phrase = Box<[Box<str>]>;

/// The reason why an entry is refused.
type Refused = &'static str;

/// The built-in table. The words of a key are separated by one space.
static BUILT_IN: LazyLock<HashMap<Box<str>, Box<[Phrase]>>> = LazyLock::new(|| {
    let mut table: HashMap<Box<str>, Vec<Phrase>> = HashMap::new();
    for (key, phrases) in table::TABLE {
        table.entry(key_of(key)).or_default().extend(phrases.iter().map(|text| phrase_of(text)));
    }
    for (names, codes) in goods::goods() {
        for name in names.split(", ") {
            table.entry(key_of(name)).or_default().extend(codes.split(' ').map(code_phrase));
        }
    }
    // A key in another number or spelling would hide the codes of this one.
    for (names, codes) in goods::goods() {
        for name in names.split(", ").map(words_of) {
            let Some((last, before)) = name.split_last() else { continue };
            let with = |form: String| [before, &[form.into()]].concat().join(" ");
            for form in inflections(last).into_iter().chain(spellings(last)).map(with) {
                if let Some(phrases) = table.get_mut(form.as_str()) {
                    phrases.extend(codes.split(' ').map(code_phrase));
                    phrases.sort_unstable();
                    phrases.dedup();
                }
            }
        }
    }
    table.into_iter().map(|(key, phrases)| (key, phrases.into())).collect()
});

/// The keys with one word.
static BUILT_IN_WORDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| BUILT_IN.keys().map(AsRef::as_ref).filter(|key| !key.contains(' ')).collect());

/// A user's table, in addition to the built-in one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Synonyms {
    /// Phrases by key. The words of a key are separated by one space. An empty list removes a key of the built-in
    /// table.
    own: BTreeMap<Box<str>, Box<[Phrase]>>,
}

impl Synonyms {
    /// Reads `{"word":["phrase", ..], ..}`. An empty list removes a key of the built-in table.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`], with line and column if the JSON parser reports them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        json::read(bytes)
    }

    /// The phrases that these words of a query stand for; `None` if there are none. The last word may be the plural or
    /// the singular of the last word of the key, and one word may be spelled as in another country.
    pub(crate) fn of(&self, words: &[&str]) -> Option<&[Phrase]> {
        let in_number = |words: &[&str]| {
            self.get(&words.join(" ")).or_else(|| {
                let (last, before) = words.split_last()?;
                let with = |form: String| [before, &[form.as_str()]].concat().join(" ");
                inflections(last).into_iter().find_map(|form| self.get(&with(form)))
            })
        };
        let respelled = |(at, word): (usize, &&str)| {
            spellings(word).iter().find_map(|spelling| {
                let mut other = words.to_vec();
                *other.get_mut(at)? = spelling.as_str();
                in_number(&other)
            })
        };
        let found = in_number(words).or_else(|| words.iter().enumerate().find_map(respelled));
        found.filter(|phrases| !phrases.is_empty())
    }

    /// The phrases of the key that this word is most likely a mistyped form of.
    pub(super) fn of_mistyped(&self, word: &str) -> Option<&[Phrase]> {
        let pattern = Pattern::new(word)?;
        let own = self.own.iter().map(|(key, phrases)| (&**key, &**phrases));
        let built_in = BUILT_IN_WORDS.iter().map(|key| (&**key, self.get(key).unwrap_or_default()));
        own.chain(built_in)
            .filter(|(key, phrases)| !phrases.is_empty() && key.len().abs_diff(word.len()) <= 3 && !key.contains(' '))
            .filter_map(|(key, phrases)| {
                let errors = pattern.errors_in(key.as_bytes())?;
                is_likely(word.as_bytes(), key.as_bytes(), errors).then_some((errors, key, phrases))
            })
            .min_by_key(|&(errors, key, _)| (errors, key))
            .map(|(_, _, phrases)| phrases)
    }

    fn get(&self, key: &str) -> Option<&[Phrase]> {
        self.own.get(key).or_else(|| BUILT_IN.get(key)).map(AsRef::as_ref)
    }

    /// The number of keys of the user's table.
    pub(crate) fn len(&self) -> usize {
        self.own.len()
    }

    /// Bytes of memory in use.
    pub(crate) fn bytes(&self) -> u64 {
        let phrase = |phrase: &Phrase| phrase.iter().map(|word| word.len() + size_of::<Box<str>>()).sum::<usize>();
        let entry = |(key, phrases): (&str, &[Phrase])| {
            key.len()
                + 4 * size_of::<Box<str>>()
                + phrases.iter().map(|text| phrase(text) + size_of::<Phrase>()).sum::<usize>()
        };
        self.own.iter().map(|(key, phrases)| entry((&**key, &**phrases))).sum::<usize>() as u64
    }

    /// The byte form of the user's table: records of complete entries, at most 60 KiB each, in the order of keys.
    pub(crate) fn records(&self) -> Vec<Vec<u8>> {
        json::write(&self.own)
    }

    /// Reads a record of [`Synonyms::records`].
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`].
    pub(crate) fn push_record(&mut self, record: &[u8]) -> Result<()> {
        json::push(self, record)
    }

    /// Adds an entry of a user's table.
    fn insert<'p>(&mut self, key: &str, phrases: impl Iterator<Item = &'p str>) -> Result<(), Refused> {
        // The limits are checked in the stored form, so that an accepted entry is accepted again from the byte form.
        let key = words_of(key);
        if !(1..=MAX_KEY_WORDS).contains(&key.len()) || text_bytes(&key) > MAX_TEXT {
            return Err("a key is 1 to 4 words of at most 256 bytes");
        }
        let mut taken = Vec::new();
        for phrase in phrases {
            let phrase = phrase_of(phrase);
            if !(1..=MAX_PHRASE_WORDS).contains(&phrase.len()) || text_bytes(&phrase) > MAX_TEXT {
                return Err("a phrase is 1 to 16 words of at most 256 bytes");
            }
            if taken.len() == MAX_PHRASES {
                return Err("a key has more than 16 phrases");
            }
            taken.push(phrase);
        }
        if self.own.len() == MAX_KEYS {
            return Err("the table has more than 10000 keys");
        }
        match self.own.insert(key.join(" ").into(), taken.into()) {
            Some(_) => Err("a key occurs twice"),
            None => Ok(()),
        }
    }
}

fn text_bytes(phrase: &Phrase) -> usize {
    phrase.iter().map(|word| word.len() + 1).sum()
}

/// The phrase that means a code.
fn code_phrase(digits: &str) -> Phrase {
    [format!("{KEY_MARK}{digits}").into()].into()
}

/// The stored form of a key: its words, separated by one space.
fn key_of(text: &str) -> Box<str> {
    words_of(text).join(" ").into()
}

fn words_of(text: &str) -> Phrase {
    words(&folded(text)).map(|(_, word)| word.into()).collect()
}

fn phrase_of(text: &str) -> Phrase {
    if let Some(code) = text.trim().strip_prefix(KEY_MARK) {
        let digits: String = code.chars().filter(|letter| letter.is_ascii_digit()).collect();
        let is_code = code.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | ' '));
        if is_code && (1..=12).contains(&digits.len()) {
            return code_phrase(&digits);
        }
    }
    words_of(text)
}

/// The keys of the built-in table.
#[cfg(test)]
pub(crate) fn built_in_keys() -> impl Iterator<Item = &'static str> {
    table::TABLE.iter().map(|(key, _)| *key).chain(goods::goods().flat_map(|(names, _)| names.split(", ")))
}

#[cfg(test)]
mod tests;
