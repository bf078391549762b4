//! The second pass over a wide table. Flows between nodes are stored in the matrix. All other numbers are kept until
//! totals are identified.

use super::hidden::Hidden;
use super::rows::{Numbers, Rows, Taken};
use super::series::Series;
use super::survey::{NONE, Survey};
use crate::io::formats::Job;
use crate::io::formats::fill::{Filled, Filler};
use crate::io::shown::shown;
use crate::io::text::Lines;
use crate::{Error, Place, Result};

/// The maximum number of rows that are not nodes; a table has a few dozen.
const MOST_ROWS: usize = 512;

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
        let more = survey.bytes() + Rows::bytes(survey) + parts.bytes() + series + kept;
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
        Rows::new(lines, survey, job.progress)?.each(|row| match row {
            Taken::Other(series) => figures.rows.push(series),
            Taken::Node(node, numbers) => {
                figures.add_others(node, numbers, &others);
                hidden.row(&numbers.line);
                if parts.add(node, &mut numbers.flows) {
                    figures.add_flows(node, &numbers.flows);
                    filler.push(node, &numbers.flows);
                }
            }
        })?;
        hidden.found().map_or(Ok(()), |at| Err(is_total(survey, at)))?;
        Ok((figures, filler.finish()))
    }

    /// Adds the cells of a node's row that are not flows between nodes: those of the columns `others`.
    fn add_others(&mut self, node: usize, numbers: &mut Numbers, others: &[usize]) {
        self.negative += numbers.negative;
        for (series, &at) in self.columns.iter_mut().zip(others) {
            series.values[node] += numbers.line[at];
        }
        for (other, error) in std::mem::take(&mut numbers.unreadable) {
            self.columns[other].unreadable.get_or_insert(error);
        }
    }

    /// Adds the flows of a node.
    fn add_flows(&mut self, node: usize, flows: &[f64]) {
        self.row_sums[node] = flows.iter().sum();
        self.column_sums.iter_mut().zip(flows).for_each(|(sum, value)| *sum += value);
    }
}

fn is_total(survey: &Survey, at: usize) -> Error {
    let label = shown(&survey.names[at]);
    Error::bad(
        format!("the column {label} is the sum of others, and has a row: take totals out, or call them TOTAL"),
        Place { line: 1, column: survey.cell(at), ..Place::default() },
    )
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
