//! Tensors: a type, dimensions and elements.

use super::bad;
use super::texts::Texts;
use super::wire::{Content, Fields, doubles, each, floats, integers};
use crate::Result;

/// The most dimensions.
pub(super) const MAX_RANK: usize = 8;

/// The most elements of a tensor of the graph, and of a list that an attribute holds as a tensor.
const MAX_ELEMENTS: usize = 1 << 22;
const MAX_LISTED: usize = 1 << 25;

/// The type of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F64,
    I32,
    I64,
    Bool,
    /// Places in the list of texts.
    Text,
}

impl Kind {
    /// The type of elements with this code.
    pub(super) fn coded(code: i64) -> Result<Self> {
        Ok(match code {
            1 => Self::F32,
            6 => Self::I32,
            7 => Self::I64,
            8 => Self::Text,
            9 => Self::Bool,
            11 => Self::F64,
            _ => {
                let name = match code {
                    2 => "uint8",
                    3 => "int8",
                    4 => "uint16",
                    5 => "int16",
                    10 => "float16",
                    12 => "uint32",
                    13 => "uint64",
                    16 => "bfloat16",
                    _ => "unknown",
                };
                return Err(bad(format!(
                    "a tensor of the ONNX model has elements of the type {name}, which is not supported"
                )));
            }
        })
    }

    /// Whether elements are floating-point numbers.
    pub(super) fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64)
    }

    /// Whether elements are numbers.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Self::Bool | Self::Text)
    }
}

/// Elements, in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    /// Also of 32 bits.
    I64(Vec<i64>),
    Bool(Vec<bool>),
    Text(Vec<u32>),
}

/// The place of a text that is in no list.
pub(super) const UNKNOWN_TEXT: u32 = u32::MAX;

impl Data {
    /// No elements.
    pub(super) fn empty(kind: Kind) -> Self {
        match kind {
            Kind::F32 => Self::F32(Vec::new()),
            Kind::F64 => Self::F64(Vec::new()),
            Kind::I32 | Kind::I64 => Self::I64(Vec::new()),
            Kind::Bool => Self::Bool(Vec::new()),
            Kind::Text => Self::Text(Vec::new()),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::F32(list) => list.len(),
            Self::F64(list) => list.len(),
            Self::I64(list) => list.len(),
            Self::Bool(list) => list.len(),
            Self::Text(list) => list.len(),
        }
    }

    /// The element as a number; NaN for a text and past the end.
    pub(super) fn number(&self, i: usize) -> f64 {
        let number = match self {
            Self::F32(list) => list.get(i).map(|&x| f64::from(x)),
            Self::F64(list) => list.get(i).copied(),
            Self::I64(list) => list.get(i).map(|&x| x as f64),
            Self::Bool(list) => list.get(i).map(|&x| f64::from(u8::from(x))),
            Self::Text(_) => None,
        };
        number.unwrap_or(f64::NAN)
    }

    /// The elements, if they are integers.
    pub(super) fn integers(&self) -> Option<&[i64]> {
        if let Self::I64(list) = self { Some(list) } else { None }
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::F32(list) => list.capacity() * 4,
            Self::F64(list) => list.capacity() * 8,
            Self::I64(list) => list.capacity() * 8,
            Self::Bool(list) => list.capacity(),
            Self::Text(list) => list.capacity() * 4,
        }
    }
}

/// A constant.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    pub(super) data: Data,
}

