//! How a csv is written: what separates its cells, and which sign its decimals have.

mod detect;

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

#[cfg(test)]
mod tests {
    use super::*;

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
