//! The dialect of a csv: its cell separator and its decimal sign.

mod detect;

/// Separator and decimal sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io) struct Dialect {
    /// Separates two cells: a comma, a semicolon or a tab.
    pub(in crate::io) separator: u8,
    /// Separates the whole part of a number from its decimals: a point or a comma, or [`UNDETERMINED`].
    pub(in crate::io) decimal: u8,
}

/// The decimal sign if the text does not show whether `1.500` contains thousands or decimals. No number contains it,
/// because a line ends there.
pub(super) const UNDETERMINED: u8 = b'\n';

impl Dialect {
    /// `,` and `.`, as most programs write.
    pub(in crate::io) const COMMAS: Self = Self { separator: b',', decimal: b'.' };

    /// A tab and `.`.
    #[cfg(test)]
    pub(in crate::io) const TABS: Self = Self { separator: b'\t', decimal: b'.' };
}

/// The quoting state of a reader within a line. A line with line ends inside quotes arrives in several parts; the state
/// avoids reading a part again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// At the beginning of a cell, where a quote opens.
    Start,
    /// In a cell without quotes.
    Plain,
    Open,
    /// After a closing quote, or after the first of two quotes that stand for one.
    Closed,
}

impl Quotes {
    /// The state after these bytes.
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
    fn a_quote_opens_only_at_the_beginning_of_a_cell() {
        for (line, is_open) in [
            ("a,\"b", true),
            ("a,\"b\"", false),
            ("5\" pipe,b", false),
            ("5\"\" pipe,b", false),
            ("\"a\"\"b", true),
            ("\"a\"\"\",b", false),
        ] {
            // Whole, and split at every position.
            for (head, tail) in (0..=line.len()).map(|at| line.as_bytes().split_at(at)) {
                let state = Quotes::Start.after(head, b',').after(tail, b',');
                assert_eq!(state == Quotes::Open, is_open, "{line}");
            }
        }
    }
}
