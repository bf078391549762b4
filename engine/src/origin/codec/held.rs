//! A part of a model with its frames, and what can be one.

use super::records;
use crate::origin::agreement::Agreement;
use crate::origin::nomenclature::Nomenclature;
use crate::origin::overrides::Overrides;
use crate::origin::sections::Sections;
use crate::search::Synonyms;

/// A frame is closed before it grows over this, unless one record does.
const FRAME: usize = 16 << 10;

/// Bytes before the records of a frame: kind, and whether it is the last.
pub(super) const BEGIN: usize = 2;

/// What a model holds, with its frames.
#[derive(Debug)]
pub(in crate::origin) struct Held<T> {
    pub(in crate::origin) value: T,
    pub(in crate::origin) frames: Vec<Box<[u8]>>,
    /// Counted once: it is asked for often, and neither value nor frames change.
    bytes: u64,
}

/// What can be a part.
pub(in crate::origin) trait Piece {
    /// The number of its kind.
    const KIND: u8;

    /// Gives its records, in order.
    fn each_record(&self, give: &mut dyn FnMut(&[u8]));

    /// Bytes of memory held.
    fn held(&self) -> u64;
}

impl<T: Piece> Held<T> {
    pub(in crate::origin) fn new(value: T) -> Self {
        let mut cutter = Cutter::new(T::KIND);
        value.each_record(&mut |record| cutter.push(record));
        Self::of(value, cutter.finish())
    }

    /// A value with the frames that it has already.
    pub(super) fn of(value: T, frames: Vec<Box<[u8]>>) -> Self {
        let bytes = value.held() + frames.iter().map(|frame| frame.len() as u64 + 16).sum::<u64>();
        Self { value, frames, bytes }
    }

    /// Bytes of memory held.
    pub(in crate::origin) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Cuts records into frames.
#[derive(Debug)]
pub(super) struct Cutter {
    pub(super) kind: u8,
    closed: Vec<Box<[u8]>>,
    open: Vec<u8>,
    pub(super) bytes: u64,
}

impl Cutter {
    pub(super) fn new(kind: u8) -> Self {
        Self { kind, closed: Vec::new(), open: vec![kind, 0], bytes: 0 }
    }

    pub(super) fn push(&mut self, record: &[u8]) {
        if self.open.len() > BEGIN && self.open.len() + 4 + record.len() > FRAME {
            let next = vec![self.kind, 0];
            self.closed.push(std::mem::replace(&mut self.open, next).into());
        }
        self.open.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.open.extend_from_slice(record);
        self.bytes += record.len() as u64 + 4;
    }

    pub(super) fn finish(mut self) -> Vec<Box<[u8]>> {
        self.open[1] = 1;
        self.closed.push(self.open.into());
        self.closed
    }
}

macro_rules! piece {
    ($piece:ty, $kind:literal) => {
        impl Piece for $piece {
            const KIND: u8 = $kind;

            fn each_record(&self, give: &mut dyn FnMut(&[u8])) {
                self.records().iter().for_each(|record| give(record));
            }

            fn held(&self) -> u64 {
                self.bytes()
            }
        }
    };
}

piece!(Nomenclature, 1);
piece!(Sections, 2);
piece!(Synonyms, 3);

impl Piece for Agreement {
    const KIND: u8 = 4;

    fn each_record(&self, give: &mut dyn FnMut(&[u8])) {
        records::of_agreement(self, give);
    }

    fn held(&self) -> u64 {
        self.bytes()
    }
}

impl Piece for Overrides {
    const KIND: u8 = 5;

    fn each_record(&self, give: &mut dyn FnMut(&[u8])) {
        records::of_overrides(self, give);
    }

    fn held(&self) -> u64 {
        self.bytes()
    }
}
