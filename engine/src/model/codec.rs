//! The byte form of models: a sequence of frames, each bounded and self-contained.
//!
//! One form serves the RDB file, the append-only file, replication and digests. Because a frame is small
//! ([`MAX_FRAME`]), nobody who writes or reads one holds up a server, and a reader never allocates on the word of a
//! length it has not received.

mod decoder;
mod frame;

pub use self::decoder::Decoder;
pub use self::frame::{MAX_FRAME, VERSION, preamble};
