//! How a csv is written: what separates its cells, and which sign its decimals have.

use super::number::{finite, grouped};

/// Separator and decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) struct Dialect {
    /// Between two cells: a comma, a semicolon or a tab.
    pub(in crate::io) separator: u8,
    /// Between the whole part of a number and its decimals: a point or a comma.
    pub(in crate::io) decimal: u8,
}

impl Dialect {
    /// `,` and `.`, as programs write.
    pub(in crate::io) const COMMAS: Self = Self { separator: b',', decimal: b'.' };

    /// A tab and `.`.
    #[cfg(test)]
    pub(in crate::io) const TABS: Self = Self { separator: b'\t', decimal: b'.' };

    /// What the beginning of a text tells. The separator is what the first line has most of, outside quotes; decimals have
    /// a comma when some cell is a number that can be read in no other way. `is_whole`: nothing follows.
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
        let mut cells = lines.iter().flat_map(|line| line.split(|&byte| byte == separator));
        let decimal = if cells.any(has_decimal_comma) { b',' } else { b'.' };
        Self { separator, decimal }
    }

    /// Whether a line ends inside quotes. Quotes open at the beginning of a cell.
    pub(super) fn is_open(self, line: &[u8]) -> bool {
        let (mut open, mut before) = (false, self.separator);
        for &byte in line {
            match byte {
                b'"' if open => open = false,
                // After a closing quote it is one that is doubled.
                b'"' if before == self.separator || before == b'"' => open = true,
                _ => {}
            }
            before = byte;
        }
        open
    }
}

/// Whether a cell is a number with a decimal comma and cannot be one with commas between thousands: `12,5`, not `1,234`.
fn has_decimal_comma(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let Some(at) = cell.iter().position(|&byte| byte == b',') else { return false };
    let (whole, decimals) = (&cell[..at], &cell[at + 1..]);
    let digits = decimals.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // `0,125` has no thousands.
    let thousands = grouped(cell, b',') && whole.strip_prefix(b"-").unwrap_or(whole).first() != Some(&b'0');
    let text = [whole, b".", decimals].concat();
    digits > 0 && finite(&text).is_some() && !thousands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_decimals_are_told_from_the_text() {
        let cases: [(&str, u8, u8); 9] = [
            ("a,b\n1,2\n", b',', b'.'),
            ("a;b\n1;2\n", b';', b'.'),
            ("a\tb\n1\t2\n", b'\t', b'.'),
            ("a;b\n1,5;2\n", b';', b','),
            ("a;b\n1.5;2\n", b';', b'.'),
            // May be thousands.
            ("a;b\n1,234;2\n", b';', b'.'),
            ("a;b\n1,234;0,125\n", b';', b','),
            ("\"x;y;z\",b\n1,2\n", b',', b'.'),
            ("\"x,y,z\";b\n1;2\n", b';', b'.'),
        ];
        for (text, separator, decimal) in cases {
            assert_eq!(Dialect::of(text.as_bytes(), true), Dialect { separator, decimal }, "{text}");
        }
    }

    #[test]
    fn a_quote_is_open_only_where_a_cell_began() {
        for (line, is_open) in
            [("a,\"b", true), ("a,\"b\"", false), ("5\" pipe,b", false), ("\"a\"\"b", true), ("\"a\"\"\",b", false)]
        {
            assert_eq!(Dialect::COMMAS.is_open(line.as_bytes()), is_open, "{line}");
        }
    }
}
