//! Forests of decision trees: gradient boosted models of XGBoost and LightGBM, evaluated to the bit.
//!
//! Both formats become one structure. A node asks one query, `x <= threshold`, of a *column*: a feature in the form
//! that the query needs ([`mod@column`]), so that what is missing, which side it takes and where zeros are missing costs
//! nothing while rows run down the trees. XGBoost's `x < t` is `x <= t'`, `t'` the number before `t`.
//!
//! Nodes of a tree lie breadth first, siblings side by side, so a node needs one reference and nothing that arrives can
//! describe a cycle ([`grow`]). Margins are summed in the order of the trees, per class, in the precision of the
//! library that wrote the model: `f32` from the base margin (XGBoost), `f64` from 0 (LightGBM).
//!
//! What a file asks for and is not evaluated exactly is refused by name when it is loaded.

mod codec;
mod column;
mod contribution;
mod evaluate;
mod grow;
mod lightgbm;
mod objective;
mod shape;
mod xgboost;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub(super) use codec::Decoder;
pub(super) use lightgbm::read as lightgbm;
pub(super) use xgboost::read as xgboost;

use grow::Grown;
use objective::Objective;

use crate::{Error, Result};

/// The most input features.
const MAX_FEATURES: usize = 4_096;
/// The most trees.
const MAX_TREES: usize = 100_000;
/// The most nodes, leaves included, in all trees.
const MAX_NODES: usize = 10_000_000;
/// The most classes.
const MAX_CLASSES: usize = 1_024;
/// The most splits between a root and a leaf.
const MAX_DEPTH: u32 = 1_024;
/// The longest name of a feature, in bytes.
const MAX_NAME: usize = 256;

/// Why something cannot be taken; whoever hears it knows whether a file or a frame is at fault.
type Refused = &'static str;

/// What a forest says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A value.
    Value,
    /// The probability of the positive one of two classes.
    Binary,
    /// A probability of each of so many classes.
    Multi(usize),
}

/// A forest; immutable.
#[derive(Debug)]
pub(super) struct Forest {
    objective: &'static Objective,
    /// The factor of the margin in `LightGBM`'s logistic objectives, else 1.
    steepness: f64,
    features: Box<[Box<str>]>,
    /// Where the sum of each group begins.
    base: Box<[f64]>,
    /// The group that each tree adds to.
    group_of: Box<[u16]>,
    grown: Grown,
}

impl Forest {
    /// Puts a forest together, and checks what its parts must agree on.
    fn assemble(
        objective: &'static Objective,
        steepness: f64,
        features: Vec<Box<str>>,
        base: Vec<f64>,
        group_of: Vec<u16>,
        grown: Grown,
    ) -> Result<Self, Refused> {
        check_features(&features)?;
        if !(steepness > 0.0 && steepness.is_finite()) {
            return Err("the sigmoid factor must be a finite number > 0");
        }
        if base.is_empty() || base.len() > MAX_CLASSES || base.len() > 1 && !objective.has_classes() {
            return Err("the number of classes does not fit the objective");
        }
        if group_of.len() != grown.trees.len() || group_of.iter().any(|&group| usize::from(group) >= base.len()) {
            return Err("trees and their classes do not fit together");
        }
        if grown.columns.iter().any(|column| column.feature as usize >= features.len()) {
            return Err("a tree asks for a feature that the model does not have");
        }
        let forest = Self {
            objective,
            steepness,
            features: features.into(),
            base: base.into(),
            group_of: group_of.into(),
            grown,
        };
        forest.check_sums()?;
        Ok(forest)
    }

    /// No row may have a margin that is not finite.
    fn check_sums(&self) -> Result<(), Refused> {
        let mut sums: Vec<f64> = self.base.iter().map(|base| base.abs()).collect();
        for (tree, &group) in self.grown.trees.iter().zip(&self.group_of) {
            sums[usize::from(group)] += tree.largest;
        }
        // Half of the range is kept free for what rounding adds.
        let bound = if self.is_single() { f64::from(f32::MAX) } else { f64::MAX } / 2.0;
        if sums.iter().all(|&sum| sum < bound) { Ok(()) } else { Err("leaves are too large: sums would not be finite") }
    }

    /// The names of the input features, in the order of a row.
    pub(super) fn features(&self) -> &[Box<str>] {
        &self.features
    }

    /// What the forest says of a row.
    pub(super) fn task(&self) -> Task {
        self.objective.task(self.groups())
    }

    /// Margins of a row: 1, or one for each class.
    pub(super) fn groups(&self) -> usize {
        self.base.len()
    }

    /// Outputs of a row: 1, or one for each class.
    pub(super) fn outputs(&self) -> usize {
        self.groups()
    }

    /// How many trees there are.
    pub(super) fn trees(&self) -> usize {
        self.grown.trees.len()
    }

    /// Steps of a row down all trees, at most: what its cost grows with, at about 2 ns a step.
    pub(super) fn steps(&self) -> u64 {
        self.grown.trees.iter().map(|tree| u64::from(tree.depth) + 1).sum()
    }

    /// The objective, by the name that its library gives it.
    pub(super) fn objective(&self) -> &'static str {
        self.objective.name
    }

    /// Applies the link to the margins of one row; `margins` and `out` have [`Forest::groups`] numbers. An exponential
    /// link of a large margin is infinite, as it is in the libraries.
    pub(super) fn outputs_of(&self, margins: &[f64], out: &mut [f64]) {
        self.objective.apply(self.steepness, margins, out);
    }

    /// The thresholds that rows are compared with, of each feature that has any: sorted, each once, as in the file.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = (usize, Vec<f64>)> {
        let mut of_feature: Vec<Vec<f64>> = vec![Vec::new(); self.features.len()];
        for node in &self.grown.nodes {
            let column = &self.grown.columns[node.column()];
            if let Some(threshold) = column.threshold(node.threshold, self.is_single()) {
                of_feature[column.feature as usize].push(threshold);
            }
        }
        of_feature.into_iter().enumerate().filter(|(_, found)| !found.is_empty()).map(|(feature, mut found)| {
            found.sort_unstable_by(f64::total_cmp);
            found.dedup();
            (feature, found)
        })
    }

    /// Bytes of memory held.
    pub(super) fn bytes(&self) -> u64 {
        let names: usize = self.features.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        (size_of::<Self>() + names + self.base.len() * 8 + self.group_of.len() * 2) as u64 + self.grown.bytes()
    }

    /// Whether numbers are rounded to `f32`, rows and sums alike.
    fn is_single(&self) -> bool {
        self.objective.is_single()
    }
}

fn check_features(features: &[Box<str>]) -> Result<(), Refused> {
    if features.is_empty() || features.len() > MAX_FEATURES {
        return Err("a model has 1 to 4096 features");
    }
    let mut seen = HashSet::new();
    for name in features {
        if name.is_empty() || name.len() > MAX_NAME || name.bytes().any(|byte| byte.is_ascii_control()) {
            return Err("the name of a feature must be 1 to 256 bytes without control characters");
        }
        if !seen.insert(name) {
            return Err("a feature's name occurs twice");
        }
    }
    Ok(())
}

/// What a file is refused for.
fn bad(reason: Refused) -> Error {
    Error::bad_whole(reason)
}
