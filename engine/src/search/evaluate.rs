//! Evaluates a query: how well each document matches it, and the order of the best documents.
//!
//! **Matches.** Every word of the query must be found in the document or in a document above it. The quality of a match
//! is 1 for the word itself, 0.97 for its singular or plural and its American or British spelling, 0.6 to 0.9 for a word
//! that begins with it, 0.4 to 0.6 for a word that contains it, and 0.55 or 0.35 for a word with one or two typing
//! errors, where these are more likely than another meaning ([`is_likely`](super::distance::is_likely)). A swap of
//! neighbours is one error, and a final `s` is no error. Words of everyday language stand for phrases or codes
//! ([`Synonyms`]): `laptop` is found as written, with quality 0.9, or with quality 0.9 where all words of "automatic data
//! processing machines portable" are found or below the code. A word that no document contains may be two words
//! ("toothbrush"), or a mistyped key of the synonyms, with quality 0.5; two words may be one ("foot wear"). A document
//! that matches both as written (`a`) and by a phrase (`b`) gets `1 - (1 - a)(1 - b)`. Fillers (`of`, `and`) need not be
//! found unless the query has no other words.
//!
//! **Dropped words.** Words that no document matches are dropped, if others are found. If no document has all of the
//! others, those are kept that some document has together and that say most: their weight is the rarity times the best
//! quality, and a quarter more for the last word, which names the goods in English. If the last word is a name whose
//! codes are known, these codes are results even without the other words. Each result lists the words that it does not
//! match. They lower its score.
//!
//! **Order.** The weight of a word is 1 as the first word of a description, 0.95 before the first `;`, `:` or `(`, 0.85
//! after it, and 0.3 after `other than`, `excluding`, `except` or `not`. The weight is multiplied by 0.55 if the word
//! is in the document above, and by 0.35 if it is two levels above. The score is the mean over the words of the query,
//! weighted by rarity (`ln(1 + documents / matches)`); it is above 0 and at most 1. Documents with equal scores (to
//! four decimals) are ordered by the number of words, fewer first, then by depth, deeper first, then by the order of
//! codes.
//!
//! **Cost.** Each word takes at most one pass over the vocabulary and one over the postings and documents, and the words
//! together two passes over the documents for each. A query has at most 16 words. Synonyms add at most 64 words, which
//! are only looked up exactly.

use std::collections::BinaryHeap;

use super::index::{Index, Likeness, is_key};
use super::query::{Query, SYNONYM, Slot};
use super::synonyms::Synonyms;
use crate::{Error, Result};

/// Maximum number of hits.
pub(crate) const MAX_LIMIT: usize = 1000;

/// A document that matches.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    /// Its number in the corpus.
    pub(crate) document: usize,
    /// How well it matches, above 0 and at most 1, with four decimals.
    pub(crate) score: f64,
    /// The words of the query that it does not match, because no document has them together with the others.
    pub(crate) dropped: Vec<String>,
}

/// A slot that some documents match.
struct Term {
    /// One number from 0 to 1 for each document.
    quality: Vec<f32>,
    weight: f32,
    words: Vec<String>,
    /// Whether the words are the name of goods whose codes are known.
    is_name: bool,
}

/// The quality from which a document has the code that a name stands for, and is not only below it.
const NAMED: f32 = 0.85;

/// The sum of the qualities of each document times their weights, 0 for a document that is no result: one that lacks a
/// kept term and does not have the code that the last term is the name of.
fn total(terms: &[Term]) -> Vec<f32> {
    let Some((last, _)) = terms.split_last() else { return Vec::new() };
    let kept = kept_together(terms);
    let mut total = vec![0.0; last.quality.len()];
    let mut is_result = vec![true; total.len()];
    for (number, term) in terms.iter().enumerate() {
        let is_kept = kept & 1 << number != 0;
        for ((total, is_result), &quality) in total.iter_mut().zip(&mut is_result).zip(&term.quality) {
            *total += quality * term.weight;
            *is_result &= !is_kept || quality > 0.0;
        }
    }
    for ((total, is_result), &quality) in total.iter_mut().zip(is_result).zip(&last.quality) {
        if !(is_result || last.is_name && quality >= NAMED) {
            *total = 0.0;
        }
    }
    total
}

