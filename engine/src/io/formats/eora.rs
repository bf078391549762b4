//! EORA26: a folder or an archive with `..._T.txt` (flows), `..._FD.txt` (final demand), `..._VA.txt` (value added) and
//! `labels_T.txt`. The first three hold numbers separated by tabs, without labels. A label is country, code, kind and
//! sector. Output is the sum of flows and final demand. Value added, if given, is used to check the output.

mod discrepancy;
mod rows;

use self::discrepancy::Discrepancy;
use self::rows::{each_row, names};
use super::fill::{Filled, Filler};
use super::icio::balance;
use super::icio::figures::Figures;
use super::icio::series::Series;
use super::icio::totals::Totals;
use super::purchases::Purchaser;
use super::source::Package;
use super::sums::Flows;
use super::{Job, notes, output, purchases};
use crate::io::labels::Labels;
use crate::io::shown::shown_node;
use crate::io::table::OutputSource;
use crate::io::text::{Blank, Cells};
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Place, Result};

const FLOWS: &str = "..._T.txt";
const DEMAND: &str = "..._FD.txt";
const ADDED: &str = "..._VA.txt";
const LABELS: &str = "labels_T.txt";
const DEMAND_LABELS: &str = "labels_FD.txt";

/// The part of the package for each role.
#[derive(Debug, Clone)]
pub(super) struct Files {
    labels: usize,
    flows: usize,
    demand: usize,
    demand_labels: Option<usize>,
    value_added: Option<usize>,
    /// Files of the table that are not read, for example satellite accounts (`Q`).
    unread: Vec<String>,
}

impl Files {
    /// Finds the roles among the names of a package; `None` if there is no table of this layout.
    pub(super) fn find(names: &[String]) -> Result<Option<Self>> {
        let base = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        let all = |end: &str| -> Vec<usize> {
            let is_it = |name: &String| base(name).ends_with(end) && !base(name).starts_with("labels");
            (0..names.len()).filter(|&part| is_it(&names[part])).collect()
        };
        let called =
            |label: &str| -> Vec<usize> { (0..names.len()).filter(|&part| base(&names[part]) == label).collect() };
        let labels = match called(LABELS)[..] {
            [] => return Ok(None),
            [labels] => labels,
            ref several => {
                let several = super::members::listed(several.iter().map(|&part| names[part].as_str()));
                return Err(Error::bad_whole(format!(
                    "there are several files of labels, {several}: leave the right one"
                )));
            }
        };
        let flows = match all("_T.txt")[..] {
            [] => return Ok(None),
            [flows] => flows,
            ref several => return Err(super::members::several(several.iter().map(|&part| names[part].as_str()))),
        };
        let demand = match all("_FD.txt")[..] {
            [demand] => demand,
            _ => return Err(Error::bad_whole("EORA26 needs one ..._FD.txt (final demand) beside its ..._T.txt")),
        };
        let (value_added, demand_labels) = (only(&all("_VA.txt")), only(&called(DEMAND_LABELS)));
        let is_unread = |name: &String| name.ends_with("_Q.txt") || name.ends_with("_VA.txt") && value_added.is_none();
        let unread = names.iter().map(base).filter(is_unread).collect();
        Ok(Some(Self { labels, flows, demand, demand_labels, value_added, unread }))
    }
}

fn only(parts: &[usize]) -> Option<usize> {
    if let [part] = *parts { Some(part) } else { None }
}

