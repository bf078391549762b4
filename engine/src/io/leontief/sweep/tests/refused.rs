//! Tables that are refused: the caller uses another method.

use super::*;

/// Blocks of one node each.
fn singles(n: usize) -> Vec<Range<usize>> {
    (0..n).map(|i| i..i + 1).collect()
}

fn refuses(matrix: &Matrix, blocks: &[Range<usize>], right: &[f64]) {
    for threads in 1..=2 {
        let solved = solved(matrix, blocks, &[right.to_vec()], threads);
        assert!(solved.is_none_or(|solved| solved.rows.is_none() && solved.columns.is_none()));
    }
}

proptest! {
    /// Every node uses at least its own output: with a right-hand side above 0, the layers grow without end.
    #[test]
    fn tables_that_do_not_converge_are_refused(case in cases(), more in 1.001..3.0f64) {
        let mut numbers = case.numbers.clone();
        for (j, column) in numbers.chunks_mut(case.n).enumerate() {
            let sum: f64 = column.iter().sum();
            if sum > 0.0 {
                column.iter_mut().for_each(|x| *x *= more / sum);
            } else {
                column[j] = more;
            }
        }
        let matrix = matrix_of(case.n, &numbers);
        let right = vec![1.0; case.n];
        for threads in 1..=2 {
            let solved = solved(&matrix, &case.blocks, std::slice::from_ref(&right), threads);
            prop_assert!(solved.is_none_or(|solved| solved.rows.is_none()));
            // The transposed table has columns of these sums as rows.
            let transposed: Vec<f64> = (0..case.n * case.n).map(|at| numbers[at % case.n * case.n + at / case.n]).collect();
            let solved = super::solved(&matrix_of(case.n, &transposed), &case.blocks, std::slice::from_ref(&right), threads);
            prop_assert!(solved.is_none_or(|solved| solved.columns.is_none()));
        }
    }
}

#[test]
fn a_radius_of_1_or_close_to_1_is_refused_between_blocks_and_inside_them() {
    for (a, is_solved_inside) in [(1.0, false), (1.0 - 1e-9, false), (0.999, true)] {
        let matrix = matrix_of(2, &[0.0, a, a, 0.0]);
        refuses(&matrix, &singles(2), &[1.0, 1.0]);
        let inside = solved(&matrix, std::slice::from_ref(&(0..2)), &[vec![1.0, 1.0]], 1);
        assert_eq!(inside.is_some(), is_solved_inside);
        if let Some(inside) = inside {
            same(&inside.rows.unwrap()[0], &[1.0 / (1.0 - a); 2], 1e-12);
        }
    }
}

#[test]
fn negative_coefficients_are_refused() {
    let matrix = matrix_of(2, &[0.2, -0.1, 0.3, 0.4]);
    assert!(solved(&matrix, &singles(2), &[vec![1.0, 1.0]], 1).is_none());
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for bad in [f64::NAN, f64::INFINITY] {
        refuses(&matrix_of(2, &[0.2, 0.1, bad, 0.4]), &singles(2), &[1.0, 1.0]);
        refuses(&matrix_of(2, &[bad, 0.1, 0.3, 0.4]), &singles(2), &[1.0, 1.0]);
        refuses(&matrix_of(2, &[0.2, 0.1, 0.3, 0.4]), &singles(2), &[1.0, bad]);
    }
    refuses(&matrix_of(2, &[0.2, 0.1, 0.3, 0.4]), &singles(2), &[1.0, f64::NEG_INFINITY]);
    refuses(&matrix_of(2, &[0.2, 0.1, 0.3, 0.4]), &singles(2), &[f64::MAX, f64::MAX]);
}
