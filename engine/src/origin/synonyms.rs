//! Synonyms.
