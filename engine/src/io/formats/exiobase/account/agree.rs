//! Comparing stressors per unit of output with the totals in the same account.

use std::collections::HashMap;

use super::super::Role;
use super::super::frame::Frame;
use crate::io::formats::Job;
use crate::io::formats::source::Package;
use crate::io::shown::{shown, shown_node};
use crate::io::text::Blank;
use crate::io::{Indicator, Labels};
use crate::{Error, Result};

/// The tolerated difference between an intensity and total over output: a fraction of the larger of the two, plus a
/// fraction of the largest value of the stressor.
const ROUNDING: (f64, f64) = (1e-3, 1e-6);

/// The cell with the largest relative difference from its total.
struct Worst {
    share: f64,
    stressor: String,
    node: usize,
    values: [f64; 2],
}

/// The warning about intensities `found` that contradict the totals in `file`.
pub(super) fn with_totals(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    output: &[f64],
    found: &[Indicator],
    job: &Job<'_>,
) -> Result<Option<String>> {
    match differing(package, file, labels, output, found, job) {
        Err(error @ Error::BadInput { .. }) => Ok(Some(format!("it was not compared with its totals: {error}"))),
        Err(error) => Err(error),
        Ok((_, None)) => Ok(None),
        Ok((count, Some(worst))) => {
            let (region, sector) = labels.names(worst.node);
            Ok(Some(format!(
                "S is not F divided by output for {count} of {} stressors; largest difference: {} at {}, {} in S and \
                 {} from F; S was used",
                found.len(),
                shown(&worst.stressor),
                shown_node(region, sector),
                worst.values[0],
                worst.values[1]
            )))
        }
    }
}

fn differing(
    package: &mut Package<'_>,
    file: Role,
    labels: &Labels,
    output: &[f64],
    found: &[Indicator],
    job: &Job<'_>,
) -> Result<(usize, Option<Worst>)> {
    let known: HashMap<&str, &[f64]> = found.iter().map(|stressor| (&*stressor.name, &*stressor.values)).collect();
    let mut frame = Frame::open_any(package.lines(file.part, file.name, job)?)?;
    let nodes = frame.nodes_of_columns(labels, file.name)?;
    let mut row = vec![0.0; nodes.len()];
    let (mut count, mut worst): (usize, Option<Worst>) = (0, None);
    while frame.next_row(Blank::NotANumber, &mut row)?.is_some() {
        job.progress.check()?;
        let stressor = frame.index.join("/");
        let Some(values) = known.get(&*stressor) else { continue };
        let scale = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
        let mut differs = false;
        for (&node, total) in nodes.iter().zip(&row).filter(|&(&node, _)| output[node] != 0.0) {
            let (value, quotient) = (values[node], total / output[node]);
            let (size, difference) = (value.abs().max(quotient.abs()), (value - quotient).abs());
            if difference > ROUNDING.0 * size + ROUNDING.1 * scale {
                differs = true;
                if worst.as_ref().is_none_or(|worst| difference / size > worst.share) {
                    let (share, stressor) = (difference / size, stressor.clone());
                    worst = Some(Worst { share, stressor, node, values: [value, quotient] });
                }
            }
        }
        count += usize::from(differs);
    }
    Ok((count, worst))
}
