//! EXIOBASE 3: a folder or an archive with `A.txt` or `Z.txt`, perhaps inside one top folder.
//!
//! `A.txt` holds coefficients, `Z.txt` flows (`A.txt` is taken where both are there); `x.txt` is total output, `Y.txt`
//! final demand. Without `x.txt`, output is the row sums of Z and Y, or solved from A and Y. `satellite/S.txt` holds
//! stressors per unit of output; without it those of `satellite/F.txt` are divided by output.

mod frame;
mod satellite;

use self::frame::Frame;
use super::cells::Blank;
use super::fill::{Filled, Filler};
use super::roll::Roll;
use super::source::Package;
use super::{Job, Loaded, notes, output};
use crate::io::labels::{Labels, MAX_NODES};
use crate::io::table::OutputSource;
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Place, Result};

/// Which part plays which role.
#[derive(Debug, Clone)]
pub(super) struct Files {
    table: Role,
    holds_flows: bool,
    x: Option<Role>,
    y: Option<Role>,
    f: Option<Role>,
    s: Option<Role>,
    units: Option<Role>,
}

/// A part of the package, and its name inside the account.
#[derive(Debug, Clone, Copy)]
struct Role {
    part: usize,
    name: &'static str,
}

impl Files {
    /// Finds the roles among the names of a package, `None` when there is no table of this layout.
    pub(super) fn find(names: &[String]) -> Result<Option<Self>> {
        // The folder with its last slash, empty at the top.
        let folder = |name: &String| {
            let (folder, base) = name.split_at(name.rfind('/').map_or(0, |slash| slash + 1));
            matches!(base, "A.txt" | "Z.txt").then(|| folder.to_owned())
        };
        let mut folders: Vec<String> = names.iter().filter_map(folder).collect();
        folders.sort();
        folders.dedup();
        let folder = match folders.as_slice() {
            [] => return Ok(None),
            [folder] => folder,
            _ => return Err(Error::bad_whole("there are several tables; name one of them, or pack it alone")),
        };
        let role = |name: &'static str| {
            let is_it = |full: &String| full.strip_prefix(folder.as_str()) == Some(name);
            names.iter().position(is_it).map(|part| Role { part, name })
        };
        let (a, z) = (role("A.txt"), role("Z.txt"));
        Ok(a.or(z).map(|table| Self {
            table,
            holds_flows: a.is_none(),
            x: role("x.txt"),
            y: role("Y.txt"),
            f: role("satellite/F.txt"),
            s: role("satellite/S.txt"),
            units: role("satellite/unit.txt"),
        }))
    }
}

/// Reads the account.
pub(super) fn read(package: &mut Package<'_>, files: &Files, job: &Job<'_>) -> Result<Loaded> {
    let labels = labels(package, files.table, job)?;
    let reported = files.x.filter(|_| job.options.output == OutputRule::Reported);
    let sums = match files.y.filter(|_| reported.is_none()) {
        Some(file) => Some(row_sums(package, file, &labels, job)?),
        None => None,
    };
    let mut warnings = Vec::new();
    let (known, mut source) = known_output(package, files, reported, &labels, sums.as_deref(), &mut warnings, job)?;

    let divisor = known.as_deref().filter(|_| files.holds_flows);
    let (filled, negative) = coefficients(package, files, &labels, divisor, job)?;
    warnings.extend(notes::of_table(&filled, negative, &labels, job.progress)?);
    let x = match (known, sums) {
        (None, Some(demand)) => {
            source = OutputSource::Solved;
            let mut x = output::solve(&filled.matrix, &demand, job.progress)?;
            let place = |_| Place { file: "Y.txt", ..Place::default() };
            warnings.extend(output::settle(&mut x, &labels, job.options.negative, place)?);
            Some(x)
        }
        (known, _) => known,
    };
    let indicators = satellite::read(package, files, &labels, x.as_deref(), &mut warnings, job)?;
    let table = Table {
        labels,
        coefficients: filled.matrix,
        output: x,
        format: Format::Exiobase,
        output_source: source,
        leontief: job.options.leontief,
        warnings,
    };
    Ok(Loaded { table, indicators })
}

/// The nodes, from the header of the table.
fn labels(package: &mut Package<'_>, file: Role, job: &Job<'_>) -> Result<Labels> {
    let frame = Frame::open(package.lines(file.part, file.name, job)?, 2)?;
    let nodes = frame.columns.iter().map(|(region, sector)| (&**region, &**sector));
    let labels = Labels::new(nodes).map_err(|i| match i {
        MAX_NODES.. => Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 },
        _ => Error::bad("the label occurs twice", Place { file: file.name, line: 2, column: i as u64 + 3 }),
    })?;
    if labels.is_empty() {
        return Err(Error::bad("the table has no columns", Place { file: file.name, line: 1, column: 0 }));
    }
    Ok(labels)
}

