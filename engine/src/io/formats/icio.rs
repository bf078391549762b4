//! OECD ICIO csv, editions 2016 to 2025, and every table of its shape (WIOD 2013).
//!
//! The first line holds column labels, the first cell of every other line its row label; a *node* is a label
//! `REGION_SECTOR` (split at the first underscore) that is both. The other columns are final demand, the other rows
//! value added; `OUT`, `OUTPUT` and `TOTAL` are total output. Positions mean nothing, labels do.

mod split;
mod survey;

use self::survey::{NONE, Survey};
use super::cells::{Blank, Cells};
use super::fill::{Filled, Filler};
use super::lines::Lines;
use super::source::Package;
use super::{Job, notes, output};
use crate::io::table::OutputSource;
use crate::io::{Format, OutputRule, Table};
use crate::{Error, Result};

/// Reads the table in `part`.
pub(super) fn read(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<Table> {
    let mut survey = Survey::take(&mut package.lines(part, "", job)?, job.options)?;
    let (x, rule) = match survey.reported.take().filter(|_| job.options.output == OutputRule::Reported) {
        Some(reported) => (reported, OutputRule::Reported),
        None => (row_sums(&mut package.lines(part, "", job)?, &survey)?, OutputRule::RowSum),
    };
    output::check(&x, |node| survey.place_of_output(node, rule))?;

    let mut lines = package.lines(part, "", job)?;
    let (filled, negative) = coefficients(&mut lines, &survey, &x, job)?;
    let mut warnings = notes::of_table(&filled, negative, job.progress)?;
    let (one, many) = (
        "has an output column that is not its output row: the row was used",
        "have an output column that is not their output row: the row was used",
    );
    notes::note(&mut warnings, survey.contradicted, "node", one, many);
    if rule == OutputRule::RowSum && !survey.has_final_demand() {
        warnings.push("there is no final demand: output is the sum of deliveries to other nodes".to_owned());
    }
    Ok(Table {
        labels: survey.labels,
        coefficients: filled.matrix,
        output: Some(x),
        format: Format::Icio,
        output_source: OutputSource::Rule(rule),
        leontief: job.options.leontief,
        warnings,
    })
}

/// Walks over all rows and hands over their numbers with the node they belong to, [`NONE`] for value added and output.
fn each_row(
    lines: &mut Lines<'_>,
    survey: &Survey,
    mut row: impl FnMut(usize, u32, &[f64]) -> Result<()>,
) -> Result<()> {
    let mut numbers = vec![0.0; survey.columns.len()];
    lines.next()?;
    for (k, &node) in survey.rows.iter().enumerate() {
        let after = lines.place_after();
        let line = lines.next()?.ok_or_else(|| Error::bad("the file changed while it was read", after))?;
        let mut cells = Cells::new(line, b',');
        cells.raw()?;
        cells.numbers(Blank::Zero, &mut numbers)?;
        row(k, node, &numbers)?;
    }
    Ok(())
}

/// Intermediate and final demand of every node.
fn row_sums(lines: &mut Lines<'_>, survey: &Survey) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; survey.labels.len()];
    each_row(lines, survey, |_, node, numbers| {
        if node != NONE {
            let demand = numbers.iter().zip(&survey.is_demand).filter(|&(_, &is_demand)| is_demand);
            sums[node as usize] += demand.map(|(value, _)| value).sum::<f64>();
        }
        Ok(())
    })?;
    Ok(sums)
}

/// Flows, those of split countries added up, divided by output; and how many cells are negative.
fn coefficients(lines: &mut Lines<'_>, survey: &Survey, x: &[f64], job: &Job<'_>) -> Result<(Filled, u64)> {
    let n = survey.labels.len();
    let mut parts = Parts::new(survey);
    let more = survey.bytes() + parts.bytes();
    let mut filler = Filler::new(n, job.options.precision, Some(x), job.budget, more)?;
    let mut flows = vec![0.0; n];
    let mut negative = 0;
    each_row(lines, survey, |k, node, numbers| {
        job.progress.step(k as f64 / survey.rows.len() as f64)?;
        if node == NONE {
            return Ok(());
        }
        flows.fill(0.0);
        for (&value, &j) in numbers.iter().zip(&survey.columns) {
            if j != NONE {
                flows[j as usize] += value;
                negative += u64::from(value < 0.0);
            }
        }
        if parts.add(node as usize, &mut flows) {
            filler.push(node as usize, &flows);
        }
        Ok(())
    })?;
    Ok((filler.finish(), negative))
}

/// Rows of split countries that wait for their other parts. They are summed in f64 whatever the table stores.
struct Parts {
    /// Rows still to come, for every node.
    left: Vec<u32>,
    /// Which sum belongs to a node of several rows.
    slot: Vec<u32>,
    sums: Vec<Vec<f64>>,
}

impl Parts {
    fn new(survey: &Survey) -> Self {
        let mut left = vec![0; survey.labels.len()];
        survey.rows.iter().filter(|&&node| node != NONE).for_each(|&node| left[node as usize] += 1);
        let mut slot = vec![NONE; left.len()];
        let split = slot.iter_mut().zip(&left).filter(|&(_, &rows)| rows > 1);
        let sums = split.zip(0..).map(|((slot, _), number)| *slot = number).map(|()| Vec::new()).collect();
        Self { left, slot, sums }
    }

    /// Bytes that the sums take at the peak.
    fn bytes(&self) -> u64 {
        (self.sums.len() * self.left.len() * 8) as u64
    }

    /// Takes one row of a node. When it was the last, `row` becomes the sum of all, and the answer is true.
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
