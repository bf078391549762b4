//! Checks that the figures of a table agree: output equals the deliveries of a node, and equals its inputs plus value
//! added.

use super::figures::Figures;
use super::totals::Totals;
use crate::io::labels::Labels;
use crate::io::shown::shown_node;
use crate::{Error, Result};

/// The tolerated differences as shares of output, for the median node and for the worst node. Larger differences are
/// not due to the rounding of published tables.
const MEDIAN: f64 = 1e-3;
const WORST: f64 = 0.01;

/// The smallest plausible share of inputs in output, in the median. Below it, inputs are not flows in the unit of
/// output: in real economies the share is 0.3 to 0.6.
const FEWEST_INPUTS: f64 = 0.01;

/// Compares sums of rows and columns with the output that a table reports.
///
/// # Errors
/// [`Error::BadInput`] if all outputs differ from their sums by the same power of ten: they have another unit than the
/// flows.
pub(in crate::io::formats) fn check(
    labels: &Labels,
    figures: &Figures,
    totals: &Totals,
    x: &[f64],
) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    if totals.demand.is_empty() {
        let value_added = value_added(figures, totals);
        let sums = with(figures, &value_added);
        if let Some(power) = power_of_ten(&sums, x).filter(|_| !value_added.is_empty()) {
            return Err(Error::bad_whole(format!(
                "reported output is 1e{power} times what the columns and value added sum to, for every node: output \
                 seems to have another unit than flows; write it in theirs, or add final demand and say OUTPUT rowsum"
            )));
        }
        warnings.extend(less_than_deliveries(labels, figures, x));
    } else {
        let sums = totals.row_sums(figures)?;
        if let Some(power) = power_of_ten(&sums, x) {
            return Err(Error::bad_whole(format!(
                "reported output is 1e{power} times what the rows sum to, for every node: output seems to have another \
                 unit than flows; OUTPUT rowsum takes the sums of the rows"
            )));
        }
        warnings.extend(difference("rows and final demand", "the reported output", &sums, labels, x));
    }
    warnings.extend(check_columns(labels, figures, totals, x, "the reported output"));
    Ok(warnings)
}

/// Compares the inputs of nodes plus value added with output `x`. `what` is the name of this output in the message.
pub(in crate::io::formats) fn check_columns(
    labels: &Labels,
    figures: &Figures,
    totals: &Totals,
    x: &[f64],
    what: &str,
) -> Option<String> {
    let value_added = value_added(figures, totals);
    if value_added.is_empty() {
        return None;
    }
    let differs = |rows: &[&[f64]]| difference("columns and value added", what, &with(figures, rows), labels, x);
    // Some tables list a part of value added again (`TLS` next to `VA`), or have memorandum rows (`CO2`).
    let apart = value_added.iter().any(|row| differs(&[row]).is_none());
    let first = (1..value_added.len()).any(|k| differs(&value_added[..k]).is_none());
    differs(&value_added).filter(|_| !apart && !first)
}

/// The warning for inputs that are tiny compared with output: they are coefficients, or flows in another unit.
pub(in crate::io::formats) fn check_size(figures: &Figures, x: &[f64]) -> Option<String> {
    let used = figures.column_sums.iter().zip(x).filter(|&(&sum, &x)| sum != 0.0 && x > 0.0);
    let mut shares: Vec<f64> = used.map(|(sum, x)| sum / x).collect();
    shares.sort_by(f64::total_cmp);
    let median = *shares.get(shares.len() / 2).filter(|median| **median < FEWEST_INPUTS)?;
    let look = match figures.column_sums.iter().all(|&sum| sum < 1.0) {
        true => "the cells seem to be technical coefficients, which are read without output and final demand",
        false => "flows and output seem to have different units",
    };
    Some(format!("inputs are {:.3} % of output in the median: {look}", 100.0 * median))
}

fn value_added<'f>(figures: &'f Figures, totals: &Totals) -> Vec<&'f [f64]> {
    totals.value_added.iter().filter_map(|&at| figures.rows[at].known().ok()).collect()
}

/// The inputs of nodes, plus these rows.
fn with(figures: &Figures, rows: &[&[f64]]) -> Vec<f64> {
    let mut sums = figures.column_sums.clone();
    rows.iter().for_each(|row| sums.iter_mut().zip(*row).for_each(|(sum, value)| *sum += value));
    sums
}

/// Without final demand, output is at least the deliveries to nodes, unless stocks are reduced.
fn less_than_deliveries(labels: &Labels, figures: &Figures, x: &[f64]) -> Option<String> {
    let is_less = |&i: &usize| figures.row_sums[i] > x[i] * (1.0 + WORST);
    let less: Vec<usize> = (0..x.len()).filter(is_less).collect();
    // A few nodes may sell mainly from stock.
    let &first = less.first().filter(|_| less.len() * 10 > x.len())?;
    let (region, sector) = labels.names(first);
    Some(format!(
        "the reported output of {} of {} nodes is less than what they deliver to nodes (first {}: {} of {}): is it \
         final demand?",
        less.len(),
        x.len(),
        shown_node(region, sector),
        x[first],
        figures.row_sums[first]
    ))
}

/// The warning if sums are not equal to output.
fn difference(of: &str, what: &str, sums: &[f64], labels: &Labels, x: &[f64]) -> Option<String> {
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
    let (region, sector) = labels.names(node);
    Some(format!(
        "the sums of {of} are not {what}: they differ by {:.2} % in the median, most at {}, {} to {}",
        100.0 * median,
        shown_node(region, sector),
        sums[node],
        x[node]
    ))
}

/// The power of ten, not 0, by which every output differs from its sum.
pub(in crate::io::formats) fn power_of_ten(sums: &[f64], x: &[f64]) -> Option<i32> {
    let mut pairs = sums.iter().zip(x).filter(|&(&sum, &x)| sum > 0.0 && x > 0.0).map(|(sum, x)| x / sum);
    let first = pairs.next()?;
    let power = first.log10().round() as i32;
    let near = |ratio: f64| (ratio / 10f64.powi(power) - 1.0).abs() < 0.02;
    (power != 0 && near(first) && pairs.all(near)).then_some(power)
}
