//! Reading the stressors of accounts as indicators.

mod agree;
mod find;

use std::collections::{HashMap, HashSet};

use super::Role;
use super::frame::Frame;
use crate::io::formats::notes::note;
use crate::io::formats::source::Package;
use crate::io::formats::{Job, fill::Filler};
use crate::io::indicator::{MAX_STRESSORS, check_name, check_unit};
use crate::io::shown::shown;
use crate::io::text::{Blank, Cells};
use crate::io::{Indicator, Labels};
use crate::{Error, Result};

pub(super) use self::find::{Files, unread};

/// Reads all accounts. An account or a stressor that cannot be used is left out, with a warning that states the reason.
pub(super) fn read_all(
    package: &mut Package<'_>,
    accounts: &[Files],
    labels: &Labels,
    output: Option<&[f64]>,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<Vec<Indicator>> {
    let mut indicators: Vec<Indicator> = Vec::new();
    let mut names = HashSet::new();
    for files in accounts {
        let account = shown(&files.name);
        let mut found = Vec::new();
        match read(package, files, labels, output, &mut found, warnings, indicators.len(), job) {
            Err(error @ Error::BadInput { .. }) => {
                warnings.push(format!("the account {account} was left out: {error}"));
                continue;
            }
            other => other?,
        }
        for mut indicator in found {
            // Accounts may use the same names of stressors.
            if names.contains(&indicator.name) {
                indicator.name = format!("{}/{}", files.name, indicator.name).into();
            }
            if check_name(indicator.name.as_bytes()).is_ok() && names.insert(indicator.name.clone()) {
                indicators.push(indicator);
            } else {
                warnings.push(format!("a stressor of the account {account} was left out: its name cannot be used"));
            }
        }
    }
    Ok(indicators)
}

/// Reads `S`, or `F` divided by output.
#[expect(clippy::too_many_arguments, reason = "the only caller owns the state that all accounts share")]
fn read(
    package: &mut Package<'_>,
    files: &Files,
    labels: &Labels,
    output: Option<&[f64]>,
    found: &mut Vec<Indicator>,
    warnings: &mut Vec<String>,
    before: usize,
    job: &Job<'_>,
) -> Result<()> {
    let (file, divisor) = match (files.s, files.f, output) {
        (Some(file), ..) => (file, None),
        (None, Some(file), Some(output)) => (file, Some(output)),
        _ => return Err(Error::bad_whole("totals (F) need output (x or Y)")),
    };
    let units = match files.units {
        Some(file) => units(package, file, job)?,
        None => HashMap::new(),
    };
    let mut frame = Frame::open_any(package.lines(file.part, file.name, job)?)?;
    let nodes = frame.nodes_of_columns(labels, file.name)?;
    let mut account = Account { labels, nodes, divisor, unusable: Vec::new(), unnamed: 0, undivided: 0 };
    let mut names = HashSet::new();
    let mut row = vec![0.0; frame.columns.len()];
    let table = Filler::bytes(labels.len(), job.options.precision);
    while let Some(place) = frame.next_row(Blank::NotANumber, &mut row)? {
        let name = frame.index.join("/");
        if before + names.len() == MAX_STRESSORS {
            return Err(Error::TooBig { what: "the number of stressors", limit: MAX_STRESSORS as u64 });
        }
        if !names.insert(name.clone()) {
            return Err(Error::bad(format!("the label {} occurs twice", shown(&name)), place));
        }
        let Some(values) = account.intensities(&name, &row) else { continue };
        if check_name(name.as_bytes()).is_err() {
            account.unnamed += 1;
            continue;
        }
        let unit = units.get(&name).cloned().unwrap_or_default();
        found.push(Indicator { name: name.into(), unit, values });
        let count = (before + found.len()) * labels.len() * 8;
        job.budget.require("the table and its stressors", table + count as u64)?;
    }
    account.report(&shown(&files.name), warnings);
    drop(frame);
    if let (Some(_), Some(totals), Some(output)) = (files.s, files.f, output) {
        let note = agree::with_totals(package, totals, labels, output, found, job)?;
        warnings.extend(note.map(|note| format!("of the account {}: {note}", shown(&files.name))));
    }
    Ok(())
}

struct Account<'a> {
    labels: &'a Labels,
    nodes: Vec<usize>,
    divisor: Option<&'a [f64]>,
    /// Stressors with missing values.
    unusable: Vec<String>,
    unnamed: u64,
    undivided: u64,
}

