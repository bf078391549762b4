//! Reading a model of any kind.

use std::sync::Arc;

use super::frame::{IO, MAX_FRAME, ORIGIN, SCORE, VERSION};
use crate::io::codec::IoDecoder;
use crate::model::AnyModel;
use crate::origin::OriginDecoder;
use crate::score::ScoreDecoder;
use crate::{Error, Result};

/// Builds a model from its frames.
#[derive(Debug)]
pub enum Decoder {
    /// Nothing has arrived yet.
    Empty,
    /// An input-output model in the making.
    Io(Box<IoDecoder>),
    /// A score model in the making.
    Score(Box<ScoreDecoder>),
    /// An origin model in the making.
    Origin(Box<OriginDecoder>),
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub const fn new() -> Self {
        Self::Empty
    }

    /// Takes the next frame. The first says kind and version.
    ///
    /// # Errors
    /// [`Error::Corrupt`]; the decoder is of no further use then.
    pub fn push(&mut self, frame: &[u8]) -> Result<()> {
        if frame.len() > MAX_FRAME {
            return Err(Error::Corrupt("a frame is too long"));
        }
        match self {
            Self::Empty => {
                let (&kind, rest) = frame.split_first().ok_or(Error::Corrupt("the first frame is empty"))?;
                let (&version, rest) = rest.split_first().ok_or(Error::Corrupt("the first frame is too short"))?;
                if version == 0 || version > VERSION {
                    return Err(Error::Corrupt("written by a newer version of redis-assess"));
                }
                *self = match kind {
                    IO => Self::Io(Box::new(IoDecoder::begin(rest)?)),
                    SCORE => Self::Score(Box::new(ScoreDecoder::begin(rest)?)),
                    ORIGIN => Self::Origin(Box::new(OriginDecoder::begin(rest)?)),
                    _ => return Err(Error::Corrupt("unknown kind of model")),
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

    /// Bytes of memory held.
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
