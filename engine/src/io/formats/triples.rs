//! Data in long form, one cell of the table per line: for tables without a layout of their own, and for FIGARO's flat
//! files.
//!
//! The header names the columns, in any order: `from_region,from_sector,to_region,to_sector` (see [`header`] for other
//! names) and one of
//! * `value` or `flow`: lines are flows Z. A line with an empty `to_sector` is final demand of `to_region`; a node may
//!   have several such lines. Output is the sum of all deliveries of a node, including final demand.
//! * `coefficient`: lines are technical coefficients A, and output is unknown.
//!
//! Nodes are all labels that occur on either side, in the order of first occurrence. In FIGARO's files, which have
//! value added as rows and final demand as columns, nodes are the labels that occur on both sides; a sector that does
//! so in one region but not in another is an error. A cell without a line is 0. A cell with two lines is an error, or
//! their sum with `DUPLICATES sum`.

mod header;
mod purchases;
mod waiting;

use std::collections::{HashMap, HashSet};

use super::fill::{Filled, Filler};
use super::source::{CHANGED, Package};
use super::total_names::{is_named_total, is_named_value_added};
use super::{Job, notes, output};
use crate::io::labels::{Labels, MAX_NODES};
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::shown::shown_node;
use crate::io::table::OutputSource;
use crate::io::text::Cells;
use crate::io::text::Lines;
use crate::io::{Duplicates, Format, OutputRule, Table};
use crate::{Budget, Error, Place, Progress, Result};

use self::header::Header;
pub(super) use self::header::{Values, is_header};
use self::purchases::Purchases;
use self::waiting::{WAITING, Waiting};

