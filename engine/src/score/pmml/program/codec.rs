//! The byte form of a program: its parts one after the other ([`wire`](super::wire)), cut into records of at most 60 KiB.

use super::Program;
use super::wire::{Reader, Wire};
use crate::score::codec::Records;
use crate::{Error, Result};

/// Bytes of one record.
const PIECE: usize = 60 << 10;

/// Bytes of all records. A file of a larger program is refused: a replica, RESTORE and the load of a data set read a program in
/// one piece on the main thread of the server.
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

    /// Writes the records.
    pub(in crate::score) fn encode(&self, records: &mut Records) {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        bytes.chunks(PIECE).for_each(|piece| records.push(piece));
    }
}

/// A program that is being read from records.
#[derive(Debug, Default)]
pub(in crate::score) struct ProgramDecoder {
    bytes: Vec<u8>,
}

impl ProgramDecoder {
    /// Reads the next record.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(in crate::score) fn push(&mut self, record: &[u8]) -> Result<()> {
        if record.is_empty() || record.len() > PIECE || self.bytes.len() + record.len() > LONGEST {
            return Err(Error::Corrupt("a record of a program is empty or too long"));
        }
        self.bytes.extend_from_slice(record);
        Ok(())
    }

    /// Returns the program, after every record was read.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(in crate::score) fn finish(self, features: usize) -> Result<Program> {
        let program = Program::read(&self.bytes)?;
        if program.inputs.len() != features {
            return Err(Error::Corrupt("the features of a program differ from those of the model"));
        }
        Ok(program)
    }

    pub(in crate::score) fn bytes(&self) -> u64 {
        self.bytes.capacity() as u64
    }
}