/// The terms that are searched for, as bits: all of them if a document has all, else those that say most of the terms
/// that a document has. A query has at most 16 terms.
fn kept_together(terms: &[Term]) -> u32 {
    /// Factor of the weight of the last term.
    const LAST: f32 = 1.25;
    let all = (1u32 << terms.len()) - 1;
    let documents = terms.first().map_or(0, |term| term.quality.len());
    let mut found = vec![0u32; documents];
    for (number, term) in terms.iter().enumerate() {
        for (found, &quality) in found.iter_mut().zip(&term.quality) {
            *found |= u32::from(quality > 0.0) << number;
        }
    }
    if terms.len() < 2 || found.contains(&all) {
        return all;
    }
    let value = |number: usize, term: &Term| {
        let best = term.quality.iter().copied().fold(0.0, f32::max);
        term.weight * best * if number + 1 == terms.len() { LAST } else { 1.0 }
    };
    let values: Vec<f32> = terms.iter().enumerate().map(|(number, term)| value(number, term)).collect();
    let mut occurs = vec![false; 1 << terms.len()];
    for set in found {
        occurs[set as usize] = true;
    }
    let sum = |set: u32| -> f32 {
        values.iter().enumerate().filter(|(number, _)| set & 1 << number != 0).map(|(_, value)| value).sum()
    };
    let sets = (0..=all).filter(|&set| occurs[set as usize]);
    sets.max_by(|&a, &b| sum(a).total_cmp(&sum(b))).unwrap_or(all)
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
        let (mut terms, mut lost, mut weights) = (Vec::new(), Vec::new(), 0.0);
        for slot in query.slots {
            let weight = buffers.fill(&slot);
            if weight == 0.0 {
                // The weight of a word that a single document has.
                weights += (1.0 + self.len() as f32).ln() * slot.words.len() as f32;
                lost.extend(slot.words);
            } else {
                weights += weight;
                let is_name = slot.trust >= SYNONYM && slot.phrases.iter().any(|phrase| is_key(phrase));
                terms.push(Term { quality: buffers.take(), weight, words: slot.words, is_name });
            }
        }
        let total = total(&terms);
        let mut hits = self.best_of(&total, weights, limit, keep);
        for (place, hit) in &mut hits {
            let missing = terms.iter().filter(|term| term.quality.get(*place).is_none_or(|&quality| quality == 0.0));
            hit.dropped = lost.iter().chain(missing.flat_map(|term| &term.words)).cloned().collect();
        }
        Ok(hits.into_iter().map(|(_, hit)| hit).collect())
    }

    /// Whether a document contains all words of a phrase.
    #[cfg(test)]
    pub(crate) fn has_phrase(&self, words: &[Box<str>]) -> bool {
        let mut quality = vec![0.0; self.len()];
        Buffers::new(self).phrase(words.iter().map(AsRef::as_ref), Likeness::Same, &mut quality) > 0.0
    }

    /// The best documents in order, with their places. The keys are ordered so that less is better.
    fn best_of(&self, total: &[f32], weights: f32, limit: usize, keep: impl Fn(usize) -> bool) -> Vec<(usize, Hit)> {
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
        let hit = |key: u64| {
            let place = (key & 0x1fff_ffff) as usize;
            let score = (SCALE as u64 - (key >> 44)) as f64 / f64::from(SCALE);
            (place, Hit { document: self.numbers[place] as usize, score, dropped: Vec::new() })
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
        Self { index, best: Vec::new(), word: vec![0.0; index.len()], phrase: Vec::new() }
    }

    /// Fills `best` with the quality of each document for a slot. Returns the weight of the slot, 0 if no document
    /// matches.
    fn fill(&mut self, slot: &Slot<'_>) -> f32 {
        let words = || slot.words.iter().map(String::as_str);
        let mut best = std::mem::take(&mut self.best);
        best.resize(self.index.len(), 0.0);
        let mut rarity = self.phrase(words(), Likeness::Similar, &mut best);
        if slot.written < 1.0 {
            best.iter_mut().for_each(|quality| *quality *= slot.written);
        }
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

    /// The qualities of the slot that was filled last.
    fn take(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.best)
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
