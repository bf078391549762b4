//! Sweeps against elimination and against the sum of the layers, on small random tables, and against numpy.

use std::ops::Range;

use proptest::prelude::*;

use super::{Sweeper, blocks, held_bytes, scratch_bytes};
use crate::io::leontief::matrix::Matrix;
use crate::io::leontief::threads::tests::on_threads;
use crate::io::options::Precision;
use crate::io::stage::Stage;
use crate::{Error, Progress, Result};

mod random;
mod refused;
mod wiod;

use random::cases;

/// Numbers by columns.
fn matrix_of(n: usize, numbers: &[f64]) -> Matrix {
    Matrix::from_fn(n, n, Precision::F64, |i, j| numbers[i + n * j])
}

fn rounded_matrix_of(n: usize, numbers: &[f64]) -> Matrix {
    Matrix::from_fn(n, n, Precision::F32, |i, j| numbers[i + n * j])
}

/// Rows `r'L` and columns `L b`, with the same right-hand sides; `None` if one of them is refused.
struct Solved {
    rows: Option<Vec<Vec<f64>>>,
    columns: Option<Vec<Vec<f64>>>,
}

fn solved(matrix: &Matrix, blocks: &[Range<usize>], right: &[Vec<f64>], threads: usize) -> Option<Solved> {
    let progress = Progress::default();
    let solve = || -> Result<Option<Solved>> {
        let stage = Stage::whole(&progress);
        let Some(sweeper) = Sweeper::of(matrix, blocks.to_vec(), &stage)? else { return Ok(None) };
        let rows = sweeper.rows(matrix, right, &stage)?;
        let columns: Result<Option<Vec<Vec<f64>>>> = right.iter().map(|b| sweeper.column(matrix, b, &stage)).collect();
        Ok(Some(Solved { rows, columns: columns? }))
    };
    on_threads(threads, solve).unwrap()
}

/// Every element to a relative tolerance; elements that are 0 exactly.
fn same(mine: &[f64], theirs: &[f64], tolerance: f64) {
    assert_eq!(mine.len(), theirs.len());
    for (i, (mine, theirs)) in mine.iter().zip(theirs).enumerate() {
        assert!((mine - theirs).abs() <= tolerance * theirs.abs(), "element {i}: {mine} and {theirs}");
    }
}

proptest! {
    #[test]
    fn rows_and_columns_agree_with_elimination_in_every_element(case in cases()) {
        for (matrix, exact) in [
            (matrix_of(case.n, &case.numbers), case.clone()),
            (rounded_matrix_of(case.n, &case.numbers), case.rounded()),
        ] {
            let inverse = exact.inverse();
            for threads in 1..=3 {
                let solved = solved(&matrix, &case.blocks, &case.right, threads).expect("every block is solved");
                let (rows, columns) = (solved.rows.expect("it converges"), solved.columns.expect("it converges"));
                for (k, right) in case.right.iter().enumerate() {
                    same(&rows[k], &exact.row_times(right, &inverse), 1e-13);
                    same(&columns[k], &exact.times_column(&inverse, right), 1e-13);
                }
            }
        }
    }

    #[test]
    fn rows_agree_with_the_sum_of_the_layers(case in cases()) {
        let matrix = matrix_of(case.n, &case.numbers);
        let rows = solved(&matrix, &case.blocks, &case.right, 2).unwrap().rows.unwrap();
        for (row, right) in rows.iter().zip(&case.right) {
            same(row, &case.layers(right), 1e-13);
        }
    }

    #[test]
    fn a_right_hand_side_of_both_signs_is_accurate_against_that_of_the_magnitudes(
        case in cases(),
        signs in proptest::collection::vec(prop_oneof![Just(-1.0), Just(0.0), Just(1.0)], random::MOST_NODES),
    ) {
        let matrix = matrix_of(case.n, &case.numbers);
        let inverse = case.inverse();
        let signed: Vec<f64> = case.right[0].iter().zip(&signs).map(|(x, sign)| x * sign).collect();
        let magnitudes: Vec<f64> = signed.iter().map(|x| x.abs()).collect();
        let solved = solved(&matrix, &case.blocks, std::slice::from_ref(&signed), 2).unwrap();
        let (rows, columns) = (solved.rows.unwrap(), solved.columns.unwrap());
        for (mine, exact, most) in [
            (&rows[0], case.row_times(&signed, &inverse), case.row_times(&magnitudes, &inverse)),
            (&columns[0], case.times_column(&inverse, &signed), case.times_column(&inverse, &magnitudes)),
        ] {
            for ((mine, exact), most) in mine.iter().zip(&exact).zip(&most) {
                prop_assert!((mine - exact).abs() <= 1e-13 * most, "{mine} and {exact} of {most}");
            }
        }
    }
}