/// Reads the table in `part`.
pub(super) fn read(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<Table> {
    let (duplicates, keeps_demand) = (job.options.duplicates, job.keeps_demand());
    let mut survey = Survey { duplicates, keeps_demand, ..Survey::default() };
    let header = survey.take(&mut package.lines(part, "", job)?, job.budget)?;
    if let Some((from, to)) = survey.repeated.filter(|_| survey.duplicates == Duplicates::Error) {
        survey.roles = None;
        return Err(survey.both_lines(&mut package.lines(part, "", job)?, from, to)?);
    }
    let nodes = survey.names.iter().map(|(region, sector)| (&**region, &**sector));
    let labels = Labels::new(nodes).map_err(|_| Error::bad_whole("the labels are not usable"))?;
    let mut warnings: Vec<String> = package.lines(part, "", job)?.encoding().warning().into_iter().collect();
    warnings.extend(header.warning.clone());
    let x = match header.values {
        Values::Flows => {
            let mut sums = std::mem::take(&mut survey.sums);
            let place = |node: usize| Place { line: survey.first_lines[node], ..Place::default() };
            warnings.extend(output::settle(&mut sums, &labels, job.options.negative, place)?);
            Some(sums)
        }
        Values::Coefficients if job.options.output == OutputRule::RowSum => {
            return Err(Error::Invalid("OUTPUT rowsum needs flows, this table has coefficients".into()));
        }
        Values::Coefficients => None,
    };

    let n = labels.len();
    let purchases = std::mem::take(&mut survey.purchases);
    let more = labels.bytes() + survey.bytes() + purchases.bytes(n, job);
    job.budget.require("the table", Filler::bytes(n, job.options.precision) + more)?;
    let mut matrix = Matrix::zeros(n, job.options.precision);
    let mut lines = package.lines(part, "", job)?;
    let filled = match &mut matrix {
        Matrix::F64(columns) => fill(columns, &mut lines, &mut survey, x.as_deref(), job.progress),
        Matrix::F32(columns) => fill(columns, &mut lines, &mut survey, x.as_deref(), job.progress),
    };
    drop(lines);
    let cells = match filled {
        Ok(cells) => cells,
        Err(error) => return Err(survey.first_of_two(&mut package.lines(part, "", job)?)?.unwrap_or(error)),
    };
    let filled = Filled { matrix, idle: cells.idle };
    warnings.extend(notes::of_table(&filled, cells.negative, &labels, job.progress)?);
    let (one, many) = ("was added to another one for the same cell", "were added to others for the same cells");
    notes::note(&mut warnings, cells.added + survey.added, "line", one, many);
    if header.values == Values::Flows && !survey.has_final_demand {
        warnings.push("there is no final demand: output is the sum of deliveries to other nodes".to_owned());
    }
    let output_source = if x.is_some() { OutputSource::Rule(OutputRule::RowSum) } else { OutputSource::None };
    let (coefficients, leontief) = (filled.matrix, job.options.leontief);
    let demand = purchases.finish(&labels, job)?;
    Ok(Table { labels, coefficients, output: x, demand, format: Format::Triples, output_source, leontief, warnings })
}

/// Counts of special cells.
struct Cell {
    /// The number of columns with flows but without output.
    idle: usize,
    negative: u64,
    /// The number of lines added to others for the same cell.
    added: u64,
}

/// Stores every cell.
fn fill<T: Number>(
    columns: &mut Columns<T>,
    lines: &mut Lines<'_>,
    survey: &mut Survey,
    x: Option<&[f64]>,
    progress: &Progress,
) -> Result<Cell> {
    // A cell is NaN until its line was read.
    for j in 0..columns.len() {
        progress.check()?;
        columns.column_mut(j).fill(T::store(f64::NAN));
    }
    let mut idle = vec![false; columns.len()];
    let (mut negative, mut added, mut twice) = (0, 0, None);
    let sums = survey.duplicates == Duplicates::Sum;
    let read = each_line(lines, survey, |_, triple| {
        let Some(to) = triple.to else { return Ok(()) };
        let slot = &mut columns.column_mut(to as usize)[triple.from as usize];
        let before: f64 = (*slot).into();
        if !before.is_nan() && !sums {
            twice = Some((triple.from, to));
            return Err(Error::bad("the cell occurs twice", triple.place));
        }
        let value = match x.map(|x| x[to as usize]) {
            None => triple.value,
            Some(0.0) => {
                idle[to as usize] |= triple.value != 0.0;
                0.0
            }
            Some(output) => triple.value / output,
        };
        added += u64::from(!before.is_nan());
        *slot = T::store(if before.is_nan() { value } else { before + value });
        negative += u64::from(triple.value < 0.0);
        Ok(())
    });
    survey.twice = twice;
    read?;
    for j in 0..columns.len() {
        progress.check()?;
        let missing = columns.column_mut(j).iter_mut().filter(|cell| Into::<f64>::into(**cell).is_nan());
        missing.for_each(|cell| *cell = T::store(0.0));
    }
    Ok(Cell { idle: idle.iter().filter(|&&idle| idle).count(), negative, added })
}

/// One line.
struct Triple {
    from: u32,
    /// `None` for final demand.
    to: Option<u32>,
    /// The column of final demand, in the first pass.
    column: u32,
    value: f64,
    place: Place,
}

/// The result of the first pass: the nodes and their deliveries.
#[derive(Default)]
struct Survey {
    names: Vec<(Box<str>, Box<str>)>,
    /// Numbers of the labels by region and sector, joined by a byte that no label contains.
    numbers: HashMap<Box<str>, u32>,
    key: String,
    /// The line in which each label first occurs.
    first_lines: Vec<u64>,
    sums: Vec<f64>,
    has_final_demand: bool,
    keeps_demand: bool,
    /// Final demand, if it is kept.
    purchases: Purchases,
    duplicates: Duplicates,
    /// A cell between nodes that has a second line.
    twice: Option<(u32, u32)>,
    /// In FIGARO's files: the role of every label, once all labels are known.
    roles: Option<Vec<Role>>,
    /// In FIGARO's files: a cell of final demand that has two lines, given by the numbers of its labels.
    repeated: Option<(u32, u32)>,
    /// The number of lines of final demand that were added to others.
    added: u64,
    /// Whether all labels are known. A new label then means that the file has changed.
    is_complete: bool,
}

/// The maximum memory for a pair of labels in a set, in bytes.
const BYTES_OF_A_PAIR: u64 = 24;

/// The role of a label in FIGARO's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Node(u32),
    /// Occurs as a column only.
    FinalDemand,
    /// Occurs as a row only.
    ValueAdded,
}

