//! Search in texts: descriptions of codes, texts of rules.
//!
//! **What is found.** Every word of the query must be found, in the document itself or in one above it. A word is found
//! where a document has it (1), or its singular or plural (0.97), a word that it begins (0.6 to 0.9), a word that it is
//! a part of (0.4 to 0.6), or a word that it is mistyped for (0.55 with one error, 0.35 with two; words of 4 to 7
//! letters may have one, longer ones two; a swap of neighbours is one error, an `s` at the end is none). Words of
//! everyday language stand for phrases ([`Synonyms`]): `laptop` is found as written, or, at 0.9, where all words of
//! "automatic data processing machines portable" are; a word that no document has may be a mistyped one of these, at
//! 0.5. Found both ways, at `a` and `b`, a document counts `1 - (1 - a)(1 - b)`. Fillers (`of`, `and`) need not be found unless the
//! query has nothing else.
//!
//! **In which order.** A word counts most as the first of a description: 0.95 among the others before the first `;`,
//! `:` or `(`, 0.85 after it, 0.3 after `other than`, `excluding`, `except` or `not`; times 0.55 in the document above,
//! 0.35 in the one above that. The score is the mean over the words of the query, weighted by rarity
//! (`ln(1 + documents / matches)`), over 0 and at most 1. Equal scores (to four decimals): fewer words first, then
//! deeper ones, then in the order of codes.
//!
//! **What it costs.** Each word takes at most one pass over the vocabulary and one over the postings and documents, a
//! query has at most 16 words, and synonyms add at most 64, which are looked up as they are.

mod corpus;
pub(in crate::origin) mod distance;
mod index;
mod query;
pub(in crate::origin) mod text;
mod vocabulary;

pub(super) use self::corpus::Corpus;
pub(super) use self::index::Index;
pub(super) use self::query::digits_of_code;

use std::collections::BinaryHeap;

use self::index::Likeness;
use self::query::{Query, Slot};
use super::hs::Hs;
use super::nomenclature::Nomenclature;
use super::synonyms::Synonyms;
use crate::{Error, Progress, Result};

/// The most hits.
pub(super) const MAX_LIMIT: usize = 1000;

/// A document that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// Its number in the corpus.
    pub(super) document: usize,
    /// How well it answers, over 0 and at most 1, with four decimals.
    pub(super) score: f64,
}

/// A code that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CodeHit {
    /// The code.
    pub(super) code: Hs,
    /// How well it answers, over 0 and at most 1, with four decimals.
    pub(super) score: f64,
}

/// Which codes to find, and how many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter<'a> {
    /// Only of this section, by its id in any case.
    pub(super) section: Option<&'a [u8]>,
    /// Only of this chapter.
    pub(super) chapter: Option<Hs>,
    /// Only codes of so many digits.
    pub(super) level: Option<u8>,
    /// At most so many, 1 to [`MAX_LIMIT`].
    pub(super) limit: usize,
}

impl Default for Filter<'_> {
    fn default() -> Self {
        Self { section: None, chapter: None, level: None, limit: 10 }
    }
}

impl Index {
    /// The documents that answer `text` and pass `keep`, the best first.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooBig`] for a text or a limit that cannot be used.
    pub(super) fn search(
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
                // Who is found both ways is meant rather than who is found one way.
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

/// The index over the descriptions of a nomenclature.
///
/// # Errors
/// [`Error::TooBig`], [`Error::Cancelled`].
pub(super) fn index_of(nomenclature: &Nomenclature, progress: &Progress) -> Result<Index> {
    let mut corpus = Corpus::default();
    for row in nomenclature.tree() {
        progress.check()?;
        corpus.add(row.description, row.parent)?;
    }
    corpus.index(progress)
}

/// The codes that answer `text`, the best first: by the beginning of the code where the text is digits and there are
/// such codes (score 1, in their order), else by words. `index` is the one of the nomenclature.
///
/// # Errors
/// [`Error::Invalid`] and [`Error::TooBig`] for a text or a limit that cannot be used.
pub(super) fn find(
    nomenclature: &Nomenclature,
    index: &Index,
    synonyms: &Synonyms,
    text: &[u8],
    filter: &Filter<'_>,
) -> Result<Vec<CodeHit>> {
    check_limit(filter.limit)?;
    if let Some(digits) = digits_of_code(text) {
        let codes = nomenclature.codes_from(&digits);
        if codes.len() > 0 {
            let kept = codes.filter(|code| nomenclature.passes(code, filter)).take(filter.limit);
            return Ok(kept.map(|code| CodeHit { code, score: 1.0 }).collect());
        }
    }
    let keep = |row: usize| nomenclature.code_of(row).is_some_and(|code| nomenclature.passes(&code, filter));
    let hits = index.search(text, synonyms, filter.limit, keep)?;
    let code = |hit: Hit| Some(CodeHit { code: nomenclature.code_of(hit.document)?, score: hit.score });
    Ok(hits.into_iter().filter_map(code).collect())
}

/// The labels that answer `text`, by their numbers, the best first, with how well they do.
///
/// # Errors
/// [`Error::Invalid`] and [`Error::TooBig`] for a text or a limit that cannot be used.
pub(crate) fn find_labels<'a>(
    labels: impl Iterator<Item = &'a str>,
    text: &[u8],
    limit: usize,
) -> Result<Vec<(usize, f64)>> {
    let mut corpus = Corpus::default();
    for label in labels {
        corpus.add(label, None)?;
    }
    let index = corpus.index(&Progress::default())?;
    let hits = index.search(text, &Synonyms::default(), limit, |_| true)?;
    Ok(hits.into_iter().map(|hit| (hit.document, hit.score)).collect())
}

impl Nomenclature {
    fn passes(&self, code: &Hs, filter: &Filter<'_>) -> bool {
        filter.level.is_none_or(|level| level == code.level())
            && filter.chapter.is_none_or(|chapter| chapter.covers(code))
            && filter
                .section
                .is_none_or(|id| self.section(code).is_some_and(|section| section.as_bytes().eq_ignore_ascii_case(id)))
    }
}

fn check_limit(limit: usize) -> Result<()> {
    match limit {
        1..=MAX_LIMIT => Ok(()),
        _ => Err(Error::Invalid("LIMIT is a number from 1 to 1000".into())),
    }
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
