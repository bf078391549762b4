//! The low-rank update against the sum of the series, which does not use the inverse.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::apply::Changed;
use super::change::parse;
use super::second::second_column;
use super::sets::Sets;
use super::solve::{Known, Solution, summed, updated};
use crate::io::leontief::matrix::Matrix;
use crate::io::stage::Stage;
use crate::io::table::OutputSource;
use crate::io::{Format, Indicator, IoModel, Labels, LeontiefMode, Precision, Table};
use crate::model::Model;
use crate::{Budget, Progress};

const N: usize = 12;

/// Numbers of regions and sectors of a table. Where one of them is 1, labels of it select all nodes.
const GRIDS: [(usize, usize); 3] = [(4, 3), (1, N), (N, 1)];

/// A model of a complete grid `R0, R1, ..` x `s0, s1, ..`, from coefficients by columns, whose column sums are below 1.
fn model(sectors: usize, a: &[f64], r: &[f64], precision: Precision) -> IoModel {
    let names: Vec<(String, String)> =
        (0..N).map(|i| (format!("R{}", i / sectors), format!("s{}", i % sectors))).collect();
    let coefficients = Matrix::from_fn(N, N, precision, |i, j| a[i + N * j]);
    let table = Table {
        labels: Labels::new(names.iter().map(|(r, s)| (r.as_str(), s.as_str()))).unwrap(),
        coefficients,
        output: None,
        demand: None,
        format: Format::Icio,
        output_source: OutputSource::None,
        leontief: Some(LeontiefMode::Full),
        warnings: Vec::new(),
    };
    let risk = Indicator { name: "risk".into(), unit: "".into(), values: r.to_vec() };
    let model = IoModel::new(table).with_indicator(risk).unwrap();
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    model
}

fn near(a: &[f64], b: &[f64], tolerance: f64) {
    let scale = a.iter().chain(b).fold(1.0, |most: f64, x| most.max(x.abs()));
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= tolerance * scale, "{a} and {b}");
    }
}

fn words((regions, sectors): (usize, usize)) -> impl Strategy<Value = Vec<String>> {
    let region = move || prop_oneof![3 => (0..regions).prop_map(|r| format!("R{r}")), 1 => Just("*".to_owned())];
    let sector = move || prop_oneof![3 => (0..sectors).prop_map(|s| format!("s{s}")), 1 => Just("*".to_owned())];
    let nodes = move || (region(), sector()).prop_map(|(r, s)| format!("{r} {s}"));
    let change = prop_oneof![
        nodes().prop_map(|nodes| format!("EXTRACT {nodes}")),
        (nodes(), nodes(), 0.0..1.02f64).prop_map(|(from, to, factor)| format!("SCALE {from} {to} {factor}")),
        (nodes(), 0..regions, 0.0..=1.0f64).prop_map(|(nodes, r, share)| format!("REPLACE {nodes} R{r} {share}")),
        (nodes(), 0.0..3.0f64).prop_map(|(nodes, factor)| format!("STRESS {nodes} {factor}")),
    ];
    proptest::collection::vec(change, 1..6)
        .prop_map(|changes| changes.iter().flat_map(|change| change.split(' ').map(str::to_owned)).collect())
}

/// Sparse coefficients with column sums below 0.9, so that every change drawn converges.
fn coefficients() -> impl Strategy<Value = Vec<f64>> {
    let coefficient = prop_oneof![2 => Just(0.0), 3 => 0.0..1.0f64];
    let sums = proptest::collection::vec(0.0..0.9f64, N);
    (proptest::collection::vec(coefficient, N * N), sums).prop_map(|(mut a, sums)| {
        for (column, sum) in a.chunks_exact_mut(N).zip(sums) {
            let drawn: f64 = column.iter().sum();
            column.iter_mut().for_each(|a| *a *= if drawn > 0.0 { sum / drawn } else { 0.0 });
        }
        a
    })
}

/// The update, if it passes its own check, and the series of every node.
fn both(model: &IoModel, words: &[String]) -> Vec<(Option<Solution>, Solution)> {
    let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    let table = model.table();
    let changes = parse(&words, &table.labels).unwrap();
    let stressor = model.indicator(None).unwrap();
    let values = &stressor.indicator.values;
    let changed = Changed::new(&table.coefficients, &table.labels, &changes, values).unwrap();
    let (leontief, _) = model.derived().unwrap();
    let progress = Progress::default();
    let solve = |j| {
        let column = leontief.solver.column(&table.coefficients, j, &progress).unwrap().numbers();
        let multipliers = stressor.series().unwrap().totals();
        let series = stressor.series().unwrap();
        let first_layer = || series.layer(1);
        let known = Known { leontief, values, multipliers, column: &column, first_layer: &first_layer };
        let update = updated(&changed, &known, j, 7, &progress).unwrap();
        (update, summed(&changed, j, 7, &progress).unwrap())
    };
    (0..N).map(solve).collect()
}

