//! Builds trees node by node, breadth first.
//!
//! The order determines the shape: the two children of the next split take the next two free places. A sequence of
//! nodes is therefore a tree, or too long, or too short; it cannot contain a cycle or a shared branch. Files can
//! contain any references between nodes, so the loaders walk them in this order and count the steps.

use std::collections::HashMap;

use super::column::{Column, MASKED, single};
use super::linear::{Linear, LinearLeaf};
use super::sets::Sets;
use super::{MAX_DEPTH, MAX_NODES, MAX_TREES, Refused};

/// A node. A row goes to `child` if `x <= threshold`, where `x` is its number in the column, else to `child + 1`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    /// +inf for a leaf; the number of the set for a split by category.
    pub(super) threshold: f64,
    column: u32,
    /// The index of the first child; for a leaf its own index.
    pub(super) child: u32,
}

/// The bit of [`Node::column`] that marks a split by category: the threshold is the number of a set.
const CATEGORY: u32 = 1 << 31;

impl Node {
    /// The column.
    pub(super) fn column(&self) -> usize {
        (self.column & !CATEGORY) as usize
    }

    /// Whether it is a split by category.
    fn is_by_category(&self) -> bool {
        self.column & CATEGORY != 0
    }

    /// The column of a node in a tree without splits by category.
    #[inline]
    pub(super) fn column_of_number(&self) -> usize {
        self.column as usize
    }

    /// The next node in a tree without splits by category.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
    #[inline]
    pub(super) fn next_by_number(&self, x: f64) -> u32 {
        self.child + u32::from(!(x <= self.threshold))
    }

    /// The next node in a forest with masks, whose columns of categories hold codes ([`Column::masked`]). Both kinds of splits
    /// are computed: which one it is cannot be predicted.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
    #[inline]
    pub(super) fn next_by_mask(&self, mask: u64, x: f64) -> u32 {
        let by_number = u32::from(!(x <= self.threshold));
        let by_category = (mask >> (x.to_bits() & MASKED as u64) & 1) as u32 ^ 1;
        let is_category = self.column >> 31;
        self.child + (by_number ^ ((by_number ^ by_category) & is_category))
    }

    /// The next node for a number in the column; for a leaf the node itself.
    #[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
    #[inline]
    pub(super) fn next(&self, sets: &Sets, x: f64) -> u32 {
        let is_second = match self.column & CATEGORY {
            0 => !(x <= self.threshold),
            _ => !sets.has(self.threshold, x),
        };
        self.child + u32::from(is_second)
    }
}

/// A tree: consecutive nodes, the root first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tree {
    /// The index of the root.
    pub(super) root: u32,
    /// The number of nodes.
    pub(super) nodes: u32,
    /// The number of splits on the longest path to a leaf.
    pub(super) depth: u32,
    /// Whether the tree has splits by category.
    pub(super) has_categories: bool,
    /// Whether all leaves have the same depth and all numeric splits of a level are the same, as in CatBoost.
    pub(super) is_oblivious: bool,
    /// The largest number of terms of a leaf.
    pub(super) terms: u32,
    /// The largest absolute value of a leaf.
    pub(super) largest: f64,
}

/// The finished trees of a forest.
#[derive(Debug)]
pub(super) struct Grown {
    pub(super) nodes: Vec<Node>,
    /// For each node: the value of a leaf, or the mean of the leaves below, weighted by their training rows.
    pub(super) values: Vec<f64>,
    /// For each node the share of its training rows that go to the first child; 0 for a leaf. Empty if a node does not
    /// have the number of its rows.
    pub(super) shares: Vec<f32>,
    pub(super) trees: Vec<Tree>,
    pub(super) columns: Vec<Column>,
    pub(super) sets: Sets,
    pub(super) linear: Linear,
    /// For each node the set of its split by category, as bits; 0 for other nodes. Empty if there are no sets, or one
    /// that has a category from [`MASKED`] on ([`Sets::masks`]).
    pub(super) masks: Vec<u64>,
}

impl Grown {
    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        let nodes = self.nodes.capacity() * size_of::<Node>() + self.values.capacity() * 8 + self.shares.capacity() * 4;
        let sets = self.sets.bytes() + self.masks.capacity() * 8;
        let columns = self.columns.capacity() * size_of::<Column>();
        (nodes + sets + columns + self.linear.bytes() + self.trees.capacity() * size_of::<Tree>()) as u64
    }
}

/// Whether each level of the tree is full and has one split.
fn is_oblivious(nodes: &[Node], depth: u32) -> bool {
    let is_full = 1_usize.checked_shl(depth + 1).is_some_and(|places| nodes.len() == places - 1);
    is_full
        && (0..depth).all(|level| {
            let first = (1_usize << level) - 1;
            let splits = &nodes[first..2 * first + 1];
            splits.iter().all(|node| node.column == splits[0].column && node.threshold == splits[0].threshold)
        })
}

