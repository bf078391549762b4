//! The evaluation of a query: how well each document answers it, and the best documents in their order.
//!
//! **What is found.** Every word of the query must be found, in the document itself or in one above it. A word is found
//! where a document has it (1), or its singular or plural (0.97), a word that it begins (0.6 to 0.9), a word that it is
//! a part of (0.4 to 0.6), or a word that it is mistyped for (0.55 with one error, 0.35 with two; words of 4 to 7
//! letters may have one, longer ones two; a swap of neighbours is one error, an `s` at the end is none). Words of
//! everyday language stand for phrases ([`Synonyms`]): `laptop` is found as written, or, at 0.9, where all words of
//! "automatic data processing machines portable" are; a word that no document has may be a mistyped one of these, at
//! 0.5. Found both ways, at `a` and `b`, a document counts `1 - (1 - a)(1 - b)`.
//! Fillers (`of`, `and`) need not be found unless the query has nothing else.
//!
//! **In which order.** A word counts most as the first of a description: 0.95 among the others before the first `;`,
//! `:` or `(`, 0.85 after it, 0.3 after `other than`, `excluding`, `except` or `not`; times 0.55 in the document above,
//! 0.35 in the one above that. The score is the mean over the words of the query, weighted by rarity
//! (`ln(1 + documents / matches)`), over 0 and at most 1. Equal scores (to four decimals): fewer words first, then
//! deeper ones, then in the order of codes.
//!
//! **What it costs.** Each word takes at most one pass over the vocabulary and one over the postings and documents, a
//! query has at most 16 words, and synonyms add at most 64, which are looked up as they are.

use std::collections::BinaryHeap;

use super::index::{Index, Likeness};
use super::query::{Query, Slot};
use super::synonyms::Synonyms;
use crate::{Error, Result};

/// The most hits.
pub(crate) const MAX_LIMIT: usize = 1000;

/// A document that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    /// Its number in the corpus.
    pub(crate) document: usize,
    /// How well it answers, over 0 and at most 1, with four decimals.
    pub(crate) score: f64,
}

impl Index {
    /// The documents that answer `text` and pass `keep`, the best first.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooBig`] for a text or a limit that cannot be used.
    pub(crate) fn search(
        &self,
        text: &[u8],
        synonyms: &Synonyms,
        limit: usize,
        keep: impl Fn(usize) -> bool,
    ) -> Result<Vec<Hit>> {
        check_limit(limit)?;
        let query = Query::read(text, synonyms, |word| self.vocabulary.knows(word))?;
        let mut sheet = Sheet::new(self);
        let (mut total, mut weights) = (Vec::new(), 0.0);
        for slot in &query.slots {
            let weight = sheet.fill(slot);
            if weight == 0.0 {
                return Ok(Vec::new());
            }
            weights += weight;
            if total.is_empty() {
                total = sheet.best.iter().map(|quality| quality * weight).collect();
            } else {
                add_where_both(&mut total, &sheet.best, weight);
            }
        }
        Ok(self.best_of(&total, weights, limit, keep))
    }

    /// Whether a document has all words of a phrase.
    #[cfg(test)]
    pub(crate) fn has_phrase(&self, words: &[Box<str>]) -> bool {
        let mut quality = vec![0.0; self.len()];
        Sheet::new(self).phrase(words.iter().map(AsRef::as_ref), Likeness::Same, &mut quality) > 0.0
    }

    /// The best documents in their order, by keys in which less is better.
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

/// What is computed on while a query is answered: numbers from 0 to 1, one per document.
struct Sheet<'i> {
    index: &'i Index,
    /// Of the slot that was filled last.
    best: Vec<f32>,
    /// Of one word.
    word: Vec<f32>,
    /// Of one phrase.
    phrase: Vec<f32>,
}

impl<'i> Sheet<'i> {
    fn new(index: &'i Index) -> Self {
        let empty = || vec![0.0; index.len()];
        Self { index, best: empty(), word: empty(), phrase: Vec::new() }
    }

    /// Fills `best` with how well documents answer a slot; the weight of the slot, 0 when none does.
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
                // A document found both ways counts more than one found one way.
                for (best, quality) in best.iter_mut().zip(&phrase) {
                    *best = 1.0 - (1.0 - *best) * (1.0 - quality * slot.trust);
                }
            }
        }
        (self.best, self.phrase) = (best, phrase);
        rarity * slot.words.len() as f32
    }

    /// Fills `quality` with how well documents answer all of the words; the mean of their rarities, 0 when no document
    /// answers all.
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
                    // The first is scaled when there is a second.
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

/// Adds where both are over 0, and makes 0 of the rest.
fn add_where_both(sum: &mut [f32], quality: &[f32], weight: f32) {
    for (sum, &quality) in sum.iter_mut().zip(quality) {
        *sum = if *sum > 0.0 && quality > 0.0 { *sum + quality * weight } else { 0.0 };
    }
}

/// Checks the number of hits that a caller wants.
///
/// # Errors
/// [`Error::Invalid`].
pub(crate) fn check_limit(limit: usize) -> Result<()> {
    match limit {
        1..=MAX_LIMIT => Ok(()),
        _ => Err(Error::Invalid("LIMIT is a number from 1 to 1000".into())),
    }
}
