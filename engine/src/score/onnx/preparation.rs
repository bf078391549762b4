//! Operators that prepare features: `Imputer`, `Normalizer`, `OneHotEncoder`, `LabelEncoder`.

use std::collections::HashMap;

use super::fault::Fault;
use super::tensor::{Data, UNKNOWN_TEXT};

/// Replaces a value that marks missing ones.
#[derive(Debug)]
pub(super) enum Imputer {
    /// The mark, and the replacement for each input or for all.
    Floats(f32, Box<[f32]>),
    Integers(i64, Box<[i64]>),
}

impl Imputer {
    pub(super) fn run(&self, x: &Data, out: &mut Data) {
        macro_rules! impute {
            ($x:expr, $by:expr, $is_mark:expr, $out:expr) => {
                $out.extend($x.iter().enumerate().map(|(i, &x)| {
                    if !$is_mark(x) {
                        return x;
                    }
                    // One replacement is for all inputs.
                    let by = if $by.len() == 1 { $by.first() } else { $by.get(i) };
                    by.map_or(x, |&by| by.into())
                }))
            };
        }
        match (self, x, out) {
            (Self::Floats(mark, by), Data::F32(x), Data::F32(out)) => {
                impute!(x, by, |x: f32| x == *mark || x.is_nan() && mark.is_nan(), out);
            }
            (Self::Floats(mark, by), Data::F64(x), Data::F64(out)) => {
                impute!(x, by, |x: f64| x == f64::from(*mark) || x.is_nan() && mark.is_nan(), out);
            }
            (Self::Integers(mark, by), Data::I64(x), Data::I64(out)) => impute!(x, by, |x: i64| x == *mark, out),
            _ => {}
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Floats(_, by) => by.len() * 4,
            Self::Integers(_, by) => by.len() * 8,
        }
    }
}

/// The norm that a row is divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Normalizer {
    /// The largest number, with its sign.
    Max,
    /// The sum of the sizes.
    L1,
    /// The root of the sum of squares.
    L2,
}

impl Normalizer {
    /// Divides each `width` numbers by their norm; zeros stay zeros.
    pub(super) fn run(self, width: usize, x: &Data, out: &mut Data) {
        let Data::F32(out) = out else { return };
        out.extend((0..x.len()).map(|i| x.number(i) as f32));
        for row in out.chunks_exact_mut(width.max(1)) {
            let norm = match self {
                Self::Max => row.iter().copied().fold(f32::MIN, |a, b| if b > a || b.is_nan() { b } else { a }),
                Self::L1 => row.iter().map(|x| x.abs()).sum(),
                Self::L2 => row.iter().map(|x| x * x).sum::<f32>().sqrt(),
            };
            if norm != 0.0 {
                row.iter_mut().for_each(|x| *x /= norm);
            }
        }
    }
}

/// A place for each category: 1 at the place of the category of the input, else 0.
#[derive(Debug)]
pub(super) struct OneHot {
    /// The place of each category: an integer, or the place of a text.
    pub(super) places: HashMap<i64, u32>,
    pub(super) count: usize,
    /// Whether a row of zeros stands for an unknown category; else there is no result.
    pub(super) are_zeros_allowed: bool,
}

impl OneHot {
    pub(super) fn run(&self, x: &Data, out: &mut Data) -> Result<(), Fault> {
        let Data::F32(out) = out else { return Ok(()) };
        out.resize(x.len() * self.count, 0.0);
        for i in 0..x.len() {
            let category = match x {
                Data::I64(list) => list.get(i).copied(),
                Data::Text(list) => list.get(i).copied().filter(|&text| text != UNKNOWN_TEXT).map(i64::from),
                // Integer parts, as onnxruntime does; NaN is no category.
                other => Some(other.number(i)).filter(|x| x.is_finite() && x.abs() < 9e18).map(|x| x as i64),
            };
            match category.and_then(|category| self.places.get(&category)) {
                Some(&place) => {
                    if let Some(out) = out.get_mut(i * self.count + place as usize) {
                        *out = 1.0;
                    }
                }
                None if self.are_zeros_allowed => {}
                None => return Err(Fault::Category),
            }
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<(i64, u32)>()
    }

    pub(super) fn cost(&self) -> u64 {
        self.count as u64
    }
}

/// A table of keys and values.
#[derive(Debug)]
pub(super) struct Encoder {
    /// The place of the value of each key: an integer, the place of a text, or the bits of a number.
    pub(super) places: HashMap<u64, u32>,
    /// The values.
    pub(super) values: Data,
    /// The value, one element, of what is no key.
    pub(super) default: Data,
}

impl Encoder {
    /// The key of a number: its bits, the same for both zeros.
    pub(super) fn key(x: f64) -> u64 {
        (x + 0.0).to_bits()
    }

    pub(super) fn run(&self, x: &Data, out: &mut Data) {
        for i in 0..x.len() {
            let key = match x {
                Data::I64(list) => list.get(i).map(|&x| x as u64),
                Data::Text(list) => list.get(i).map(|&text| u64::from(text)),
                other => Some(other.number(i)).filter(|x| !x.is_nan()).map(Self::key),
            };
            let (from, place) = match key.and_then(|key| self.places.get(&key)) {
                Some(&place) => (&self.values, place as usize),
                None => (&self.default, 0),
            };
            match (from, &mut *out) {
                (Data::F32(from), Data::F32(out)) => out.extend(from.get(place)),
                (Data::F64(from), Data::F64(out)) => out.extend(from.get(place)),
                (Data::I64(from), Data::I64(out)) => out.extend(from.get(place)),
                (Data::Text(from), Data::Text(out)) => out.extend(from.get(place)),
                _ => {}
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<(u64, u32)>() + self.values.bytes() + self.default.bytes()
    }
}
