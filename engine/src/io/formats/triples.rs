//! Sparse csv, one cell of the table a line: for anything that has no layout of its own.
//!
//! The header is `from_region,from_sector,to_region,to_sector,` and one of
//! * `value` or `flow`: lines are flows Z. A line with an empty `to_sector` is final demand of `to_region`, and there
//!   may be several of them for a node. Output is the sum of everything a node delivers, final demand included.
//! * `coefficient`: lines are technical coefficients A, and output is not known.
//!
//! Nodes are all that occur on either side, in the order they first do. A cell that has no line is 0; one that has two
//! is an error.

use std::collections::HashMap;

use super::cells::{Blank, Cells};
use super::fill::{Filled, Filler, Stored};
use super::lines::{Line, Lines};
use super::source::Package;
use super::{Job, notes, output};
use crate::io::labels::{Labels, MAX_NODES};
use crate::io::matrix::{Columns, Matrix};
use crate::io::table::OutputSource;
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Place, Progress, Result};

/// What the last column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Flows,
    Coefficients,
}

impl Values {
    /// What a header says.
    pub(super) fn of_header(line: Line<'_>) -> Result<Self> {
        let mut cells = Cells::new(line, b',');
        let wrong = |place| {
            Error::bad("expected from_region,from_sector,to_region,to_sector,value (or flow, or coefficient)", place)
        };
        for expected in ["from_region", "from_sector", "to_region", "to_sector"] {
            let name = cells.raw()?.unwrap_or_default();
            if !name.eq_ignore_ascii_case(expected.as_bytes()) {
                return Err(wrong(cells.place()));
            }
        }
        let last = cells.raw()?.unwrap_or_default().to_ascii_lowercase();
        let values = match last.as_slice() {
            b"value" | b"flow" => Self::Flows,
            b"coefficient" => Self::Coefficients,
            _ => return Err(wrong(cells.place())),
        };
        cells.end().map(|()| values)
    }
}

