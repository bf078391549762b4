//! Detecting the dialect of a text.

use super::{Dialect, UNDETERMINED};
use crate::io::text::number::{finite, grouped};

impl Dialect {
    /// Detects the dialect from the beginning of a text. The separator is the one that occurs most often in the first
    /// line, outside quotes. The decimal sign is a comma if some cell is a number that cannot be read otherwise. If the
    /// separator is not a comma, points may separate thousands; if this is possible in all numbers, the decimal sign is
    /// undetermined. `is_whole` means that `text` is the whole input.
    pub(in crate::io::text) fn of(text: &[u8], is_whole: bool) -> Self {
        let mut lines = text.split(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let count = |separator: u8| {
            let mut quoted = false;
            first
                .iter()
                .filter(|&&byte| {
                    quoted ^= byte == b'"';
                    byte == separator && !quoted
                })
                .count()
        };
        let mut separator = b',';
        for other in [b';', b'\t'] {
            if count(other) > count(separator) {
                separator = other;
            }
        }
        if separator == b',' {
            return Self::COMMAS;
        }
        let mut lines: Vec<&[u8]> = lines.collect();
        if !is_whole {
            lines.pop();
        }
        let (mut point, mut thousands) = (false, false);
        for cell in lines.iter().flat_map(|line| line.split(|&byte| byte == separator)) {
            let cell = bare(cell);
            if has_decimal(cell, b',') {
                return Self { separator, decimal: b',' };
            }
            point |= has_decimal(cell, b'.');
            thousands |= may_be_thousands(cell, b'.');
        }
        let decimal = if thousands && !point { UNDETERMINED } else { b'.' };
        Self { separator, decimal }
    }
}

/// A cell without the blanks and quotes around it.
fn bare(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
}

/// Whether a cell can only be a number with decimals after `sign`: `12,5` and `1.234,5`, but not `1,234`.
fn has_decimal(cell: &[u8], sign: u8) -> bool {
    let other = if sign == b',' { b'.' } else { b',' };
    let Some(at) = cell.iter().position(|&byte| byte == sign) else {
        // Several groups of thousands leave only the other sign for decimals.
        return cell.iter().filter(|&&byte| byte == other).count() > 1 && grouped(cell, other);
    };
    if cell[..at].contains(&other) {
        return grouped(cell, other);
    }
    let (whole, decimals) = (&cell[..at], &cell[at + 1..]);
    let digits = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && !may_be_thousands(cell, sign) && finite(&[whole, b".", decimals].concat()).is_some()
}

/// Whether a cell may be a number with `sign` as the separator of thousands: `1,234`, but not `0,125`.
fn may_be_thousands(cell: &[u8], sign: u8) -> bool {
    grouped(cell, sign) && !matches!(cell, [b'0', ..] | [b'-', b'0', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_decimal_signs_are_detected_from_the_text() {
        let cases: [(&str, u8, u8); 16] = [
            ("a,b\n1,2\n", b',', b'.'),
            ("a;b\n1;2\n", b';', b'.'),
            ("a\tb\n1\t2\n", b'\t', b'.'),
            ("a;b\n1,5;2\n", b';', b','),
            ("a;b\n1.5;2\n", b';', b'.'),
            // May be thousands.
            ("a;b\n1,234;2\n", b';', b'.'),
            ("a;b\n1,234;0,125\n", b';', b','),
            ("a;b\n1.234;2\n", b';', UNDETERMINED),
            ("a\tb\n\"1.234\"\t2\n", b'\t', UNDETERMINED),
            ("a;b\n1.234;0.125\n", b';', b'.'),
            ("a;b\n1.234;2.5\n", b';', b'.'),
            ("a;b\n1.234;2,5\n", b';', b','),
            ("a;b\n1.234,5;2\n", b';', b','),
            ("a;b\n1.234.567;2\n", b';', b','),
            ("\"x;y;z\",b\n1,2\n", b',', b'.'),
            ("\"x,y,z\";b\n1;2\n", b';', b'.'),
        ];
        for (text, separator, decimal) in cases {
            assert_eq!(Dialect::of(text.as_bytes(), true), Dialect { separator, decimal }, "{text}");
        }
    }
}
