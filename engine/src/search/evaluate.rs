//! Evaluates a query: how well each document matches it, and the order of the best documents.
//!
//! **Matches.** Every word of the query must be found in the document or in a document above it. The quality of a match
//! is 1 for the word itself, 0.97 for its singular or plural, 0.6 to 0.9 for a word that begins with it, 0.4 to 0.6 for
//! a word that contains it, and 0.55 or 0.35 for a word with one or two typing errors. Words of 4 to 7 letters may have
//! one error, longer words two; a swap of neighbours is one error, and a final `s` is no error. Words of everyday
//! language stand for phrases ([`Synonyms`]): `laptop` is found as written, or with quality 0.9 where all words of
//! "automatic data processing machines portable" are found. A word that no document contains may be a mistyped key of
//! the synonyms, with quality 0.5. A document that matches both as written (`a`) and by a phrase (`b`) gets
//! `1 - (1 - a)(1 - b)`. Fillers (`of`, `and`) need not be found unless the query has no other words.
//!
//! **Order.** The weight of a word is 1 as the first word of a description, 0.95 before the first `;`, `:` or `(`, 0.85
//! after it, and 0.3 after `other than`, `excluding`, `except` or `not`. The weight is multiplied by 0.55 if the word
//! is in the document above, and by 0.35 if it is two levels above. The score is the mean over the words of the query,
//! weighted by rarity (`ln(1 + documents / matches)`); it is above 0 and at most 1. Documents with equal scores (to
//! four decimals) are ordered by the number of words, fewer first, then by depth, deeper first, then by the order of
//! codes.
//!
//! **Cost.** Each word takes at most one pass over the vocabulary and one over the postings and documents. A query has
//! at most 16 words. Synonyms add at most 64 words, which are only looked up exactly.

use std::collections::BinaryHeap;

use super::index::{Index, Likeness};
use super::query::{Query, Slot};
use super::synonyms::Synonyms;
use crate::{Error, Result};

/// Maximum number of hits.
pub(crate) const MAX_LIMIT: usize = 1000;

/// A document that matches.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// Its number in the corpus.
    pub(crate) document: usize,
    /// How well it matches, above 0 and at most 1, with four decimals.
    pub(crate) score: f64,
}

impl Index {
    /// The documents that match `text` and pass `keep`, the best first.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooBig`] for an unusable text or limit.
    pub(crate) fn search(
        &self,
        text: &[u8],
        synonyms: &Synonyms,
        limit: usize,
        keep: impl Fn(usize) -> bool,
    ) -> Result<Vec<Hit>> {
        check_limit(limit)?;
        let query = Query::read(text, synonyms, |word| self.vocabulary.knows(word))?;
        let mut buffers = Buffers::new(self);
        let (mut total, mut weights) = (Vec::new(), 0.0);
        for slot in &query.slots {
            let weight = buffers.fill(slot);
            if weight == 0.0 {
                return Ok(Vec::new());
            }
            weights += weight;
            if total.is_empty() {
                total = buffers.best.iter().map(|quality| quality * weight).collect();
            } else {
                add_where_both(&mut total, &buffers.best, weight);
            }
        }
        Ok(self.best_of(&total, weights, limit, keep))
    }

    /// Whether a document contains all words of a phrase.
    #[cfg(test)]
    pub(crate) fn has_phrase(&self, words: &[Box<str>]) -> bool {
        let mut quality = vec![0.0; self.len()];
        Buffers::new(self).phrase(words.iter().map(AsRef::as_ref), Likeness::Same, &mut quality) > 0.0
    }

