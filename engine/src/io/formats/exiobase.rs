//! EXIOBASE 3 and files saved by pymrio: a folder or an archive with `A.txt` or `Z.txt` (or `.csv`), possibly in a
//! subfolder.
//!
//! `A` holds coefficients, `Z` flows; if both exist, `A` is used. `x` is total output, `Y` final demand. Without `x`,
//! output is the row sums of Z and Y, or is solved from A and Y. Every folder below or next to that of the table that
//! holds an `S` (stressors per unit of output) or an `F` (totals, divided by output) is an account, whatever its name.

mod account;
mod compare;
mod demand;
mod frame;
mod names;
mod order;
mod table;

use self::frame::Frame;
use self::names::{Role, folder_of_table, one, role};
use self::table::Account;
use super::coverage::Coverage;
use super::icio::figures::Figures;
use super::source::Package;
use super::{Job, Loaded, members, output, purchases, sums};
use crate::io::labels::{Labels, MAX_NODES};
use crate::io::shown::shown_node;
use crate::io::text::Blank;
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Place, Result};

/// The part of the package for each role.
#[derive(Debug, Clone)]
pub(super) struct Files {
    table: Role,
    holds_flows: bool,
    /// Flows, if the table holds coefficients.
    flows: Option<Role>,
    x: Option<Role>,
    y: Option<Role>,
    /// The units of the nodes.
    units: Option<Role>,
    accounts: Vec<account::Files>,
    /// A warning about files that may be accounts.
    unread: Option<String>,
}

impl Files {
    /// Finds the roles among the names of a package; `None` if there is no table of this layout. With `at_top`, uses
    /// the table that is in no folder and ignores the others.
    pub(super) fn find(names: &[String], at_top: bool) -> Result<Option<Self>> {
        // The folders with their last slash; the top folder is the empty string.
        let mut folders: Vec<&str> = names.iter().filter_map(|name| folder_of_table(names, name)).collect();
        folders.sort_unstable();
        folders.dedup();
        if at_top && folders.first().is_some_and(|folder| folder.is_empty()) {
            let is_of_other = |name: &String| folders[1..].iter().any(|folder| name.starts_with(folder));
            let own = |name: &String| if is_of_other(name) { ".".to_owned() } else { name.clone() };
            return Self::find(&names.iter().map(own).collect::<Vec<_>>(), false);
        }
        let folder = match folders.as_slice() {
            [] => return Ok(None),
            [folder] => *folder,
            _ => return Err(members::several(folders.iter().map(|folder| folder.trim_end_matches('/')))),
        };
        let (a, z) = (one(names, folder, "A")?, one(names, folder, "Z")?);
        let (x, y) = (one(names, folder, "x")?, one(names, folder, "Y")?);
        Ok(a.or(z).map(|table| Self {
            table,
            holds_flows: a.is_none(),
            flows: a.and(z),
            x,
            y,
            units: role(names, folder, "unit"),
            accounts: account::Files::find(names, folder),
            unread: account::unread(names, folder),
        }))
    }
}