impl Survey {
    fn take(&mut self, lines: &mut Lines<'_>, budget: &Budget) -> Result<Header> {
        let mut sums: Vec<f64> = Vec::new();
        let mut has_final_demand = false;
        // For each label, whether it occurs as a row and as a column.
        let mut sides: Vec<[bool; 2]> = Vec::new();
        // Cells of FIGARO's files are kept until the roles of their labels are known.
        let mut waiting = Waiting::default();
        let mut bought = Waiting::default();
        let keeps_demand = self.keeps_demand;
        let header = each_line(lines, self, |header, triple| {
            if triple.to.is_none() && header.values == Values::Coefficients {
                let place = Place { column: header.place_of_to_sector(), ..triple.place };
                return Err(Error::bad("a coefficient needs a to_sector", place));
            }
            let nodes = triple.from.max(triple.to.unwrap_or(0)) as usize + 1;
            if sums.len() < nodes {
                sums.resize(nodes, 0.0);
                sides.resize(nodes, [false; 2]);
            }
            has_final_demand |= triple.to.is_none();
            sides[triple.from as usize][0] = true;
            if let Some(to) = triple.to {
                sides[to as usize][1] = true;
            }
            match triple.to {
                Some(to) if header.is_figaro => waiting.push((triple.from, to, triple.value), budget)?,
                to => {
                    sums[triple.from as usize] += triple.value;
                    if to.is_none() && keeps_demand {
                        bought.push((triple.from, triple.column, triple.value), budget)?;
                    }
                }
            }
            Ok(())
        })?;
        if self.names.is_empty() {
            return Err(Error::bad("the table has no rows", lines.place_after()));
        }
        (self.sums, self.has_final_demand) = (sums, has_final_demand);
        self.purchases.set_lines(bought);
        if header.is_figaro {
            self.assign_roles(&sides, &waiting, budget)?;
        } else {
            self.refuse_totals(&sides)?;
        }
        self.is_complete = true;
        Ok(header)
    }

    /// An error about a label, with its place.
    fn bad_label(&self, label: usize, what: &str) -> Error {
        let (region, sector) = &self.names[label];
        let place = Place { line: self.first_lines[label], ..Place::default() };
        Error::bad(format!("{} {what}", shown_node(region, sector)), place)
    }

