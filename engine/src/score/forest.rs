//! Forests of decision trees: gradient boosted models of XGBoost and LightGBM, evaluated bit for bit like the
//! libraries, and of CatBoost.
//!
//! All formats are converted to one structure. Every numeric split compares `x <= threshold`, where `x` is taken from
//! a *column*: a feature in the form that this comparison needs ([`mod@column`]). The form includes the treatment of
//! missing values, so the treatment costs nothing while rows descend the trees. XGBoost's `x < t` becomes `x <= t'`,
//! where `t'` is the number before `t`.
//!
//! The nodes of a tree are stored breadth first, with siblings next to each other. A node therefore needs only one
//! reference, and stored data cannot describe a cycle ([`grow`]). Margins are summed in the order of the trees, per
//! class, in the precision of the library that wrote the model: XGBoost in `f32` from the base margin, LightGBM in
//! `f64` from 0, CatBoost in `f64` from its bias.
//!
//! A file that cannot be evaluated exactly is refused at load, and the error names the cause.

mod catboost;
mod codec;
mod column;
mod contribution;
mod evaluate;
mod grow;
mod lightgbm;
mod linear;
mod objective;
mod ranks;
mod sets;
mod shap;
mod shape;
mod xgboost;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::OnceLock;

pub(super) use catboost::read as catboost;
pub(super) use codec::Decoder;
pub(super) use lightgbm::read as lightgbm;
pub(super) use xgboost::{MISSING_IS_OPEN, is_ubjson, read as xgboost};

use grow::Grown;
use objective::Objective;
use ranks::Ranks;

use super::categories::Categories;
use crate::{Error, Result};

/// Maximum number of input features.
const MAX_FEATURES: usize = 4_096;
/// Maximum number of trees.
const MAX_TREES: usize = 100_000;
/// Maximum number of nodes in all trees, including leaves.
const MAX_NODES: usize = 10_000_000;
/// Maximum number of classes.
const MAX_CLASSES: usize = 1_024;
/// Maximum number of splits between a root and a leaf.
const MAX_DEPTH: u32 = 1_024;
/// Maximum length of a feature's name, in bytes.
const MAX_NAME: usize = 256;

/// The reason of a refusal. The caller adds whether a file or a frame is wrong.
type Refused = &'static str;

/// The output of a forest for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A value.
    Value,
    /// The probability of the positive one of two classes.
    Binary,
    /// A probability for each class; the number of classes.
    Multi(usize),
    /// Several values, as of quantiles or targets; their number.
    Values(usize),
}

/// What a file has.
#[derive(Debug)]
pub(super) struct ForestFile {
    /// The forest.
    pub(super) forest: Forest,
    /// The categories of each feature that has names for them; may be empty.
    pub(super) categories: Vec<Option<Categories>>,
    /// Facts that affect scores and that the file leaves open.
    pub(super) warnings: Vec<String>,
}

/// How outputs are computed from the sums of leaves.
#[derive(Debug, Clone)]
struct Meaning {
    objective: &'static Objective,
    /// The factor of the margin in `LightGBM`'s logistic objectives, else 1.
    steepness: f64,
    /// Outputs are computed from margins divided by this: the number of iterations in a random forest of `LightGBM`, else 1.
    divisor: f64,
    /// Whether the file has what contributions are computed from.
    has_contributions: bool,
    /// The labels of the classes, or the names of several values; none if they are numbered.
    labels: Vec<Box<str>>,
}

impl Meaning {
    /// The meaning of most files.
    fn of(objective: &'static Objective) -> Self {
        Self { objective, steepness: 1.0, divisor: 1.0, has_contributions: true, labels: Vec::new() }
    }
}

/// A forest; immutable.
#[derive(Debug)]
pub(super) struct Forest {
    meaning: Meaning,
    features: Box<[Box<str>]>,
    /// The start value of each group's sum.
    base: Box<[f64]>,
    /// The group of each tree: the sum that the tree adds to.
    group_of: Box<[u16]>,
    grown: Grown,
    /// Made when a batch wants them; `None` if the trees have none.
    ranks: OnceLock<Option<Ranks>>,
}

impl Forest {
    /// Assembles a forest and checks that its parts fit together.
    fn assemble(
        meaning: Meaning,
        features: Vec<Box<str>>,
        base: Vec<f64>,
        group_of: Vec<u16>,
        grown: Grown,
    ) -> Result<Self, Refused> {
        let Meaning { objective, steepness, divisor, .. } = meaning;
        check_labels(&meaning.labels, objective.task(base.len()))?;
        check_features(&features)?;
        if !(steepness > 0.0 && steepness.is_finite()) {
            return Err("the sigmoid factor must be a finite number > 0");
        }
        if !(divisor >= 1.0 && divisor <= MAX_TREES as f64) {
            return Err("the number of iterations is out of range");
        }
        if base.is_empty() || base.len() > MAX_CLASSES || base.len() > 1 && !objective.has_several_outputs() {
            return Err("the number of classes or targets does not fit the objective");
        }
        if group_of.len() != grown.trees.len() || group_of.iter().any(|&group| usize::from(group) >= base.len()) {
            return Err("trees and their classes do not fit together");
        }
        let mut used = grown.columns.iter().map(|column| column.feature);
        let mut of_terms = grown.linear.terms.iter().map(|term| term.feature);
        if used.any(|feature| feature as usize >= features.len())
            || of_terms.any(|feature| feature as usize >= features.len())
        {
            return Err("a tree uses a feature that the model does not have");
        }
        if grown.linear.leaves.last().map_or(0, |last| last.end as usize) != grown.linear.terms.len() {
            return Err("linear leaves and their terms do not fit together");
        }
        let (features, base, group_of) = (features.into(), base.into(), group_of.into());
        let forest = Self { meaning, features, base, group_of, grown, ranks: OnceLock::new() };
        forest.check_sums()?;
        Ok(forest)
    }

