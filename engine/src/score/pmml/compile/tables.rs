//! Expressions that look a field up: intervals, tables of values, indicators, interpolation.

use super::super::element::Element;
use super::super::program::{Beyond, Expression, Kind, Piecewise};
use super::decisions::{Decisions, only};
use super::features::interval;
use super::words::{kind_of, kind_of_constant};
use super::{Compiler, Field};
use crate::{Error, Result};

/// Maximum number of bins of a field.
const MAX_BINS: usize = 1_024;
/// Maximum number of columns that a table is looked up by.
const MAX_COLUMNS: usize = 16;

impl<'a> Compiler<'a> {
    pub(super) fn norm_continuous(&mut self, element: &'a Element) -> Result<(Expression, Kind)> {
        element.only(&["field", "mapMissingTo", "outliers"], &["LinearNorm"])?;
        let Field { slot, kind } = self.field_named(element)?;
        let beyond = match element.attribute("outliers").unwrap_or("asIs") {
            "asIs" => Beyond::Extend,
            "asMissingValues" => Beyond::Missing,
            "asExtremeValues" => Beyond::Extreme,
            _ => return Err(Error::bad_whole("a NormContinuous of the PMML has an unknown treatment of outliers")),
        };
        let mut points = Vec::new();
        for norm in element.children_called("LinearNorm") {
            norm.only(&["orig", "norm"], &[])?;
            points.push((norm.needed_number("orig")?, norm.needed_number("norm")?));
        }
        let if_missing = element.number("mapMissingTo")?.unwrap_or(f64::NAN);
        let piecewise = Piecewise { slot, points, beyond, if_missing };
        if !kind.is_number() || !piecewise.is_right() {
            return Err(Error::bad_whole(
                "a NormContinuous of the PMML needs a number and two or more ascending points",
            ));
        }
        Ok((Expression::Piecewise(piecewise), Kind::Double))
    }

    pub(super) fn norm_discrete(&mut self, element: &'a Element) -> Result<(Expression, Kind)> {
        element.only(&["field", "value", "mapMissingTo", "method"], &[])?;
        if element.attribute("method").is_some_and(|method| method != "indicator") {
            return Err(Error::bad_whole("a NormDiscrete of the PMML has an unknown method"));
        }
        let Field { slot, kind } = self.field_named(element)?;
        let value = self.words.constant(element.needed("value")?, kind)?;
        let mut to = Decisions::default();
        let ways = [to.leaf(1.0)?, to.leaf(0.0)?, to.leaf(element.number("mapMissingTo")?.unwrap_or(f64::NAN))?];
        let root = to.ranges(slot, &[only(value)], ways)?;
        self.count_all(to.len())?;
        Ok((Expression::Decide(to.finish(root)), Kind::Double))
    }

    pub(super) fn discretize(&mut self, element: &'a Element, wanted: Option<Kind>) -> Result<(Expression, Kind)> {
        element.only(&["field", "mapMissingTo", "defaultValue", "dataType"], &["DiscretizeBin"])?;
        let Field { slot, kind } = self.field_named(element)?;
        if !kind.is_number() {
            return Err(Error::bad_whole("a Discretize of the PMML needs a number"));
        }
        let bins: Vec<&'a Element> = element.children_called("DiscretizeBin").collect();
        if bins.len() > MAX_BINS {
            return Err(Error::TooBig {
                what: "the number of bins of a Discretize of the PMML",
                limit: MAX_BINS as u64,
            });
        }
        self.progress.check()?;
        let texts = bins.iter().filter_map(|bin| bin.attribute("binValue"));
        let kind = result_kind(element, wanted, texts)?;
        let mut to = Decisions::default();
        let (missing, default) = self.others(element, kind, &mut to)?;
        let mut found = Vec::new();
        for bin in bins {
            bin.only(&["binValue"], &["Interval"])?;
            let range = interval(bin.needed_child("Interval")?)?;
            found.push((range, to.leaf(self.words.constant(bin.needed("binValue")?, kind)?)?));
        }
        let mut bounds: Vec<f64> =
            found.iter().flat_map(|&((from, end), _)| [from, end]).filter(|bound| bound.is_finite()).collect();
        bounds.sort_unstable_by(f64::total_cmp);
        bounds.dedup();
        // A region lies in one bin or outside of it, so its first number decides; the first bin counts.
        let starts = std::iter::once(f64::NEG_INFINITY).chain(bounds.iter().copied());
        let of =
            |x: f64| found.iter().find(|((from, end), _)| *from <= x && x < *end).map_or(default, |(_, leaf)| *leaf);
        let regions: Vec<u32> = starts.map(of).collect();
        let root = to.regions(slot, &bounds, &regions, missing)?;
        self.count_all(to.len())?;
        Ok((Expression::Decide(to.finish(root)), kind))
    }

