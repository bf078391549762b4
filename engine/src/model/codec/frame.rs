//! The largest size of a frame, and the first bytes of the first frame.

use crate::model::Kind;

/// The largest frame, in bytes.
pub const MAX_FRAME: usize = 1 << 20;

/// The newest version of the byte form of models of a kind. Readers accept all versions up to it.
///
/// Version 2 of input-output models has final demand; version 2 of score models has more
/// objectives, random forests and splits by category of XGBoost, version 3 categories by name, a number for missing
/// values and more links, version 4 several numbers in an answer and names of classes from the load.
pub const fn version(kind: Kind) -> u8 {
    match kind {
        Kind::Io => 2,
        Kind::Score => 4,
        Kind::Origin => 1,
    }
}

pub(super) const IO: u8 = 1;
pub(super) const SCORE: u8 = 2;
pub(super) const ORIGIN: u8 = 3;

/// The first two bytes of the first frame of a model of this kind, in the newest version.
pub const fn preamble(kind: Kind) -> [u8; 2] {
    preamble_of(kind, version(kind))
}

/// The first two bytes of the first frame of a model of this kind, in a version that is enough for it: an older module
/// can then read it.
pub const fn preamble_of(kind: Kind, version: u8) -> [u8; 2] {
    match kind {
        Kind::Io => [IO, version],
        Kind::Score => [SCORE, version],
        Kind::Origin => [ORIGIN, version],
    }
}
