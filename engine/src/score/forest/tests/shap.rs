//! SHAP values against their definition: the mean of what a feature adds over all orders of the features.

use super::super::column::{Missing, NumericSplit};
use super::super::grow::{Growing, Node};
use super::super::objective::{Library, Objective};
use super::super::shape::{Part, plant};
use super::super::{Decoder, Forest, Meaning};
use super::random::Random;
use crate::{Error, Progress};

const FEATURES: u32 = 5;

/// Appends a random tree and returns the place of its root.
fn grow(random: &mut Random, depth: u64, parts: &mut Vec<Part>) -> u32 {
    let at = parts.len();
    let value = random.below(2_000) as f64 / 100.0 - 10.0;
    parts.push(Part::Leaf { value, weight: random.below(20) as f64 + 1.0 });
    if depth > 0 && random.below(5) > 0 {
        let feature = random.below(u64::from(FEATURES)) as u32;
        let split = NumericSplit::at_most(feature, random.below(10) as f64, Missing::Nan, random.below(2) > 0);
        let children = [grow(random, depth - 1, parts), grow(random, depth - 1, parts)];
        parts[at] = Part::Split { split, children };
    }
    at as u32
}

fn forest(random: &mut Random, trees: u64, depth: u64) -> Forest {
    let mut growing = Growing::new();
    for _ in 0..trees {
        let mut parts = Vec::new();
        grow(random, depth, &mut parts);
        plant(&parts, parts.len(), &mut growing).unwrap();
    }
    let objective = Objective::find(Library::Lightgbm, "regression").unwrap();
    let features = (0..FEATURES).map(|i| format!("f{i}").into()).collect();
    let group_of = vec![0; trees as usize];
    Forest::assemble(Meaning::of(objective), features, vec![0.25], group_of, growing.finish().unwrap()).unwrap()
}

/// The mean of the leaves that a row can reach when only the features in the set are known.
fn expected(forest: &Forest, at: u32, row: &[f64], known: u32) -> f64 {
    let node: &Node = &forest.grown.nodes[at as usize];
    if node.child == at {
        return forest.grown.values[at as usize];
    }
    let column = &forest.grown.columns[node.column()];
    if known >> column.feature & 1 != 0 {
        let [x] = column.of([row[column.feature as usize]]);
        return expected(forest, node.next(&forest.grown.sets, x), row, known);
    }
    let share = f64::from(forest.grown.shares[at as usize]);
    share * expected(forest, node.child, row, known) + (1.0 - share) * expected(forest, node.child + 1, row, known)
}

#[test]
fn shap_values_are_those_of_the_definition_and_sum_to_the_margin() {
    let mut random = Random(7);
    for round in 0..300 {
        let (trees, depth) = (1 + random.below(4), random.below(7));
        let forest = forest(&mut random, trees, depth);
        let mut decoder = Decoder::new();
        forest.encode().iter().try_for_each(|record| decoder.push(record)).unwrap();
        let again = decoder.finish().unwrap();
        assert_eq!((again.encode(), &again.grown.shares), (forest.encode(), &forest.grown.shares));
        let row: Vec<f64> = (0..FEATURES)
            .map(|_| if random.below(6) == 0 { f64::NAN } else { random.below(100) as f64 / 10.0 })
            .collect();
        let value = |known: u32| -> f64 {
            forest.grown.trees.iter().map(|tree| expected(&forest, tree.root, &row, known)).sum()
        };
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let mut shap = vec![0.0; FEATURES as usize];
        let base = forest.shap(&row, 0, &mut shap, &Progress::default()).unwrap();
        assert!((base - 0.25 - value(0)).abs() < 1e-5, "round {round}: {base}");
        for feature in 0..FEATURES {
            let mut sum = 0.0;
            for known in (0..1 << FEATURES).filter(|known| known >> feature & 1 == 0) {
                let size = u32::count_ones(known);
                let orders = factorial(size) * factorial(FEATURES - size - 1) / factorial(FEATURES);
                sum += orders * (value(known | 1 << feature) - value(known));
            }
            let mine = shap[feature as usize];
            assert!((mine - sum).abs() < 1e-9, "round {round}, feature {feature}: {mine} is not {sum}");
        }
        let mut margin = [0.0];
        forest.margins_of_row(&row, &mut margin);
        let sum = base + shap.iter().sum::<f64>();
        assert!((sum - margin[0]).abs() < 1e-5, "round {round}: {sum} is not {margin:?}");
    }
}

