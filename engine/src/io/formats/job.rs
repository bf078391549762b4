//! What every reader is given.

use crate::io::LoadOptions;
use crate::{Budget, Progress};

/// What every reader is given.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) budget: &'a Budget,
    pub(super) progress: &'a Progress,
}
