//! Search in a nomenclature: by the first digits of codes, or by words of their descriptions.

use super::{Code, Nomenclature};
use crate::origin::hs::groups_of;
use crate::search::{Corpus, Hit, Index, Synonyms, check_limit};
use crate::{Progress, Result};

/// A code that was found.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::origin) struct CodeHit {
    /// The code.
    pub(in crate::origin) code: Code,
    /// How well it matches, above 0 and at most 1, with four decimals.
    pub(in crate::origin) score: f64,
    /// The words of the text that the code does not match.
    pub(in crate::origin) dropped: Vec<String>,
}

/// Which codes to find, and how many.
#[derive(Debug, Clone, Copy)]
pub(in crate::origin) struct Filter<'a> {
    /// Only codes of the section with this id, in any case.
    pub(in crate::origin) section: Option<&'a [u8]>,
    /// Only codes of this chapter.
    pub(in crate::origin) chapter: Option<Code>,
    /// Only codes with this number of digits.
    pub(in crate::origin) level: Option<u8>,
    /// Maximum number of results, 1 to 1000.
    pub(in crate::origin) limit: usize,
}

impl Default for Filter<'_> {
    fn default() -> Self {
        Self { section: None, chapter: None, level: None, limit: 10 }
    }
}

/// The index over the descriptions of a nomenclature.
///
/// # Errors
/// [`crate::Error::TooBig`], [`crate::Error::Cancelled`].
pub(in crate::origin) fn index_of(nomenclature: &Nomenclature, progress: &Progress) -> Result<Index> {
    let mut corpus = Corpus::default();
    for row in nomenclature.tree() {
        progress.check()?;
        let document = corpus.add(row.description, row.parent)?;
        corpus.set_key(document, row.code);
    }
    corpus.index(progress)
}

/// The codes that match `text`, the best first. If the text is digits and codes begin with them, these codes are the
/// result in their order (score 1, or less if a zero before them seems to be lost); else the search is by words. `index`
/// must be the index of the nomenclature.
///
/// # Errors
/// [`crate::Error::Invalid`] and [`crate::Error::TooBig`] for an unusable text or limit.
pub(in crate::origin) fn find(
    nomenclature: &Nomenclature,
    index: &Index,
    synonyms: &Synonyms,
    text: &[u8],
    filter: &Filter<'_>,
) -> Result<Vec<CodeHit>> {
    check_limit(filter.limit)?;
    for (digits, score) in digits_of_code(text) {
        let codes = nomenclature.codes_from(&digits);
        if codes.len() > 0 {
            let kept = codes.filter(|code| nomenclature.passes(code, filter)).take(filter.limit);
            return Ok(kept.map(|code| CodeHit { code, score, dropped: Vec::new() }).collect());
        }
    }
    let keep = |row: usize| nomenclature.code_of(row).is_some_and(|code| nomenclature.passes(&code, filter));
    let hits = index.search(text, synonyms, filter.limit, keep)?;
    let code =
        |hit: Hit| Some(CodeHit { code: nomenclature.code_of(hit.document)?, score: hit.score, dropped: hit.dropped });
    Ok(hits.into_iter().filter_map(code).collect())
}

impl Nomenclature {
    fn passes(&self, code: &Code, filter: &Filter<'_>) -> bool {
        filter.level.is_none_or(|level| level == code.level())
            && filter.chapter.is_none_or(|chapter| chapter.covers(code))
            && filter
                .section
                .is_none_or(|id| self.section(code).is_some_and(|section| section.as_bytes().eq_ignore_ascii_case(id)))
    }
}

/// The quality of a code that begins with the digits after a zero that they may have lost.
const LOST_ZERO: f64 = 0.9;

/// The first digits of codes that a text may search for, the most likely first, with their quality: at most twelve
/// digits in the notations of codes, see [`groups_of`]. National digits that no code has are dropped. Spreadsheets drop
/// the zero of the chapters 01 to 09.
fn digits_of_code(text: &[u8]) -> Vec<(String, f64)> {
    let digits = groups_of(text).unwrap_or_default().concat();
    if digits.is_empty() || digits.len() > 12 {
        return Vec::new();
    }
    let shortened = |digits: &str, quality: f64| -> Vec<(String, f64)> {
        let lengths = [digits.len(), 10, 8, 6].into_iter().filter(|&length| length <= digits.len());
        lengths.map(|length| (digits[..length].to_owned(), quality)).collect()
    };
    let mut all = shortened(&digits, 1.0);
    if !digits.starts_with('0') && digits.len() < 12 {
        all.extend(shortened(&format!("0{digits}"), LOST_ZERO));
    }
    all
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
