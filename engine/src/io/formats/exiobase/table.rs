//! From the files of a package to coefficients and output, with checks that the figures agree.

use super::frame::Frame;
use super::{Files, Role, compare};
use crate::io::OutputRule;
use crate::io::formats::fill::{Filled, Filler, column_sums};
use crate::io::formats::icio::balance;
use crate::io::formats::icio::figures::Figures;
use crate::io::formats::icio::series::Series;
use crate::io::formats::icio::totals::Totals;
use crate::io::formats::source::{CHANGED, Package};
use crate::io::formats::sums::{Flows, final_demand};
use crate::io::formats::{Job, notes, output};
use crate::io::labels::Labels;
use crate::io::leontief::matrix::Matrix;
use crate::io::table::OutputSource;
use crate::io::text::Blank;
use crate::{Error, Place, Result};

/// A package that is being read.
pub(super) struct Account<'a, 'p> {
    pub(super) package: &'a mut Package<'p>,
    pub(super) files: &'a Files,
    pub(super) labels: &'a Labels,
    pub(super) figures: Figures,
    /// Columns of final demand, as indexes of [`Figures::columns`]; known after the table was read.
    pub(super) demand: Vec<usize>,
    pub(super) warnings: Vec<String>,
    pub(super) job: &'a Job<'a>,
}

/// Coefficients, output, and the source of the output.
type Read = (Matrix, Option<Vec<f64>>, OutputSource);

impl Account<'_, '_> {
    /// Reads `Z`. Output is reported, or the row sums of flows and final demand.
    pub(super) fn of_flows(&mut self, reported: Option<Vec<f64>>) -> Result<Read> {
        let (file, is_reported) = (self.files.table, reported.is_some());
        let x = match reported {
            Some(x) => x,
            None if self.files.y.is_none() => {
                return Err(Error::bad_whole("flows (Z.txt) need output (x.txt) or final demand (Y.txt)"));
            }
            None => self.summed(file)?,
        };
        let filled = self.fill(file, Some(&x))?;
        self.warnings.extend(notes::of_table(&filled, self.figures.negative, self.labels, self.job.progress)?);
        self.check(&x, is_reported)?;
        let rule = if is_reported { OutputRule::Reported } else { OutputRule::RowSum };
        Ok((filled.matrix, Some(x), OutputSource::Rule(rule)))
    }

    /// Reads `A`. Output is reported, or solved from final demand.
    pub(super) fn of_coefficients(&mut self, reported: Option<Vec<f64>>) -> Result<Read> {
        let has_demand = !self.figures.columns.is_empty();
        if reported.is_none() && !has_demand && self.job.options.output == OutputRule::RowSum {
            return Err(Error::Invalid("OUTPUT rowsum needs final demand (Y.txt)".into()));
        }
        let filled = self.fill(self.files.table, None)?;
        self.warnings.extend(notes::of_table(&filled, self.figures.negative, self.labels, self.job.progress)?);
        // Sums of coefficients are meaningless. They are replaced by sums of flows if output is known.
        let n = self.labels.len();
        (self.figures.row_sums, self.figures.column_sums) = (vec![0.0; n], vec![0.0; n]);
        let (x, source) = match reported {
            Some(x) => {
                self.flows_of(&filled.matrix, &x)?;
                self.check(&x, true)?;
                (Some(x), OutputSource::Rule(OutputRule::Reported))
            }
            None if has_demand => (Some(self.solved(&filled.matrix)?), OutputSource::Solved),
            None => (None, OutputSource::None),
        };
        self.compare(&filled.matrix, x.as_deref())?;
        Ok((filled.matrix, x, source))
    }

    /// The row sums of flows and final demand.
    fn summed(&mut self, file: Role) -> Result<Vec<f64>> {
        let frame = again(self.package, file, self.labels, self.job)?;
        let mut flows = Flows::new(self.labels);
        frame.each_node(self.labels, Blank::Refused, |i, values, _| {
            flows.row(i, values);
            self.job.progress.check()
        })?;
        flows.put(&mut self.figures, self.labels, file.name)?;
        let totals = Totals::recognise(&self.figures, self.job.progress)?;
        let mut x = totals.row_sums(&self.figures)?;
        let place = |_| Place { file: file.name, ..Place::default() };
        self.warnings.extend(output::settle(&mut x, self.labels, self.job.options.negative, place)?);
        Ok(x)
    }

