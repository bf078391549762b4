//! Search in a short list of labels. The index is built for one query.

use super::{Corpus, Synonyms};
use crate::{Progress, Result};

/// The labels that match `text`, by their numbers, the best first, with their scores.
///
/// # Errors
/// [`crate::Error::Invalid`] and [`crate::Error::TooBig`] for an unusable text or limit.
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
