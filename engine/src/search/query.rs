//! Reads a query text: words, some of which stand for phrases.

use super::synonyms::{MAX_KEY_WORDS, Phrase, Synonyms};
use super::text::{folded, is_filler, words};
use crate::{Error, Result};

/// Maximum length of the text, in bytes.
const MAX_QUERY: usize = 256;

/// Maximum number of words.
const MAX_WORDS: usize = 16;

/// Maximum number of words that synonyms add. Further phrases are ignored.
const MAX_ADDED: usize = 64;

/// A query: every slot must be found.
#[derive(Debug, PartialEq)]
pub(super) struct Query<'s> {
    pub(super) slots: Vec<Slot<'s>>,
}

/// Consecutive words, and the phrases that they may stand for.
#[derive(Debug, PartialEq)]
pub(super) struct Slot<'s> {
    pub(super) words: Vec<String>,
    pub(super) phrases: Vec<&'s Phrase>,
    /// The quality of a phrase.
    pub(super) trust: f32,
}

/// The quality of a phrase that a word stands for.
const SYNONYM: f32 = 0.9;

/// The quality of a phrase if the word is mistyped.
const MISTYPED: f32 = 0.5;

impl<'s> Query<'s> {
    /// Reads a text. Fillers (`of`, `and`) need not be found unless there are no other words; a repeated word counts
    /// once. A word for which `knows` is false may be a mistyped key of the synonyms.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::TooBig`].
    pub(super) fn read(text: &[u8], synonyms: &'s Synonyms, knows: impl Fn(&str) -> bool) -> Result<Self> {
        if text.len() > MAX_QUERY {
            return Err(Error::TooBig { what: "the length of the text in bytes", limit: MAX_QUERY as u64 });
        }
        let text = std::str::from_utf8(text).map_err(|_| Error::Invalid("the text must be UTF-8".into()))?;
        let folded = folded(text);
        let words: Vec<&str> = words(&folded).map(|(_, word)| word).collect();
        if words.is_empty() {
            return Err(Error::Invalid("the text must have a letter or a digit".into()));
        }
        if words.len() > MAX_WORDS {
            return Err(Error::TooBig { what: "the number of words in the text", limit: MAX_WORDS as u64 });
        }
        Ok(Self::of_words(&words, synonyms, knows))
    }

    fn of_words(words: &[&str], synonyms: &'s Synonyms, knows: impl Fn(&str) -> bool) -> Self {
        let only_fillers = words.iter().all(|word| is_filler(word));
        let (mut slots, mut added, mut at) = (Vec::<Slot<'s>>::new(), 0, 0);
        while at < words.len() {
            let rest = &words[at..];
            let known =
                (1..=MAX_KEY_WORDS.min(rest.len())).rev().find_map(|count| Some((count, synonyms.of(&rest[..count])?)));
            let is_filler = is_filler(rest[0]) && !only_fillers;
            let (count, phrases, trust) = match known {
                Some((count, phrases)) => (count, phrases, SYNONYM),
                None if is_filler || knows(rest[0]) => (1, &[][..], SYNONYM),
                None => (1, synonyms.of_mistyped(rest[0]).unwrap_or_default(), MISTYPED),
            };
            at += count;
            if known.is_none() && is_filler {
                continue;
            }
            let words: Vec<String> = rest[..count].iter().map(|&word| word.to_owned()).collect();
            if slots.iter().any(|slot| slot.words == words) {
                continue;
            }
            let fits = |phrase: &&Phrase| {
                added += phrase.len();
                added <= MAX_ADDED
            };
            slots.push(Slot { words, phrases: phrases.iter().filter(fits).collect(), trust });
        }
        Self { slots }
    }
}
