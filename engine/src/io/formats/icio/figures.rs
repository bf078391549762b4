//! The second pass over a wide table. Flows between nodes are stored in the matrix. All other numbers are kept until
//! totals are identified.

use super::hidden::Hidden;
use super::survey::{NONE, Row, Survey};
use crate::io::formats::Job;
use crate::io::formats::fill::{Filled, Filler};
use crate::io::formats::source::CHANGED;
use crate::io::shown::shown;
use crate::io::text::Lines;
use crate::io::text::{Blank, Cells};
use crate::{Error, Place, Result};

/// The maximum number of rows that are not nodes; a table has a few dozen.
const MOST_ROWS: usize = 512;

/// The tolerated difference between two sums of the same published numbers: a fraction of the larger, plus a fraction
/// of the largest number in the row or column.
const ROUNDING: (f64, f64) = (1e-3, 1e-6);

/// The figures of a table besides its flows, by node.
pub(in crate::io::formats) struct Figures {
    /// The deliveries of every node to nodes.
    pub(in crate::io::formats) row_sums: Vec<f64>,
    /// The inputs of every node from nodes.
    pub(in crate::io::formats) column_sums: Vec<f64>,
    /// Columns that are not nodes.
    pub(in crate::io::formats) columns: Vec<Series>,
    /// Rows that are not nodes.
    pub(in crate::io::formats) rows: Vec<Series>,
    /// The number of negative cells between nodes.
    pub(in crate::io::formats) negative: u64,
}

/// A row or a column that is not a node: one number per node.
pub(in crate::io::formats) struct Series {
    /// Its number among all columns, or its line in the file.
    pub(in crate::io::formats) at: u64,
    pub(in crate::io::formats) values: Vec<f64>,
    /// The error if a number cannot be read. It is reported only if the series is used.
    pub(in crate::io::formats) unreadable: Option<Error>,
    /// Whether the label of a row is a name for totals.
    pub(in crate::io::formats) is_named_total: bool,
    pub(in crate::io::formats) label: Box<str>,
}

impl Series {
    fn new(n: usize, at: u64, label: &str, is_named_total: bool) -> Self {
        Self { values: vec![0.0; n], ..Self::of(at, label, Vec::new(), is_named_total) }
    }

    /// A row or a column with known numbers.
    pub(in crate::io::formats) fn of(at: u64, label: &str, values: Vec<f64>, is_named_total: bool) -> Self {
        Self { at, values, unreadable: None, is_named_total, label: label.into() }
    }

    fn add(&mut self, node: usize, cell: Result<f64>) {
        match cell {
            Ok(value) => self.values[node] += value,
            Err(error) => _ = self.unreadable.get_or_insert(error),
        }
    }

    /// The numbers; fails if one could not be read.
    pub(in crate::io::formats) fn known(&self) -> Result<&[f64]> {
        match &self.unreadable {
            Some(error) => Err(error.clone()),
            None => Ok(&self.values),
        }
    }
}

/// Whether two series are equal up to rounding. At least three numbers must be large enough to be evidence.
pub(in crate::io::formats) fn alike(a: &[f64], b: &[f64]) -> bool {
    let scale = a.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= ROUNDING.0 * a.abs().max(b.abs()) + ROUNDING.1 * scale;
    let of_size = a.iter().filter(|value| value.abs() > 10.0 * ROUNDING.1 * scale).count();
    of_size > 2 && a.iter().zip(b).all(near)
}

impl Figures {
    /// Empty figures of `n` nodes.
    pub(in crate::io::formats) fn new(n: usize) -> Self {
        let (row_sums, column_sums) = (vec![0.0; n], vec![0.0; n]);
        Self { row_sums, column_sums, columns: Vec::new(), rows: Vec::new(), negative: 0 }
    }

    /// Whether the table is only a square matrix.
    pub(in crate::io::formats) fn is_bare(&self) -> bool {
        self.columns.is_empty() && self.rows.is_empty()
    }