    pub(super) fn map_values(&mut self, element: &'a Element, wanted: Option<Kind>) -> Result<(Expression, Kind)> {
        element.only(
            &["outputColumn", "mapMissingTo", "defaultValue", "dataType"],
            &["FieldColumnPair", "InlineTable", "TableLocator"],
        )?;
        let output = local(element.needed("outputColumn")?);
        let rows: Vec<&'a Element> = element.needed_child("InlineTable")?.children_called("row").collect();
        fn cell<'r>(row: &'r Element, column: &str) -> Option<&'r str> {
            row.child(column).map(Element::text)
        }
        let kind = result_kind(element, wanted, rows.iter().filter_map(|row| cell(row, output)))?;
        let mut columns = Vec::new();
        for pair in element.children_called("FieldColumnPair") {
            pair.only(&["field", "column"], &[])?;
            columns.push((self.field_named(pair)?, local(pair.needed("column")?)));
        }
        if columns.is_empty() || columns.len() > MAX_COLUMNS {
            return Err(Error::bad_whole("a MapValues of the PMML needs 1 to 16 columns"));
        }
        let no_cell = || Error::bad_whole("a row of a MapValues of the PMML lacks a column");
        let mut to = Decisions::default();
        let (missing, default) = self.others(element, kind, &mut to)?;
        // Rows in the order of their cells; the first of equal rows counts, as the sort is stable.
        let mut table: Vec<(Vec<f64>, u32)> = Vec::new();
        for row in rows {
            let mut key = Vec::new();
            for (field, column) in &columns {
                key.push(self.words.constant(cell(row, column).ok_or_else(no_cell)?, field.kind)?);
            }
            table.push((key, to.leaf(self.words.constant(cell(row, output).ok_or_else(no_cell)?, kind)?)?));
        }
        table.sort_by(|(a, _), (b, _)| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        table.dedup_by(|(b, _), (a, _)| a == b);
        let slots: Vec<u32> = columns.iter().map(|(field, _)| field.slot).collect();
        let mut root = if table.is_empty() { default } else { look_up(&slots, &table, &mut to, default, missing)? };
        // A missing value in any column counts before all others.
        for &slot in slots.iter().rev() {
            root = to.is_missing(slot, missing, root)?;
        }
        self.count_all(to.len())?;
        Ok((Expression::Decide(to.finish(root)), kind))
    }

    /// The leaves for missing values and for values that are in no bin and no row.
    fn others(&mut self, element: &'a Element, kind: Kind, to: &mut Decisions) -> Result<(u32, u32)> {
        let mut leaf = |attribute| {
            let number = element.attribute(attribute).map_or(Ok(f64::NAN), |text| self.words.constant(text, kind))?;
            to.leaf(number)
        };
        Ok((leaf("mapMissingTo")?, leaf("defaultValue")?))
    }
}

/// The choice between rows with the same first cells, by the other columns.
fn look_up(slots: &[u32], rows: &[(Vec<f64>, u32)], to: &mut Decisions, default: u32, missing: u32) -> Result<u32> {
    let (Some((&slot, deeper)), Some((first, leaf))) = (slots.split_first(), rows.first()) else { return Ok(default) };
    let column = first.len() - slots.len();
    if deeper.is_empty() && rows.len() == 1 {
        return to.ranges(slot, &[only(first[column])], [*leaf, default, missing]);
    }
    let (mut bounds, mut regions) = (Vec::new(), vec![default]);
    for same in rows.chunk_by(|(a, _), (b, _)| a[column] == b[column]) {
        let value = same[0].0[column];
        let next = if deeper.is_empty() { same[0].1 } else { look_up(deeper, same, to, default, missing)? };
        if bounds.last() == Some(&value) {
            bounds.pop();
            regions.pop();
        }
        bounds.extend([value, value.next_up()]);
        regions.extend([next, default]);
    }
    to.regions(slot, &bounds, &regions, missing)
}

/// The type of results: as declared, else that of the field, else what all of them can be.
fn result_kind<'t>(element: &Element, wanted: Option<Kind>, texts: impl IntoIterator<Item = &'t str>) -> Result<Kind> {
    if let Some(declared) = element.attribute("dataType") {
        return kind_of(declared);
    }
    Ok(wanted.unwrap_or_else(|| {
        let is_number = texts.into_iter().all(|text| kind_of_constant(text).is_number());
        if is_number { Kind::Double } else { Kind::Text }
    }))
}

/// A name of a column without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
