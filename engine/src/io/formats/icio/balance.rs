//! Whether the figures of a table agree with each other: what a node delivers, and what it takes, is its output.

use super::figures::Figures;
use super::survey::Survey;
use super::totals::Totals;
use crate::io::formats::notes::shown_node;
use crate::{Error, Result};

/// Beyond these shares of output, sums differ by more than the rounding of published tables: half of the nodes, and the
/// worst of them.
const MEDIAN: f64 = 1e-3;
const WORST: f64 = 0.01;

/// Compares sums of rows and columns with output.
///
/// # Errors
/// [`Error::BadInput`] when all outputs are a power of ten off: they have another unit than the flows.
pub(super) fn check(survey: &Survey, figures: &Figures, totals: &Totals, x: &[f64]) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    if !totals.demand.is_empty() {
        let sums = totals.row_sums(figures)?;
        if let Some(power) = power_of_ten(&sums, x) {
            return Err(Error::bad_whole(format!(
                "reported output is 1e{power} times what the rows sum to, for every node: output seems to have another unit \
                 than flows; OUTPUT rowsum takes the sums of the rows"
            )));
        }
        warnings.extend(difference("row", "and final demand", &sums, survey, x));
    }
    let value_added: Vec<&[f64]> = totals.value_added.iter().filter_map(|&at| figures.rows[at].known().ok()).collect();
    if value_added.is_empty() {
        return Ok(warnings);
    }
    let with = |rows: &[&[f64]]| {
        let mut sums = figures.column_sums.clone();
        rows.iter().for_each(|row| sums.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value));
        sums
    };
    // Some tables list a part of value added once more (`TLS` beside `VA`), and memorandum rows (`CO2`).
    let apart = value_added.iter().any(|row| difference("", "", &with(&[row]), survey, x).is_none());
    let all = difference("column", "and value added", &with(&value_added), survey, x);
    let first = (1..value_added.len()).any(|k| difference("", "", &with(&value_added[..k]), survey, x).is_none());
    if !apart && !first {
        warnings.extend(all);
    }
    Ok(warnings)
}

/// What is to be said of sums that are not output.
fn difference(of: &str, and: &str, sums: &[f64], survey: &Survey, x: &[f64]) -> Option<String> {
    let scale = x.iter().fold(0.0, |most: f64, x| most.max(*x));
    let share = |(&sum, &x): (&f64, &f64)| (sum - x).abs() / (sum.abs().max(x) + 1e-6 * scale).max(f64::MIN_POSITIVE);
    let shares: Vec<f64> = sums.iter().zip(x).map(share).collect();
    let mut sorted = shares.clone();
    sorted.sort_by(f64::total_cmp);
    let (median, worst) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
    if median <= MEDIAN && worst <= WORST {
        return None;
    }
    let node = shares.iter().position(|&share| share == worst)?;
    let (region, sector) = survey.labels.names(node);
    Some(format!(
        "the sums of {of}s {and} are not the reported output: they differ by {:.2} % in the median, most at {}, {} to {}",
        100.0 * median,
        shown_node(region, sector),
        sums[node],
        x[node]
    ))
}

/// The power of ten, not 0, by which every output differs from its sum.
fn power_of_ten(sums: &[f64], x: &[f64]) -> Option<i32> {
    let mut pairs = sums.iter().zip(x).filter(|&(&sum, &x)| sum > 0.0 && x > 0.0).map(|(sum, x)| x / sum);
    let first = pairs.next()?;
    let power = first.log10().round() as i32;
    let near = |ratio: f64| (ratio / 10f64.powi(power) - 1.0).abs() < 0.02;
    (power != 0 && near(first) && pairs.all(near)).then_some(power)
}
