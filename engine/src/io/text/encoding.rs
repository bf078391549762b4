//! The character encoding of a text.

use std::io::Read;

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;

/// A supported encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) enum Encoding {
    /// With or without a byte order mark.
    Utf8,
    /// As in Excel's *Unicode text*: little-endian or big-endian.
    Utf16 { big: bool },
    /// Western European Windows, a superset of Latin-1: assumed for text that is not valid UTF-8.
    Windows1252,
}

impl Encoding {
    /// The warning for the user that the encoding is a guess.
    pub(in crate::io) fn warning(self) -> Option<String> {
        (self == Self::Windows1252).then(|| {
            "the file is not UTF-8: its labels were read as Windows-1252 (Latin-1), check their accents".to_owned()
        })
    }
}

/// The encoding of a text that begins with `head`.
pub(super) fn of(head: &[u8]) -> Encoding {
    match head {
        [0xff, 0xfe, ..] => return Encoding::Utf16 { big: false },
        [0xfe, 0xff, ..] => return Encoding::Utf16 { big: true },
        // Without a byte order mark: a table begins with two ASCII characters.
        &[a, 0, b, 0, ..] if a > 0 && b > 0 => return Encoding::Utf16 { big: false },
        &[0, a, 0, b, ..] if a > 0 && b > 0 => return Encoding::Utf16 { big: true },
        _ => {}
    }
    // An error without length is a character that is cut at the end of `head`.
    let is_utf8 = std::str::from_utf8(head).err().is_none_or(|error| error.error_len().is_none());
    let is_text = |&byte: &u8| !matches!(byte, 0..=8 | 0x81 | 0x8d | 0x8f | 0x90 | 0x9d | 0xff);
    if is_utf8 || !head.iter().all(is_text) { Encoding::Utf8 } else { Encoding::Windows1252 }
}

/// Decodes a stream to UTF-8.
pub(super) fn decoded<'a>(encoding: Encoding, stream: Box<dyn Read + 'a>) -> Box<dyn Read + 'a> {
    let from = match encoding {
        Encoding::Utf8 => return stream,
        Encoding::Utf16 { big: false } => UTF_16LE,
        Encoding::Utf16 { big: true } => UTF_16BE,
        Encoding::Windows1252 => WINDOWS_1252,
    };
    Box::new(DecodeReaderBytesBuilder::new().encoding(Some(from)).build(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Encoding, String) {
        let encoding = of(bytes);
        let mut text = String::new();
        decoded(encoding, Box::new(bytes)).read_to_string(&mut text).unwrap();
        (encoding, text.trim_start_matches('\u{feff}').to_owned())
    }

    #[test]
    fn texts_are_read_in_any_of_the_encodings() {
        let text = "C\u{f4}te,b\n1,2\n";
        let wide = |big: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        };
        for big in [false, true] {
            let mark: &[u8] = if big { &[0xfe, 0xff] } else { &[0xff, 0xfe] };
            assert_eq!(read(&[mark, &wide(big)].concat()), (Encoding::Utf16 { big }, text.to_owned()));
            let plain: Vec<u8> =
                [b'V', b'1'].into_iter().flat_map(|byte| if big { [0, byte] } else { [byte, 0] }).collect();
            assert_eq!(read(&plain), (Encoding::Utf16 { big }, "V1".to_owned()));
        }
        assert_eq!(read(text.as_bytes()), (Encoding::Utf8, text.to_owned()));
        assert_eq!(read(b"C\xf4te,b\n1,2\n"), (Encoding::Windows1252, text.to_owned()));
        assert_eq!(of(&text.as_bytes()[..2]), Encoding::Utf8, "a character cut at the end is not an error");
        assert_eq!(of(b"C\xff\x00"), Encoding::Utf8, "binary data are not taken for Windows-1252");
    }
}