impl Tensor {
    /// Reads the message of a tensor. Returns its name, too.
    pub(super) fn read<'a>(message: &'a [u8], texts: &mut Texts) -> Result<(&'a str, Self)> {
        let (mut name, mut code, mut raw) = ("", 0, None);
        for field in Fields(message) {
            match field? {
                (2, content) => code = content.integer()?,
                (8, content) => name = content.text()?,
                (9, content) => raw = Some(content.bytes()?),
                (13, _) | (14, Content::Number(1..)) => {
                    return Err(bad(
                        "the ONNX model keeps tensors in another file (external data): save it as one file, in Python \
                         onnx.save_model(model, \"m.onnx\", save_as_external_data=False)",
                    ));
                }
                (3, _) => return Err(bad("a tensor of the ONNX model has segments, which are not supported")),
                _ => {}
            }
        }
        let kind = Kind::coded(code)?;
        let shape = dimensions(integers(message, 1))?;
        let count = product(&shape).filter(|&count| count <= MAX_LISTED);
        let count = count.ok_or_else(|| bad("a tensor of the ONNX model has more than 33 million elements"))?;
        let data = match (raw, kind) {
            (Some(_), Kind::Text) => return Err(bad("a tensor of texts of the ONNX model holds raw data")),
            (Some(raw), _) => from_raw(raw, kind)?,
            (None, Kind::F32) => Data::F32(bounded(floats(message, 4), count)?),
            (None, Kind::F64) => Data::F64(bounded(doubles(message, 10), count)?),
            (None, Kind::I32) => Data::I64(bounded(integers(message, 5), count)?),
            (None, Kind::I64) => Data::I64(bounded(integers(message, 7), count)?),
            (None, Kind::Bool) => {
                Data::Bool(bounded(integers(message, 5), count)?.into_iter().map(|x| x != 0).collect())
            }
            (None, Kind::Text) => Data::Text(bounded(each(message, 6).map(|text| texts.place(text?)), count)?),
        };
        if data.len() != count {
            return Err(bad("a tensor of the ONNX model has more or fewer elements than its dimensions say"));
        }
        if kind == Kind::I32 && data.integers().is_some_and(|list| list.iter().any(|&x| i32::try_from(x).is_err())) {
            return Err(bad("a tensor of int32 of the ONNX model holds a number that does not fit"));
        }
        Ok((name, Self { kind, shape, data }))
    }

    /// One element.
    pub(super) fn scalar(kind: Kind, data: Data) -> Self {
        Self { kind, shape: Vec::new(), data }
    }
}

/// Collects at most one element more than `count`, so that a list that is too long costs no memory.
fn bounded<T>(list: impl Iterator<Item = Result<T>>, count: usize) -> Result<Vec<T>> {
    list.take(count + 1).collect()
}

fn from_raw(raw: &[u8], kind: Kind) -> Result<Data> {
    let cut = || bad("the raw data of a tensor of the ONNX model are cut");
    macro_rules! numbers {
        ($size:literal, $read:expr) => {{
            let (list, []) = raw.as_chunks::<$size>() else { return Err(cut()) };
            list.iter().map(|&bytes| $read(bytes)).collect()
        }};
    }
    Ok(match kind {
        Kind::F32 => Data::F32(numbers!(4, f32::from_le_bytes)),
        Kind::F64 => Data::F64(numbers!(8, f64::from_le_bytes)),
        Kind::I32 => Data::I64(numbers!(4, |bytes| i64::from(i32::from_le_bytes(bytes)))),
        Kind::I64 => Data::I64(numbers!(8, i64::from_le_bytes)),
        Kind::Bool => Data::Bool(raw.iter().map(|&byte| byte != 0).collect()),
        Kind::Text => return Err(cut()),
    })
}

/// Checks dimensions.
pub(super) fn dimensions(list: impl Iterator<Item = Result<i64>>) -> Result<Vec<usize>> {
    let shape: Vec<i64> = list.take(MAX_RANK + 1).collect::<Result<_>>()?;
    if shape.len() > MAX_RANK {
        return Err(bad("a tensor of the ONNX graph has more than 8 dimensions"));
    }
    let size = |size| usize::try_from(size).map_err(|_| bad("a dimension of the ONNX graph is negative"));
    shape.into_iter().map(size).collect()
}

/// The number of elements; `None` if there are too many. A dimension of 0 does not let the others be any number: loops run
/// over one dimension at a time.
fn product(shape: &[usize]) -> Option<usize> {
    let bound = shape.iter().try_fold(1usize, |count, &size| count.checked_mul(size.max(1)));
    let bound = bound.filter(|&count| count <= MAX_ELEMENTS)?;
    Some(if shape.contains(&0) { 0 } else { bound })
}

/// The number of elements of a tensor with these dimensions.
pub(super) fn elements(shape: &[usize]) -> Result<usize> {
    let count = product(shape).filter(|&count| count <= MAX_ELEMENTS);
    count.ok_or_else(|| bad("a tensor of the ONNX graph has more than 4 million elements"))
}