    /// Checks that every possible margin is finite, apart from linear parts of leaves.
    fn check_sums(&self) -> Result<(), Refused> {
        let mut sums: Vec<f64> = self.base.iter().map(|base| base.abs()).collect();
        for (tree, &group) in self.grown.trees.iter().zip(&self.group_of) {
            sums[usize::from(group)] += tree.largest;
        }
        // Half of the range is a reserve for rounding errors.
        let bound = if self.is_single() { f64::from(f32::MAX) } else { f64::MAX } / 2.0;
        if sums.iter().all(|&sum| sum < bound) { Ok(()) } else { Err("leaves are too large: sums would not be finite") }
    }

    /// The names of the input features, in the order of a row.
    pub(super) fn features(&self) -> &[Box<str>] {
        &self.features
    }

    /// The output of the forest for a row.
    pub(super) fn task(&self) -> Task {
        self.meaning.objective.task(self.groups())
    }

    /// The number of margins of a row: 1, or one for each class or value.
    pub(super) fn groups(&self) -> usize {
        self.base.len()
    }

    /// The number of outputs of a row: 1, or one for each class or value.
    pub(super) fn outputs(&self) -> usize {
        self.groups()
    }

    /// The labels of the classes, or the names of several values; none if they are numbered.
    pub(super) fn labels(&self) -> &[Box<str>] {
        &self.meaning.labels
    }

    /// The number of trees; 0 for a linear booster.
    pub(super) fn trees(&self) -> usize {
        if self.is_linear_booster() { 0 } else { self.grown.trees.len() }
    }

    /// Whether it is a linear booster of XGBoost.
    fn is_linear_booster(&self) -> bool {
        self.is_single() && !self.grown.linear.is_empty()
    }

    /// Maximum number of steps and of terms of a row in all trees. The cost of a row is proportional to it, about 2 ns a step.
    pub(super) fn steps(&self) -> u64 {
        self.grown.trees.iter().map(|tree| u64::from(tree.depth) + 1 + u64::from(tree.terms)).sum()
    }

    /// The name of the objective in its library.
    pub(super) fn objective(&self) -> &'static str {
        self.meaning.objective.name
    }

    /// Applies the link to the margins of one row; `margins` and `out` have [`Forest::groups`] numbers. An exponential
    /// link of a large margin is infinite, as in the libraries.
    pub(super) fn outputs_of(&self, margins: &[f64], out: &mut [f64]) {
        let Meaning { objective, steepness, divisor, .. } = &self.meaning;
        if *divisor == 1.0 {
            objective.apply(*steepness, margins, out);
        } else {
            let means: Vec<f64> = margins.iter().map(|margin| margin / divisor).collect();
            objective.apply(*steepness, &means, out);
        }
    }

    /// The thresholds that rows are compared with, for each feature that has any: as in the file, sorted, without
    /// duplicates.
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

    /// Bytes of memory in use, without [`Forest::bytes_of_ranks`].
    pub(super) fn bytes(&self) -> u64 {
        let names: usize = self.features.iter().map(|name| name.len() + size_of::<Box<str>>()).sum();
        let labels: usize = self.meaning.labels.iter().map(|label| label.len() + size_of::<Box<str>>()).sum();
        (size_of::<Self>() + names + labels + self.base.len() * 8 + self.group_of.len() * 2) as u64 + self.grown.bytes()
    }

    /// Whether rows and sums are rounded to `f32`.
    fn is_single(&self) -> bool {
        self.meaning.objective.is_single()
    }
}

fn check_labels(labels: &[Box<str>], task: Task) -> Result<(), Refused> {
    let classes = match task {
        Task::Value => 0,
        Task::Binary => 2,
        Task::Multi(classes) | Task::Values(classes) => classes,
    };
    if ![0, classes].contains(&labels.len()) {
        return Err("the number of labels is not that of the classes");
    }
    let mut seen = HashSet::new();
    if labels.iter().any(|label| label.is_empty() || label.len() > MAX_NAME || !seen.insert(label)) {
        return Err("the label of a class or an output must be 1 to 256 bytes, and no label may occur twice");
    }
    Ok(())
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

/// The error for a file.
fn bad(reason: Refused) -> Error {
    Error::bad_whole(reason)
}
