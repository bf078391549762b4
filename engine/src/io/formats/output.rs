//! Total output of the nodes.

use crate::io::Negative;
use crate::io::labels::Labels;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::shown::shown_node;
use crate::{Error, Place, Progress, Result};

/// The maximum number of production layers that are summed; a table that needs more is almost singular.
const MAX_LAYERS: usize = 5_000;

/// Outputs below this share of the largest output are rounding errors.
const NOISE: f64 = 1e-9;

/// Handles outputs that are not positive: those within rounding of 0 are set to 0. Negative outputs are an error, or
/// are set to 0 with a warning. `place` returns the place from which output i was read.
///
/// # Errors
/// [`Error::BadInput`], which names the node and its place.
pub(super) fn settle(
    output: &mut [f64],
    labels: &Labels,
    negative: Negative,
    place: impl Fn(usize) -> Place,
) -> Result<Option<String>> {
    let node = |i: usize| {
        let (region, sector) = labels.names(i);
        shown_node(region, sector)
    };
    if let Some(i) = output.iter().position(|x| !x.is_finite()) {
        return Err(Error::bad(format!("the output of {} is too large", node(i)), place(i)));
    }
    let noise = NOISE * output.iter().fold(0.0, |most: f64, x| most.max(*x));
    output.iter_mut().filter(|x| x.abs() <= noise).for_each(|x| *x = 0.0);
    let below: Vec<usize> = (0..output.len()).filter(|&i| output[i] < 0.0).collect();
    match (below.first(), negative) {
        (None, _) => Ok(None),
        (Some(&i), Negative::Refused) => {
            let what =
                format!("the output of {} is negative: NEGATIVE zero loads the table with an output of 0", node(i));
            Err(Error::bad(what, place(i)))
        }
        (Some(&i), Negative::Zero) => {
            below.iter().for_each(|&i| output[i] = 0.0);
            let more = if below.len() > 1 { format!(" (and {} more)", below.len() - 1) } else { String::new() };
            Ok(Some(format!("the output of {}{more} is negative and was set to 0 (NEGATIVE zero)", node(i))))
        }
    }
}

/// The output that delivers `demand`: `x = (I-A)^-1 y`, summed layer by layer (`y + Ay + A^2 y + ..`), n numbers.
///
/// This needs three vectors and no second matrix. It stops when a layer is at most 1e-15 of the sum, after 50 to 100
/// layers for real tables. Negative results within rounding of 0 are set to 0.
///
/// # Errors
/// [`Error::BadInput`] if the layers do not converge, [`Error::Cancelled`].
pub(super) fn solve(coefficients: &Matrix, demand: &[f64], progress: &Progress) -> Result<Vec<f64>> {
    let mut output = demand.to_vec();
    let mut layer = demand.to_vec();
    let mut next = vec![0.0; demand.len()];
    let size = |vector: &[f64]| vector.iter().map(|value| value.abs()).sum::<f64>();
    for _ in 0..MAX_LAYERS {
        next.fill(0.0);
        match coefficients {
            Matrix::F64(columns) => add_product(columns, &layer, &mut next, progress)?,
            Matrix::F32(columns) => add_product(columns, &layer, &mut next, progress)?,
        }
        std::mem::swap(&mut layer, &mut next);
        output.iter_mut().zip(&layer).for_each(|(sum, value)| *sum += value);
        let (last, total) = (size(&layer), size(&output));
        if !total.is_finite() {
            break;
        }
        if last <= 1e-15 * total {
            let noise = 1e-12 * output.iter().copied().fold(0.0, f64::max);
            output.iter_mut().filter(|x| **x < 0.0 && **x >= -noise).for_each(|x| *x = 0.0);
            return Ok(output);
        }
    }
    Err(Error::bad_whole("output cannot be solved from final demand: the production layers do not converge"))
}

/// `A x`: the deliveries to nodes if output is x.
///
/// # Errors
/// [`Error::Cancelled`].
pub(super) fn product(coefficients: &Matrix, x: &[f64], progress: &Progress) -> Result<Vec<f64>> {
    let mut sums = vec![0.0; x.len()];
    match coefficients {
        Matrix::F64(columns) => add_product(columns, x, &mut sums, progress)?,
        Matrix::F32(columns) => add_product(columns, x, &mut sums, progress)?,
    }
    Ok(sums)
}

/// `sum += A v`, column by column.
fn add_product<T: Number>(columns: &Columns<T>, v: &[f64], sum: &mut [f64], progress: &Progress) -> Result<()> {
    for (j, &factor) in v.iter().enumerate() {
        if j % 64 == 0 {
            progress.check()?;
        }
        if factor != 0.0 {
            sum.iter_mut().zip(columns.column(j)).for_each(|(sum, &a)| *sum += Into::<f64>::into(a) * factor);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(columns: [[f64; 2]; 2]) -> Matrix {
        let mut matrix = Columns::zeros(2, 2);
        for (j, column) in columns.iter().enumerate() {
            matrix.column_mut(j).copy_from_slice(column);
        }
        Matrix::F64(matrix)
    }

    #[test]
    fn output_of_a_small_table_equals_the_result_by_hand() {
        let x = solve(&matrix([[0.2, 0.4], [0.3, 0.1]]), &[2.0, 3.0], &Progress::default()).unwrap();
        // L = [[1.5, .5], [2/3, 4/3]]
        assert!((x[0] - 4.5).abs() < 1e-14 && (x[1] - 16.0 / 3.0).abs() < 1e-14, "{x:?}");
    }

    #[test]
    fn layers_that_do_not_converge_are_an_error() {
        for heavy in [[[1.0, 0.0], [0.0, 0.5]], [[2.0, 2.0], [2.0, 2.0]]] {
            assert!(solve(&matrix(heavy), &[1.0, 1.0], &Progress::default()).is_err());
        }
    }
}