    /// Reads all rows. The matrix holds flows, or flows divided by `output` if given.
    pub(super) fn take(
        lines: &mut Lines<'_>,
        survey: &Survey,
        output: Option<&[f64]>,
        job: &Job<'_>,
    ) -> Result<(Self, Filled)> {
        let n = survey.labels.len();
        let mut parts = Parts::new(survey);
        let others: Vec<usize> = (0..survey.columns.len()).filter(|&at| survey.columns[at] == NONE).collect();
        let rows = survey.rows.iter().filter(|row| row.node == NONE).count();
        if rows > MOST_ROWS {
            return Err(Error::TooBig { what: "the number of rows that have no column", limit: MOST_ROWS as u64 });
        }
        let series = ((others.len() + rows) * n * 8) as u64;
        let kept = job.demand_bytes(n, others.len());
        let more = survey.bytes() + parts.bytes() + series + kept;
        let mut filler = Filler::new(n, job.options.precision, output, job.budget, more)?;
        let column = |&at: &usize| Series::new(n, at as u64, &survey.names[at], false);
        let mut figures = Self {
            row_sums: vec![0.0; n],
            column_sums: vec![0.0; n],
            columns: others.iter().map(column).collect(),
            rows: Vec::with_capacity(rows),
            negative: 0,
        };
        let mut hidden = Hidden::new(&survey.columns, &survey.labels);
        let mut flows = vec![0.0; n];
        let mut line = vec![0.0; survey.columns.len()];
        lines.next()?;
        for (k, row) in survey.rows.iter().enumerate() {
            job.progress.step(k as f64 / survey.rows.len() as f64)?;
            let mut cells = next_row(lines, survey, row)?;
            let Some(node) = (row.node != NONE).then_some(row.node as usize) else {
                figures.rows.push(other_row(&mut cells, survey, row.line, &row.label, row.is_named_total)?);
                continue;
            };
            flows.fill(0.0);
            let mut other = 0;
            for (slot, &j) in line.iter_mut().zip(&survey.columns) {
                if j == NONE {
                    let cell = lenient(&mut cells)?;
                    *slot = *cell.as_ref().unwrap_or(&0.0);
                    figures.columns[other].add(node, cell);
                    other += 1;
                } else {
                    let value = cells.number(Blank::Zero)?;
                    *slot = value;
                    flows[j as usize] += value;
                    figures.negative += u64::from(value < 0.0);
                }
            }
            end(&mut cells)?;
            hidden.row(&line);
            if parts.add(node, &mut flows) {
                figures.row_sums[node] = flows.iter().sum();
                figures.column_sums.iter_mut().zip(&flows).for_each(|(sum, value)| *sum += value);
                filler.push(node, &flows);
            }
        }
        hidden.found().map_or(Ok(()), |at| Err(is_total(survey, at)))?;
        Ok((figures, filler.finish()))
    }
}

fn is_total(survey: &Survey, at: usize) -> Error {
    let label = shown(&survey.names[at]);
    Error::bad(
        format!("the column {label} is the sum of others, and has a row: take totals out, or call them TOTAL"),
        Place { line: 1, column: survey.cell(at), ..Place::default() },
    )
}

/// The next row that is not blank, after its label cells. It must be `row`, as found in the first pass.
fn next_row<'a>(lines: &'a mut Lines<'_>, survey: &Survey, row: &Row) -> Result<Cells<'a>> {
    let after = lines.place_after();
    // The loop cannot return a borrowed line, so blank lines are skipped beforehand.
    while lines.peek_is_blank()? == Some(true) {
        lines.next()?;
    }
    let line = lines.next()?.ok_or_else(|| Error::bad(CHANGED, after))?;
    let mut cells = Cells::new(line);
    if survey.key.take(&mut cells)?.label != survey.label(row) {
        return Err(Error::bad(CHANGED, cells.place()));
    }
    Ok(cells)
}

/// A cell that may be irrelevant: the error for an invalid number is kept instead of returned.
fn lenient(cells: &mut Cells<'_>) -> Result<Result<f64>> {
    let before = cells.place().column;
    match cells.number(Blank::Zero) {
        // The cell was read, and it was not a number.
        Err(error @ Error::BadInput { .. }) if cells.place().column > before => Ok(Err(error)),
        Err(error) => Err(error),
        cell => Ok(cell),
    }
}

