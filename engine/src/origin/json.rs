//! A pull reader for JSON. No tree is built, so memory does not depend on parts of a document that the reader skips.
//! Repeated names are detected. Numbers are returned as text, because money must not be a binary float.

use std::borrow::Cow;

use memchr::memchr_iter;

use crate::{Error, Place};

/// An error in a document, and the byte offset where it was found. The text quotes the document only for the name of an
/// unknown field ([`Json::unknown`]).
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: Cow<'static, str>,
    at: usize,
}

/// The result of a reader.
pub(super) type Read<T> = Result<T, Fault>;

impl Fault {
    /// Converts the fault to an error about a file.
    pub(super) fn in_file(self, document: &[u8]) -> Error {
        let before = &document[..self.at.min(document.len())];
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = memchr_iter(b'\n', before).count() as u64 + 1;
        let column = (before.len() - start) as u64 + 1;
        Error::bad(self.what, Place { line, column, ..Place::default() })
    }

    /// The same fault, with the name of a part of the document before its text.
    pub(super) fn of(mut self, part: &'static str) -> Self {
        self.what = format!("{part}: {}", self.what).into();
        self
    }
}

/// Maximum nesting depth, also in values that are skipped.
pub(super) const MAX_DEPTH: u32 = 64;

/// The types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Object,
    List,
    Text,
    Number,
    Bool,
    Null,
}

/// A document and the current position.
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Json<'a> {
    /// A reader for the whole document. A byte order mark is skipped.
    pub(super) fn new(document: &'a [u8]) -> Read<Self> {
        let text = std::str::from_utf8(document)
            .map_err(|error| Fault { what: "the document is not UTF-8".into(), at: error.valid_up_to() })?;
        let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Ok(Self { text, at, depth: 0 })
    }

    /// A fault at the current position.
    pub(super) fn fault(&self, what: impl Into<Cow<'static, str>>) -> Fault {
        Fault { what: what.into(), at: self.at }
    }

    /// Fails with a fault at the current position.
    pub(super) fn refuse<T>(&self, what: impl Into<Cow<'static, str>>) -> Read<T> {
        Err(self.fault(what))
    }

    /// Refuses an unknown field. The text contains its name if the name is short and plain.
    pub(super) fn unknown<T>(&self, what: &'static str, name: &str) -> Read<T> {
        let is_plain = (1..=64).contains(&name.len()) && name.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        self.refuse(if is_plain { format!("{what}: {name}").into() } else { Cow::Borrowed(what) })
    }

    fn byte(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn broken<T>(&self) -> Read<T> {
        self.refuse("the document is not JSON")
    }

    /// The type of the next value, which stays unread.
    pub(super) fn peek(&mut self) -> Read<Type> {
        match self.byte() {
            Some(b'{') => Ok(Type::Object),
            Some(b'[') => Ok(Type::List),
            Some(b'"') => Ok(Type::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Type::Number),
            Some(b't' | b'f') => Ok(Type::Bool),
            Some(b'n') => Ok(Type::Null),
            _ => self.broken(),
        }
    }

    /// Reads an object: `each` is called after every name and reads the value.
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, &str) -> Read<()>) -> Read<()> {
        if self.peek()? != Type::Object {
            return self.refuse("an object is expected");
        }
        self.sequence(b'}', |json| {
            if json.byte() != Some(b'"') {
                return json.broken();
            }
            let name = json.text()?;
            if json.byte() != Some(b':') {
                return json.broken();
            }
            json.at += 1;
            each(json, &name)
        })
    }

    /// Reads a list: `each` reads one value.
    pub(super) fn list(&mut self, each: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        if self.peek()? != Type::List {
            return self.refuse("a list is expected");
        }
        self.sequence(b']', each)
    }

    fn sequence(&mut self, end: u8, mut each: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        if self.depth == MAX_DEPTH {
            return self.refuse("values are nested too deeply");
        }
        self.depth += 1;
        self.at += 1;
        if self.byte() == Some(end) {
            self.at += 1;
        } else {
            loop {
                each(self)?;
                match self.byte() {
                    Some(b',') => self.at += 1,
                    Some(byte) if byte == end => break self.at += 1,
                    _ => return self.broken(),
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// Reads a text.
    pub(super) fn text(&mut self) -> Read<Cow<'a, str>> {
        if self.peek()? != Type::Text {
            return self.refuse("a text is expected");
        }
        let start = self.at;
        let mut escaped = false;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(0..=31) | None => return self.broken(),
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        if escaped {
            // `serde_json` decodes escapes and surrogates.
            serde_json::from_str(&self.text[start..self.at]).map(Cow::Owned).or_else(|_| self.broken())
        } else {
            Ok(Cow::Borrowed(&self.text[start + 1..at]))
        }
    }

    /// Reads a number and returns its text.
    pub(super) fn number(&mut self) -> Read<&'a str> {
        if self.peek()? != Type::Number {
            return self.refuse("a number is expected");
        }
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + usize::from(bytes[start] == b'-');
        let digits = |at: &mut usize| {
            let from = *at;
            while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
                *at += 1;
            }
            *at > from
        };
        let whole = at;
        let mut is_number = digits(&mut at) && (bytes[whole] != b'0' || at == whole + 1);
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            is_number &= digits(&mut at);
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            is_number &= digits(&mut at);
        }
        if !is_number {
            return self.broken();
        }
        self.at = at;
        Ok(&self.text[start..at])
    }

    /// Reads `true` or `false`.
    pub(super) fn boolean(&mut self) -> Read<bool> {
        if self.peek()? != Type::Bool {
            return self.refuse("true or false is expected");
        }
        if self.word("true") {
            Ok(true)
        } else if self.word("false") {
            Ok(false)
        } else {
            self.broken()
        }
    }

    /// Reads `null` if it is the next value.
    pub(super) fn null(&mut self) -> Read<bool> {
        match self.peek()? {
            Type::Null if self.word("null") => Ok(true),
            Type::Null => self.broken(),
            _ => Ok(false),
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let is_it = self.text[self.at..].starts_with(word);
        self.at += if is_it { word.len() } else { 0 };
        is_it
    }

    /// Skips a value of any type.
    pub(super) fn skip(&mut self) -> Read<()> {
        match self.peek()? {
            Type::Object => self.object(|json, _| json.skip()),
            Type::List => self.list(Self::skip),
            Type::Text => self.text().map(|_| ()),
            Type::Number => self.number().map(|_| ()),
            Type::Bool => self.boolean().map(|_| ()),
            Type::Null => self.null().map(|_| ()),
        }
    }

    /// Checks that the document ends here.
    pub(super) fn end(&mut self) -> Read<()> {
        if self.byte().is_none() { Ok(()) } else { self.broken() }
    }
}

/// The names of an object that were read already.
#[derive(Default)]
pub(super) struct Seen(u32);

impl Seen {
    /// The index of `name` in `known`; `None` if it is not in the list. Fails if the name occurs again.
    pub(super) fn place(&mut self, json: &Json<'_>, name: &str, known: &[&'static str]) -> Read<Option<usize>> {
        let Some(place) = known.iter().position(|known| *known == name) else { return Ok(None) };
        if self.0 & 1 << place != 0 {
            return json.refuse(format!("{} occurs twice", known[place]));
        }
        self.0 |= 1 << place;
        Ok(Some(place))
    }

    /// Whether the name with this index was read.
    pub(super) fn has(&self, place: usize) -> bool {
        self.0 & 1 << place != 0
    }
}
