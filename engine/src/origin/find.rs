//! Search in the descriptions of codes and in the texts of rules.

use super::codes::Span;
use super::hs::Hs;
use super::lookup::NO_NOMENCLATURE;
use super::model::OriginModel;
use super::nomenclature::{self, Code, CodeHit, Filter};
use super::rules;
use crate::search::Synonyms;
use crate::{Error, Result};

/// The texts to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindKind {
    /// Descriptions of codes.
    Hs,
    /// Texts of rules.
    Rules,
}

/// The filter of a search.
#[derive(Debug, Clone, Copy)]
pub struct FindFilter<'a> {
    /// Whether to search codes or rules.
    pub kind: FindKind,
    /// Only codes of the section with this id. For codes only.
    pub section: Option<&'a [u8]>,
    /// Only codes of this chapter, or rules with codes of this chapter.
    pub chapter: Option<&'a [u8]>,
    /// Only codes with this number of digits: 2, 4, 6, 8, 10 or 12. For codes only.
    pub level: Option<u8>,
    /// Maximum number of results, 1 to 1000.
    pub limit: usize,
}

impl OriginModel {
    /// The codes or rules that match a text, the best first, as JSON documents with their `score`. A document
    /// lists the words of the text that it does not match as `dropped`.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooBig`] for an unusable text or filter, [`Error::NotReady`] before the index
    /// exists.
    pub fn find(&self, text: &[u8], filter: &FindFilter<'_>) -> Result<Vec<Vec<u8>>> {
        let chapter = match filter.chapter {
            None => None,
            Some(text) => match Hs::read(text) {
                Ok(code) if code.level() == 2 => Some(code),
                _ => return Err(Error::Invalid("CHAPTER is two digits".into())),
            },
        };
        let none = Synonyms::default();
        let synonyms = self.synonyms().unwrap_or(&none);
        match filter.kind {
            FindKind::Hs => {
                let nomenclature = self.nomenclature().ok_or(NO_NOMENCLATURE)?;
                let index = self.index().ok_or(Error::NotReady)?;
                let chapter = chapter.map(Code::from);
                let filter = Filter { section: filter.section, chapter, level: filter.level, limit: filter.limit };
                let hits = nomenclature::find(nomenclature, index, synonyms, text, &filter)?;
                let document =
                    |hit: CodeHit| nomenclature.hit_document(&hit.code, self.sections(), hit.score, &hit.dropped);
                Ok(hits.into_iter().filter_map(document).collect())
            }
            FindKind::Rules => {
                let mut found = Vec::new();
                for (agreement, index) in self.indexed() {
                    let index = index.ok_or(Error::NotReady)?;
                    let keep = |rule: usize| {
                        let range = agreement.rules.get(rule).map(|rule| rule.range);
                        let of_chapter = |chapter: Hs| range.is_some_and(|range| range.meets(Span::of(chapter)));
                        chapter.is_none_or(of_chapter)
                    };
                    for hit in index.search(text, synonyms, filter.limit, keep)? {
                        if let Some(rule) = agreement.rules.get(hit.document) {
                            found.push((hit, agreement, rule));
                        }
                    }
                }
                // A stable sort: equal scores keep the order of the agreements, then that of the search.
                found.sort_by(|(a, ..), (b, ..)| b.score.total_cmp(&a.score));
                let best = found.into_iter().take(filter.limit);
                Ok(best.map(|(hit, agreement, rule)| rules::document(agreement, rule, Some(&hit))).collect())
            }
        }
    }
}
