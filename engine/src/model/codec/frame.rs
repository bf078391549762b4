//! The largest size of a frame, and the first bytes of the first frame.

use crate::model::Kind;

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The version of the byte form that is written. Readers accept all versions up to it.
pub const VERSION: u8 = 1;

pub(super) const IO: u8 = 1;
pub(super) const SCORE: u8 = 2;
pub(super) const ORIGIN: u8 = 3;

/// The first two bytes of the first frame of a model of this kind.
pub const fn preamble(kind: Kind) -> [u8; 2] {
    match kind {
        Kind::Io => [IO, VERSION],
        Kind::Score => [SCORE, VERSION],
        Kind::Origin => [ORIGIN, VERSION],
    }
}
