//! Looks up codes and the codes above or below them.

use super::hs::Hs;
use super::model::OriginModel;
use crate::{Error, Result};

/// The codes to return for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The code itself.
    Alone,
    /// The codes directly below it.
    Children,
    /// The codes above it, the nearest first.
    Parents,
}

impl OriginModel {
    /// Returns codes as JSON documents.
    ///
    /// # Errors
    /// [`Error::NoSubject`] for a code that the nomenclature does not contain.
    pub fn hs(&self, code: &[u8], relation: Relation) -> Result<Vec<Vec<u8>>> {
        let nomenclature = self.nomenclature().ok_or(NO_NOMENCLATURE)?;
        let code = Hs::read(code).map_err(|reason| Error::BadSubject(reason.into()))?;
        if !nomenclature.knows(&code) {
            return Err(Error::NoSubject("the nomenclature has no such code"));
        }
        let codes = match relation {
            Relation::Alone => vec![code],
            Relation::Children => nomenclature.children(Some(&code)),
            Relation::Parents => nomenclature.parents(&code),
        };
        Ok(codes.iter().filter_map(|code| nomenclature.document(code, self.sections())).collect())
    }
}

pub(super) const NO_NOMENCLATURE: Error = Error::NoSubject("the model has no nomenclature: load one, FORMAT hs");
