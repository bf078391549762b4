//! Encoding a model as frames.

use super::super::model::IoModel;
use super::plan::{PIECE, put_count, put_text};
use super::{COLUMNS, DEMAND, FORMATS, INDICATOR, MODES, NODES, OUTPUT, PAIRS, PRECISIONS, SOURCES, TEXT, Wire};
use crate::io::leontief::product::with_columns;
use crate::model::{Kind, codec::preamble};

/// Frame `index`; an empty frame if `index` is beyond the last.
pub(in crate::io) fn frame(model: &IoModel, index: u64) -> Vec<u8> {
    let plan = model.plan();
    let Some(mut at) = index.checked_sub(1) else { return header(model) };
    // Returns the index of the frame among `count` frames of one type, or subtracts `count` and returns `None`.
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
        return pairs(NODES, table.labels.nodes());
    }
    if within(plan.output).is_some() {
        return numbers(OUTPUT, table.output.as_deref().unwrap_or_default());
    }
    if let Some(i) = within(plan.columns) {
        return with_columns!(&table.coefficients, columns => numbers(COLUMNS, columns.block(i)));
    }
    if let Some(demand) = &table.demand {
        if within(plan.pairs).is_some() {
            return pairs(PAIRS, demand.pairs());
        }
        if let Some(i) = within(plan.demand) {
            return with_columns!(demand.columns(), columns => numbers(DEMAND, columns.block(i)));
        }
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
    let demand = table.demand.as_ref();
    put_count(&mut frame, demand.map_or(0, |demand| demand.regions().len()));
    put_count(&mut frame, demand.map_or(0, |demand| demand.categories().len()));
    put_count(&mut frame, demand.map_or(0, |demand| demand.pairs().len()));
    frame
}

fn pairs(tag: u8, pairs: &[(u32, u32)]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(1 + 8 * pairs.len());
    frame.push(tag);
    for (one, other) in pairs {
        frame.extend_from_slice(&one.to_le_bytes());
        frame.extend_from_slice(&other.to_le_bytes());
    }
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