#[test]
fn a_chain_of_small_deliveries_keeps_its_smallest_elements() {
    // Node i delivers 1e-15 to node i + 1: the inverse has the elements 1e-15, 1e-30, ..
    let n = 9;
    let mut numbers = vec![0.0; n * n];
    (1..n).for_each(|j| numbers[j * n + j - 1] = 1e-15);
    let matrix = matrix_of(n, &numbers);
    let unit = |i: usize| (0..n).map(|k| if k == i { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
    let singles: Vec<Range<usize>> = (0..n).map(|i| i..i + 1).collect();
    let solved = solved(&matrix, &singles, &[unit(0), unit(n - 1)], 2).unwrap();
    let (rows, columns) = (solved.rows.unwrap(), solved.columns.unwrap());
    let falling: Vec<f64> = (0..n).map(|k| 10f64.powi(-15 * k as i32)).collect();
    same(&rows[0], &falling, 1e-14);
    same(&rows[1], &unit(n - 1), 0.0);
    same(&columns[0], &unit(0), 0.0);
    let rising: Vec<f64> = falling.iter().rev().copied().collect();
    same(&columns[1], &rising, 1e-14);
}

#[test]
fn small_values_are_not_taken_for_rounding() {
    let matrix = matrix_of(2, &[0.2, 0.1, 0.3, 0.4]);
    let apart = [0..1, 1..2];
    let normal = solved(&matrix, &apart, &[vec![1.0, 2.0]], 1).unwrap();
    for scale in [1e-297, 1e-200, 1e200] {
        let scaled = solved(&matrix, &apart, &[vec![scale, 2.0 * scale]], 1).unwrap();
        let expected: Vec<f64> = normal.rows.as_ref().unwrap()[0].iter().map(|x| x * scale).collect();
        same(&scaled.rows.unwrap()[0], &expected, 1e-14);
        let expected: Vec<f64> = normal.columns.as_ref().unwrap()[0].iter().map(|x| x * scale).collect();
        same(&scaled.columns.unwrap()[0], &expected, 1e-14);
    }
}

#[test]
fn nothing_to_solve_is_solved() {
    let empty = solved(&matrix_of(0, &[]), &[], &[vec![], vec![]], 2).unwrap();
    assert_eq!(empty.rows.unwrap(), [vec![], vec![]] as [Vec<f64>; 2]);
    assert_eq!(empty.columns.unwrap(), [vec![], vec![]] as [Vec<f64>; 2]);
    let matrix = matrix_of(2, &[0.2, 0.1, 0.3, 0.4]);
    let zeros = solved(&matrix, &[0..1, 1..2], &[vec![0.0, 0.0]], 1).unwrap();
    assert_eq!(zeros.rows.unwrap(), [[0.0, 0.0]]);
    assert_eq!(solved(&matrix, &[0..1, 1..2], &[], 1).unwrap().rows.unwrap(), [] as [Vec<f64>; 0]);
}

#[test]
fn blocks_are_the_regions_cut_when_large_and_shared_when_small() {
    let regions = |runs: &[(u32, usize)]| -> Vec<u32> {
        runs.iter().flat_map(|&(region, nodes)| std::iter::repeat_n(region, nodes)).collect()
    };
    for (runs, expected) in [
        (vec![], Vec::<Range<usize>>::new()),
        (vec![(0, 45), (1, 45), (2, 45)], vec![0..45, 45..90, 90..135]),
        (vec![(0, 30), (1, 30), (2, 30), (3, 30)], vec![0..60, 60..120]),
        (vec![(0, 256), (1, 257)], vec![0..256, 256..385, 385..513]),
        (vec![(0, 700), (1, 3)], vec![0..234, 234..468, 468..700, 700..703]),
        (vec![(0, 1), (1, 1), (0, 1), (1, 64)], vec![0..3, 3..67]),
    ] {
        assert_eq!(blocks(regions(&runs)), expected);
    }
    assert!(held_bytes(&[0..256, 256..456]) >= (256 * 256 + 200 * 200) * 8);
    assert_eq!(scratch_bytes(100, 2, 3), (9 * 2 + 3 * 64) * 100 * 8);
}

#[test]
fn cancelled_work_stops() {
    let matrix = matrix_of(2, &[0.2, 0.1, 0.3, 0.4]);
    let apart = vec![0..1, 1..2];
    let progress = Progress::default();
    let sweeper = Sweeper::of(&matrix, apart.clone(), &Stage::whole(&progress)).unwrap().unwrap();
    progress.cancel();
    for threads in 1..=2 {
        on_threads(threads, || {
            let stage = Stage::whole(&progress);
            assert!(matches!(Sweeper::of(&matrix, apart.clone(), &stage), Err(Error::Cancelled)));
            assert_eq!(sweeper.rows(&matrix, &[vec![1.0, 1.0]], &stage), Err(Error::Cancelled));
            assert_eq!(sweeper.column(&matrix, &[1.0, 1.0], &stage), Err(Error::Cancelled));
        });
    }
}
