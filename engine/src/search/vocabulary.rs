//! The words of a corpus, and which of them a word of a query may mean.
//!
//! Words stand in one text in their order: a word and a prefix are found by halving, a substring by a scan of the text,
//! a mistyped word by comparing it with the words of about its length that have about its letters. Nothing takes longer
//! than one pass over the words.

use memchr::memmem;

use super::distance::{MAX_LETTERS, Pattern};
use super::text::inflections;

/// Stands after each word, and in none.
const END: u8 = b'\n';

/// The shortest word of a query that is looked for at the beginning of words.
const MIN_PREFIX: usize = 2;

/// The shortest word of a query that is looked for inside words.
const MIN_SUBSTRING: usize = 3;

/// Words in their order, by number.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    text: Vec<u8>,
    /// Where each word begins, and the end of the text.
    starts: Vec<u32>,
    /// The words that can be mistyped, shortest first.
    by_length: Vec<u32>,
    /// Which letters they have ([`letters`]), in the same order.
    letters: Vec<u64>,
    /// Where the words of each length begin among them.
    lengths: Vec<u32>,
}

impl Vocabulary {
    /// From words in their order, none twice.
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

    /// How many words there are.
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Bytes of memory held.
    pub(super) fn bytes(&self) -> u64 {
        let numbers = self.starts.capacity() + self.by_length.capacity() + 2 * self.letters.capacity();
        (self.text.capacity() + numbers * size_of::<u32>()) as u64
    }

    fn word(&self, word: u32) -> &[u8] {
        let word = word as usize;
        &self.text[self.starts[word] as usize..self.starts[word + 1] as usize - 1]
    }

    /// The first word that is not before `text`.
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

    /// Whether there is such a word, its plural or its singular.
    pub(super) fn knows(&self, text: &str) -> bool {
        let mut known = false;
        self.same(text, |_, _| known = true);
        known
    }

    /// Calls `each` with the words that are `text` (weight 1) or its singular or plural (0.97).
    pub(super) fn same(&self, text: &str, mut each: impl FnMut(u32, f32)) {
        if let Some(word) = self.exact(text.as_bytes()) {
            each(word, 1.0);
        }
        for form in inflections(text) {
            if let Some(word) = self.exact(form.as_bytes()) {
                each(word, 0.97);
            }
        }
    }

    /// Calls `each` with the words that `text` may stand for and is not: those it begins (0.6 to 0.9, more the more of
    /// the word it is), those it is a part of (0.4 to 0.6), and those it is mistyped for (0.55 with one error, 0.35 with
    /// two). A word may come more than once.
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
        // One longer, since an `s` at the end costs nothing.
        let (shortest, longest) = (text.len() - errors, (text.len() + errors + 1).min(MAX_LETTERS));
        let place = |length: usize| self.lengths.get(length).copied().unwrap_or_default() as usize;
        let range = place(shortest)..place(longest + 1);
        // An error takes away at most one bit and adds at most one.
        let few = |bits: u64| {
            let rest = bits & bits.wrapping_sub(1);
            if errors > 1 { rest & rest.wrapping_sub(1) } else { rest }
        };
        let too_many = |letters: u64| few(mine & !letters) | few(letters & !mine & !PLURAL);
        let (words, letters) = (&self.by_length[range.clone()], &self.letters[range]);
        for (words, letters) in words.chunks(8).zip(letters.chunks(8)) {
            // Most chunks have none: one branch for eight words.
            if letters.iter().fold(false, |any, &letters| any | (too_many(letters) == 0)) {
                for (&word, &letters) in words.iter().zip(letters) {
                    if too_many(letters) == 0
                        && let Some(errors) = pattern.errors_in(self.word(word))
                    {
                        each(word, errors);
                    }
                }
            }
        }
    }
}

/// The letters that a plural may have more than its singular.
const PLURAL: u64 = 1 << (b's' - b'a') | 1 << (32 + b's' - b'a');

/// Which letters a word has, one bit each, and which it has more than once, 32 bits further up; bytes that are not
/// small ASCII letters share a few bits.
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
    fn prefixes_substrings_and_errors_are_told_apart() {
        assert_eq!(similar("cyclo"), ["cyclone 0.81", "cyclone 0.54", "cycle 0.55", "cycles 0.55"]);
        assert_eq!(similar("otor"), ["motor 0.56", "motorcycles 0.47", "motor 0.55"]);
        assert_eq!(similar("motorcylce"), ["motorcycles 0.55"]);
        assert!(similar("x").is_empty() && similar("\n").is_empty());
    }

    #[test]
    fn a_word_and_its_plural_are_the_same() {
        let vocabulary = Vocabulary::new(["cycle", "cycles"].into_iter());
        let mut found = Vec::new();
        vocabulary.same("cycle", |word, weight| found.push((word, weight)));
        assert_eq!(found, [(0, 1.0), (1, 0.97)]);
        Vocabulary::new(std::iter::empty()).same("cycle", |_, _| panic!("there is no word"));
        Vocabulary::default().similar("cycle", |_, _| panic!("there is no word"));
    }
}