/// Reads the account.
pub(super) fn read(package: &mut Package<'_>, files: &Files, job: &Job<'_>) -> Result<Loaded> {
    let labels = labels(package, files.table, job)?;
    sums::refuse_named_totals(&labels, files.table.name)?;
    let mut warnings = Vec::new();
    let reported = match files.x.filter(|_| job.options.output == OutputRule::Reported) {
        Some(file) => Some(reported_output(package, file, &labels, &mut warnings, job)?),
        None => None,
    };
    let mut figures = Figures::new(labels.len());
    let mut names = Vec::new();
    if let Some(file) = files.y {
        match demand::read(package, file, &labels, &mut warnings, job) {
            // If output is reported, the table is usable without final demand.
            Err(error @ Error::BadInput { .. }) if reported.is_some() => {
                warnings.push(format!("output was not compared with final demand, which was left out: {error}"));
            }
            columns => (figures.columns, names) = columns?,
        }
    }
    let mut account = Account { package, files, labels: &labels, figures, demand: Vec::new(), warnings, job };
    let (coefficients, output, output_source) =
        if files.holds_flows { account.of_flows(reported)? } else { account.of_coefficients(reported)? };
    let Account { mut warnings, figures, demand, .. } = account;
    let indicators = account::read_all(package, &files.accounts, &labels, output.as_deref(), &mut warnings, job)?;
    warnings.extend(files.unread.clone());
    if let Some(file) = files.units {
        warnings.extend(account::unlike_units(package, file, job)?);
    }
    let labels = order::settle(package, files, labels, &mut warnings, job)?;
    let purchasers = purchases::in_order(&names, &labels);
    let demand = purchases::keep(&figures.columns, &demand, &purchasers, labels.len(), job, &mut warnings)?;
    let (format, leontief) = (Format::Exiobase, job.options.leontief);
    let table = Table { labels, coefficients, output, demand, format, output_source, leontief, warnings };
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

/// Total output from `x.txt`: a column of numbers, or a row of them below two header lines.
fn reported_output(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<Vec<f64>> {
    let (mut x, mut lines) = (vec![0.0; labels.len()], vec![0; labels.len()]);
    if frame::is_single(&mut package.lines(file.part, file.name, job)?)? {
        let frame = Frame::open_single(package.lines(file.part, file.name, job)?)?;
        frame.each_node(labels, Blank::Refused, |i, values, place| {
            (x[i], lines[i]) = (values[0], place.line);
            Ok(())
        })?;
    } else {
        let mut frame = Frame::open_any(package.lines(file.part, file.name, job)?)?;
        let nodes = frame.nodes_of_columns(labels, file.name)?;
        let mut row = vec![0.0; nodes.len()];
        let place =
            frame.next_row(Blank::Refused, &mut row)?.ok_or_else(|| Error::bad("no row of output", frame.end()))?;
        if let Some(more) = frame.next_row(Blank::Refused, &mut vec![0.0; nodes.len()])? {
            return Err(Error::bad("expected one row of output", more));
        }
        nodes.iter().zip(&row).for_each(|(&node, &value)| (x[node], lines[node]) = (value, place.line));
    }
    let place = |i: usize| Place { file: file.name, line: lines[i], column: 3 };
    warnings.extend(output::settle(&mut x, labels, job.options.negative, place)?);
    Ok(x)
}

/// Checks that every node occurs once in the rows or columns of a file.
impl Frame<'_> {
    /// The node of every column; all nodes must occur.
    fn nodes_of_columns(&self, labels: &Labels, file: &'static str) -> Result<Vec<usize>> {
        let mut coverage = Coverage::new(labels.len());
        let mut nodes = Vec::with_capacity(labels.len());
        for (j, (region, sector)) in self.columns.iter().enumerate() {
            let place = Place { file, line: 2, column: (j + self.index_columns()) as u64 + 1 };
            let node = labels.node(region.as_bytes(), sector.as_bytes());
            let unknown = || format!("the column {} is no node of the table", shown_node(region, sector));
            let node = node.map_err(|_| Error::bad(unknown(), place))?;
            coverage.mark(node, place)?;
            nodes.push(node);
        }
        coverage.complete("columns", Place { file, line: 2, column: 0 })?;
        Ok(nodes)
    }

    /// Calls `each` for the row of every node, in the order of the file.
    ///
    /// # Errors
    /// Reading errors; a row that is not a node; a node with two rows or without a row.
    fn each_node(
        mut self,
        labels: &Labels,
        blank: Blank,
        mut each: impl FnMut(usize, &[f64], Place) -> Result<()>,
    ) -> Result<()> {
        let mut coverage = Coverage::new(labels.len());
        let mut values = vec![0.0; self.columns.len()];
        while let Some(place) = self.next_row(blank, &mut values)? {
            let (region, sector) = (&self.index[0], &self.index[1]);
            let node = labels.node(region.as_bytes(), sector.as_bytes());
            let unknown = || format!("the row {} is no column of the table", shown_node(region, sector));
            let i = node.map_err(|_| Error::bad(unknown(), place))?;
            coverage.mark(i, place)?;
            each(i, &values, place)?;
        }
        coverage.complete("rows", self.end())
    }
}
