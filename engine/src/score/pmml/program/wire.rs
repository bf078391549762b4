//! The byte form of the parts of a program. All numbers are little-endian; a list is its `u32` length and its items; a
//! choice is its `u8` code and its content.
//!
//! The reader trusts nothing: a list grows only with the bytes that have arrived, and nesting is bounded.

use crate::{Error, Result};

/// Maximum nesting depth of expressions.
const MAX_DEPTH: u32 = 200;

/// A part that can be written and read.
pub(super) trait Wire: Sized {
    /// Appends the part.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads the part.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    fn get(reader: &mut Reader<'_>) -> Result<Self>;

    /// Reads so many parts. Every part has at least one byte, and there are at least so many bytes.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    fn get_list(reader: &mut Reader<'_>, length: usize) -> Result<Vec<Self>> {
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(Self::get(reader)?);
        }
        items.shrink_to_fit();
        Ok(items)
    }
}

/// Bytes that are not yet read.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, depth: 0 }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (bytes, rest) = self.bytes.split_first_chunk::<N>().ok_or(Error::Corrupt("a program is cut"))?;
        self.bytes = rest;
        Ok(*bytes)
    }

    /// Reads so many items of `N` bytes. A program is read on the main thread of a replica, and nearly all of it is such lists.
    pub(super) fn items<const N: usize>(&mut self, length: usize) -> Result<&'a [[u8; N]]> {
        let all: &'a [u8] = self.bytes;
        let split = length.checked_mul(N).and_then(|bytes| all.split_at_checked(bytes));
        let (bytes, rest) = split.ok_or(Error::Corrupt("a list of a program is cut"))?;
        self.bytes = rest;
        Ok(bytes.as_chunks::<N>().0)
    }

    /// Reads a part that may hold parts of its own type.
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::Corrupt("a program is nested too deeply"));
        }
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// Fails if bytes are left.
    pub(super) fn end(&self) -> Result<()> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Error::Corrupt("a program is longer than its parts")) }
    }
}

impl Wire for u8 {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.take().map(|[byte]| byte)
    }
}

impl Wire for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        match reader.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Error::Corrupt("a choice of a program is unknown")),
        }
    }
}

impl Wire for u32 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.take().map(Self::from_le_bytes)
    }

    fn get_list(reader: &mut Reader<'_>, length: usize) -> Result<Vec<Self>> {
        Ok(reader.items(length)?.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect())
    }
}

impl Wire for f64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.take().map(Self::from_le_bytes)
    }

    fn get_list(reader: &mut Reader<'_>, length: usize) -> Result<Vec<Self>> {
        Ok(reader.items(length)?.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect())
    }
}

impl Wire for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        let length = u32::get(reader)? as usize;
        let (text, rest) = reader.bytes.split_at_checked(length).ok_or(Error::Corrupt("a text of a program is cut"))?;
        reader.bytes = rest;
        std::str::from_utf8(text).map(Into::into).map_err(|_| Error::Corrupt("a text of a program is not UTF-8"))
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u32).put(out);
        self.iter().for_each(|item| item.put(out));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        let length = u32::get(reader)? as usize;
        // Every item has at least one byte, so a length that lies is found before its memory is reserved.
        if length > reader.bytes.len() {
            return Err(Error::Corrupt("a list of a program is cut"));
        }
        T::get_list(reader, length)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(item) = self {
            item.put(out);
        }
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        if bool::get(reader)? { T::get(reader).map(Some) } else { Ok(None) }
    }
}

impl<T: Wire> Wire for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        reader.nested(|reader| T::get(reader).map(Self::new))
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        Ok((A::get(reader)?, B::get(reader)?))
    }
}

impl Wire for [u32; 3] {
    fn put(&self, out: &mut Vec<u8>) {
        self.iter().for_each(|number| number.put(out));
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        Ok([u32::get(reader)?, u32::get(reader)?, u32::get(reader)?])
    }
}

/// Implements [`Wire`] for a struct: its fields in order.
macro_rules! wire_struct {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                $(self.$field.put(out);)*
            }

            fn get(reader: &mut Reader<'_>) -> Result<Self> {
                reader.nested(|reader| Ok(Self { $($field: Wire::get(reader)?),* }))
            }
        }
    };
}

/// Implements [`Wire`] for an enum without content: the index in its list `ALL`.
macro_rules! wire_choice {
    ($name:ident) => {
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let code = Self::ALL.iter().position(|one| one == self);
                out.push(code.expect("ALL contains every choice") as u8);
            }

            fn get(reader: &mut Reader<'_>) -> Result<Self> {
                let code = usize::from(u8::get(reader)?);
                Self::ALL.get(code).copied().ok_or(Error::Corrupt("a choice of a program is unknown"))
            }
        }
    };
}

/// Implements [`Wire`] for an enum whose choices have content.
macro_rules! wire_enum {
    ($name:ident { $($code:literal = $choice:ident $(($($field:ident),+))?),* $(,)? }) => {
        impl Wire for $name {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$choice $(($($field),+))? => {
                        out.push($code);
                        $($($field.put(out);)+)?
                    })*
                }
            }

            fn get(reader: &mut Reader<'_>) -> Result<Self> {
                reader.nested(|reader| match u8::get(reader)? {
                    $($code => {
                        $($(let $field = Wire::get(reader)?;)+)?
                        Ok(Self::$choice $(($($field),+))?)
                    })*
                    _ => Err(Error::Corrupt("a choice of a program is unknown")),
                })
            }
        }
    };
}

pub(super) use {wire_choice, wire_enum, wire_struct};
