//! The number of frames of each type in a model, and the text in them.

use crate::io::leontief::product::with_columns;
use crate::io::table::Table;

/// Bytes of text per frame.
pub(super) const PIECE: usize = 1 << 19;

/// The number of frames of each type in a model, in order.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Plan {
    pub(super) text: u64,
    pub(super) output: u64,
    pub(super) columns: u64,
    /// 1 if there is final demand.
    pub(super) pairs: u64,
    pub(super) demand: u64,
    pub(super) indicators: u64,
}

impl Plan {
    pub(in crate::io) fn of(table: &Table, text: usize, indicators: usize) -> Self {
        Self {
            text: text.div_ceil(PIECE) as u64,
            output: u64::from(table.output.is_some()),
            columns: with_columns!(&table.coefficients, columns => columns.block_count()) as u64,
            pairs: u64::from(table.demand.is_some()),
            demand: table
                .demand
                .as_ref()
                .map_or(0, |demand| with_columns!(demand.columns(), columns => columns.block_count()) as u64),
            indicators: indicators as u64,
        }
    }

    pub(in crate::io) fn len(&self) -> u64 {
        2 + self.text + self.output + self.columns + self.pairs + self.demand + self.indicators
    }
}

/// The names and warnings of a table, encoded; the names of final demand at the end.
pub(in crate::io) fn text_of(table: &Table) -> Vec<u8> {
    let mut text = Vec::new();
    for name in table.labels.regions().iter().chain(table.labels.sectors()) {
        put_text(&mut text, name);
    }
    for warning in &table.warnings {
        put_text(&mut text, warning);
    }
    for name in table.demand.iter().flat_map(|demand| demand.regions().iter().chain(demand.categories())) {
        put_text(&mut text, name);
    }
    text
}

pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}
