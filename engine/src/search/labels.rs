//! Search in a short list of labels, indexed for the one query.

use super::{Corpus, Synonyms};
use crate::{Progress, Result};

/// The labels that answer `text`, by their numbers, the best first, with how well they do.
///
/// # Errors
/// [`crate::Error::Invalid`] and [`crate::Error::TooBig`] for a text or a limit that cannot be used.
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
