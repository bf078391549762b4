//! The byte form of a program: its parts one after the other ([`wire`](super::wire)), cut into records of at most 60 KiB.

use super::Program;
use super::wire::{Reader, Wire};
use crate::score::codec::Records;
use crate::{Error, Result};

/// Bytes of one record.
const PIECE: usize = 60 << 10;

/// Bytes of all records. A file of a larger program is refused.
const LONGEST: usize = 64 << 20;

impl Program {
    /// The program as it is after it was stored and read, so that both use the same memory and every file that is
    /// loaded can be read again.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when its parts do not fit together, [`Error::TooBig`].
    pub(in super::super) fn stored(&self) -> Result<Self> {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        if bytes.len() > LONGEST {
            let what = "the size in bytes of what a server keeps of the PMML, 24 for each comparison";
            return Err(Error::TooBig { what, limit: LONGEST as u64 });
        }
        Self::read(&bytes)
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let program = Self::get(&mut reader)?;
        reader.end()?;
        program.check()?;
        Ok(program)
    }

    /// Reads the program from the bytes of all records, for a model with this number of features.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(in crate::score) fn decode(bytes: &[u8], features: usize) -> Result<Self> {
        let program = Self::read(bytes)?;
        if program.inputs.len() != features {
            return Err(Error::Corrupt("the features of a program differ from those of the model"));
        }
        Ok(program)
    }

    /// Writes the records.
    pub(in crate::score) fn encode(&self, records: &mut Records) {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes.chunks(PIECE).for_each(|piece| records.push(piece));
    }
}

/// Counts the bytes of records, which stay in their frames until the program is decoded.
#[derive(Debug, Default)]
pub(in crate::score) struct ProgramDecoder {
    len: usize,
}

impl ProgramDecoder {
    /// Takes the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(in crate::score) fn push(&mut self, record: &[u8]) -> Result<()> {
        if record.is_empty() || record.len() > PIECE || self.len + record.len() > LONGEST {
            return Err(Error::Corrupt("a record of a program is empty or too long"));
        }
        self.len += record.len();
        Ok(())
    }

    /// The number of bytes.
    pub(in crate::score) fn len(&self) -> usize {
        self.len
    }
}
