//! Word search in labels and descriptions, for every kind of model: corpus, index, query, synonyms.
//!
//! This module does not depend on a kind of model: a caller adds texts and receives the numbers of the texts that
//! match.

mod corpus;
mod distance;
mod evaluate;
mod index;
mod labels;
mod query;
mod spelling;
mod synonyms;
mod text;
mod vocabulary;

#[cfg(test)]
mod tests;

pub(crate) use self::corpus::Corpus;
#[cfg(test)]
pub(crate) use self::evaluate::MAX_LIMIT;
pub(crate) use self::evaluate::{Hit, check_limit};
pub(crate) use self::index::Index;
pub(crate) use self::labels::find_labels;
pub(crate) use self::synonyms::Synonyms;
#[cfg(test)]
pub(crate) use self::synonyms::built_in_keys;
#[cfg(test)]
pub(crate) use self::text::{folded, words};
