//! Words of everyday language and the phrases that a nomenclature has for them: no description says "computer", the
//! goods are "automatic data processing machines".
//!
//! There is a built-in table; a user's adds to it and replaces what has the same words.

mod json;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use super::distance::Pattern;
use super::text::{folded, inflections, words};
use crate::Result;

/// The most words that a key can have.
pub(super) const MAX_KEY_WORDS: usize = 4;

/// The most keys of a user's table.
const MAX_KEYS: usize = 10_000;

/// The most phrases of a key.
const MAX_PHRASES: usize = 16;

/// The most words of a phrase.
const MAX_PHRASE_WORDS: usize = 16;

/// The longest key and the longest phrase, in bytes.
const MAX_TEXT: usize = 256;

/// Words all of which must be found.
pub(super) type Phrase = Box<[Box<str>]>;

/// Why an entry cannot be taken.
type Refused = &'static str;

/// The built-in table, by keys whose words are separated by one space.
static BUILT_IN: LazyLock<HashMap<Box<str>, Box<[Phrase]>>> = LazyLock::new(|| {
    let entry = |&(key, phrases): &(&str, &[&str])| {
        (phrase_of(key).join(" ").into(), phrases.iter().map(|text| phrase_of(text)).collect())
    };
    table::TABLE.iter().map(entry).collect()
});

/// Its keys of one word.
static BUILT_IN_WORDS: LazyLock<Vec<&str>> =
    LazyLock::new(|| BUILT_IN.keys().map(AsRef::as_ref).filter(|key| !key.contains(' ')).collect());

/// A user's table on top of the built-in one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Synonyms {
    /// Phrases by keys whose words are separated by one space; none takes a key out.
    own: BTreeMap<Box<str>, Box<[Phrase]>>,
}

impl Synonyms {
    /// Reads `{"word":["phrase", ..], ..}`; an empty list takes a key out of the built-in table.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`], with line and character where JSON has them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        json::read(bytes)
    }

    /// The phrases that may stand for these words, as a query has them; `None` when there are none. A word may be the
    /// plural of the key's or the other way round.
    pub(crate) fn of(&self, words: &[&str]) -> Option<&[Phrase]> {
        let key = words.join(" ");
        let found = self.get(&key).or_else(|| {
            let (last, before) = words.split_last()?;
            let with = |form: String| [before, &[form.as_str()]].concat().join(" ");
            inflections(last).into_iter().find_map(|form| self.get(&with(form)))
        });
        found.filter(|phrases| !phrases.is_empty())
    }

    /// The phrases of the word that this one is most likely mistyped for.
    pub(super) fn of_mistyped(&self, word: &str) -> Option<&[Phrase]> {
        let pattern = Pattern::new(word)?;
        let own = self.own.iter().map(|(key, phrases)| (&**key, &**phrases));
        let built_in = BUILT_IN_WORDS.iter().map(|key| (&**key, self.get(key).unwrap_or_default()));
        own.chain(built_in)
            .filter(|(key, phrases)| !phrases.is_empty() && key.len().abs_diff(word.len()) <= 3 && !key.contains(' '))
            .filter_map(|(key, phrases)| Some((pattern.errors_in(key.as_bytes())?, key, phrases)))
            .min_by_key(|&(errors, key, _)| (errors, key))
            .map(|(_, _, phrases)| phrases)
    }

    fn get(&self, key: &str) -> Option<&[Phrase]> {
        self.own.get(key).or_else(|| BUILT_IN.get(key)).map(AsRef::as_ref)
    }

    /// How many keys the user's table has.
    pub(crate) fn len(&self) -> usize {
        self.own.len()
    }

    /// Bytes of memory held.
    pub(crate) fn bytes(&self) -> u64 {
        let phrase = |phrase: &Phrase| phrase.iter().map(|word| word.len() + size_of::<Box<str>>()).sum::<usize>();
        let entry = |(key, phrases): (&str, &[Phrase])| {
            key.len()
                + 4 * size_of::<Box<str>>()
                + phrases.iter().map(|text| phrase(text) + size_of::<Phrase>()).sum::<usize>()
        };
        self.own.iter().map(|(key, phrases)| entry((&**key, &**phrases))).sum::<usize>() as u64
    }

    /// The byte form of the user's table: records of whole entries, at most 60 KiB each, in the order of keys.
    pub(crate) fn records(&self) -> Vec<Vec<u8>> {
        json::write(&self.own)
    }

    /// Takes what [`Synonyms::records`] wrote, record by record.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`].
    pub(crate) fn push_record(&mut self, record: &[u8]) -> Result<()> {
        json::push(self, record)
    }

    /// Takes an entry of a user's table.
    fn insert<'p>(&mut self, key: &str, phrases: impl Iterator<Item = &'p str>) -> Result<(), Refused> {
        // As it is kept: what was taken once is taken again from the byte form.
        let key = phrase_of(key);
        if !(1..=MAX_KEY_WORDS).contains(&key.len()) || text_bytes(&key) > MAX_TEXT {
            return Err("what is replaced is 1 to 4 words of at most 256 bytes");
        }
        let mut taken = Vec::new();
        for phrase in phrases {
            let phrase = phrase_of(phrase);
            if !(1..=MAX_PHRASE_WORDS).contains(&phrase.len()) || text_bytes(&phrase) > MAX_TEXT {
                return Err("a phrase is 1 to 16 words of at most 256 bytes");
            }
            if taken.len() == MAX_PHRASES {
                return Err("more than 16 phrases stand for one word");
            }
            taken.push(phrase);
        }
        if self.own.len() == MAX_KEYS {
            return Err("the table has more than 10000 words");
        }
        match self.own.insert(key.join(" ").into(), taken.into()) {
            Some(_) => Err("a word to be replaced occurs twice"),
            None => Ok(()),
        }
    }
}

fn text_bytes(phrase: &Phrase) -> usize {
    phrase.iter().map(|word| word.len() + 1).sum()
}

fn phrase_of(text: &str) -> Phrase {
    words(&folded(text)).map(|(_, word)| word.into()).collect()
}

/// The keys of the built-in table.
#[cfg(test)]
pub(crate) fn built_in_keys() -> impl Iterator<Item = &'static str> {
    table::TABLE.iter().map(|(key, _)| *key)
}

#[cfg(test)]
mod tests;
