//! The byte form of a rules-of-origin model.
//!
//! The first frame is the preamble and `u32` parts. Every other belongs to a part: `u8` kind of part, `u8` whether it is
//! the part's last, then records, each as `u32` length and bytes (little-endian). Parts come in this order:
//!
//! | parts | kind | records |
//! | --- | --- | --- |
//! | 0 or 1 | 1 | a nomenclature, as it writes itself |
//! | 0 or 1 | 2 | names of sections, as they write themselves |
//! | 0 or 1 | 3 | synonyms, as they write themselves |
//! | 0.. | 4 | an agreement: a letter and JSON as in `roo/1`: `H` what it says of itself, `P` party and members, `C` kind of cumulation and countries, `M` name and expression of a macro, `R` a rule; `T` is followed by the text itself |
//! | 0.. | 5 | overrides: `H` the agreement's id, `T` a text, `R` what is changed of a rule |
//!
//! A part is cut into frames when it is read, so that a frame is given away by one copy.

mod decode;
mod records;

pub use self::decode::OriginDecoder;
use crate::origin::agreement::Agreement;
use crate::origin::nomenclature::Nomenclature;
use crate::origin::overrides::Overrides;
use crate::origin::sections::Sections;
use crate::search::Synonyms;

/// A frame is closed before it grows over this, unless one record does.
const FRAME: usize = 16 << 10;

/// Bytes before the records of a frame: kind, and whether it is the last.
const BEGIN: usize = 2;

/// What a model holds, with its frames.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub(super) value: T,
    pub(super) frames: Vec<Box<[u8]>>,
    /// Counted once: it is asked for often, and neither value nor frames change.
    bytes: u64,
}

/// What can be a part.
pub(super) trait Piece {
    /// The number of its kind.
    const KIND: u8;

    /// Gives its records, in order.
    fn each_record(&self, give: &mut dyn FnMut(&[u8]));

    /// Bytes of memory held.
    fn held(&self) -> u64;
}

impl<T: Piece> Held<T> {
    pub(super) fn new(value: T) -> Self {
        let mut cutter = Cutter::new(T::KIND);
        value.each_record(&mut |record| cutter.push(record));
        Self::of(value, cutter.finish())
    }

    /// A value with the frames that it has already.
    fn of(value: T, frames: Vec<Box<[u8]>>) -> Self {
        let bytes = value.held() + frames.iter().map(|frame| frame.len() as u64 + 16).sum::<u64>();
        Self { value, frames, bytes }
    }

    /// Bytes of memory held.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Cuts records into frames.
#[derive(Debug)]
struct Cutter {
    kind: u8,
    closed: Vec<Box<[u8]>>,
    open: Vec<u8>,
    bytes: u64,
}

impl Cutter {
    fn new(kind: u8) -> Self {
        Self { kind, closed: Vec::new(), open: vec![kind, 0], bytes: 0 }
    }

    fn push(&mut self, record: &[u8]) {
        if self.open.len() > BEGIN && self.open.len() + 4 + record.len() > FRAME {
            let next = vec![self.kind, 0];
            self.closed.push(std::mem::replace(&mut self.open, next).into());
        }
        self.open.extend_from_slice(&(record.len() as u32).to_le_bytes());
        self.open.extend_from_slice(record);
        self.bytes += record.len() as u64 + 4;
    }

    fn finish(mut self) -> Vec<Box<[u8]>> {
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
