//! The byte form of a model: its file, in pieces.

use std::sync::Arc;

use super::Onnx;
use crate::{Error, Progress, Result};

/// Bytes in one record.
const PIECE: usize = 60_000;

/// The longest file.
pub(super) const MAX_FILE: usize = 64 << 20;

/// A file in its pieces, which its model keeps. It is never joined on the main thread of a server.
#[derive(Debug, Clone)]
pub(in crate::score) struct File(Arc<[Box<[u8]>]>);

impl File {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self(bytes.chunks(PIECE).map(Into::into).collect())
    }

    /// The number of records.
    pub(in crate::score) fn records(&self) -> usize {
        self.0.len()
    }

    /// The record with this index; empty if there is none.
    pub(in crate::score) fn record(&self, index: usize) -> &[u8] {
        self.0.get(index).map_or(&[], |piece| piece)
    }

    /// Bytes of memory in use.
    pub(in crate::score) fn bytes(&self) -> u64 {
        self.0.iter().map(|piece| (piece.len() + size_of::<Box<[u8]>>()) as u64).sum()
    }

    /// Decodes a file that was read before.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when the file is not one that can be used, or has other features than the model,
    /// [`Error::Cancelled`].
    pub(in crate::score) fn decode(&self, features: usize, progress: &Progress) -> Result<Onnx> {
        match Onnx::read(&self.0.concat(), self.clone(), &mut Vec::new(), progress) {
            Ok((_, _, onnx)) if onnx.features() == features => Ok(onnx),
            Ok(_) => Err(Error::Corrupt("the features of the ONNX model differ from those of the model")),
            Err(Error::Cancelled) => Err(Error::Cancelled),
            Err(_) => Err(Error::Corrupt("the file of an ONNX model cannot be used")),
        }
    }
}

/// A file that is being read from records.
#[derive(Debug, Default)]
pub(in crate::score) struct Decoder {
    pieces: Vec<Box<[u8]>>,
    len: usize,
}

impl Decoder {
    /// Reads the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(in crate::score) fn push(&mut self, record: &[u8]) -> Result<()> {
        // Only the last record is shorter: a file is always cut into the same records.
        let is_whole = self.len.is_multiple_of(PIECE) && record.len() <= PIECE;
        if record.is_empty() || !is_whole || self.len + record.len() > MAX_FILE {
            return Err(Error::Corrupt("a record of an ONNX model has a wrong length, or there are too many"));
        }
        self.pieces.push(record.into());
        self.len += record.len();
        Ok(())
    }

    /// Returns the file, after every record was read.
    pub(in crate::score) fn finish(self) -> File {
        File(self.pieces.into())
    }

    /// Bytes of memory in use.
    pub(in crate::score) fn bytes(&self) -> u64 {
        (self.len + self.pieces.capacity() * size_of::<Box<[u8]>>()) as u64
    }
}