    /// Output solved from final demand.
    fn solved(&mut self, coefficients: &Matrix) -> Result<Vec<f64>> {
        let totals = Totals::recognise(&self.figures, self.job.progress)?;
        self.warnings.extend(totals.notes.iter().cloned());
        self.demand.clone_from(&totals.demand);
        let mut x = output::solve(coefficients, &final_demand(&self.figures, &totals), self.job.progress)?;
        let place = |_| Place { file: "Y.txt", ..Place::default() };
        self.warnings.extend(output::settle(&mut x, self.labels, self.job.options.negative, place)?);
        Ok(x)
    }

    /// Reads the table, divided by `divisor` if given, and sums its rows and columns.
    fn fill(&mut self, file: Role, divisor: Option<&[f64]>) -> Result<Filled> {
        let frame = again(self.package, file, self.labels, self.job)?;
        let (n, job) = (self.labels.len(), self.job);
        // Memory besides the table and its tile: one row, three vectors if output must be solved, sums, and the columns
        // of final demand.
        let vectors = 16 + self.figures.columns.len() as u64;
        let kept = job.demand_bytes(n, self.figures.columns.len());
        let more = self.labels.bytes() + n as u64 * 8 * vectors + kept;
        let mut filler = Filler::new(n, job.options.precision, divisor, job.budget, more)?;
        let mut flows = Flows::new(self.labels);
        let mut done = 0;
        frame.each_node(self.labels, Blank::Refused, |i, values, _| {
            if divisor.is_some() {
                flows.row(i, values);
            } else {
                self.figures.negative += values.iter().filter(|&&value| value < 0.0).count() as u64;
            }
            filler.push(i, values);
            done += 1;
            job.progress.step(f64::from(done) / n as f64)
        })?;
        if divisor.is_some() {
            flows.put(&mut self.figures, self.labels, file.name)?;
        }
        Ok(filler.finish())
    }

    /// The sums of the flows, computed from coefficients and output.
    fn flows_of(&mut self, coefficients: &Matrix, x: &[f64]) -> Result<()> {
        self.figures.row_sums = output::product(coefficients, x, self.job.progress)?;
        let sums = column_sums(coefficients, self.labels, self.job.progress)?;
        self.figures.column_sums = sums.iter().zip(x).map(|(sum, x)| sum * x).collect();
        Ok(())
    }

    /// Compares coefficients with flows if both exist.
    fn compare(&mut self, coefficients: &Matrix, x: Option<&[f64]>) -> Result<()> {
        let Some(file) = self.files.flows else { return Ok(()) };
        let note = match x {
            Some(x) => compare::with_flows(self.package, file, self.labels, coefficients, x, self.job)?,
            None => Some(format!("{} was not read: without output, A cannot be compared with it", file.name)),
        };
        self.warnings.extend(note);
        Ok(())
    }

    /// Compares output with sales.
    fn check(&mut self, x: &[f64], is_reported: bool) -> Result<()> {
        if is_reported {
            // Totals among the columns of final demand are identified by comparison with output.
            self.figures.columns.push(Series::of(0, "OUT", x.to_vec(), true));
        }
        let totals = Totals::recognise(&self.figures, self.job.progress)?;
        self.warnings.extend(totals.notes.iter().cloned());
        self.demand.clone_from(&totals.demand);
        if is_reported {
            if !self.files.holds_flows {
                self.check_unit(&totals, x)?;
            }
            self.warnings.extend(balance::check(self.labels, &self.figures, &totals, x)?);
        }
        self.warnings.extend(balance::check_size(&self.figures, x));
        Ok(())
    }

    /// Checks the unit of final demand: coefficients times output have the unit of output.
    fn check_unit(&self, totals: &Totals, x: &[f64]) -> Result<()> {
        let net: Vec<f64> = x.iter().zip(&self.figures.row_sums).map(|(x, nodes)| x - nodes).collect();
        match balance::power_of_ten(&final_demand(&self.figures, totals), &net) {
            None => Ok(()),
            Some(power) => Err(Error::bad_whole(format!(
                "what the reported output leaves for final demand is 1e{power} times final demand, for every node: \
                 output seems to have another unit; OUTPUT rowsum solves it from final demand"
            ))),
        }
    }
}

/// Opens the table again, whose header has given the nodes.
fn again<'s>(package: &'s mut Package<'_>, file: Role, labels: &Labels, job: &Job<'s>) -> Result<Frame<'s>> {
    let frame = Frame::open(package.lines(file.part, file.name, job)?, 2)?;
    match frame.columns.len() == labels.len() {
        true => Ok(frame),
        false => Err(Error::bad(CHANGED, Place { file: file.name, line: 1, column: 0 })),
    }
}
