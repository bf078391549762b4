//! Rows in blocks and alone, against a walk from node to node: random forests of every kind that has a way of its own.

use super::super::column::{Column, Form, Missing, NumericSplit};
use super::super::grow::Growing;
use super::super::objective::{Library, Objective};
use super::super::ranks::Ranks;
use super::super::{Forest, Meaning};
use super::margins_of;
use super::random::Random;
use crate::Progress;

const FEATURES: u32 = 4;

/// The split `x <= threshold`, rarely with a threshold that only stored forests have.
fn split(random: &mut Random, feature: u32, threshold: f64) -> (Column, f64) {
    let split = NumericSplit::at_most(feature, threshold, Missing::Nan, random.below(2) > 0);
    match random.below(40) {
        0 => (split.column, f64::INFINITY),
        1 => (split.column, f64::NEG_INFINITY),
        2 => (split.column, -0.0),
        _ => (split.column, split.threshold),
    }
}

fn finish(growing: Growing, trees: usize, groups: usize, library: Library) -> Forest {
    let name = match (library, groups) {
        (Library::Lightgbm, 1) => "regression",
        (Library::Lightgbm, _) => "multiclass",
        (_, 1) => "reg:squarederror",
        _ => "multi:softprob",
    };
    let features = (0..FEATURES).map(|i| format!("f{i}").into()).collect();
    let group_of = (0..trees).map(|tree| (tree % groups) as u16).collect();
    let meaning = Meaning::of(Objective::find(library, name).unwrap());
    Forest::assemble(meaning, features, vec![0.25; groups], group_of, growing.finish().unwrap()).unwrap()
}

/// Full trees with one split for each level, whose thresholds are whole numbers below `thresholds`.
fn oblivious(random: &mut Random, trees: usize, levels: u64, thresholds: u64) -> Growing {
    let mut growing = Growing::new();
    for _ in 0..trees {
        let depth = random.below(levels + 1);
        for level in 0..depth {
            let (feature, threshold) = (random.below(u64::from(FEATURES)) as u32, random.below(thresholds) as f64);
            let (column, threshold) = split(random, feature, threshold);
            (0..1 << level).for_each(|_| growing.split(column, threshold, 0.0, 0.5).unwrap());
        }
        (0..1 << depth).for_each(|_| growing.leaf(f64::from(random.below(2_000) as f32 / 64.0)).unwrap());
    }
    growing
}

/// Full trees of three levels; every node has its own split, by number or by category.
fn categorical(random: &mut Random, trees: usize, form: Form, categories: u64) -> Growing {
    let mut growing = Growing::new();
    for _ in 0..trees {
        for _ in 0..7 {
            let feature = random.below(u64::from(FEATURES)) as u32;
            if random.below(2) == 0 {
                let split = NumericSplit::at_most(feature, random.below(70) as f64, Missing::Nan, random.below(2) > 0);
                growing.split(split.column, split.threshold, 0.0, 0.5).unwrap();
                continue;
            }
            let mut words = [0_u32; 3];
            (0..20).for_each(|_| {
                let category = random.below(categories) as usize;
                words[category / 32] |= 1 << (category % 32);
            });
            let set = growing.sets().add(&words[..1 + (categories as usize - 1) / 32]).unwrap();
            growing.split(Column { feature, form }, f64::from(set), 0.0, 0.5).unwrap();
        }
        (0..8).for_each(|_| growing.leaf(f64::from(random.below(2_000) as f32 / 64.0)).unwrap());
    }
    growing
}

/// Numbers on thresholds, between them, and at the ends of what is a category.
fn rows(random: &mut Random, count: usize, most: u64) -> Vec<f64> {
    const ODD: [f64; 12] = [f64::NAN, -1.0, -0.75, -0.0, 0.5, 62.0, 62.9, 63.0, 64.0, 95.5, 3e9, -1e300];
    let mut number = || match random.below(3) {
        0 => ODD[random.below(12) as usize],
        1 => random.below(most) as f64,
        _ => random.below(16 * most) as f64 / 16.0,
    };
    (0..count * FEATURES as usize).map(|_| number()).collect()
}

/// The margins of a row, from node to node.
fn walked(forest: &Forest, row: &[f64]) -> Vec<f64> {
    let mut margins = forest.base.to_vec();
    for (tree, &group) in forest.grown.trees.iter().zip(&forest.group_of) {
        let mut at = tree.root;
        loop {
            let node = &forest.grown.nodes[at as usize];
            if node.child == at {
                break;
            }
            let column = &forest.grown.columns[node.column()];
            let [x] = column.of(forest.numbers([row[column.feature as usize]]));
            at = node.next(&forest.grown.sets, x);
        }
        let margin = &mut margins[usize::from(group)];
        *margin = forest.sum(*margin, forest.grown.values[at as usize]);
    }
    margins
}

