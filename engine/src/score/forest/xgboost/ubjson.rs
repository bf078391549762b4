//! UBJSON, the binary form in which XGBoost saves models by default, as a deserializer: the visitors of the JSON form
//! read both.
//!
//! Each value is a type and its content; numbers are big-endian. An array may have the type and the count of its elements
//! in front, and then no end. See <https://ubjson.org>.

use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// The most nested arrays and objects.
const MOST_NESTED: usize = 64;

/// Whether the bytes begin as an object of UBJSON: the type of the length of its first key follows. In JSON, a quote or
/// white space does.
pub(in super::super::super) fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [b'{', b'L' | b'l' | b'I' | b'i' | b'U', ..])
}

/// The bytes that are not yet read.
#[derive(Debug)]
pub(super) struct Parser<'de> {
    rest: &'de [u8],
    nested: usize,
}

/// An error of the parser or of a visitor.
#[derive(Debug)]
pub(super) struct Fault {
    /// Whether the bytes are UBJSON, and a value has another type than expected.
    pub(super) is_of_form: bool,
}

const DAMAGED: Fault = Fault { is_of_form: false };

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_of_form { "another type is expected" } else { "the bytes are not UBJSON" })
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self { is_of_form: true }
    }
}

impl<'de> Parser<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self { rest: bytes, nested: 0 }
    }

    /// Fails unless everything was read.
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(DAMAGED) }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(DAMAGED)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The type of the next value; `N` is no value.
    fn marker(&mut self) -> Result<u8, Fault> {
        loop {
            let [marker] = self.take()?;
            if marker != b'N' {
                return Ok(marker);
            }
        }
    }

    /// A number >= 0 after its type.
    fn length(&mut self) -> Result<usize, Fault> {
        let length = match self.marker()? {
            b'U' => i64::from(u8::from_be_bytes(self.take()?)),
            b'i' => i64::from(i8::from_be_bytes(self.take()?)),
            b'I' => i64::from(i16::from_be_bytes(self.take()?)),
            b'l' => i64::from(i32::from_be_bytes(self.take()?)),
            b'L' => i64::from_be_bytes(self.take()?),
            _ => return Err(DAMAGED),
        };
        usize::try_from(length).map_err(|_| DAMAGED)
    }

    fn text(&mut self) -> Result<&'de str, Fault> {
        let length = self.length()?;
        let (text, rest) = self.rest.split_at_checked(length).ok_or(DAMAGED)?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|_| DAMAGED)
    }

    /// Reads the content of a value of this type.
    fn value<V: Visitor<'de>>(&mut self, marker: u8, visitor: V) -> Result<V::Value, Fault> {
        match marker {
            b'Z' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'U' => visitor.visit_u64(u8::from_be_bytes(self.take()?).into()),
            b'i' => visitor.visit_i64(i8::from_be_bytes(self.take()?).into()),
            b'I' => visitor.visit_i64(i16::from_be_bytes(self.take()?).into()),
            b'l' => visitor.visit_i64(i32::from_be_bytes(self.take()?).into()),
            b'L' => visitor.visit_i64(i64::from_be_bytes(self.take()?)),
            b'd' => visitor.visit_f64(f32::from_be_bytes(self.take()?).into()),
            b'D' => visitor.visit_f64(f64::from_be_bytes(self.take()?)),
            b'S' => visitor.visit_borrowed_str(self.text()?),
            b'[' | b'{' => {
                self.nested += 1;
                if self.nested > MOST_NESTED {
                    return Err(DAMAGED);
                }
                let value = if marker == b'[' {
                    let mut list = List::begin(self)?;
                    let value = visitor.visit_seq(&mut list)?;
                    list.end()?;
                    value
                } else {
                    visitor.visit_map(Object(self))?
                };
                self.nested -= 1;
                Ok(value)
            }
            _ => Err(DAMAGED),
        }
    }
}

