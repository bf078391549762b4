//! Writing a model as frames.

use super::super::model::IoModel;
use super::super::product::with_columns;
use super::super::table::Table;
use super::{COLUMNS, FORMATS, INDICATOR, MODES, NODES, OUTPUT, PRECISIONS, SOURCES, TEXT, Wire};
use crate::model::{Kind, codec::preamble};

/// Bytes of text in a frame.
const PIECE: usize = 1 << 19;

/// How many frames of each kind a model has, in order.
#[derive(Debug, Clone, Copy)]
pub(in crate::io) struct Plan {
    text: u64,
    output: u64,
    columns: u64,
    indicators: u64,
}

impl Plan {
    pub(in crate::io) fn of(table: &Table, text: usize, indicators: usize) -> Self {
        Self {
            text: text.div_ceil(PIECE) as u64,
            output: u64::from(table.output.is_some()),
            columns: with_columns!(&table.coefficients, columns => columns.blocks().len()) as u64,
            indicators: indicators as u64,
        }
    }

    pub(in crate::io) fn len(&self) -> u64 {
        2 + self.text + self.output + self.columns + self.indicators
    }
}

/// The names and warnings of a table.
pub(in crate::io) fn text_of(table: &Table) -> Vec<u8> {
    let mut text = Vec::new();
    for name in table.labels.regions().iter().chain(table.labels.sectors()) {
        put_text(&mut text, name);
    }
    for warning in &table.warnings {
        put_text(&mut text, warning);
    }
    text
}

/// Frame `index`; an empty one beyond the last.
pub(in crate::io) fn frame(model: &IoModel, index: u64) -> Vec<u8> {
    let plan = model.plan();
    let Some(mut at) = index.checked_sub(1) else { return header(model) };
    // Counts down to the frame within its kind; a kind that does not hold it passes the rest on.
    let mut within = |count: u64| {
        let found = (at < count).then_some(at as usize);
        at = at.wrapping_sub(count);
        found
    };
    let table = &model.base.table;
    if let Some(i) = within(plan.text) {
        let text = &model.base.text;
        let mut frame = vec![TEXT];
        frame.extend_from_slice(&text[i * PIECE..text.len().min((i + 1) * PIECE)]);
        return frame;
    }
    if within(1).is_some() {
        let mut frame = vec![NODES];
        for (region, sector) in table.labels.nodes() {
            frame.extend_from_slice(&region.to_le_bytes());
            frame.extend_from_slice(&sector.to_le_bytes());
        }
        return frame;
    }
    if within(plan.output).is_some() {
        return numbers(OUTPUT, table.output.as_deref().unwrap_or_default());
    }
    if let Some(i) = within(plan.columns) {
        return with_columns!(&table.coefficients, columns => numbers(COLUMNS, &columns.blocks()[i]));
    }
    if let Some(i) = within(plan.indicators) {
        let indicator = &model.indicators[i].indicator;
        let mut frame = vec![INDICATOR];
        put_text(&mut frame, &indicator.name);
        put_text(&mut frame, &indicator.unit);
        f64::write(&indicator.values, &mut frame);
        return frame;
    }
    Vec::new()
}

fn header(model: &IoModel) -> Vec<u8> {
    let table = &model.base.table;
    let labels = &table.labels;
    let mut frame = preamble(Kind::Io).to_vec();
    for count in [labels.len(), labels.regions().len(), labels.sectors().len()] {
        put_count(&mut frame, count);
    }
    frame.push(code(&PRECISIONS, &table.coefficients.precision()));
    frame.push(code(&FORMATS, &table.format));
    frame.push(code(&SOURCES, &table.output_source));
    frame.push(code(&MODES, &table.leontief));
    frame.push(u8::from(table.output.is_some()));
    put_count(&mut frame, table.warnings.len());
    put_count(&mut frame, model.indicators.len());
    frame.extend_from_slice(&(model.base.text.len() as u64).to_le_bytes());
    frame
}

fn code<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|other| other == one).expect("the lists of codes are complete") as u8
}

fn numbers<T: Wire>(tag: u8, numbers: &[T]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(1 + numbers.len() * T::BYTES);
    frame.push(tag);
    T::write(numbers, &mut frame);
    frame
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_count(out, text.len());
    out.extend_from_slice(text.as_bytes());
}