/// Output as far as it is known before the table is read; `None` may still be solved.
fn known_output(
    package: &mut Package<'_>,
    files: &Files,
    reported: Option<Role>,
    labels: &Labels,
    demand: Option<&[f64]>,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<(Option<Vec<f64>>, OutputSource)> {
    if let Some(file) = reported {
        let x = reported_output(package, file, labels, warnings, job)?;
        return Ok((Some(x), OutputSource::Rule(OutputRule::Reported)));
    }
    match demand {
        Some(demand) if files.holds_flows => {
            let mut x = row_sums(package, files.table, labels, job)?;
            x.iter_mut().zip(demand).for_each(|(sum, demand)| *sum += demand);
            let place = |_| Place { file: files.table.name, ..Place::default() };
            warnings.extend(output::settle(&mut x, labels, job.options.negative, place)?);
            Ok((Some(x), OutputSource::Rule(OutputRule::RowSum)))
        }
        None if files.holds_flows => Err(Error::bad_whole("flows (Z.txt) need output (x.txt) or final demand (Y.txt)")),
        None if job.options.output == OutputRule::RowSum => {
            Err(Error::Invalid("OUTPUT rowsum needs final demand (Y.txt)".into()))
        }
        _ => Ok((None, OutputSource::None)),
    }
}

/// Total output from `x.txt`.
fn reported_output(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<Vec<f64>> {
    let frame = Frame::open_single(package.lines(file.part, file.name, job)?)?;
    let (mut x, mut lines) = (vec![0.0; labels.len()], vec![0; labels.len()]);
    frame.each_node(labels, Blank::Refused, |i, values, place| {
        (x[i], lines[i]) = (values[0], place.line);
        Ok(())
    })?;
    let place = |i: usize| Place { file: file.name, line: lines[i], column: 3 };
    warnings.extend(output::settle(&mut x, labels, job.options.negative, place)?);
    Ok(x)
}

/// The sum of every node's row.
fn row_sums(package: &mut Package<'_>, file: Role, labels: &Labels, job: &Job<'_>) -> Result<Vec<f64>> {
    let frame = Frame::open(package.lines(file.part, file.name, job)?, 2)?;
    let mut sums = vec![0.0; labels.len()];
    frame.each_node(labels, Blank::Refused, |i, values, _| {
        sums[i] = values.iter().sum();
        Ok(())
    })?;
    Ok(sums)
}

fn coefficients(
    package: &mut Package<'_>,
    files: &Files,
    labels: &Labels,
    divisor: Option<&[f64]>,
    job: &Job<'_>,
) -> Result<(Filled, u64)> {
    let frame = Frame::open(package.lines(files.table.part, files.table.name, job)?, 2)?;
    let n = labels.len();
    // Beside the tile: one row, and three vectors if output has to be solved.
    let more = labels.bytes() + n as u64 * 8 * 4;
    let mut filler = Filler::new(n, job.options.precision, divisor, job.budget, more)?;
    let (mut negative, mut done) = (0, 0);
    frame.each_node(labels, Blank::Refused, |i, values, _| {
        negative += values.iter().filter(|&&value| value < 0.0).count() as u64;
        filler.push(i, values);
        done += 1;
        job.progress.step(f64::from(done) / n as f64)
    })?;
    Ok((filler.finish(), negative))
}

/// Roll call over the rows of one file.
impl Frame<'_> {
    /// Hands over the row of every node, wherever in the file it is.
    ///
    /// # Errors
    /// Besides those of reading: a row that is no node, a node with two rows or none.
    fn each_node(
        mut self,
        labels: &Labels,
        blank: Blank,
        mut each: impl FnMut(usize, &[f64], Place) -> Result<()>,
    ) -> Result<()> {
        let mut roll = Roll::new(labels.len());
        let mut values = vec![0.0; self.columns.len()];
        while let Some(place) = self.next_row(blank, &mut values)? {
            let [region, sector] = &self.index;
            let node = labels.node(region.as_bytes(), sector.as_bytes());
            let i = node.map_err(|_| Error::bad("this row is no column of the table", place))?;
            roll.mark(i, place)?;
            each(i, &values, place)?;
        }
        roll.complete(self.end())
    }
}