/// Reads the table in `part`.
pub(super) fn read(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<Table> {
    let mut survey = Survey::default();
    let values = survey.take(&mut package.lines(part, "", job)?)?;
    let nodes = survey.names.iter().map(|(region, sector)| (&**region, &**sector));
    let labels = Labels::new(nodes).map_err(|_| Error::bad_whole("the labels are not usable"))?;
    let x = match values {
        Values::Flows => {
            output::check(&survey.sums, |node| Place { line: survey.first_lines[node], ..Place::default() })?;
            Some(std::mem::take(&mut survey.sums))
        }
        Values::Coefficients if job.options.output == OutputRule::RowSum => {
            return Err(Error::Invalid("OUTPUT rowsum needs flows, this table has coefficients".into()));
        }
        Values::Coefficients => None,
    };

    let n = labels.len();
    job.budget.require("the table", Filler::bytes(n, job.options.precision) + labels.bytes() + survey.bytes())?;
    let mut matrix = Matrix::zeros(n, job.options.precision);
    let mut lines = package.lines(part, "", job)?;
    let (idle, negative) = match &mut matrix {
        Matrix::F64(columns) => fill(columns, &mut lines, &mut survey, x.as_deref(), job.progress)?,
        Matrix::F32(columns) => fill(columns, &mut lines, &mut survey, x.as_deref(), job.progress)?,
    };
    let filled = Filled { matrix, idle };
    let mut warnings = notes::of_table(&filled, negative, job.progress)?;
    if values == Values::Flows && !survey.has_final_demand {
        warnings.push("there is no final demand: output is the sum of deliveries to other nodes".to_owned());
    }
    let output_source = if x.is_some() { OutputSource::Rule(OutputRule::RowSum) } else { OutputSource::None };
    let (coefficients, leontief) = (filled.matrix, job.options.leontief);
    Ok(Table { labels, coefficients, output: x, format: Format::Triples, output_source, leontief, warnings })
}

/// Writes every cell to its place; how many columns without output had flows, how many cells are negative.
fn fill<T: Stored>(
    columns: &mut Columns<T>,
    lines: &mut Lines<'_>,
    survey: &mut Survey,
    x: Option<&[f64]>,
    progress: &Progress,
) -> Result<(usize, u64)> {
    // A cell is NaN until its line has come.
    for j in 0..columns.len() {
        progress.check()?;
        columns.column_mut(j).fill(T::nearest(f64::NAN));
    }
    let mut idle = vec![false; columns.len()];
    let mut negative = 0;
    each_line(lines, survey, |_, triple| {
        let Some(to) = triple.to else { return Ok(()) };
        let slot = &mut columns.column_mut(to as usize)[triple.from as usize];
        if !slot.wide().is_nan() {
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
        *slot = T::nearest(value);
        negative += u64::from(triple.value < 0.0);
        Ok(())
    })?;
    for j in 0..columns.len() {
        progress.check()?;
        let missing = columns.column_mut(j).iter_mut().filter(|cell| cell.wide().is_nan());
        missing.for_each(|cell| *cell = T::nearest(0.0));
    }
    Ok((idle.iter().filter(|&&idle| idle).count(), negative))
}

/// One line.
struct Triple {
    from: u32,
    /// `None` is final demand.
    to: Option<u32>,
    value: f64,
    place: Place,
}

/// What the first pass finds: the nodes and what they deliver.
#[derive(Default)]
struct Survey {
    names: Vec<(Box<str>, Box<str>)>,
    /// Nodes by region and sector, joined by a byte that no label holds.
    numbers: HashMap<Box<str>, u32>,
    key: String,
    /// Where a node first occurs.
    first_lines: Vec<u64>,
    sums: Vec<f64>,
    has_final_demand: bool,
}

impl Survey {
    fn take(&mut self, lines: &mut Lines<'_>) -> Result<Values> {
        let mut sums: Vec<f64> = Vec::new();
        let mut has_final_demand = false;
        let values = each_line(lines, self, |values, triple| {
            if triple.to.is_none() && values == Values::Coefficients {
                let place = Place { column: 4, ..triple.place };
                return Err(Error::bad("a coefficient needs a to_sector", place));
            }
            has_final_demand |= triple.to.is_none();
            let nodes = triple.from.max(triple.to.unwrap_or(0)) as usize + 1;
            if sums.len() < nodes {
                sums.resize(nodes, 0.0);
            }
            sums[triple.from as usize] += triple.value;
            Ok(())
        })?;
        if self.names.is_empty() {
            return Err(Error::bad("the table has no rows", lines.place_after()));
        }
        (self.sums, self.has_final_demand) = (sums, has_final_demand);
        Ok(values)
    }

    /// The number of a node, a new one if it has none.
    fn number(&mut self, region: &str, sector: &str, place: Place) -> Result<u32> {
        self.key.clear();
        self.key.push_str(region);
        self.key.push('\0');
        self.key.push_str(sector);
        if let Some(&number) = self.numbers.get(self.key.as_str()) {
            return Ok(number);
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

    fn bytes(&self) -> u64 {
        let names: usize = self.numbers.keys().map(|key| 2 * key.len()).sum();
        (names + self.names.len() * 128) as u64
    }
}

/// Reads all lines; those of the second pass know all nodes already.
fn each_line(
    lines: &mut Lines<'_>,
    survey: &mut Survey,
    mut each: impl FnMut(Values, Triple) -> Result<()>,
) -> Result<Values> {
    let Some(header) = lines.next()? else { return Err(Error::bad_whole("the input is empty")) };
    let values = Values::of_header(header)?;
    let mut ended = false;
    while let Some(line) = lines.next()? {
        if line.bytes.is_empty() {
            ended = true;
            continue;
        }
        if ended {
            return Err(Error::bad("a row after the end of the table", line.place));
        }
        let mut cells = Cells::new(line, b',');
        let (region, sector) = (cells.name()?, cells.name()?);
        let from = survey.number(&region, &sector, line.place)?;
        let (region, sector) = (cells.name()?, cells.name_or_empty()?);
        let to = match &*sector {
            "" => None,
            sector => Some(survey.number(&region, sector, line.place)?),
        };
        let value = cells.number(Blank::Refused)?;
        cells.end()?;
        each(values, Triple { from, to, value, place: line.place })?;
    }
    Ok(values)
}