fn agrees(forest: &Forest, rows: &[f64]) {
    let groups = forest.groups();
    let mut margins = vec![f64::NAN; rows.len() / FEATURES as usize * groups];
    forest.margins(rows, &mut margins, &Progress::default()).unwrap();
    for (row, margins) in rows.chunks(FEATURES as usize).zip(margins.chunks(groups)) {
        let walked = walked(forest, row);
        assert_eq!(margins, walked, "in a block: {row:?}");
        assert_eq!(margins_of(forest, row), walked, "alone: {row:?}");
    }
}

#[test]
fn oblivious_trees_give_the_same_by_ranks_and_by_thresholds() {
    let mut random = Random(11);
    for library in [Library::Lightgbm, Library::Xgboost] {
        let cases = [(4, 9, 1, 60), (8, 255, 1, 400), (6, 90, 3, 60), (8, 20_000, 1, 1_000), (9, 40, 1, 60)];
        for (levels, thresholds, groups, trees) in cases {
            let forest = finish(oblivious(&mut random, trees, levels, thresholds), trees, groups, library);
            let has_ranks = levels <= 8 && thresholds <= 255;
            for count in [1, 63, 64, 65, 200, 1_000] {
                let is_oblivious = matches!(forest.ranks(count), Some(Ranks::Oblivious(..)));
                assert_eq!(is_oblivious, has_ranks && count >= 64, "{levels}, {thresholds}, {count}");
                agrees(&forest, &rows(&mut random, count, thresholds));
            }
        }
    }
}

/// Trees of up to this number of leaves, of any shape; thresholds are whole numbers below `thresholds`.
fn uneven(random: &mut Random, trees: usize, leaves: u64, thresholds: u64) -> Growing {
    let mut growing = Growing::new();
    for _ in 0..trees {
        let splits = random.below(leaves);
        // Breadth first: `open` nodes follow, of which some are splits.
        let (mut open, mut left) = (1, splits);
        while open > 0 {
            open -= 1;
            if left > 0 && (open == 0 || random.below(3) > 0) {
                let (feature, threshold) = (random.below(u64::from(FEATURES)) as u32, random.below(thresholds) as f64);
                let (column, threshold) = split(random, feature, threshold);
                growing.split(column, threshold, 0.0, 0.5).unwrap();
                (open, left) = (open + 2, left - 1);
            } else {
                growing.leaf(f64::from(random.below(2_000) as f32 / 64.0)).unwrap();
            }
        }
    }
    growing
}

#[test]
fn small_trees_give_the_same_by_bits_and_by_steps() {
    let mut random = Random(13);
    for library in [Library::Lightgbm, Library::Xgboost] {
        for (leaves, thresholds, groups) in [(3, 5, 1), (16, 90, 1), (17, 90, 3), (32, 100_000, 1), (40, 90, 1)] {
            let forest = finish(uneven(&mut random, 300, leaves, thresholds), 300, groups, library);
            for count in [63, 64, 65, 200, 1_000] {
                let is_small = matches!(forest.ranks(count), Some(Ranks::Small(..)));
                assert_eq!(is_small, leaves <= 32 && count >= 64, "{leaves}, {count}");
                agrees(&forest, &rows(&mut random, count, thresholds));
            }
        }
    }
}

#[test]
fn trees_of_one_leaf_are_sums() {
    let mut random = Random(14);
    let forest = finish(oblivious(&mut random, 30, 0, 1), 30, 1, Library::Lightgbm);
    agrees(&forest, &rows(&mut random, 70, 5));
}

#[test]
fn splits_share_the_mask_of_their_set() {
    let mut growing = Growing::new();
    let set = f64::from(growing.sets().add(&[5, 0, 0, 0]).unwrap());
    for _ in 0..3 {
        growing.split(Column { feature: 0, form: Form::Category }, set, 0.0, 0.5).unwrap();
        (0..2).for_each(|i| growing.leaf(f64::from(i)).unwrap());
    }
    let forest = finish(growing, 3, 1, Library::Lightgbm);
    assert_eq!(forest.grown.masks.iter().filter(|&&mask| mask == 5).count(), 3);
    agrees(&forest, &rows(&mut Random(15), 20, 8));
}

#[test]
fn splits_by_category_give_the_same_by_masks_and_by_sets() {
    let mut random = Random(12);
    for form in [Form::Category, Form::CategoryOrMissing, Form::WholeCategory] {
        for categories in [5, 33, 63, 64, 96] {
            let forest = finish(categorical(&mut random, 50, form, categories), 50, 1, Library::Lightgbm);
            // 50 trees have every category below 64 in some set.
            assert_eq!(!forest.grown.masks.is_empty(), categories <= 63, "{categories}");
            [1, 7, 100].into_iter().for_each(|count| agrees(&forest, &rows(&mut random, count, 70)));
        }
    }
}