#[test]
fn a_long_path_is_followed_and_can_be_cancelled() {
    // One feature after the other, again and again: 1,000 splits deep.
    let mut parts = Vec::new();
    for i in 0..1_000_u32 {
        let split = NumericSplit::at_most(i % FEATURES, f64::from(1_000 - i), Missing::Nan, false);
        parts.push(Part::Split { split, children: [2 * i + 2, 2 * i + 1] });
        parts.push(Part::Leaf { value: f64::from(i % 7), weight: 1.0 });
    }
    parts.push(Part::Leaf { value: 3.0, weight: 1.0 });
    let mut growing = Growing::new();
    plant(&parts, parts.len(), &mut growing).unwrap();
    let objective = Objective::find(Library::Lightgbm, "regression").unwrap();
    let features = (0..FEATURES).map(|i| format!("f{i}").into()).collect();
    let forest =
        Forest::assemble(Meaning::of(objective), features, vec![0.0], vec![0], growing.finish().unwrap()).unwrap();
    let row = [500.0; FEATURES as usize];
    let mut shap = vec![0.0; FEATURES as usize];
    let base = forest.shap(&row, 0, &mut shap, &Progress::default()).unwrap();
    let mut margin = [0.0];
    forest.margins_of_row(&row, &mut margin);
    assert!((base + shap.iter().sum::<f64>() - margin[0]).abs() < 1e-5, "{base} {shap:?} {margin:?}");
    let progress = Progress::default();
    progress.cancel();
    assert_eq!(forest.shap(&row, 0, &mut shap, &progress), Err(Error::Cancelled));
}

#[test]
fn without_the_rows_of_its_nodes_a_model_has_no_shap_values() {
    let mut random = Random(3);
    let mut parts = Vec::new();
    while parts.len() < 3 {
        parts.clear();
        grow(&mut random, 4, &mut parts);
    }
    for part in &mut parts {
        if let Part::Leaf { weight, .. } = part {
            *weight = 0.0;
        }
    }
    let mut growing = Growing::new();
    plant(&parts, parts.len(), &mut growing).unwrap();
    let objective = Objective::find(Library::Lightgbm, "regression").unwrap();
    let features = (0..FEATURES).map(|i| format!("f{i}").into()).collect();
    let forest =
        Forest::assemble(Meaning::of(objective), features, vec![0.0], vec![0], growing.finish().unwrap()).unwrap();
    let mut shap = vec![0.0; FEATURES as usize];
    let refused = forest.shap(&[1.0; FEATURES as usize], 0, &mut shap, &Progress::default());
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

#[test]
fn nodes_that_no_training_row_reached_do_not_take_the_shap_values_from_a_model() {
    let split = |feature, threshold| NumericSplit::at_most(feature, threshold, Missing::Nan, true);
    let leaf = |value, weight| Part::Leaf { value, weight };
    for (weight, is_known) in [(4.0, true), (0.0, false)] {
        let parts = [
            Part::Split { split: split(0, 1.0), children: [1, 2] },
            Part::Split { split: split(1, 1.0), children: [3, 4] },
            leaf(5.0, weight),
            leaf(-1.0, 0.0),
            leaf(2.0, 0.0),
        ];
        let mut growing = Growing::new();
        plant(&parts, parts.len(), &mut growing).unwrap();
        let objective = Objective::find(Library::Lightgbm, "regression").unwrap();
        let names = (0..2).map(|i| format!("f{i}").into()).collect();
        let grown = growing.finish().unwrap();
        let forest = Forest::assemble(Meaning::of(objective), names, vec![0.0], vec![0], grown).unwrap();
        for (row, margin) in [([0.0, 0.0], -1.0), ([0.0, 2.0], 2.0), ([2.0, 0.0], 5.0)] {
            let mut values = [0.0; 2];
            match forest.shap(&row, 0, &mut values, &Progress::default()) {
                Ok(base) => assert!(is_known && (base + values[0] + values[1] - margin).abs() < 1e-12, "{values:?}"),
                Err(error) => assert!(!is_known, "{error}"),
            }
        }
    }
}