/// Trees that are being built.
#[derive(Debug)]
pub(super) struct Growing {
    grown: Grown,
    places: HashMap<Column, u32>,
    /// The number of nodes of the current tree so far, counting children not yet added; 0 between trees.
    wanted: usize,
    /// The end of the nodes of this depth.
    level: usize,
    /// The largest absolute value of a mean in the tree.
    mean: f64,
}

impl Growing {
    /// Without trees.
    pub(super) fn new() -> Self {
        let columns = vec![Column::NOTHING];
        let (sets, linear) = (Sets::default(), Linear::default());
        Self {
            grown: Grown {
                nodes: Vec::new(),
                values: Vec::new(),
                shares: Vec::new(),
                trees: Vec::new(),
                columns,
                sets,
                linear,
                masks: Vec::new(),
            },
            places: HashMap::from([(Column::NOTHING, 0)]),
            wanted: 0,
            level: 0,
            mean: 0.0,
        }
    }

    /// The sets of categories. They must be added before the splits that use them.
    pub(super) fn sets(&mut self) -> &mut Sets {
        &mut self.grown.sets
    }

    /// The trees built so far.
    pub(super) fn grown(&self) -> &Grown {
        &self.grown
    }

    /// Reserves memory step by step as nodes arrive: never for more than `nodes` in all, and never for more than twice
    /// the nodes present.
    pub(super) fn expect(&mut self, nodes: usize) {
        let Grown { nodes: held, values, shares, .. } = &mut self.grown;
        const AHEAD: usize = 8_192;
        if held.capacity() - held.len() < AHEAD {
            let more = nodes.saturating_sub(held.len()).min(held.len().max(AHEAD));
            held.reserve_exact(more);
            values.reserve_exact(more);
            shares.reserve_exact(more);
        }
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> u64 {
        self.grown.bytes()
    }

    /// The number of trees begun.
    pub(super) fn trees(&self) -> usize {
        self.grown.trees.len()
    }

    /// Whether the last tree, if any, has all its nodes.
    pub(super) fn is_whole(&self) -> bool {
        self.wanted == 0
    }

    /// Begins a tree: the next node is its root.
    fn plant(&mut self) -> Result<(), Refused> {
        if self.grown.trees.len() >= MAX_TREES {
            return Err("the model has more than 100000 trees");
        }
        let root = self.grown.nodes.len();
        let tree = Tree {
            root: root as u32,
            nodes: 1,
            depth: 0,
            has_categories: false,
            is_oblivious: false,
            terms: 0,
            largest: 0.0,
        };
        self.grown.trees.push(tree);
        (self.wanted, self.level, self.mean) = (1, root + 1, 0.0);
        Ok(())
    }

    /// Returns the index of the next node, and begins a tree if the last one is complete.
    fn next(&mut self) -> Result<usize, Refused> {
        if self.is_whole() {
            self.plant()?;
        }
        let at = self.grown.nodes.len();
        if at >= MAX_NODES {
            return Err("the model has more than 10 million nodes");
        }
        let tree = self.grown.trees.last_mut().expect("a tree was begun");
        if at == self.level {
            tree.depth += 1;
            self.level = tree.root as usize + self.wanted;
            if tree.depth > MAX_DEPTH {
                return Err("a tree is deeper than 1024 splits");
            }
        }
        Ok(at)
    }

    /// Adds a split. Its children come after the children of earlier splits. `mean` is the mean of the leaves below,
    /// `share` the share of its training rows that go to the first child, NaN if that is not known.
    pub(super) fn split(&mut self, column: Column, threshold: f64, mean: f64, share: f32) -> Result<(), Refused> {
        let at = self.next()?;
        let Grown { nodes, values, shares, trees, columns, sets, .. } = &mut self.grown;
        // An infinite threshold separates numbers from missing values; LightGBM writes such thresholds.
        if threshold.is_nan() {
            return Err("a threshold is not a number");
        }
        if !mean.is_finite() {
            return Err("a leaf, or the mean of some, is not a finite number");
        }
        let tree = trees.last_mut().expect("a tree was begun");
        let mut bits = 0;
        if column.form.is_category() {
            if threshold.fract() != 0.0 || !(0.0..sets.ends.len() as f64).contains(&threshold) {
                return Err("a split refers to a set of categories that does not exist");
            }
            tree.has_categories = true;
            bits = CATEGORY;
        }
        let place = *self.places.entry(column).or_insert_with(|| {
            columns.push(column);
            columns.len() as u32 - 1
        });
        let child = tree.root as usize + self.wanted;
        if child + 2 > MAX_NODES {
            return Err("the model has more than 10 million nodes");
        }
        nodes.push(Node { threshold, column: place | bits, child: child as u32 });
        values.push(mean);
        shares.push(share);
        self.wanted += 2;
        tree.nodes += 2;
        self.mean = self.mean.max(mean.abs());
        debug_assert!(at < child);
        Ok(())
    }

    /// Adds a leaf.
    pub(super) fn leaf(&mut self, value: f64) -> Result<(), Refused> {
        let at = self.next()?;
        if !value.is_finite() {
            return Err("a leaf is not a finite number");
        }
        let Grown { nodes, values, shares, trees, .. } = &mut self.grown;
        nodes.push(Node { threshold: f64::INFINITY, column: 0, child: at as u32 });
        values.push(value);
        shares.push(0.0);
        let tree = trees.last_mut().expect("a tree was begun");
        tree.largest = tree.largest.max(value.abs());
        if nodes.len() == tree.root as usize + self.wanted {
            // A mean cannot exceed every leaf, apart from rounding.
            if self.mean > tree.largest * (1.0 + 1e-9) + f64::MIN_POSITIVE {
                return Err("a mean is larger than the leaves it is of");
            }
            self.wanted = 0;
            tree.is_oblivious = !tree.has_categories && is_oblivious(&nodes[tree.root as usize..], tree.depth);
        }
        Ok(())
    }

    /// Makes a leaf of a finished tree linear: `leaf.end` is the number of all terms up to its own.
    pub(super) fn make_linear(&mut self, leaf: LinearLeaf) -> Result<(), Refused> {
        let Grown { nodes, trees, linear, .. } = &mut self.grown;
        if nodes.get(leaf.node as usize).is_some_and(|node| node.child != leaf.node) {
            return Err("a linear part is of a node that is not a leaf");
        }
        let terms = linear.add_leaf(nodes.len(), leaf)?;
        let place = trees.partition_point(|tree| tree.root <= leaf.node);
        if let Some(tree) = place.checked_sub(1).and_then(|place| trees.get_mut(place)) {
            tree.terms = tree.terms.max(terms);
            tree.largest = tree.largest.max(leaf.if_missing.abs());
        }
        Ok(())
    }

    /// The linear parts of leaves, for adding terms.
    pub(super) fn linear(&mut self) -> &mut Linear {
        &mut self.grown.linear
    }

    /// Multiplies the leaves of each tree by its weight, in `f32`.
    pub(super) fn scale(&mut self, weights: &[f32]) -> Result<(), Refused> {
        let Grown { nodes, values, trees, .. } = &mut self.grown;
        for (tree, &weight) in trees.iter_mut().zip(weights) {
            let range = tree.root as usize..(tree.root + tree.nodes) as usize;
            let is_leaf = |at: usize, node: &Node| node.child as usize == at;
            tree.largest = 0.0;
            for at in range.clone() {
                if is_leaf(at, &nodes[at]) {
                    values[at] = single(values[at] * f64::from(weight));
                    tree.largest = tree.largest.max(values[at].abs());
                }
            }
            if !tree.largest.is_finite() {
                return Err("a leaf times the weight of its tree is not a finite number");
            }
            // The rounding of the leaves can leave their mean, which is not rounded, outside of them.
            for at in range {
                if !is_leaf(at, &nodes[at]) {
                    values[at] = (values[at] * f64::from(weight)).clamp(-tree.largest, tree.largest);
                }
            }
        }
        Ok(())
    }

    /// Drops all trees after the first `count`, with the columns and the sets that only they use: both are numbered in the
    /// order of their first use.
    pub(super) fn truncate(&mut self, count: usize) {
        let Grown { nodes, values, shares, trees, columns, sets, .. } = &mut self.grown;
        let Some(next) = trees.get(count) else { return };
        nodes.truncate(next.root as usize);
        values.truncate(next.root as usize);
        shares.truncate(next.root as usize);
        trees.truncate(count);
        let used = nodes.iter().map(Node::column).max().map_or(1, |last| last + 1);
        columns.truncate(used);
        self.places.retain(|_, place| (*place as usize) < used);
        let by_set = nodes.iter().filter(|node| node.is_by_category());
        sets.truncate(by_set.map(|node| node.threshold as usize + 1).max().unwrap_or(0));
    }

    /// Returns the trees.
    pub(super) fn finish(mut self) -> Result<Grown, Refused> {
        if !self.is_whole() || self.grown.trees.is_empty() {
            return Err("the model has no trees, or the last is not whole");
        }
        let Grown { nodes, values, shares, trees, sets, linear, masks, .. } = &mut self.grown;
        linear.shrink();
        if !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            *shares = Vec::new();
        }
        nodes.shrink_to_fit();
        values.shrink_to_fit();
        shares.shrink_to_fit();
        trees.shrink_to_fit();
        let is_split = |node: &Node| node.is_by_category().then_some(node.threshold as usize);
        *masks = sets.masks(nodes.iter().map(is_split));
        Ok(self.grown)
    }
}
