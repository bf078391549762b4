//! Running rows down the trees.
//!
//! Rows go in groups of [`LANES`]: at each step every row of a group moves down one node, and those at a leaf stay
//! there, so there is no branch to guess wrong and the rows do not wait for each other. Groups form blocks whose
//! columns stay in the first-level cache while all trees run over them. A single row does the same with [`LANES`] trees
//! at a time. Leaves are added in the order of the trees in both, so both give the same bits.

use super::column::{double, single};
use super::grow::{Grown, Node, Sets};
use super::{Forest, Result};
use crate::Progress;

/// Rows that run side by side.
const LANES: usize = 8;
/// Bytes of columns in a block.
const BLOCK: usize = 16 << 10;
/// Groups in a block, at most.
const GROUPS: usize = 16;
/// Steps after which it is worth looking whether all have arrived.
const STRIDE: u32 = 10;
/// A row of no more columns needs no memory of its own.
const SHORT: usize = 256;

/// A group's columns: of each, one number for each row.
type Lane = [f64; LANES];

impl Forest {
    /// The margins of one row: `row` has a number for each feature, NaN where it is missing; `margins` has
    /// [`Forest::groups`] numbers.
    pub(in super::super) fn margins_of_row(&self, row: &[f64], margins: &mut [f64]) {
        let columns = &self.grown.columns;
        let mut short = [0.0; SHORT];
        let mut long = Vec::new();
        let held = if columns.len() <= SHORT {
            &mut short[..columns.len()]
        } else {
            long.resize(columns.len(), 0.0);
            &mut long[..]
        };
        for (held, column) in held.iter_mut().zip(columns) {
            [*held] = column.of(self.numbers([row[column.feature as usize]]));
        }
        margins.copy_from_slice(&self.base);
        let trees = self.grown.trees.chunks(LANES).zip(self.group_of.chunks(LANES));
        for (trees, groups) in trees {
            let mut at = [0; LANES];
            let (mut depth, mut has_categories) = (0, false);
            for (at, tree) in at.iter_mut().zip(trees) {
                *at = tree.root;
                depth = depth.max(tree.depth);
                has_categories |= tree.has_categories;
            }
            // Lanes without a tree repeat the first.
            at[trees.len()..].fill(trees[0].root);
            descend(&self.grown, &mut at, depth, has_categories, |column, _| held[column]);
            for (&group, &at) in groups.iter().zip(&at) {
                let margin = &mut margins[usize::from(group)];
                *margin = self.sum(*margin, self.grown.values[at as usize]);
            }
        }
    }

    /// The margins of many rows: `rows` is row-major with a number for each feature, NaN where it is missing;
    /// `margins` has [`Forest::groups`] numbers for each row. The same bits as [`Forest::margins_of_row`].
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(in super::super) fn margins(&self, rows: &[f64], margins: &mut [f64], progress: &Progress) -> Result<()> {
        let (features, outputs, width) = (self.features.len(), self.groups(), self.grown.columns.len());
        let groups = (BLOCK / (width * size_of::<Lane>())).clamp(1, GROUPS);
        let mut block: Vec<Lane> = vec![[0.0; LANES]; groups * width];
        let per_block = groups * LANES;
        for (rows, margins) in rows.chunks(per_block * features).zip(margins.chunks_mut(per_block * outputs)) {
            for (lanes, rows) in block.chunks_exact_mut(width).zip(rows.chunks(LANES * features)) {
                self.load(rows, lanes);
            }
            for margins in margins.chunks_exact_mut(outputs) {
                margins.copy_from_slice(&self.base);
            }
            for (tree, &group) in self.grown.trees.iter().zip(&self.group_of) {
                progress.check()?;
                let group = usize::from(group);
                for (lanes, margins) in block.chunks_exact(width).zip(margins.chunks_mut(LANES * outputs)) {
                    let number = |column: usize, lane: usize| lanes[column][lane];
                    let mut at = [tree.root; LANES];
                    descend(&self.grown, &mut at, tree.depth, tree.has_categories, number);
                    for (margins, &at) in margins.chunks_exact_mut(outputs).zip(&at) {
                        margins[group] = self.sum(margins[group], self.grown.values[at as usize]);
                    }
                }
            }
        }
        Ok(())
    }

    /// Fills the columns of a group; rows that are not there are zeros.
    fn load(&self, rows: &[f64], lanes: &mut [Lane]) {
        for (held, column) in lanes.iter_mut().zip(&self.grown.columns) {
            let mut numbers = [0.0; LANES];
            let feature = rows.iter().skip(column.feature as usize).step_by(self.features.len());
            for (number, &x) in numbers.iter_mut().zip(feature) {
                *number = x;
            }
            *held = column.of(self.numbers(numbers));
        }
    }

    /// Numbers of rows as the model's library takes them.
    pub(super) fn numbers<const N: usize>(&self, numbers: [f64; N]) -> [f64; N] {
        if self.is_single() { numbers.map(single) } else { numbers.map(double) }
    }

    /// The next sum. Adding two `f32` in `f64` and rounding is adding them in `f32`: 53 bits are more than twice 24.
    #[inline]
    fn sum(&self, sum: f64, leaf: f64) -> f64 {
        if self.is_single() { single(sum + leaf) } else { sum + leaf }
    }
}

/// Moves every lane from `at` down to its leaf, at most `depth` steps; `number` gives the number in a column.
#[inline]
fn descend(
    grown: &Grown,
    at: &mut [u32; LANES],
    depth: u32,
    has_categories: bool,
    number: impl Fn(usize, usize) -> f64 + Copy,
) {
    let nodes = &grown.nodes[..];
    let mut left = depth;
    loop {
        let steps = left.min(STRIDE);
        if has_categories {
            (0..steps).for_each(|_| step_among(nodes, &grown.sets, at, number));
        } else {
            (0..steps).for_each(|_| step(nodes, at, number));
        }
        left -= steps;
        if left == 0 || at.iter().all(|&at| nodes[at as usize].child == at) {
            return;
        }
    }
}

/// One step of numeric splits.
#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
#[inline]
fn step(nodes: &[Node], at: &mut [u32; LANES], number: impl Fn(usize, usize) -> f64) {
    for (lane, at) in at.iter_mut().enumerate() {
        let node = &nodes[*at as usize];
        *at = node.child + u32::from(!(number(node.column_of_number(), lane) <= node.threshold));
    }
}

/// One step where splits may be by categories.
#[inline]
fn step_among(nodes: &[Node], sets: &Sets, at: &mut [u32; LANES], number: impl Fn(usize, usize) -> f64) {
    for (lane, at) in at.iter_mut().enumerate() {
        let node = &nodes[*at as usize];
        *at = node.next(sets, number(node.column(), lane));
    }
}