impl Account<'_> {
    /// One stressor per unit of output, by node; `None` if a value is missing or not finite.
    fn intensities(&mut self, name: &str, row: &[f64]) -> Option<Vec<f64>> {
        let mut values = vec![0.0; self.labels.len()];
        let mut undivided = 0;
        for (&node, &value) in self.nodes.iter().zip(row) {
            values[node] = match self.divisor.map(|output| output[node]) {
                None => value,
                Some(0.0) => {
                    undivided += u64::from(value != 0.0 && !value.is_nan());
                    if value.is_nan() { value } else { 0.0 }
                }
                Some(output) => value / output,
            };
        }
        if values.iter().any(|value| !value.is_finite()) {
            self.unusable.push(shown(name));
            return None;
        }
        // Adding 0 turns a negative zero into a positive one, which is printed without a sign.
        values.iter_mut().for_each(|value| *value += 0.0);
        self.undivided += undivided;
        Some(values)
    }

    fn report(&self, account: &str, warnings: &mut Vec<String>) {
        if !self.unusable.is_empty() {
            warnings.push(format!(
                "stressors of {account} that were left out for missing values: {}",
                some(&self.unusable)
            ));
        }
        let (one, many) = (
            format!("of {account} has a name that cannot be used and was left out"),
            format!("of {account} have names that cannot be used and were left out"),
        );
        note(warnings, self.unnamed, "stressor", &one, &many);
        let (one, many) = (
            format!("of {account} belongs to a node without output and was set to 0"),
            format!("of {account} belong to nodes without output and were set to 0"),
        );
        note(warnings, self.undivided, "stressor value", &one, &many);
    }
}

/// The first of several names, and the number of further names.
fn some(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{text} and {} more", names.len() - SHOWN) } else { text }
}

/// The warning for a table whose nodes have different units, as in hybrid tables: sums over such nodes are meaningless.
pub(super) fn unlike_units(package: &mut Package<'_>, file: Role, job: &Job<'_>) -> Result<Option<String>> {
    let units = match units(package, file, job) {
        // No other data depend on this file.
        Err(Error::BadInput { .. }) => return Ok(None),
        units => units?,
    };
    let mut units: Vec<&str> = units.values().map(|unit| &**unit).filter(|unit| !unit.is_empty()).collect();
    units.sort_unstable();
    units.dedup();
    let names: Vec<String> = units.iter().map(|unit| shown(unit)).collect();
    Ok((units.len() > 1).then(|| {
        format!(
            "nodes have different units ({}): sums over them, and shares of such sums, are meaningless",
            some(&names)
        )
    }))
}

/// The unit of every stressor, from `unit.txt`: after a header line, each line holds the name, in one or more cells,
/// and the unit.
fn units(package: &mut Package<'_>, file: Role, job: &Job<'_>) -> Result<HashMap<String, Box<str>>> {
    let mut lines = package.lines(file.part, file.name, job)?;
    let mut units = HashMap::new();
    lines.next()?;
    while let Some(line) = lines.next()? {
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        let mut names = Vec::new();
        while !cells.at_end() {
            names.push(cells.name_or_empty()?.into_owned());
        }
        let unit = names.pop().unwrap_or_default();
        if units.len() == MAX_STRESSORS {
            return Err(Error::TooBig { what: "the number of stressors", limit: MAX_STRESSORS as u64 });
        }
        if check_unit(unit.as_bytes()).is_ok() {
            units.insert(names.join("/"), unit.into());
        }
    }
    Ok(units)
}
