//! A reply as the server sent it, in RESP2 or RESP3.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// One reply. Errors are values too: each test states what it expects.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    Nil,
    Simple(String),
    Error(String),
    Integer(i64),
    Double(f64),
    Boolean(bool),
    Bulk(Vec<u8>),
    Array(Vec<Reply>),
    Map(Vec<(Reply, Reply)>),
    Set(Vec<Reply>),
    Push(Vec<Reply>),
}

impl Reply {
    pub(crate) fn ok() -> Self {
        Self::Simple("OK".to_owned())
    }

    pub(crate) fn bulk(text: &str) -> Self {
        Self::Bulk(text.as_bytes().to_vec())
    }

    /// Reads one reply.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let line = line(from)?;
        let (kind, rest) = line.split_at(1);
        Ok(match kind {
            "+" => Self::Simple(rest.to_owned()),
            "-" => Self::Error(rest.to_owned()),
            ":" => Self::Integer(number(rest)?),
            "," => Self::Double(double(rest)?),
            "#" => Self::Boolean(rest == "t"),
            "(" => Self::Simple(rest.to_owned()),
            "_" => Self::Nil,
            "$" if rest == "-1" => Self::Nil,
            "*" if rest == "-1" => Self::Nil,
            "$" => Self::Bulk(bytes(from, number(rest)?)?),
            // Verbatim strings begin with three letters and a colon.
            "=" => Self::Bulk(bytes(from, number(rest)?)?.split_off(4)),
            "!" => Self::Error(String::from_utf8_lossy(&bytes(from, number(rest)?)?).into_owned()),
            "*" => Self::Array(several(from, number(rest)?)?),
            "~" => Self::Set(several(from, number(rest)?)?),
            ">" => Self::Push(several(from, number(rest)?)?),
            "%" => Self::Map(
                several(from, 2 * number::<usize>(rest)?)?
                    .chunks_exact(2)
                    .map(|pair| (pair[0].clone(), pair[1].clone()))
                    .collect(),
            ),
            _ => return Err(io::Error::new(io::ErrorKind::InvalidData, format!("not RESP: {line:?}"))),
        })
    }

    /// The text of a string of any type.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Simple(text) => text.clone(),
            Self::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("expected a string, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Bulk(bytes) => bytes,
            other => panic!("expected a bulk string, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn integer(&self) -> i64 {
        match self {
            Self::Integer(number) => *number,
            // Commands called from Lua and fields of INFO come as text.
            Self::Bulk(_) | Self::Simple(_) => self.text().parse().expect("a number"),
            other => panic!("expected an integer, got {other:?}"),
        }
    }

    /// A double of RESP3, or its text in RESP2.
    #[track_caller]
    pub(crate) fn double(&self) -> f64 {
        match self {
            Self::Double(number) => *number,
            Self::Bulk(_) => self.text().parse().expect("a number"),
            other => panic!("expected a double, got {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn array(&self) -> &[Self] {
        match self {
            Self::Array(items) | Self::Set(items) => items,
            other => panic!("expected an array, got {other:?}"),
        }
    }

    /// The strings of an array.
    #[track_caller]
    pub(crate) fn texts(&self) -> Vec<String> {
        self.array().iter().map(Self::text).collect()
    }

    /// A map of RESP3, or the flat array of it in RESP2.
    #[track_caller]
    pub(crate) fn map(&self) -> BTreeMap<String, Self> {
        match self {
            Self::Map(pairs) => pairs.iter().map(|(name, value)| (name.text(), value.clone())).collect(),
            Self::Array(items) => items.chunks_exact(2).map(|pair| (pair[0].text(), pair[1].clone())).collect(),
            other => panic!("expected a map, got {other:?}"),
        }
    }

    /// The text of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        match self {
            Self::Error(text) => text,
            other => panic!("expected an error, got {other:?}"),
        }
    }

    /// The first word of an error; empty if this is no error.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Error(text) => text.split(' ').next().unwrap_or_default(),
            _ => "",
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        matches!(self, Self::Error(_))
    }

    /// This reply; panics if it is an error.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert!(!self.is_error(), "expected no error, got {self:?}");
        self
    }
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\r\n") || line.len() < 3 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    line.truncate(line.len() - 2);
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn number<N: TryFrom<i64>>(text: &str) -> io::Result<N> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, format!("not a number: {text:?}"));
    N::try_from(text.parse::<i64>().map_err(|_| invalid())?).map_err(|_| invalid())
}

fn double(text: &str) -> io::Result<f64> {
    text.parse().map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("not a double: {text:?}")))
}

fn bytes(from: &mut impl BufRead, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length + 2];
    from.read_exact(&mut bytes)?;
    bytes.truncate(length);
    Ok(bytes)
}

fn several(from: &mut impl BufRead, count: usize) -> io::Result<Vec<Reply>> {
    (0..count).map(|_| Reply::read(from)).collect()
}
