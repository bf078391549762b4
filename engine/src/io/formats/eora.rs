//! EORA26: a folder or an archive with `..._T.txt` (flows), `..._FD.txt` (final demand) and `..._VA.txt` (value added),
//! bare numbers between tabs, and `labels_T.txt` beside them. A label is country, code, kind and sector.

use super::cells::{Blank, Cells};
use super::fill::{Filled, Filler};
use super::source::Package;
use super::{Job, notes, output};
use crate::io::labels::{Labels, MAX_NODES};
use crate::io::table::OutputSource;
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Place, Result};

const FLOWS: &str = "..._T.txt";
const DEMAND: &str = "..._FD.txt";
const LABELS: &str = "labels_T.txt";

/// The most columns of final demand.
const MAX_DEMAND: usize = 4 * MAX_NODES;

/// Which part plays which role.
#[derive(Debug, Clone)]
pub(super) struct Files {
    labels: usize,
    flows: usize,
    demand: usize,
    /// Files of the table that are not read, satellite accounts (`Q`) among them.
    unread: Vec<String>,
}

impl Files {
    /// Finds the roles among the names of a package, `None` when there is no table of this layout.
    pub(super) fn find(names: &[String]) -> Result<Option<Self>> {
        let base = |name: &String| name.rsplit('/').next().unwrap_or_default().to_owned();
        let all = |end: &str| -> Vec<usize> {
            let is_it = |name: &String| base(name).ends_with(end) && !base(name).starts_with("labels");
            (0..names.len()).filter(|&part| is_it(&names[part])).collect()
        };
        let Some(labels) = names.iter().position(|name| base(name) == LABELS) else { return Ok(None) };
        let flows = match all("_T.txt")[..] {
            [] => return Ok(None),
            [flows] => flows,
            ref several => return Err(super::detect::several(several.iter().map(|&part| names[part].as_str()))),
        };
        let demand = match all("_FD.txt")[..] {
            [demand] => demand,
            _ => return Err(Error::bad_whole("EORA26 needs one ..._FD.txt (final demand) beside its ..._T.txt")),
        };
        let unread = names.iter().map(base).filter(|name| name.ends_with("_Q.txt")).collect();
        Ok(Some(Self { labels, flows, demand, unread }))
    }
}

/// Reads the table. Output is the row sums of flows and final demand.
pub(super) fn read(package: &mut Package<'_>, files: &Files, job: &Job<'_>) -> Result<Table> {
    let labels = labels(package, files.labels, job)?;
    let n = labels.len();
    let mut x = row_sums(package, files.demand, DEMAND, n, None, job)?;
    let flows = row_sums(package, files.flows, FLOWS, n, Some(n), job)?;
    x.iter_mut().zip(flows).for_each(|(sum, flows)| *sum += flows);
    let place = |i: usize| Place { file: FLOWS, line: i as u64 + 1, column: 0 };
    let mut warnings: Vec<String> = Vec::new();
    warnings.extend(output::settle(&mut x, &labels, job.options.negative, place)?);

    let more = labels.bytes() + n as u64 * 16;
    let mut filler = Filler::new(n, job.options.precision, Some(&x), job.budget, more)?;
    let mut negative = 0;
    each_row(package, files.flows, FLOWS, n, Some(n), job, |i, row| {
        negative += row.iter().filter(|&&value| value < 0.0).count() as u64;
        filler.push(i, row);
        job.progress.step(i as f64 / n as f64)
    })?;
    let filled: Filled = filler.finish();
    warnings.extend(notes::of_table(&filled, negative, &labels, job.progress)?);
    if !files.unread.is_empty() {
        warnings.push(format!("not read: {}", super::detect::listed(files.unread.iter().map(|name| &**name))));
    }
    let (coefficients, leontief) = (filled.matrix, job.options.leontief);
    let output_source = OutputSource::Rule(OutputRule::RowSum);
    Ok(Table { labels, coefficients, output: Some(x), format: Format::Eora, output_source, leontief, warnings })
}

/// The nodes: code and sector of every line.
fn labels(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<Labels> {
    let mut lines = package.lines(part, LABELS, job)?;
    let mut nodes: Vec<(String, String)> = Vec::new();
    while let Some(line) = lines.next()? {
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        if nodes.len() == MAX_NODES {
            return Err(Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 });
        }
        let mut names: [String; 4] = Default::default();
        for name in &mut names {
            *name = cells.name()?.into_owned();
        }
        let [_, code, _, sector] = names;
        nodes.push((code, sector));
    }
    if nodes.is_empty() {
        return Err(Error::bad("the table has no nodes", lines.place_after()));
    }
    let pairs = nodes.iter().map(|(region, sector)| (region.as_str(), sector.as_str()));
    Labels::new(pairs).map_err(|i| {
        let (region, sector) = &nodes[i];
        let what = format!("the label {} occurs twice", notes::shown_node(region, sector));
        Error::bad(what, Place { file: LABELS, line: i as u64 + 1, column: 0 })
    })
}

/// The sum of every row.
fn row_sums(
    package: &mut Package<'_>,
    part: usize,
    file: &'static str,
    rows: usize,
    columns: Option<usize>,
    job: &Job<'_>,
) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; rows];
    each_row(package, part, file, rows, columns, job, |i, row| {
        sums[i] = row.iter().sum();
        Ok(())
    })?;
    Ok(sums)
}

/// Hands over all rows of bare numbers, as many as there are nodes; all are as long as the first, or as said.
fn each_row(
    package: &mut Package<'_>,
    part: usize,
    file: &'static str,
    rows: usize,
    columns: Option<usize>,
    job: &Job<'_>,
    mut each: impl FnMut(usize, &[f64]) -> Result<()>,
) -> Result<()> {
    let mut lines = package.lines(part, file, job)?;
    let mut row = vec![0.0; columns.unwrap_or(0)];
    let mut count = 0;
    while let Some(line) = lines.next()? {
        let place = line.place;
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        if count == rows {
            return Err(Error::bad("there are more rows than labels", place));
        }
        if columns.is_none() && count == 0 {
            let mut first = Cells::new(line);
            let mut width = 0;
            while first.raw()?.is_some() && width <= MAX_DEMAND {
                width += 1;
            }
            row.resize(width, 0.0);
        }
        for slot in &mut row {
            *slot = cells.number(Blank::Zero)?;
        }
        if !cells.all_empty() {
            cells.end()?;
        }
        each(count, &row)?;
        count += 1;
    }
    match count == rows {
        true => Ok(()),
        false => Err(Error::bad(format!("the file is cut short, missing rows: {}", rows - count), lines.place_after())),
    }
}
