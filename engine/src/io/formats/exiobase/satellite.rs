//! Stressors of a satellite account as indicators.

use std::collections::{HashMap, HashSet};

use super::frame::Frame;
use super::{Files, Role};
use crate::io::formats::cells::{Blank, Cells};
use crate::io::formats::notes::note;
use crate::io::formats::roll::Roll;
use crate::io::formats::source::Package;
use crate::io::formats::{Job, fill::Filler};
use crate::io::indicator::{check_name, check_unit};
use crate::io::{Indicator, Labels};
use crate::{Error, Place, Result};

/// The most stressors that are taken.
const MAX_STRESSORS: usize = 10_000;

/// Reads `S.txt`, or `F.txt` divided by output. Stressors that cannot be indicators are left out, with a warning.
pub(super) fn read(
    package: &mut Package<'_>,
    files: &Files,
    labels: &Labels,
    output: Option<&[f64]>,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<Vec<Indicator>> {
    let (file, divisor) = match (files.s, files.f, output) {
        (Some(file), ..) => (file, None),
        (None, Some(file), Some(output)) => (file, Some(output)),
        (None, Some(_), None) => {
            warnings.push("satellite/F.txt was left out: totals need output (x.txt or Y.txt)".to_owned());
            return Ok(Vec::new());
        }
        (None, None, _) => return Ok(Vec::new()),
    };
    let units = match files.units {
        Some(file) => units(package, file, job)?,
        None => HashMap::new(),
    };
    let mut frame = Frame::open(package.lines(file.part, file.name, job)?, 1)?;
    let nodes = nodes_of_columns(&frame, labels, file)?;
    let mut account = Account { labels, nodes, divisor, unusable: 0, unnamed: 0, undivided: 0 };
    let mut indicators = Vec::new();
    let mut names = HashSet::new();
    let mut row = vec![0.0; frame.columns.len()];
    let table = Filler::bytes(labels.len(), job.options.precision);
    while let Some(place) = frame.next_row(Blank::NotANumber, &mut row)? {
        let name = frame.index[0].as_str();
        if names.len() == MAX_STRESSORS {
            return Err(Error::TooBig { what: "the number of stressors", limit: MAX_STRESSORS as u64 });
        }
        if !names.insert(name.to_owned()) {
            return Err(Error::bad("the label occurs twice", place));
        }
        let Some(values) = account.intensities(&row) else { continue };
        if check_name(name.as_bytes()).is_err() {
            account.unnamed += 1;
            continue;
        }
        let unit = units.get(name).cloned().unwrap_or_default();
        indicators.push(Indicator { name: name.into(), unit, values });
        job.budget.require("the table and its stressors", table + (indicators.len() * labels.len() * 8) as u64)?;
    }
    account.report(warnings);
    Ok(indicators)
}

/// The node of every column; all nodes must be there.
fn nodes_of_columns(frame: &Frame<'_>, labels: &Labels, file: Role) -> Result<Vec<usize>> {
    let mut roll = Roll::new(labels.len());
    let mut nodes = Vec::with_capacity(labels.len());
    for (j, (region, sector)) in frame.columns.iter().enumerate() {
        let place = Place { file: file.name, line: 2, column: j as u64 + 2 };
        let node = labels.node(region.as_bytes(), sector.as_bytes());
        let node = node.map_err(|_| Error::bad("this column is no node of the table", place))?;
        roll.mark(node, place)?;
        nodes.push(node);
    }
    roll.complete(Place { file: file.name, line: 2, column: 0 })?;
    Ok(nodes)
}

struct Account<'a> {
    labels: &'a Labels,
    nodes: Vec<usize>,
    divisor: Option<&'a [f64]>,
    unusable: u64,
    unnamed: u64,
    undivided: u64,
}

impl Account<'_> {
    /// One stressor per unit of output, by node; `None` when it has values that an indicator may not have.
    fn intensities(&mut self, row: &[f64]) -> Option<Vec<f64>> {
        let mut values = vec![0.0; self.labels.len()];
        let mut undivided = 0;
        for (&node, &value) in self.nodes.iter().zip(row) {
            values[node] = match self.divisor.map(|output| output[node]) {
                None => value,
                Some(0.0) => {
                    undivided += u64::from(value > 0.0);
                    if value.is_nan() { value } else { value.min(0.0) }
                }
                Some(output) => value / output,
            };
        }
        if values.iter().any(|value| !(*value >= 0.0 && value.is_finite())) {
            self.unusable += 1;
            return None;
        }
        self.undivided += undivided;
        Some(values)
    }

    fn report(&self, warnings: &mut Vec<String>) {
        let (one, many) =
            ("has negative or missing values and was left out", "have negative or missing values and were left out");
        note(warnings, self.unusable, "stressor", one, many);
        let (one, many) =
            ("has a name that cannot be used and was left out", "have names that cannot be used and were left out");
        note(warnings, self.unnamed, "stressor", one, many);
        let (one, many) =
            ("belongs to a node without output and was set to 0", "belong to nodes without output and were set to 0");
        note(warnings, self.undivided, "stressor value", one, many);
    }
}

/// The unit of every stressor, from `unit.txt`: a header line, then name and unit.
fn units(package: &mut Package<'_>, file: Role, job: &Job<'_>) -> Result<HashMap<String, Box<str>>> {
    let mut lines = package.lines(file.part, file.name, job)?;
    let mut units = HashMap::new();
    lines.next()?;
    while let Some(line) = lines.next()? {
        if line.bytes.is_empty() {
            continue;
        }
        let mut cells = Cells::new(line);
        let (name, unit) = (cells.name_or_empty()?, cells.name_or_empty()?);
        if units.len() == MAX_STRESSORS {
            return Err(Error::TooBig { what: "the number of stressors", limit: MAX_STRESSORS as u64 });
        }
        if check_unit(unit.as_bytes()).is_ok() {
            units.insert(name.into_owned(), (*unit).into());
        }
    }
    Ok(units)
}
