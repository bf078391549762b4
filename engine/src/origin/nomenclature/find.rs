//! Search in a nomenclature: by the first digits of codes, or by words of their descriptions.

use super::Nomenclature;
use crate::origin::hs::Hs;
use crate::search::{Corpus, Hit, Index, Synonyms, check_limit};
use crate::{Progress, Result};

/// A code that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::origin) struct CodeHit {
    /// The code.
    pub(in crate::origin) code: Hs,
    /// How well it matches, above 0 and at most 1, with four decimals.
    pub(in crate::origin) score: f64,
}

/// Which codes to find, and how many.
#[derive(Debug, Clone, Copy)]
pub(in crate::origin) struct Filter<'a> {
    /// Only codes of the section with this id, in any case.
    pub(in crate::origin) section: Option<&'a [u8]>,
    /// Only codes of this chapter.
    pub(in crate::origin) chapter: Option<Hs>,
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
        corpus.add(row.description, row.parent)?;
    }
    corpus.index(progress)
}

/// The codes that match `text`, the best first. If the text is digits and codes begin with them, these codes are the
/// result (score 1, in their order); else the search is by words. `index` must be the index of the nomenclature.
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

impl Nomenclature {
    fn passes(&self, code: &Hs, filter: &Filter<'_>) -> bool {
        filter.level.is_none_or(|level| level == code.level())
            && filter.chapter.is_none_or(|chapter| chapter.covers(code))
            && filter
                .section
                .is_none_or(|id| self.section(code).is_some_and(|section| section.as_bytes().eq_ignore_ascii_case(id)))
    }
}

/// The digits of a text that searches for codes by their first digits: at most ten digits, with dots or spaces between
/// them. Six of them are used.
fn digits_of_code(text: &[u8]) -> Option<String> {
    let text = text.trim_ascii();
    let is_code = text.first().is_some_and(u8::is_ascii_digit)
        && text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' '));
    let digits: String = text.iter().filter(|byte| byte.is_ascii_digit()).map(|&byte| char::from(byte)).collect();
    (is_code && digits.len() <= 10).then(|| digits[..digits.len().min(6)].to_owned())
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
