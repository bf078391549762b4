//! The fields of protobuf messages, borrowed from the file.
//!
//! Nothing is copied and nothing is nested: the content of a field that is a message is bytes, which the caller reads
//! the same way. Memory is therefore never a multiple of the file, and no recursion needs a limit.

use prost::encoding::{WireType, decode_key, decode_varint};

use crate::{Error, Result};

/// The content of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'a> {
    /// An integer of variable length.
    Number(u64),
    /// Four bytes: an `f32`.
    Four(u32),
    /// Eight bytes: an `f64`.
    Eight(u64),
    /// Bytes, a text, a message, or a packed list of numbers.
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order of the file.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// The error for bytes that are not a message.
pub(super) fn damaged() -> Error {
    Error::bad_whole("the ONNX file is damaged or cut off: it is not a protobuf message")
}

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn field(&mut self) -> Result<(u32, Content<'a>)> {
        let (tag, wire) = decode_key(&mut self.0).map_err(|_| damaged())?;
        let content = match wire {
            WireType::Varint => Content::Number(self.varint()?),
            WireType::ThirtyTwoBit => Content::Four(u32::from_le_bytes(self.take()?)),
            WireType::SixtyFourBit => Content::Eight(u64::from_le_bytes(self.take()?)),
            WireType::LengthDelimited => {
                let length = usize::try_from(self.varint()?).map_err(|_| damaged())?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(damaged)?;
                self.0 = rest;
                Content::Bytes(bytes)
            }
            // Groups: ONNX has none.
            WireType::StartGroup | WireType::EndGroup => return Err(damaged()),
        };
        Ok((tag, content))
    }

    fn varint(&mut self) -> Result<u64> {
        decode_varint(&mut self.0).map_err(|_| damaged())
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Content<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Content<'a> {
    pub(super) fn bytes(self) -> Result<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Ok(bytes) } else { Err(damaged()) }
    }

    pub(super) fn text(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()?).map_err(|_| damaged())
    }

    pub(super) fn integer(self) -> Result<i64> {
        if let Self::Number(number) = self { Ok(number as i64) } else { Err(damaged()) }
    }

    pub(super) fn float(self) -> Result<f32> {
        if let Self::Four(bits) = self { Ok(f32::from_bits(bits)) } else { Err(damaged()) }
    }
}

/// A list of numbers in a field of this tag: packed into bytes, or one field each.
macro_rules! list {
    ($name:ident, $kind:ty, $what:literal, $one:ident, $packed:ident) => {
        #[doc = concat!("The ", $what, " in the fields with this tag, in order; packed or not.")]
        pub(super) fn $name(message: &[u8], tag: u32) -> impl Iterator<Item = Result<$kind>> + '_ {
            let mut fields = Fields(message);
            let mut packed = Fields(&[]);
            std::iter::from_fn(move || {
                loop {
                    if !packed.0.is_empty() {
                        let number = $packed(&mut packed);
                        if number.is_err() {
                            (fields, packed) = (Fields(&[]), Fields(&[]));
                        }
                        return Some(number);
                    }
                    match fields.next()? {
                        Ok((found, content)) if found == tag => match content {
                            Content::Bytes(bytes) => packed = Fields(bytes),
                            one => return Some($one(one)),
                        },
                        Ok(_) => {}
                        Err(error) => return Some(Err(error)),
                    }
                }
            })
        }
    };
}

fn integer_of(content: Content<'_>) -> Result<i64> {
    content.integer()
}

fn float_of(content: Content<'_>) -> Result<f32> {
    content.float()
}

fn double_of(content: Content<'_>) -> Result<f64> {
    if let Content::Eight(bits) = content { Ok(f64::from_bits(bits)) } else { Err(damaged()) }
}

fn packed_integer(packed: &mut Fields<'_>) -> Result<i64> {
    packed.varint().map(|number| number as i64)
}

fn packed_float(packed: &mut Fields<'_>) -> Result<f32> {
    packed.take().map(f32::from_le_bytes)
}

fn packed_double(packed: &mut Fields<'_>) -> Result<f64> {
    packed.take().map(f64::from_le_bytes)
}

list!(integers, i64, "integers", integer_of, packed_integer);
list!(floats, f32, "`f32` numbers", float_of, packed_float);
list!(doubles, f64, "`f64` numbers", double_of, packed_double);

/// The contents of the fields with this tag, which are bytes, texts or messages.
pub(super) fn each(message: &[u8], tag: u32) -> impl Iterator<Item = Result<&[u8]>> {
    Fields(message).filter_map(move |field| match field {
        Ok((found, content)) => (found == tag).then(|| content.bytes()),
        Err(error) => Some(Err(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_packed_or_not() {
        let message = [0x08, 1, 0x0a, 3, 2, 0xac, 0x02, 0x10, 9, 0x08, 3];
        assert_eq!(integers(&message, 1).collect::<Result<Vec<_>>>().unwrap(), [1, 2, 300, 3]);
        let message = [[0x0d].as_slice(), &1.5f32.to_le_bytes(), &[0x0a, 4], &2.5f32.to_le_bytes()].concat();
        assert_eq!(floats(&message, 1).collect::<Result<Vec<_>>>().unwrap(), [1.5, 2.5]);
        let message = [[0x09].as_slice(), &1.5f64.to_le_bytes()].concat();
        assert_eq!(doubles(&message, 1).collect::<Result<Vec<_>>>().unwrap(), [1.5]);
        assert_eq!(each(&[0x0a, 1, 7, 0x12, 0], 1).collect::<Result<Vec<_>>>().unwrap(), [[7]]);
    }

    #[test]
    fn damaged_bytes_are_refused_and_end_the_list() {
        for message in [
            &[0x08][..],
            &[0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x0a, 5, 1],
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x0d, 1],
            &[0x0b],
            &[0x0c],
            &[0x0f],
            &[0x00, 1],
        ] {
            assert!(Fields(message).any(|field| field.is_err()), "{message:?}");
            assert!(Fields(message).count() <= 1, "{message:?}");
        }
        assert!(floats(&[0x0a, 3, 1, 2, 3], 1).collect::<Result<Vec<_>>>().is_err());
        assert!(integers(&[0x0a, 2, 0x80, 0x80], 1).collect::<Result<Vec<_>>>().is_err());
    }
}
