//! The words of a corpus, and which of them a word of a query may mean.
//!
//! The words are stored in one text in order. A word or a prefix is found by binary search, a substring by a scan of
//! the text, and a mistyped word by comparison with the words that have about the same length and about the same
//! letters. No lookup takes longer than one pass over the words.

use memchr::memmem;

use super::distance::{MAX_LETTERS, Pattern, is_likely};
use super::spelling::spellings;
use super::text::inflections;

/// The separator after each word; no word contains it.
const END: u8 = b'\n';

/// Minimum length of a query word that is searched as a prefix.
const MIN_PREFIX: usize = 2;

/// Minimum length of a query word that is searched as a substring: shorter ones are in too many words by chance.
const MIN_SUBSTRING: usize = 4;

/// Words in order; the index of a word is its number.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    text: Vec<u8>,
    /// The start of each word, and the end of the text.
    starts: Vec<u32>,
    /// The words that are compared with mistyped words, shortest first.
    by_length: Vec<u32>,
    /// The letters of these words ([`letters`]), in the same order.
    letters: Vec<u64>,
    /// The start of the words of each length in `by_length`.
    lengths: Vec<u32>,
}

impl Vocabulary {
    /// From words in order, without duplicates.
    pub(super) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut made = Self { starts: vec![0], ..Self::default() };
        for word in words {
            made.text.extend_from_slice(word.as_bytes());
            made.text.push(END);
            made.starts.push(made.text.len() as u32);
        }
        let typed: Vec<u32> = (0..made.len() as u32)
            .filter(|&word| made.word(word).len() <= MAX_LETTERS && !made.word(word).iter().any(u8::is_ascii_digit))
            .collect();
        made.by_length = typed;
        let mut by_length = std::mem::take(&mut made.by_length);
        by_length.sort_by_key(|&word| made.word(word).len());
        made.lengths = (0..=MAX_LETTERS + 1)
            .map(|length| by_length.partition_point(|&word| made.word(word).len() < length) as u32)
            .collect();
        made.letters = by_length.iter().map(|&word| letters(made.word(word))).collect();
        made.by_length = by_length;
        made
    }

    /// The number of words.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let numbers = self.starts.capacity() + self.by_length.capacity() + 2 * self.letters.capacity();
        (self.text.capacity() + numbers * size_of::<u32>()) as u64
    }

    fn word(&self, word: u32) -> &[u8] {
        let word = word as usize;
        &self.text[self.starts[word] as usize..self.starts[word + 1] as usize - 1]
    }

    /// The first word that is not less than `text`.
    fn first_from(&self, text: &[u8]) -> u32 {
        let (mut low, mut high) = (0, self.len() as u32);
        while low < high {
            let middle = low.midpoint(high);
            if self.word(middle) < text { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn exact(&self, text: &[u8]) -> Option<u32> {
        let at = self.first_from(text);
        ((at as usize) < self.len() && self.word(at) == text).then_some(at)
    }

    /// Whether the vocabulary contains the word, in another number or spelling too.
    pub(super) fn knows(&self, text: &str) -> bool {
        let mut known = false;
        self.same(text, |_, _| known = true);
        known
    }

    /// Calls `each` with `text` (weight 1), its singular or plural and its other spellings (0.97) and their singular or
    /// plural (0.95), if they are in the vocabulary.
    pub(super) fn same(&self, text: &str, mut each: impl FnMut(u32, f32)) {
        if let Some(word) = self.exact(text.as_bytes()) {
            each(word, 1.0);
        }
        let mut other = |form: &str, weight| {
            if let Some(word) = self.exact(form.as_bytes()) {
                each(word, weight);
            }
        };
        inflections(text).iter().for_each(|form| other(form, 0.97));
        for spelling in spellings(text) {
            other(&spelling, 0.97);
            inflections(&spelling).iter().for_each(|form| other(form, 0.95));
        }
    }

    /// Calls `each` with the words that `text` may mean and that differ from it: words that begin with it (0.6 to 0.9,
    /// more if it is a larger share of the word), words that contain it (0.4 to 0.6), and words that it is likely a
    /// mistyped form of, with one error (0.55) or two (0.35). `each` may receive a word more than once.
    pub(super) fn similar(&self, text: &str, mut each: impl FnMut(u32, f32)) {
        let share = |word: u32| text.len() as f32 / self.word(word).len() as f32;
        if text.len() >= MIN_PREFIX {
            let first = self.first_from(text.as_bytes());
            let begins = |&word: &u32| self.word(word).starts_with(text.as_bytes());
            for word in (first..self.len() as u32).take_while(begins) {
                each(word, 0.6 + 0.3 * share(word));
            }
        }
        if text.len() >= MIN_SUBSTRING {
            let mut last = None;
            for at in memmem::find_iter(&self.text, text.as_bytes()) {
                let word = self.starts.partition_point(|&start| start as usize <= at) as u32 - 1;
                if last.replace(word) != Some(word) {
                    each(word, 0.4 + 0.2 * share(word));
                }
            }
        }
        if let Some(pattern) = Pattern::new(text) {
            self.mistyped(text, &pattern, |word, errors| each(word, if errors > 1 { 0.35 } else { 0.55 }));
        }
    }

    fn mistyped(&self, text: &str, pattern: &Pattern, mut each: impl FnMut(u32, u32)) {
        let mine = letters(text.as_bytes());
        let errors = pattern.errors() as usize;
        // One letter more, because a final `s` is not counted as an error.
        let (shortest, longest) = (text.len() - errors, (text.len() + errors + 1).min(MAX_LETTERS));
        let place = |length: usize| self.lengths.get(length).copied().unwrap_or_default() as usize;
        let range = place(shortest)..place(longest + 1);
        // An error removes at most one bit and adds at most one.
        let few = |bits: u64| {
            let rest = bits & bits.wrapping_sub(1);
            if errors > 1 { rest & rest.wrapping_sub(1) } else { rest }
        };
        let too_many = |letters: u64| few(mine & !letters) | few(letters & !mine & !PLURAL);
        let (words, letters) = (&self.by_length[range.clone()], &self.letters[range]);
        for (words, letters) in words.chunks(8).zip(letters.chunks(8)) {
            // Most chunks contain no candidate, so one branch covers eight words.
            if letters.iter().fold(false, |any, &letters| any | (too_many(letters) == 0)) {
                for (&word, &letters) in words.iter().zip(letters) {
                    if too_many(letters) == 0
                        && let Some(errors) = pattern.errors_in(self.word(word))
                        && is_likely(text.as_bytes(), self.word(word), errors)
                    {
                        each(word, errors);
                    }
                }
            }
        }
    }
}

/// The bits that a plural may have in addition to its singular.
const PLURAL: u64 = 1 << (b's' - b'a') | 1 << (32 + b's' - b'a');

/// The letters of a word as bits: one bit for each letter it contains, and 32 bits higher one for each letter that it
/// contains more than once. Bytes that are not lower-case ASCII letters share a few bits.
fn letters(word: &[u8]) -> u64 {
    word.iter().fold(0, |letters, &byte| {
        let letter = byte.wrapping_sub(b'a');
        let bit = 1u64 << if letter < 26 { u32::from(letter) } else { 26 + u32::from(byte % 6) };
        letters | bit | (letters & bit) << 32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similar(text: &str) -> Vec<String> {
        let vocabulary = Vocabulary::new(["bicycle", "cycle", "cycles", "cyclone", "motor", "motorcycles"].into_iter());
        let mut found = Vec::new();
        vocabulary.similar(text, |word, weight| {
            found.push(format!("{} {weight:.2}", String::from_utf8_lossy(vocabulary.word(word))));
        });
        found
    }

    #[test]
    fn prefixes_substrings_and_errors_have_different_weights() {
        assert_eq!(similar("cyclo"), ["cyclone 0.81", "cyclone 0.54"]);
        assert_eq!(similar("otor"), ["motor 0.56", "motorcycles 0.47"]);
        assert_eq!(similar("cycel"), ["cycle 0.55", "cycles 0.55"]);
        assert_eq!(similar("motorcylce"), ["motorcycles 0.55"]);
        assert!(similar("x").is_empty() && similar("\n").is_empty());
    }

    #[test]
    fn a_word_matches_its_plural() {
        let vocabulary = Vocabulary::new(["cycle", "cycles"].into_iter());
        let mut found = Vec::new();
        vocabulary.same("cycle", |word, weight| found.push((word, weight)));
        assert_eq!(found, [(0, 1.0), (1, 0.97)]);
        Vocabulary::new(std::iter::empty()).same("cycle", |_, _| panic!("there is no word"));
        Vocabulary::default().similar("cycle", |_, _| panic!("there is no word"));
    }
}