impl<'de> Deserializer<'de> for &mut Parser<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let marker = self.marker()?;
        self.value(marker, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The elements of an array.
struct List<'a, 'de> {
    parser: &'a mut Parser<'de>,
    /// The type of all elements.
    of: Option<u8>,
    /// The number of elements left; without it, the array has an end.
    left: Option<usize>,
    has_ended: bool,
}

impl<'a, 'de> List<'a, 'de> {
    fn begin(parser: &'a mut Parser<'de>) -> Result<Self, Fault> {
        let mut of = None;
        if parser.rest.first() == Some(&b'$') {
            let [_, marker] = parser.take()?;
            // Elements without content would make a list of any length from a few bytes.
            if !b"UiIlLdDS".contains(&marker) || parser.rest.first() != Some(&b'#') {
                return Err(DAMAGED);
            }
            of = Some(marker);
        }
        let left = if parser.rest.first() == Some(&b'#') {
            let [_] = parser.take()?;
            Some(parser.length()?)
        } else {
            None
        };
        Ok(Self { parser, of, left, has_ended: false })
    }

    /// Fails unless all elements were read.
    fn end(&mut self) -> Result<(), Fault> {
        match self.left {
            Some(0) => Ok(()),
            None if self.has_ended => Ok(()),
            _ => Err(Fault { is_of_form: true }),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut List<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let marker = match self.left {
            Some(0) => return Ok(None),
            Some(left) => {
                self.left = Some(left - 1);
                match self.of {
                    Some(marker) => marker,
                    None => self.parser.marker()?,
                }
            }
            None => match self.parser.marker()? {
                b']' => {
                    self.has_ended = true;
                    return Ok(None);
                }
                marker => marker,
            },
        };
        seed.deserialize(Typed { parser: self.parser, marker }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.left.map(|left| left.min(self.parser.rest.len()))
    }
}

/// The fields of an object, which has an end.
struct Object<'a, 'de>(&'a mut Parser<'de>);

impl<'de> MapAccess<'de> for Object<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        while self.0.rest.first() == Some(&b'N') {
            let [_] = self.0.take()?;
        }
        if self.0.rest.first() == Some(&b'}') {
            let [_] = self.0.take()?;
            return Ok(None);
        }
        seed.deserialize(BorrowedStrDeserializer::new(self.0.text()?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(&mut *self.0)
    }
}

/// A value whose type was read.
struct Typed<'a, 'de> {
    parser: &'a mut Parser<'de>,
    marker: u8,
}

impl<'de> Deserializer<'de> for Typed<'_, 'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.parser.value(self.marker, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::IgnoredAny;

    use super::*;

    fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Fault> {
        let mut parser = Parser::new(bytes);
        let value = T::deserialize(&mut parser)?;
        parser.end().map(|()| value)
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(
            read::<Vec<i64>>(b"[U\xffi\xffI\xff\xfel\0\0\x01\0L\0\0\0\0\0\0\0\x07]").unwrap(),
            [255, -1, -2, 256, 7]
        );
        assert_eq!(read::<Vec<f64>>(b"[$d#U\x02\x3f\x80\0\0\xbf\0\0\0").unwrap(), [1.0, -0.5]);
        assert_eq!(read::<Vec<f64>>(b"[#i\x01ND\x40\0\0\0\0\0\0\0").unwrap(), [2.0]);
        assert_eq!(read::<Vec<bool>>(b"[TNF]").unwrap(), [true, false]);
        assert_eq!(read::<Vec<&str>>(b"[$S#U\x02U\x01aL\0\0\0\0\0\0\0\x02bc").unwrap(), ["a", "bc"]);
        assert!(read::<Vec<u8>>(b"[$U#L\0\0\0\0\0\0\0\0").unwrap().is_empty());
        let map: std::collections::BTreeMap<&str, Vec<u32>> = read(b"{U\x01aN[]U\x01b[l\0\0\0\x05]N}").unwrap();
        assert_eq!(map, [("a", vec![]), ("b", vec![5])].into());
        read::<()>(b"Z").unwrap();
    }

    #[test]
    fn damaged_bytes_are_refused_and_allocate_nothing() {
        let deep = [b'['; 100_000];
        for bytes in [
            &b""[..],
            b"{",
            b"{U\x05a",
            b"{i\xffa",
            b"[$Z#L\x7f\xff\xff\xff\xff\xff\xff\xff",
            b"[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
            b"[#L\x7f\xff\xff\xff\xff\xff\xff\xffZ",
            b"[$dU\x01",
            b"S L\x7f",
            b"SU\x01\xff",
            b"H",
            b"ZZ",
            &deep,
        ] {
            assert!(read::<IgnoredAny>(bytes).is_err(), "{:?}", &bytes[..bytes.len().min(20)]);
        }
        assert!(read::<Vec<u8>>(b"[i\xff]").is_err_and(|fault| fault.is_of_form));
    }
}
