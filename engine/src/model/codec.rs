//! The byte form of models: a sequence of frames, each bounded and self-contained.
//!
//! One form serves the RDB file, the append-only file, replication and digests. Because a frame is small
//! ([`MAX_FRAME`]), nobody who writes or reads one holds up a server, and a reader never allocates on the word of a
//! length it has not received.

use std::sync::Arc;

use super::{AnyModel, Kind};
use crate::io::codec::IoDecoder;
use crate::origin::OriginDecoder;
use crate::score::ScoreDecoder;
use crate::{Error, Result};

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The version of the byte form that is written. Readers know every version up to it.
pub const VERSION: u8 = 1;

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

const IO: u8 = 1;
const SCORE: u8 = 2;
const ORIGIN: u8 = 3;

/// The two bytes that begin the first frame of a model of this kind.
pub const fn preamble(kind: Kind) -> [u8; 2] {
    match kind {
        Kind::Io => [IO, VERSION],
        Kind::Score => [SCORE, VERSION],
        Kind::Origin => [ORIGIN, VERSION],
    }
}

/// Appends `text` as a JSON string.
pub fn json_string(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("writing a string to memory cannot fail");
}
