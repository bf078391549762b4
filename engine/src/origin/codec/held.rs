//! A part of a model with its frames, and the types that can be parts.

use super::records;
use crate::origin::agreement::Agreement;
use crate::origin::nomenclature::Nomenclature;
use crate::origin::overrides::Overrides;
use crate::origin::sections::Sections;
use crate::search::Synonyms;

/// A frame is closed before it grows beyond this size, unless a single record is larger.
const FRAME: usize = 16 << 10;

/// Bytes before the records of a frame: the kind, and whether it is the last frame.
pub(super) const BEGIN: usize = 2;

/// A part of a model with its frames.
#[derive(Debug)]
pub(in crate::origin) struct Held<T> {
    pub(in crate::origin) value: T,
    pub(in crate::origin) frames: Vec<Box<[u8]>>,
    /// Bytes of memory in use. Computed once: it is read often, and value and frames never change.
    bytes: u64,
}

/// A type that can be a part.
pub(in crate::origin) trait Piece {
    /// The number of its kind.
    const KIND: u8;

    /// Passes its records to `give`, in order.
    fn each_record(&self, give: &mut dyn FnMut(&[u8]));

    /// Bytes of memory in use.
    fn held(&self) -> u64;
}

impl<T: Piece> Held<T> {
    pub(in crate::origin) fn new(value: T) -> Self {
        let mut cutter = Cutter::new(T::KIND);
        value.each_record(&mut |record| cutter.push(record));
        Self::of(value, cutter.finish())
    }

    /// A value with frames that already exist.
    pub(super) fn of(value: T, frames: Vec<Box<[u8]>>) -> Self {
        let bytes = value.held() + frames.iter().map(|frame| frame.len() as u64 + 16).sum::<u64>();
        Self { value, frames, bytes }
    }

    /// Bytes of memory in use.
    pub(in crate::origin) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Divides records into frames.
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
