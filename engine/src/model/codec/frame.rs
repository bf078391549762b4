//! The largest size of a frame, and the first bytes of the first frame.

use crate::model::Kind;

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The version of the byte form that is written for models of a kind. Readers accept all versions up to it.
///
/// Version 2 of input-output models has final demand; version 2 of score models has more
/// objectives, random forests and splits by category of XGBoost.
pub const fn version(kind: Kind) -> u8 {
    match kind {
        Kind::Io | Kind::Score => 2,
        Kind::Origin => 1,
    }
}

pub(super) const IO: u8 = 1;
pub(super) const SCORE: u8 = 2;
pub(super) const ORIGIN: u8 = 3;

/// The first two bytes of the first frame of a model of this kind.
pub const fn preamble(kind: Kind) -> [u8; 2] {
    match kind {
        Kind::Io => [IO, version(kind)],
        Kind::Score => [SCORE, version(kind)],
        Kind::Origin => [ORIGIN, version(kind)],
    }
}
