//! Ensembles of decision trees: the operators `TreeEnsembleRegressor` and `TreeEnsembleClassifier`.
//!
//! As in [`forest`](super::super::forest), every split compares `x <= threshold` of a *column*, a feature or the negated
//! feature, and the side where NaN goes decides which of the two: NaN goes to the second child. Nodes are stored breadth
//! first with siblings next to each other. Leaves differ: a leaf has a list of targets and weights.

mod evaluate;
mod lists;
mod read;
mod weights;

use super::scores::Transform;

pub(super) use read::{classifier, regressor};

/// The most nodes of an ensemble.
const MAX_NODES: usize = 10_000_000;
/// The most trees.
const MAX_TREES: usize = 100_000;
/// The most splits between a root and a leaf.
const MAX_DEPTH: u32 = 1_024;
/// The most targets or classes.
const MAX_TARGETS: usize = 1_024;

/// How the weights of the leaves of a row become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    Sum,
    Average,
    Min,
    Max,
}

/// A node. A row goes to `child` if `x <= threshold`, where `x` is its number in the column, else to `child + 1`. In a leaf,
/// the threshold is +inf, and `child` is the leaf itself.
#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f64,
    /// The column, with [`EQUAL`] and [`MISSING`].
    column: u32,
    child: u32,
}

/// Bit of a column: the split compares `x == threshold`.
const EQUAL: u32 = 1 << 31;
/// Bit of a column of an [`EQUAL`] split: NaN goes to the first child, too.
const MISSING: u32 = 1 << 30;

/// The input of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Column {
    input: u32,
    is_negated: bool,
}

/// A tree.
#[derive(Debug, Clone, Copy)]
struct Tree {
    root: u32,
    /// The number of splits on the longest path to a leaf.
    depth: u32,
}

/// The classes of a classifier.
#[derive(Debug)]
struct Classes {
    /// Whether weights are for one of two classes only.
    is_binary: bool,
    are_weights_positive: bool,
}

/// An ensemble.
#[derive(Debug)]
pub(super) struct Trees {
    nodes: Vec<Node>,
    /// The end of the weights of each node among all weights; only leaves have any.
    ends: Vec<u32>,
    weights: Vec<(u32, f64)>,
    /// For each node its only weight, if every leaf has one, all are of one target, and they are added. Else empty.
    only: Vec<f64>,
    only_target: u32,
    trees: Vec<Tree>,
    /// The first is for leaves and always 0.
    columns: Vec<Column>,
    /// Whether a split compares `x == threshold`.
    has_equal: bool,
    aggregate: Aggregate,
    transform: Transform,
    base: Vec<f64>,
    targets: usize,
    classes: Option<Classes>,
}

impl Trees {
    /// The number of scores of a row.
    pub(super) fn targets(&self) -> usize {
        self.targets
    }

    /// The number of trees.
    pub(super) fn count(&self) -> usize {
        self.trees.len()
    }

    /// The most steps of a row in all trees.
    pub(super) fn steps(&self) -> u64 {
        self.trees.iter().map(|tree| u64::from(tree.depth) + 1).sum()
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
            + self.ends.capacity() * 4
            + self.weights.capacity() * size_of::<(u32, f64)>()
            + self.only.capacity() * 8
            + self.trees.capacity() * size_of::<Tree>()
            + self.columns.capacity() * size_of::<Column>()
            + self.base.capacity() * 8
    }
}
