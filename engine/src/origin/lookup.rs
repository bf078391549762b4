//! Looks up codes and the codes above or below them.

use super::model::OriginModel;
use super::nomenclature::Code;
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
    /// Returns codes as JSON documents. National digits that the nomenclature does not have are dropped.
    ///
    /// # Errors
    /// [`Error::NoSubject`] for a code that the nomenclature does not contain.
    pub fn hs(&self, code: &[u8], relation: Relation) -> Result<Vec<Vec<u8>>> {
        let nomenclature = self.nomenclature().ok_or(NO_NOMENCLATURE)?;
        let code = Code::read(code).map_err(|reason| Error::BadSubject(reason.into()))?;
        let code = nomenclature.meant(&code).ok_or(Error::NoSubject("the nomenclature has no such code"))?;
        let codes = match relation {
            Relation::Alone => vec![code],
            Relation::Children => nomenclature.children(Some(&code)),
            Relation::Parents => nomenclature.parents(&code),
        };
        Ok(codes.iter().filter_map(|code| nomenclature.document(code, self.sections())).collect())
    }
}

pub(super) const NO_NOMENCLATURE: Error = Error::NoSubject("the model has no nomenclature: load one, FORMAT hs");
