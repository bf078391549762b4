//! Changes of an agreement's rules. They are stored separately, because dates in published documents become outdated
//! before the documents are replaced.

use super::agreement::{Patch, Patches, read_patches};
use super::expr::Expr;
use super::json::Json;
use crate::Result;

/// The changes of one agreement, by the ids of its rules.
pub(super) type Overrides = Patches;

impl Overrides {
    /// Reads a document.
    ///
    /// # Errors
    /// [`crate::Error::BadInput`] with the line.
    pub(super) fn read(document: &[u8]) -> Result<Self> {
        let read = || read_patches(&mut Json::new(document)?);
        read().map_err(|fault| fault.in_file(document))
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let texts: usize = self.texts.iter().map(|text| text.len() + 32).sum();
        let patch = |patch: &Patch| {
            let ways = patch.alternatives.iter().flatten();
            size_of::<Patch>() + ways.map(|way| 64 + way.expr.as_ref().map_or(0, Expr::bytes)).sum::<usize>()
        };
        let ids: usize = self.rules.keys().map(|id| id.len() + 32).sum();
        (texts + ids + self.rules.values().map(patch).sum::<usize>()) as u64
    }
}
