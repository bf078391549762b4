//! The byte form of models: a sequence of frames, each bounded and self-contained.
//!
//! The RDB file, the append-only file, replication and digests use the same form. A frame is small ([`MAX_FRAME`]), so
//! that writing or reading one does not block a server, and a reader allocates no more memory than the bytes that it
//! has received justify.

mod decoder;
mod frame;

pub use self::decoder::Decoder;
pub use self::frame::{MAX_FRAME, preamble, preamble_of, version};