/// Whether a file has the name of a flow file and its first line holds only numbers: its labels are in another file.
pub(super) fn lacks_labels(package: &mut Package<'_>, job: &Job<'_>) -> Result<bool> {
    let Some(part) = package.names().iter().position(|name| name.ends_with("_T.txt")) else { return Ok(false) };
    let mut lines = package.lines(part, FLOWS, job)?;
    let Some(line) = lines.next()? else { return Ok(false) };
    let mut cells = Cells::new(line);
    while !cells.at_end() {
        match cells.number(Blank::Zero) {
            Ok(_) => {}
            Err(Error::BadInput { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Reads the table.
pub(super) fn read(package: &mut Package<'_>, files: &Files, job: &Job<'_>) -> Result<Table> {
    let (labels, mut discrepancy) = labels(package, files.labels, job)?;
    let n = labels.len();
    let lines = Some(discrepancy.lines(n));
    let mut warnings: Vec<String> = Vec::new();
    let mut figures = Figures::new(n);
    let (columns, purchasers) = demand(package, files, n, &discrepancy, job)?;
    figures.columns = columns;
    if let Some(part) = files.value_added {
        match value_added(package, part, n, &mut discrepancy, job) {
            Ok(row) => figures.rows.push(row),
            Err(error @ Error::BadInput { .. }) => warnings.push(format!("value added was not read: {error}")),
            Err(error) => return Err(error),
        }
    }
    let mut flows = Flows::new(&labels);
    each_row(package, files.flows, FLOWS, lines, lines, job, |line, row| {
        discrepancy.count(line, row);
        if let Some(i) = discrepancy.node(line) {
            flows.row(i, discrepancy.columns(row));
        }
        job.progress.check()
    })?;
    flows.put(&mut figures, &labels, FLOWS)?;
    let totals = Totals::recognise(&figures, job.progress)?;
    let mut x = totals.row_sums(&figures)?;
    let place = |i: usize| Place { file: FLOWS, line: i as u64 + 1, column: 0 };
    warnings.extend(output::settle(&mut x, &labels, job.options.negative, place)?);

    warnings.extend(discrepancy.note());
    warnings.extend(totals.notes.iter().cloned());
    warnings.extend(balance::check_columns(&labels, &figures, &totals, &x, "the sums of rows and final demand"));
    warnings.extend(balance::check_size(&figures, &x));
    let negative = figures.negative;
    let columns = figures.columns.len();
    let more = labels.bytes() + n as u64 * 8 * (8 + columns as u64) + job.demand_bytes(n, columns);
    let mut filler = Filler::new(n, job.options.precision, Some(&x), job.budget, more)?;
    each_row(package, files.flows, FLOWS, lines, lines, job, |line, row| {
        if let Some(i) = discrepancy.node(line) {
            filler.push(i, discrepancy.columns(row));
        }
        job.progress.step(line as f64 / n as f64)
    })?;
    let filled: Filled = filler.finish();
    warnings.extend(notes::of_table(&filled, negative, &labels, job.progress)?);
    if !files.unread.is_empty() {
        warnings.push(format!("not read: {}", super::members::listed(files.unread.iter().map(|name| &**name))));
    }
    let wanted = discrepancy.without(&totals.demand, &purchasers, job, &mut warnings);
    let demand = purchases::keep(&figures.columns, &wanted, &purchasers, n, job, &mut warnings)?;
    let (coefficients, leontief) = (filled.matrix, job.options.leontief);
    let output_source = OutputSource::Rule(OutputRule::RowSum);
    let format = Format::Eora;
    Ok(Table { labels, coefficients, output: Some(x), demand, format, output_source, leontief, warnings })
}

/// The nodes: code and sector of every line except the discrepancy.
fn labels(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<(Labels, Discrepancy)> {
    let mut nodes = names(package, part, LABELS, job)?;
    let discrepancy = Discrepancy::take(&mut nodes);
    if nodes.is_empty() {
        return Err(Error::bad("the table has no nodes", Place { file: LABELS, ..Place::default() }));
    }
    let pairs = nodes.iter().map(|(region, sector)| (region.as_str(), sector.as_str()));
    let labels = Labels::new(pairs).map_err(|i| {
        let (region, sector) = &nodes[i];
        let what = format!("the label {} occurs twice", shown_node(region, sector));
        Error::bad(what, Place { file: LABELS, line: i as u64 + 1, column: 0 })
    })?;
    Ok((labels, discrepancy))
}

/// The columns of final demand, and the region and category of each: the names in the label file, if the counts match.
fn demand(
    package: &mut Package<'_>,
    files: &Files,
    n: usize,
    discrepancy: &Discrepancy,
    job: &Job<'_>,
) -> Result<(Vec<Series>, Vec<Purchaser>)> {
    let mut columns: Vec<Series> = Vec::new();
    each_row(package, files.demand, DEMAND, Some(discrepancy.lines(n)), None, job, |line, row| {
        if line == 0 {
            job.budget.require("final demand", (row.len() * n * 8) as u64)?;
            let series = |at: usize| Series::of(at as u64, &format!("final demand {}", at + 1), vec![0.0; n], false);
            columns = (0..row.len()).map(series).collect();
        }
        if let Some(i) = discrepancy.node(line) {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.values[i] = *value);
        }
        Ok(())
    })?;
    // Output does not depend on the names, so errors in the label file are not errors of the table.
    let names = match files.demand_labels.map(|part| names(package, part, DEMAND_LABELS, job)) {
        Some(Ok(names)) if names.len() == columns.len() => names,
        Some(Err(error @ Error::Cancelled)) => return Err(error),
        _ => Vec::new(),
    };
    for (column, (region, category)) in columns.iter_mut().zip(&names) {
        column.label = format!("{region} / {category}").into();
    }
    let purchaser = |(region, category): (String, String)| Some((region.into(), category.into()));
    let purchasers = names.into_iter().map(purchaser).collect();
    Ok((columns, purchasers))
}

/// Value added of every node, summed over all rows.
fn value_added(
    package: &mut Package<'_>,
    part: usize,
    n: usize,
    discrepancy: &mut Discrepancy,
    job: &Job<'_>,
) -> Result<Series> {
    let mut sums = vec![0.0; n];
    each_row(package, part, ADDED, None, Some(discrepancy.lines(n)), job, |_, row| {
        sums.iter_mut().zip(discrepancy.columns(row)).for_each(|(sum, value)| *sum += value);
        job.progress.check()
    })?;
    Ok(Series::of(0, "value added", sums, false))
}
