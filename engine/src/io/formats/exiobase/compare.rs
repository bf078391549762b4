//! Comparing coefficients with flows in the same folder: a user may edit one file and forget the other.

use super::Role;
use super::frame::Frame;
use crate::io::formats::Job;
use crate::io::formats::source::Package;
use crate::io::labels::Labels;
use crate::io::leontief::matrix::Matrix;
use crate::io::shown::shown_node;
use crate::io::text::Blank;
use crate::{Error, Result};

/// The tolerated difference between a coefficient and flow over output: a fraction of the larger of the two, plus the
/// rounding of printed numbers.
const ROUNDING: (f64, f64) = (1e-3, 1e-6);

/// The result of the comparison.
#[derive(Default)]
struct Found {
    /// The number of cells that are nonzero in at least one of the files.
    cells: u64,
    differ: u64,
    /// The largest difference: its size, row and column, coefficient and quotient.
    worst: Option<(f64, [usize; 2], [f64; 2])>,
}

impl Found {
    fn cell(&mut self, at: [usize; 2], a: f64, quotient: f64) {
        if a == 0.0 && quotient == 0.0 {
            return;
        }
        self.cells += 1;
        let difference = (a - quotient).abs();
        if difference > ROUNDING.0 * a.abs().max(quotient.abs()) + ROUNDING.1 {
            self.differ += 1;
            if self.worst.is_none_or(|(worst, ..)| difference > worst) {
                self.worst = Some((difference, at, [a, quotient]));
            }
        }
    }

    fn message(&self, file: Role, labels: &Labels) -> Option<String> {
        let (_, [i, j], [a, quotient]) = self.worst?;
        let node = |node| {
            let (region, sector) = labels.names(node);
            shown_node(region, sector)
        };
        Some(format!(
            "A is not {} divided by output: {} of {} cells differ; largest difference: from {} to {}, {a:.6} in A and \
             {quotient:.6} from flows",
            file.name,
            self.differ,
            self.cells,
            node(i),
            node(j)
        ))
    }
}

/// The warning about coefficients that contradict the flows in `file`.
///
/// # Errors
/// [`Error::BadInput`] if more than half of the cells differ.
pub(super) fn with_flows(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    coefficients: &Matrix,
    x: &[f64],
    job: &Job<'_>,
) -> Result<Option<String>> {
    let found = match read(package, file, labels, coefficients, x, job) {
        Err(error @ Error::BadInput { .. }) => {
            return Ok(Some(format!("A was used and not compared with the flows: {error}")));
        }
        found => found?,
    };
    match found.message(file, labels) {
        Some(message) if 2 * found.differ > found.cells => {
            Err(Error::bad_whole(format!("{message}: one of the two is stale or has another unit, take it out")))
        }
        message => Ok(message.map(|message| format!("{message}: A was used"))),
    }
}

fn read(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    coefficients: &Matrix,
    x: &[f64],
    job: &Job<'_>,
) -> Result<Found> {
    let frame = Frame::open(package.lines(file.part, file.name, job)?, 2)?;
    let nodes = frame.nodes_of_columns(labels, file.name)?;
    let mut found = Found::default();
    frame.each_node(labels, Blank::Refused, |i, values, _| {
        // A column without output has no coefficients to compare.
        let known = nodes.iter().zip(values).filter(|&(&j, _)| x[j] != 0.0);
        known.for_each(|(&j, flow)| found.cell([i, j], coefficients.get(i, j), flow / x[j]));
        job.progress.check()
    })?;
    Ok(found)
}