/// Fails unless the cells after the last labelled column are blank.
fn end(cells: &mut Cells<'_>) -> Result<()> {
    if cells.all_empty() { Ok(()) } else { cells.end() }
}

fn other_row(cells: &mut Cells<'_>, survey: &Survey, line: u64, label: &str, is_named_total: bool) -> Result<Series> {
    let mut series = Series::new(survey.labels.len(), line, label, is_named_total);
    for &j in &survey.columns {
        match j {
            // Value added of final demand is not used.
            NONE => _ = cells.raw()?.ok_or_else(|| cells.missing())?,
            j => series.add(j as usize, lenient(cells)?),
        }
    }
    end(cells)?;
    Ok(series)
}

/// Rows of split countries that wait for the other parts. They are summed in f64 for either stored precision.
struct Parts {
    /// The number of rows still to come, for every node.
    left: Vec<u32>,
    /// The index of the sum, for every node with several rows.
    slot: Vec<u32>,
    sums: Vec<Vec<f64>>,
}

impl Parts {
    fn new(survey: &Survey) -> Self {
        let mut left = vec![0; survey.labels.len()];
        survey.rows.iter().filter(|row| row.node != NONE).for_each(|row| left[row.node as usize] += 1);
        let mut slot = vec![NONE; left.len()];
        let split = slot.iter_mut().zip(&left).filter(|&(_, &rows)| rows > 1);
        let sums = split.zip(0..).map(|((slot, _), number)| *slot = number).map(|()| Vec::new()).collect();
        Self { left, slot, sums }
    }

    /// The peak memory of the sums, in bytes.
    fn bytes(&self) -> u64 {
        (self.sums.len() * self.left.len() * 8) as u64
    }

    /// Adds one row of a node. After the last row, replaces `row` with the sum of all rows and returns true.
    fn add(&mut self, node: usize, row: &mut [f64]) -> bool {
        self.left[node] -= 1;
        let Some(sum) = self.sums.get_mut(self.slot[node] as usize) else { return true };
        row.iter_mut().zip(sum.iter()).for_each(|(value, before)| *value += before);
        if self.left[node] == 0 {
            *sum = Vec::new();
            return true;
        }
        sum.clear();
        sum.extend_from_slice(row);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::LoadOptions;
    use crate::io::formats::icio::header::Key;
    use crate::{Budget, Progress};

    const HEADER: &str = "V1,A_C,A_D,A_F,OUT\n";
    const ROWS: [&str; 4] = ["A_C,1,2,3,6\n", "A_D,4,5,6,15\n", "VALU,1,8,0,0\n", "OUT,6,15,0,0\n"];

    /// Reads a table whose second pass finds the rows `after`.
    fn take(after: &[&str]) -> Result<Vec<f64>> {
        let (options, progress) = (LoadOptions::default(), Progress::default());
        let job = Job { options: &options, budget: &Budget::UNLIMITED, progress: &progress };
        let (before, after) = (format!("{HEADER}{}", ROWS.concat()), format!("{HEADER}{}", after.concat()));
        let survey = Survey::take(&mut Lines::of_bytes(before.as_bytes(), &progress)?, Key::Cell(0), &options)?;
        let figures = Figures::take(&mut Lines::of_bytes(after.as_bytes(), &progress)?, &survey, None, &job)?.0;
        Ok(figures.row_sums)
    }

    #[test]
    fn a_file_with_other_rows_in_the_second_pass_is_rejected() {
        assert_eq!(take(&ROWS), Ok(vec![3.0, 9.0]));
        let [one, two, three, four] = ROWS;
        for (rows, line) in [
            ([two, one, three, four], "line 2, column 1"),
            ([one, "A_E,4,5,6,15\n", three, four], "line 3, column 1"),
            ([one, two, four, three], "line 4, column 1"),
            ([one, two, three, ""], "line 5"),
        ] {
            let refused = take(&rows).unwrap_err().to_string();
            assert_eq!(refused, format!("the file changed while it was read ({line})"));
        }
    }
}