    /// Value added and totals would be counted as inputs and deliveries. So a label with such a name that occurs on one
    /// side only is an error.
    fn refuse_totals(&self, sides: &[[bool; 2]]) -> Result<()> {
        for (label, side) in sides.iter().enumerate() {
            let sector = &self.names[label].1;
            let is_total = is_named_total(sector);
            match side {
                [true, false] if is_total || is_named_value_added(sector) => {
                    let what = "is a row only, and named as value added or a total: leave its lines out";
                    return Err(self.bad_label(label, what));
                }
                [false, true] if is_total => {
                    return Err(self.bad_label(label, "is a column only, and named as a total: leave its lines out"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Assigns the roles: nodes are the labels that occur as rows and as columns; the others are value added or final
    /// demand.
    fn assign_roles(&mut self, sides: &[[bool; 2]], waiting: &Waiting, budget: &Budget) -> Result<()> {
        let mut count = 0;
        let roles: Vec<Role> = sides
            .iter()
            .map(|&[row, column]| match (row, column) {
                (true, true) => {
                    count += 1;
                    Role::Node(count - 1)
                }
                (true, false) => Role::ValueAdded,
                _ => Role::FinalDemand,
            })
            .collect();
        if count == 0 {
            return Err(Error::bad_whole("no label is both a row and a column: the table has no nodes"));
        }
        let is_node = |label: usize| matches!(roles[label], Role::Node(_));
        // An industry with one side missing would otherwise be read as value added or final demand without an error.
        let named = self.names.iter().enumerate();
        let sectors: HashSet<&str> =
            named.filter(|&(label, _)| is_node(label)).map(|(_, (_, sector))| &**sector).collect();
        if let Some(label) = (0..roles.len()).find(|&at| !is_node(at) && sectors.contains(&*self.names[at].1)) {
            let missing = if sides[label][0] { "column" } else { "row" };
            let what = format!(
                "has no lines as a {missing}, and its sector is one of nodes: write them, 0 where there is none"
            );
            return Err(self.bad_label(label, &what));
        }
        let is_demand = |to: u32| roles[to as usize] == Role::FinalDemand;
        let of_demand = waiting.0.iter().filter(|(from, to, _)| is_node(*from as usize) && is_demand(*to)).count();
        let bought = if self.keeps_demand { of_demand } else { 0 };
        let more = of_demand as u64 * BYTES_OF_A_PAIR + Waiting::bytes(bought);
        budget.require(WAITING, Waiting::bytes(waiting.0.capacity()) + more)?;
        let mut bought = Waiting(Vec::with_capacity(bought));
        let mut demand: HashSet<(u32, u32)> = HashSet::with_capacity(of_demand);
        self.sums = vec![0.0; count as usize];
        let column_of = self.purchases.set_columns(&self.names, &roles);
        for &(from, to, value) in &waiting.0 {
            if let Role::Node(node) = roles[from as usize] {
                self.sums[node as usize] += value;
                if is_demand(to) {
                    self.has_final_demand = true;
                    if self.keeps_demand {
                        bought.0.push((node, column_of[to as usize], value));
                    }
                    if !demand.insert((from, to)) {
                        self.added += 1;
                        self.repeated = self.repeated.or(Some((from, to)));
                    }
                }
            }
        }
        self.purchases.set_lines(bought);
        let mut label = 0;
        self.names.retain(|_| (is_node(label), label += 1).0);
        label = 0;
        self.first_lines.retain(|_| (is_node(label), label += 1).0);
        self.roles = Some(roles);
        Ok(())
    }

    /// The number of a label. In the first pass, a new label gets a new number.
    fn number(&mut self, region: &str, sector: &str, place: Place) -> Result<u32> {
        self.key.clear();
        self.key.push_str(region);
        self.key.push('\0');
        self.key.push_str(sector);
        if let Some(&number) = self.numbers.get(self.key.as_str()) {
            return Ok(number);
        }
        if self.is_complete {
            return Err(Error::bad(CHANGED, place));
        }
        if self.names.len() == MAX_NODES {
            return Err(Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 });
        }
        let number = self.names.len() as u32;
        self.names.push((region.into(), sector.into()));
        self.numbers.insert(self.key.as_str().into(), number);
        self.first_lines.push(place.line);
        Ok(number)
    }

    /// A line with node numbers; `None` for value added.
    fn of_nodes(&self, triple: Triple) -> Option<Triple> {
        let Some(roles) = &self.roles else { return Some(triple) };
        let Role::Node(from) = roles[triple.from as usize] else { return None };
        let to = triple.to.and_then(|to| match roles[to as usize] {
            Role::Node(to) => Some(to),
            _ => None,
        });
        Some(Triple { from, to, ..triple })
    }

    /// The error that names both lines of a cell with two lines.
    fn first_of_two(&mut self, lines: &mut Lines<'_>) -> Result<Option<Error>> {
        let Some((from, to)) = self.twice else { return Ok(None) };
        self.both_lines(lines, from, to).map(Some)
    }

    /// The same for two labels, given by their current numbers.
    fn both_lines(&mut self, lines: &mut Lines<'_>, from: u32, to: u32) -> Result<Error> {
        let mut found: Vec<Place> = Vec::new();
        each_line(lines, self, |_, triple| {
            if found.len() < 2 && triple.from == from && triple.to == Some(to) {
                found.push(triple.place);
            }
            Ok(())
        })?;
        let line = |at: usize| found.get(at).copied().unwrap_or_default();
        let first = line(0).line;
        let what = format!("the cell has two lines, the first is line {first}: DUPLICATES sum adds such lines up");
        Ok(Error::bad(what, line(1)))
    }

    fn bytes(&self) -> u64 {
        let names: usize = self.numbers.keys().map(|key| 2 * key.len()).sum();
        (names + self.names.len() * 128) as u64
    }
}

/// Reads all lines. In the second pass, all nodes are already known.
fn each_line(
    lines: &mut Lines<'_>,
    survey: &mut Survey,
    mut each: impl FnMut(&Header, Triple) -> Result<()>,
) -> Result<Header> {
    let Some(line) = lines.next()? else { return Err(Error::bad_whole("the input is empty")) };
    let header = Header::read(line)?;
    while let Some(line) = lines.next()? {
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        let place = line.place;
        let row = header.row(&mut cells)?;
        let from = survey.number(&row.from.0, &row.from.1, place)?;
        let (to, column) = match &*row.to.1 {
            "" if survey.keeps_demand && !survey.is_complete => (None, survey.purchases.column(&row.to.0)?),
            "" => (None, 0),
            sector => (Some(survey.number(&row.to.0, sector, place)?), 0),
        };
        if let Some(triple) = survey.of_nodes(Triple { from, to, column, value: row.value, place }) {
            each(&header, triple)?;
        }
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
