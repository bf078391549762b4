//! The byte form of a table. (A placeholder of this branch: the real one is written beside it.)

use super::IoModel;
use crate::{Error, Result};

/// Builds a table from its frames.
#[derive(Debug)]
pub struct IoDecoder;

impl IoDecoder {
    /// Takes the first frame.
    pub fn begin(_: &[u8]) -> Result<Self> {
        Err(Error::Corrupt("not here"))
    }
    /// Takes the next frame.
    pub fn push(&mut self, _: &[u8]) -> Result<()> {
        Err(Error::Corrupt("not here"))
    }
    /// The model.
    pub fn finish(self) -> Result<IoModel> {
        Err(Error::Corrupt("not here"))
    }
    /// Bytes of memory held.
    pub fn bytes(&self) -> u64 {
        0
    }
}
