//! The byte form of a model: its file, in pieces.

use super::Onnx;
use crate::{Error, Progress, Result};

/// Bytes in one record.
const PIECE: usize = 60_000;

/// The longest file. A replica, RESTORE and the load of a data set read a file in one piece on the main thread of the server.
pub(super) const MAX_FILE: usize = 64 << 20;

impl Onnx {
    /// The number of records.
    pub(in crate::score) fn records(&self) -> usize {
        self.file.len().div_ceil(PIECE)
    }

    /// The record with this index; empty if there is none.
    pub(in crate::score) fn record(&self, index: usize) -> &[u8] {
        self.file.chunks(PIECE).nth(index).unwrap_or_default()
    }
}

/// A model that is being read from records.
#[derive(Debug, Default)]
pub(in crate::score) struct Decoder {
    file: Vec<u8>,
}

impl Decoder {
    /// Reads the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(in crate::score) fn push(&mut self, record: &[u8]) -> Result<()> {
        if record.is_empty() || self.file.len() + record.len() > MAX_FILE {
            return Err(Error::Corrupt("a record of an ONNX model is empty, or there are too many"));
        }
        self.file.extend_from_slice(record);
        Ok(())
    }

    /// Returns the model, after every record was read.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the file is not one that can be used, or has other features than the model.
    pub(in crate::score) fn finish(self, features: usize) -> Result<Onnx> {
        let read = Onnx::read(self.file.into(), &mut Vec::new(), &Progress::default());
        match read {
            Ok((_, _, onnx)) if onnx.features() == features => Ok(onnx),
            Ok(_) => Err(Error::Corrupt("the features of the ONNX model differ from those of the model")),
            Err(_) => Err(Error::Corrupt("the file of an ONNX model cannot be used")),
        }
    }

    /// Bytes of memory in use.
    pub(in crate::score) fn bytes(&self) -> u64 {
        self.file.capacity() as u64
    }
}
