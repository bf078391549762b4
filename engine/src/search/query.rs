//! Reads a query text: words, some of which stand for phrases, are written as one or as two, or are mistyped.

use std::borrow::Cow;

use super::synonyms::{MAX_KEY_WORDS, Phrase, Synonyms};
use super::text::{folded, is_filler, words};
use crate::{Error, Result};

/// Maximum length of the text, in bytes.
const MAX_QUERY: usize = 256;

/// Maximum number of words.
const MAX_WORDS: usize = 16;

/// Maximum number of words that synonyms add. Further phrases are ignored.
const MAX_ADDED: usize = 64;

/// Minimum length of a word that may be made of two, of each of the two, and of words that may be one.
const MIN_COMPOUND: usize = 6;
const MIN_PART: usize = 3;

/// A query: every slot should be found.
#[derive(Debug, PartialEq)]
pub(super) struct Query<'s> {
    pub(super) slots: Vec<Slot<'s>>,
}

/// Consecutive words, and the phrases that they may stand for.
#[derive(Debug, PartialEq)]
pub(super) struct Slot<'s> {
    pub(super) words: Vec<String>,
    pub(super) phrases: Vec<Cow<'s, [Box<str>]>>,
    /// The quality of the words as they are written.
    pub(super) written: f32,
    /// The quality of a phrase.
    pub(super) trust: f32,
}

/// The quality of a phrase that a word stands for. The word itself counts no more, since a description that has it is
/// often about other goods: "watch" is the first word of "watch movements".
pub(super) const SYNONYM: f32 = 0.9;

/// The quality of a phrase if the word is mistyped.
const MISTYPED: f32 = 0.5;

/// The phrases that the next words stand for.
struct Meaning<'s> {
    /// The number of words.
    count: usize,
    phrases: Vec<Cow<'s, [Box<str>]>>,
    written: f32,
    trust: f32,
}

impl<'s> Meaning<'s> {
    fn of(count: usize, phrases: &'s [Phrase]) -> Self {
        let phrases = phrases.iter().map(|phrase| Cow::Borrowed(&**phrase)).collect();
        Self { count, phrases, written: SYNONYM, trust: SYNONYM }
    }

    fn as_written(count: usize) -> Self {
        Self { count, phrases: Vec::new(), written: 1.0, trust: SYNONYM }
    }

    /// Of words that are one word, or of a word that is two.
    fn respaced(count: usize, words: Vec<Box<str>>) -> Self {
        Self { phrases: vec![Cow::Owned(words)], ..Self::as_written(count) }
    }
}

impl<'s> Query<'s> {
    /// Reads a text. Fillers (`of`, `and`) need not be found unless there are no other words; a repeated word counts
    /// once. A word for which `knows` is false may be two words in one, or a mistyped key of the synonyms.
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
        Ok(Self::of_words(&words, synonyms, &knows))
    }

    fn of_words(words: &[&str], synonyms: &'s Synonyms, knows: &impl Fn(&str) -> bool) -> Self {
        let only_fillers = words.iter().all(|word| is_filler(word));
        let (mut slots, mut added, mut at) = (Vec::<Slot<'s>>::new(), 0, 0);
        while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
            let meaning = meaning(rest, synonyms, knows, only_fillers);
            let count = meaning.as_ref().map_or(1, |meaning| meaning.count);
            at += count;
            let Some(Meaning { phrases, written, trust, .. }) = meaning else { continue };
            let words: Vec<String> = rest.iter().take(count).map(|&word| word.to_owned()).collect();
            if slots.iter().any(|slot| slot.words == words) {
                continue;
            }
            let fits = |phrase: &Cow<'s, [Box<str>]>| {
                added += phrase.len();
                added <= MAX_ADDED
            };
            slots.push(Slot { words, phrases: phrases.into_iter().filter(fits).collect(), written, trust });
        }
        Self { slots }
    }
}

/// What the first of the words stand for; `None` for a filler.
fn meaning<'s>(
    rest: &[&str],
    synonyms: &'s Synonyms,
    knows: &impl Fn(&str) -> bool,
    only_fillers: bool,
) -> Option<Meaning<'s>> {
    let [first, others @ ..] = rest else { return None };
    let known = |counts: std::ops::RangeInclusive<usize>| {
        counts.rev().find_map(|count| Some(Meaning::of(count, synonyms.of(rest.get(..count)?)?)))
    };
    if let Some(meaning) = known(2..=MAX_KEY_WORDS) {
        return Some(meaning);
    }
    if let Some(second) = others.first().filter(|second| first.len().min(second.len()) >= MIN_PART) {
        // "foot wear"
        let joined = format!("{first}{second}");
        if let Some(phrases) = synonyms.of(&[joined.as_str()]) {
            return Some(Meaning::of(2, phrases));
        }
        if knows(&joined) {
            return Some(Meaning::respaced(2, vec![joined.into()]));
        }
    }
    if let Some(meaning) = known(1..=1) {
        return Some(meaning);
    }
    if is_filler(first) && !only_fillers {
        return None;
    }
    if knows(first) {
        return Some(Meaning::as_written(1));
    }
    if let Some((before, after)) = parts(first, knows) {
        return Some(Meaning::respaced(1, vec![before.into(), after.into()]));
    }
    Some(match synonyms.of_mistyped(first) {
        Some(phrases) => Meaning { trust: MISTYPED, written: 1.0, ..Meaning::of(1, phrases) },
        None => Meaning::as_written(1),
    })
}

/// The two known words that a word is made of, such as "tooth" and "brush"; the most even ones.
fn parts<'w>(word: &'w str, knows: &impl Fn(&str) -> bool) -> Option<(&'w str, &'w str)> {
    if word.len() < MIN_COMPOUND {
        return None;
    }
    (MIN_PART..=word.len() - MIN_PART)
        .filter_map(|at| word.split_at_checked(at))
        .filter(|(before, after)| knows(before) && knows(after))
        .max_by_key(|(before, after)| before.len().min(after.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(text: &str) -> Vec<(String, usize)> {
        let knows = |word: &str| ["tooth", "brush", "footwear", "sun", "glass", "steel"].contains(&word);
        let synonyms = Synonyms::default();
        let query = Query::read(text.as_bytes(), &synonyms, knows).unwrap();
        query.slots.iter().map(|slot| (slot.words.join(" "), slot.phrases.len())).collect()
    }

    #[test]
    fn words_are_joined_and_split_where_the_vocabulary_has_them() {
        let slot = |text: &str, phrases| vec![(text.to_owned(), phrases)];
        assert_eq!(slots("foot wear"), slot("foot wear", 1));
        assert_eq!(slots("brushsteel"), slot("brushsteel", 1));
        assert_eq!(slots("the steel"), slot("steel", 0));
        assert_eq!(slots("xxsteel"), slot("xxsteel", 0));
        let long = "a".repeat(250);
        assert_eq!(slots(&long), slot(&long, 0));
    }

    #[test]
    fn the_longest_key_is_meant() {
        assert_eq!(slots("kitchen knife")[0].0, "kitchen knife");
        assert_eq!(slots("steel water bottle").len(), 2);
    }
}
