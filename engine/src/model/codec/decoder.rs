//! Decoding of a model of any kind.

use std::sync::Arc;

use super::frame::{self, IO, MAX_FRAME, ORIGIN, SCORE};
use crate::io::codec::IoDecoder;
use crate::model::{AnyModel, Kind};
use crate::origin::OriginDecoder;
use crate::score::ScoreDecoder;
use crate::{Error, Result};

/// Builds a model from its frames.
#[derive(Debug)]
pub enum Decoder {
    /// No frame has arrived.
    Empty,
    /// A part of an input-output model.
    Io(Box<IoDecoder>),
    /// A part of a score model.
    Score(Box<ScoreDecoder>),
    /// A part of an origin model.
    Origin(Box<OriginDecoder>),
}

impl Decoder {
    /// A decoder without frames.
    pub const fn new() -> Self {
        Self::Empty
    }

    /// Decodes the next frame. The first frame holds kind and version.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; after it the decoder cannot be used.
    pub fn push(&mut self, frame: &[u8]) -> Result<()> {
        if frame.len() > MAX_FRAME {
            return Err(Error::Corrupt("a frame is too long"));
        }
        match self {
            Self::Empty => {
                let (&kind, rest) = frame.split_first().ok_or(Error::Corrupt("the first frame is empty"))?;
                let (&version, rest) = rest.split_first().ok_or(Error::Corrupt("the first frame is too short"))?;
                let known = match kind {
                    IO => frame::version(Kind::Io),
                    SCORE => frame::version(Kind::Score),
                    ORIGIN => frame::version(Kind::Origin),
                    _ => return Err(Error::Corrupt("unknown kind of model")),
                };
                if version == 0 || version > known {
                    return Err(Error::Corrupt("written by a newer version of redis-assess"));
                }
                *self = match kind {
                    IO => Self::Io(Box::new(IoDecoder::begin(version, rest)?)),
                    SCORE => Self::Score(Box::new(ScoreDecoder::begin(version, rest)?)),
                    _ => Self::Origin(Box::new(OriginDecoder::begin(rest)?)),
                };
                Ok(())
            }
            Self::Io(decoder) => decoder.push(frame),
            Self::Score(decoder) => decoder.push(frame),
            Self::Origin(decoder) => decoder.push(frame),
        }
    }

    /// The model, once every frame has arrived.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when frames are missing or do not fit together.
    pub fn finish(self) -> Result<AnyModel> {
        match self {
            Self::Empty => Err(Error::Corrupt("no frames")),
            Self::Io(decoder) => Ok(AnyModel::Io(Arc::new(decoder.finish()?))),
            Self::Score(decoder) => Ok(AnyModel::Score(Arc::new(decoder.finish()?))),
            Self::Origin(decoder) => Ok(AnyModel::Origin(Arc::new(decoder.finish()?))),
        }
    }

    /// The memory that the decoder occupies, in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Io(decoder) => decoder.bytes(),
            Self::Score(decoder) => decoder.bytes(),
            Self::Origin(decoder) => decoder.bytes(),
        }
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}
