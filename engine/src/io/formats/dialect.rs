//! How a csv is written: what separates its cells, and which sign its decimals have.

use super::number::{finite, grouped};

/// Separator and decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) struct Dialect {
    /// Between two cells: a comma, a semicolon or a tab.
    pub(in crate::io) separator: u8,
    /// Between the whole part of a number and its decimals: a point or a comma, or [`NOT_TOLD`].
    pub(in crate::io) decimal: u8,
}

/// The decimal sign where the text does not tell whether `1.500` has thousands or decimals. No number has it: lines end
/// there.
pub(super) const NOT_TOLD: u8 = b'\n';

impl Dialect {
    /// `,` and `.`, as programs write.
    pub(in crate::io) const COMMAS: Self = Self { separator: b',', decimal: b'.' };

    /// A tab and `.`.
    #[cfg(test)]
    pub(in crate::io) const TABS: Self = Self { separator: b'\t', decimal: b'.' };

    /// What the beginning of a text tells. The separator is what the first line has most of, outside quotes; decimals have
    /// a comma when some cell is a number that can be read in no other way. Beside other separators than commas, points may
    /// stand between thousands: where they could do so in all numbers, the sign is not told. `is_whole`: nothing follows.
    pub(super) fn of(text: &[u8], is_whole: bool) -> Self {
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
        let decimal = if thousands && !point { NOT_TOLD } else { b'.' };
        Self { separator, decimal }
    }
}

/// Where in a line the reader is with regard to quotes. A line that has line ends inside quotes comes in pieces; each is
/// looked at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// At the beginning of a cell, where quotes open.
    Start,
    /// In a cell without quotes.
    Plain,
    Open,
    /// After a closing quote, or the first of two that mean one.
    Closed,
}

impl Quotes {
    /// The state after some more bytes.
    pub(super) fn after(self, bytes: &[u8], separator: u8) -> Self {
        bytes.iter().fold(self, |state, &byte| match (state, byte) {
            (Self::Start | Self::Closed, b'"') => Self::Open,
            (Self::Open, b'"') => Self::Closed,
            (Self::Open, _) => Self::Open,
            (_, byte) if byte == separator => Self::Start,
            _ => Self::Plain,
        })
    }
}

/// A cell without the blanks and quotes around it.
fn bare(cell: &[u8]) -> &[u8] {
    let cell = cell.trim_ascii();
    cell.strip_prefix(b"\"").and_then(|cell| cell.strip_suffix(b"\"")).unwrap_or(cell)
}

/// Whether a cell is a number with decimals after `sign` and can be nothing else: `12,5` and `1.234,5`, not `1,234`.
fn has_decimal(cell: &[u8], sign: u8) -> bool {
    let other = if sign == b',' { b'.' } else { b',' };
    let Some(at) = cell.iter().position(|&byte| byte == sign) else {
        // Several groups of thousands leave one sign for decimals.
        return cell.iter().filter(|&&byte| byte == other).count() > 1 && grouped(cell, other);
    };
    if cell[..at].contains(&other) {
        return grouped(cell, other);
    }
    let (whole, decimals) = (&cell[..at], &cell[at + 1..]);
    let digits = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && !may_be_thousands(cell, sign) && finite(&[whole, b".", decimals].concat()).is_some()
}

/// Whether a cell may be a number with `sign` between its thousands: `1,234`; `0,125` has none.
fn may_be_thousands(cell: &[u8], sign: u8) -> bool {
    grouped(cell, sign) && !matches!(cell, [b'0', ..] | [b'-', b'0', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_decimals_are_told_from_the_text() {
        let cases: [(&str, u8, u8); 16] = [
            ("a,b\n1,2\n", b',', b'.'),
            ("a;b\n1;2\n", b';', b'.'),
            ("a\tb\n1\t2\n", b'\t', b'.'),
            ("a;b\n1,5;2\n", b';', b','),
            ("a;b\n1.5;2\n", b';', b'.'),
            // May be thousands.
            ("a;b\n1,234;2\n", b';', b'.'),
            ("a;b\n1,234;0,125\n", b';', b','),
            ("a;b\n1.234;2\n", b';', NOT_TOLD),
            ("a\tb\n\"1.234\"\t2\n", b'\t', NOT_TOLD),
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

    #[test]
    fn a_quote_is_open_only_where_a_cell_began() {
        for (line, is_open) in [
            ("a,\"b", true),
            ("a,\"b\"", false),
            ("5\" pipe,b", false),
            ("5\"\" pipe,b", false),
            ("\"a\"\"b", true),
            ("\"a\"\"\",b", false),
        ] {
            // In one piece or in two, wherever they are cut.
            for (head, tail) in (0..=line.len()).map(|at| line.as_bytes().split_at(at)) {
                let state = Quotes::Start.after(head, b',').after(tail, b',');
                assert_eq!(state == Quotes::Open, is_open, "{line}");
            }
        }
    }
}
