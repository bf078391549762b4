//! The common arguments of all readers.

use crate::io::LoadOptions;
use crate::{Budget, Progress};

/// The common arguments of all readers.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) budget: &'a Budget,
    pub(super) progress: &'a Progress,
}