    /// The best documents in order. The keys are ordered so that less is better.
    fn best_of(&self, total: &[f32], weights: f32, limit: usize, keep: impl Fn(usize) -> bool) -> Vec<Hit> {
        const SCALE: f32 = 10_000.0;
        let mut best = BinaryHeap::with_capacity(limit + 1);
        for (place, &sum) in total.iter().enumerate() {
            if sum <= 0.0 {
                continue;
            }
            let score = (sum / weights * SCALE).round().clamp(1.0, SCALE) as u64;
            let key = (SCALE as u64 - score) << 44
                | u64::from(self.lengths[place]).min(0xfff) << 32
                | u64::from(7 - self.depths[place].min(7)) << 29
                | place as u64;
            let is_full = best.len() == limit;
            if is_full && best.peek().is_some_and(|&worst| key > worst) || !keep(self.numbers[place] as usize) {
                continue;
            }
            best.push(key);
            if is_full {
                best.pop();
            }
        }
        let hit = |key: u64| Hit {
            document: self.numbers[(key & 0x1fff_ffff) as usize] as usize,
            score: (SCALE as u64 - (key >> 44)) as f64 / f64::from(SCALE),
        };
        best.into_sorted_vec().into_iter().map(hit).collect()
    }
}

/// Buffers for the evaluation of a query: numbers from 0 to 1, one for each document.
struct Buffers<'i> {
    index: &'i Index,
    /// Qualities of the slot that was filled last.
    best: Vec<f32>,
    /// Qualities of one word.
    word: Vec<f32>,
    /// Qualities of one phrase.
    phrase: Vec<f32>,
}

impl<'i> Buffers<'i> {
    fn new(index: &'i Index) -> Self {
        let empty = || vec![0.0; index.len()];
        Self { index, best: empty(), word: empty(), phrase: Vec::new() }
    }

    /// Fills `best` with the quality of each document for a slot. Returns the weight of the slot, 0 if no document
    /// matches.
    fn fill(&mut self, slot: &Slot<'_>) -> f32 {
        let words = || slot.words.iter().map(String::as_str);
        let mut best = std::mem::take(&mut self.best);
        let mut rarity = self.phrase(words(), Likeness::Similar, &mut best);
        let mut phrase = std::mem::take(&mut self.phrase);
        phrase.resize(self.index.len(), 0.0);
        for words in &slot.phrases {
            let found = self.phrase(words.iter().map(AsRef::as_ref), Likeness::Same, &mut phrase);
            if found > 0.0 {
                rarity = rarity.max(found);
                // A document that matches in two ways gets a higher quality.
                for (best, quality) in best.iter_mut().zip(&phrase) {
                    *best = 1.0 - (1.0 - *best) * (1.0 - quality * slot.trust);
                }
            }
        }
        (self.best, self.phrase) = (best, phrase);
        rarity * slot.words.len() as f32
    }

    /// Fills `quality` with the quality of each document for all of the words. Returns the mean of their rarities, 0 if
    /// no document matches all words.
    fn phrase<'w>(&mut self, words: impl Iterator<Item = &'w str>, likeness: Likeness, quality: &mut [f32]) -> f32 {
        let (mut rarities, mut count) = (0.0, 0);
        for word in words {
            let rarity = if count == 0 {
                self.index.look_up(word, likeness, quality)
            } else {
                self.index.look_up(word, likeness, &mut self.word)
            };
            if rarity == 0.0 {
                quality.fill(0.0);
                return 0.0;
            }
            match count {
                0 => {}
                1 => {
                    // The first word is scaled only if there is a second one.
                    quality.iter_mut().for_each(|quality| *quality *= rarities);
                    add_where_both(quality, &self.word, rarity);
                }
                _ => add_where_both(quality, &self.word, rarity),
            }
            rarities += rarity;
            count += 1;
        }
        if count == 0 {
            quality.fill(0.0);
            return 0.0;
        }
        if count > 1 {
            quality.iter_mut().for_each(|quality| *quality /= rarities);
        }
        rarities / count as f32
    }
}

/// Adds where both numbers are above 0, and sets the other numbers to 0.
fn add_where_both(sum: &mut [f32], quality: &[f32], weight: f32) {
    for (sum, &quality) in sum.iter_mut().zip(quality) {
        *sum = if *sum > 0.0 && quality > 0.0 { *sum + quality * weight } else { 0.0 };
    }
}

/// Checks a limit of hits.
///
/// # Errors
/// [`Error::Invalid`].
pub(crate) fn check_limit(limit: usize) -> Result<()> {
    match limit {
        1..=MAX_LIMIT => Ok(()),
        _ => Err(Error::Invalid("LIMIT is a number from 1 to 1000".into())),
    }
}
