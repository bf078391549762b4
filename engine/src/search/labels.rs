//! Search in a short list of labels. The index is built for one query.

use super::{Corpus, Hit, Synonyms};
use crate::{Progress, Result};

/// The labels that match `text`, by their numbers, the best first.
///
/// # Errors
/// [`crate::Error::Invalid`] and [`crate::Error::TooBig`] for an unusable text or limit.
pub(crate) fn find_labels<'a>(labels: impl Iterator<Item = &'a str>, text: &[u8], limit: usize) -> Result<Vec<Hit>> {
    let mut corpus = Corpus::default();
    for label in labels {
        corpus.add(label, None)?;
    }
    let index = corpus.index(&Progress::default())?;
    index.search(text, &Synonyms::default(), limit, |_| true)
}