/// The second column of every node without a pass, where it is computed so, and by a pass.
fn seconds(model: &IoModel, words: &[String]) -> Vec<(Option<Vec<f64>>, Vec<f64>)> {
    let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    let table = model.table();
    let changes = parse(&words, &table.labels).unwrap();
    let changed = Changed::new(&table.coefficients, &table.labels, &changes, &[1.0; N]).unwrap();
    let (leontief, _) = model.derived().unwrap();
    let progress = Progress::default();
    let stage = Stage::whole(&progress);
    let second = |j| {
        let first = changed.column(j);
        let mut passed = changed.products(&[], &[&first], &stage).unwrap();
        let sets = Sets::of(&changed);
        (second_column(&changed, leontief, &sets, j, &first, &stage).unwrap(), passed.columns.remove(0))
    };
    (0..N).map(second).collect()
}

#[test]
fn the_update_equals_the_series() {
    let values = proptest::collection::vec(0.0..10.0f64, N);
    let changes = proptest::sample::select(&GRIDS[..]).prop_flat_map(|grid| (Just(grid), words(grid)));
    // The updates in f32 that pass their own check, and all of them.
    let (passed, all) = (Cell::new(0), Cell::new(0));
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let compared = TestRunner::new(config).run(&(coefficients(), values, changes), |(a, r, (grid, words))| {
        for (precision, tolerance) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5)] {
            for (update, series) in both(&model(grid.1, &a, &r, precision), &words) {
                let is_single = u32::from(precision == Precision::F32);
                all.set(all.get() + is_single);
                // The rounding of an f32 inverse can be more than the check allows: then the series answers.
                let Some(update) = update else {
                    prop_assert!(precision == Precision::F32, "an update in f64 passes its own check");
                    continue;
                };
                passed.set(passed.get() + is_single);
                near(&update.column, &series.column, tolerance);
                near(&update.multipliers, &series.multipliers, tolerance);
                near(&update.layers, &series.layers, tolerance);
            }
        }
        Ok(())
    });
    compared.unwrap_or_else(|error| panic!("{error}"));
    // Otherwise nothing would be compared.
    let (passed, all) = (passed.get(), all.get());
    assert!(passed > all / 10 * 9, "of {all} updates in f32 only {passed} pass their own check");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_second_column_without_a_pass_is_precise_in_every_element(
        a in coefficients(),
        (grid, words) in proptest::sample::select(&GRIDS[..]).prop_flat_map(|grid| (Just(grid), words(grid))),
    ) {
        let model = model(grid.1, &a, &[1.0; N], Precision::F64);
        for (second, passed) in seconds(&model, &words) {
            for (x, y) in second.iter().flatten().zip(&passed) {
                prop_assert!((x - y).abs() <= 1e-11 * y.abs(), "{x} and {y}");
            }
        }
    }
}

#[test]
fn a_second_column_needs_a_pass_only_if_few_digits_would_remain() {
    let a: Vec<f64> = (0..N * N).map(|at| 0.8 / N as f64 * (0.5 + (at % 7) as f64 / 7.0)).collect();
    let with = |a: &[f64], words: &[&str]| -> Vec<bool> {
        let words: Vec<String> = words.iter().copied().map(String::from).collect();
        seconds(&model(3, a, &[1.0; N], Precision::F64), &words).iter().map(|(second, _)| second.is_some()).collect()
    };
    for words in
        [&["EXTRACT", "R1", "*"][..], &["SCALE", "R1", "*", "*", "*", "0.5"], &["REPLACE", "R1", "*", "R2", "1"]]
    {
        assert_eq!(with(&a, words), [true; N], "{words:?}");
    }
    // Node 0 delivers to the node that is extracted, and next to nothing to others.
    let mut alone = a.clone();
    (0..N).filter(|&j| j != 3).for_each(|j| alone[N * j] *= 1e-9);
    let needs_no_pass = with(&alone, &["EXTRACT", "R1", "s0"]);
    assert!(needs_no_pass.iter().enumerate().all(|(j, is_some)| *is_some == (j == 3)), "{needs_no_pass:?}");
    // What a large factor adds and another change takes away again leaves no error behind.
    let words = ["SCALE", "R1", "s0", "*", "*", "1e12", "SCALE", "*", "*", "R1", "s0", "0"].map(String::from);
    for (second, passed) in seconds(&model(3, &a, &[1.0; N], Precision::F64), &words) {
        let second = second.expect("no pass is needed");
        assert!(second.iter().zip(&passed).all(|(x, y)| (x - y).abs() <= 1e-11 * y.abs()), "{second:?}, {passed:?}");
    }
}

#[test]
fn an_extracted_node_has_exactly_its_own_intensity() {
    let a: Vec<f64> = (0..N * N).map(|at| 0.8 / N as f64 * (0.5 + (at % 7) as f64 / 7.0)).collect();
    let model = model(3, &a, &(1..=N).map(|r| r as f64 / 7.0).collect::<Vec<_>>(), Precision::F64);
    let words: Vec<String> = ["EXTRACT", "R1", "*", "EXTRACT", "R0", "s2"].map(String::from).into();
    let solutions: Vec<_> =
        both(&model, &words).into_iter().map(|(update, series)| (update.unwrap(), series)).collect();
    for j in [2, 3, 4, 5] {
        assert_eq!(solutions[j].0.column, vec![0.0; N]);
        assert_eq!(solutions[j].0.layers[1..], [0.0; 7]);
    }
    for (update, _) in solutions {
        // No node buys from the extracted nodes, which the figures of others show as exact zeros.
        for i in [2, 3, 4, 5] {
            assert_eq!(update.column[i], 0.0);
        }
    }
}
