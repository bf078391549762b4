//! The byte form of changes, for replication, persistence and digests.
//!
//! A change is a tag (1 byte) and its fields. Numbers are LEB128, texts are their length and their bytes, optional
//! fields begin with a byte 0 or 1. The bytes of several changes follow each other.

mod bytes;
mod decode;
mod encode;

pub(super) use self::decode::decode;
pub(super) use self::encode::{encode, put};

/// The tags of changes. Values are never used again for another change.
#[repr(u8)]
#[derive(Clone, Copy)]
enum Tag {
    Put = 1,
    Claimed = 2,
    Extended = 3,
    Due = 4,
    Finished = 5,
    CancelRequested = 6,
    RerunRequested = 7,
    Revived = 8,
    Removed = 9,
    Limited = 10,
    Paused = 11,
    Resumed = 12,
    Scheduled = 13,
    Unscheduled = 14,
}

impl Tag {
    const ALL: [Self; 14] = [
        Self::Put,
        Self::Claimed,
        Self::Extended,
        Self::Due,
        Self::Finished,
        Self::CancelRequested,
        Self::RerunRequested,
        Self::Revived,
        Self::Removed,
        Self::Limited,
        Self::Paused,
        Self::Resumed,
        Self::Scheduled,
        Self::Unscheduled,
    ];
}
