//! What a machine that is decoded by the derivation is decoded from.
//!
//! A file of ONNX and a program are decoded in one piece, which takes up to seconds. A replica that commits a load, `RESTORE`
//! and the load of a data set read frames on the main thread of the server, so they only keep these bytes.

use super::codec;
use super::machine::Machine;
use super::onnx;
use super::pmml::Program;
use crate::{Budget, Progress, Result};

/// The memory for decoding, as a multiple of the bytes.
const EXPANSION: u64 = 4;

#[derive(Debug)]
pub(super) enum Source {
    /// The machine was read with the model.
    Machine,
    Onnx(onnx::File),
    /// The records of the frames after these.
    Program {
        skipped: usize,
        bytes: usize,
    },
}

impl Source {
    /// That of a machine that was read from a file.
    pub(super) fn of(machine: &Machine) -> Self {
        match machine {
            Machine::Onnx(onnx) => Self::Onnx(onnx.file().clone()),
            _ => Self::Machine,
        }
    }

    /// Decodes the machine of a model with these frames and this number of features.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`], [`crate::Error::NoRoom`], [`crate::Error::Cancelled`].
    pub(super) fn decode(
        &self,
        frames: &[Box<[u8]>],
        features: usize,
        budget: &Budget,
        progress: &Progress,
    ) -> Result<Machine> {
        progress.check()?;
        match self {
            Self::Machine => Err(crate::Error::Corrupt("the machine is missing")),
            Self::Onnx(file) => {
                budget.require("the decoded ONNX graph", EXPANSION * file.bytes())?;
                Ok(Machine::Onnx(Box::new(file.decode(features, progress)?)))
            }
            &Self::Program { skipped, bytes } => {
                budget.require("the decoded PMML program", EXPANSION * bytes as u64)?;
                let mut program = Vec::with_capacity(bytes);
                for record in frames.iter().skip(1).flat_map(|frame| codec::records_of(frame)).skip(skipped) {
                    program.extend_from_slice(record?);
                }
                Ok(Machine::Program(Box::new(Program::decode(&program, features)?)))
            }
        }
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Machine | Self::Program { .. } => 0,
            Self::Onnx(file) => file.bytes(),
        }
    }
}
