//! Evaluates rows.
//!
//! Rows are evaluated in groups of [`LANES`]. At each step every row of a group moves down one node, and a row at a
//! leaf stays there. This needs no unpredictable branch, and the rows do not depend on each other. Several groups form
//! a block, whose columns stay in the cache while all trees are evaluated. For a single row the same method takes
//! [`LANES`] trees at a time. Some trees have a faster way for many rows ([`super::ranks`]). All of them add the leaves in
//! the order of the trees, so they give the same bits.

use super::super::descent::{self, LANES};
use super::column::{Column, double, single};
use super::grow::{Grown, Node};
use super::{Forest, Result};
use crate::Progress;

/// Bytes of columns in one block. More rows share the trees then; a tree reads a few of the columns only.
const BLOCK: usize = 64 << 10;
/// Maximum number of groups in one block.
const GROUPS: usize = 16;
/// With at most this number of columns, a row is stored on the stack.
const SHORT: usize = 256;

/// One column of a group: one number for each row.
type Lane = [f64; LANES];

impl Forest {
    /// The margins of one row. `row` has one number for each feature, NaN if it is missing; `margins` has
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
            [*held] = self.column(*column, [row[column.feature as usize]]);
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
            // Lanes without a tree repeat the first tree.
            at[trees.len()..].fill(trees[0].root);
            descend(&self.grown, &mut at, depth, has_categories, |column, _| held[column]);
            for (&group, &at) in groups.iter().zip(&at) {
                let margin = &mut margins[usize::from(group)];
                *margin = self.sum_leaf(*margin, at, row);
            }
        }
    }

    /// The margins of many rows, with the same bits as [`Forest::margins_of_row`]. `rows` is row-major with one number
    /// for each feature, NaN if it is missing; `margins` has [`Forest::groups`] numbers for each row.
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(in super::super) fn margins(&self, rows: &[f64], margins: &mut [f64], progress: &Progress) -> Result<()> {
        let (features, outputs, width) = (self.features.len(), self.groups(), self.grown.columns.len());
        if let Some(ranks) = self.ranks(rows.len() / features) {
            return self.margins_by_ranks(ranks, rows, margins, progress);
        }
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
                let of_group = rows.chunks(LANES * features).zip(margins.chunks_mut(LANES * outputs));
                for (lanes, (rows, margins)) in block.chunks_exact(width).zip(of_group) {
                    let number = |column: usize, lane: usize| lanes[column][lane];
                    let mut at = [tree.root; LANES];
                    if tree.is_oblivious {
                        descend_levels(&self.grown.nodes, &mut at, tree.depth, lanes);
                    } else {
                        descend(&self.grown, &mut at, tree.depth, tree.has_categories, number);
                    }
                    let rows = rows.chunks_exact(features);
                    for ((margins, &at), row) in margins.chunks_exact_mut(outputs).zip(&at).zip(rows) {
                        margins[group] = self.sum_leaf(margins[group], at, row);
                    }
                }
            }
        }
        Ok(())
    }

    /// Fills the columns of a group. Lanes without a row are zeros.
    fn load(&self, rows: &[f64], lanes: &mut [Lane]) {
        for (held, column) in lanes.iter_mut().zip(&self.grown.columns) {
            let mut numbers = [0.0; LANES];
            let feature = rows.iter().skip(column.feature as usize).step_by(self.features.len());
            for (number, &x) in numbers.iter_mut().zip(feature) {
                *number = x;
            }
            *held = self.column(*column, numbers);
        }
    }

    /// The numbers of a column that the descent needs.
    fn column<const N: usize>(&self, column: Column, numbers: [f64; N]) -> [f64; N] {
        let numbers = self.numbers(numbers);
        if self.grown.masks.is_empty() { column.of(numbers) } else { column.masked(numbers) }
    }

    /// The numbers of rows as the library of the model uses them.
    pub(super) fn numbers<const N: usize>(&self, numbers: [f64; N]) -> [f64; N] {
        if self.meaning.objective.has_single_rows() { numbers.map(single) } else { numbers.map(double) }
    }

    /// The next sum after the leaf `at` of a row.
    #[inline]
    fn sum_leaf(&self, sum: f64, at: u32, row: &[f64]) -> f64 {
        if self.grown.linear.is_empty() {
            self.sum(sum, self.grown.values[at as usize])
        } else {
            self.sum_linear(sum, at, row)
        }
    }

    /// The next sum. Adding two `f32` in `f64` and rounding the sum equals adding them in `f32`, because 53 bits are
    /// more than twice 24.
    #[inline]
    pub(super) fn sum(&self, sum: f64, leaf: f64) -> f64 {
        if self.is_single() { single(sum + leaf) } else { sum + leaf }
    }
}

/// Moves every lane from `at` down to its leaf, at most `depth` steps; `number` returns the number in a column.
#[inline]
fn descend(
    grown: &Grown,
    at: &mut [u32; LANES],
    depth: u32,
    has_categories: bool,
    number: impl Fn(usize, usize) -> f64 + Copy,
) {
    let Grown { nodes, masks, sets, .. } = grown;
    let nodes = &nodes[..];
    if !has_categories {
        descent::descend(at, depth, |lane, at| {
            let node = &nodes[at as usize];
            node.next_by_number(number(node.column_of_number(), lane))
        });
    } else if masks.is_empty() {
        descent::descend(at, depth, |lane, at| {
            let node = &nodes[at as usize];
            node.next(sets, number(node.column(), lane))
        });
    } else {
        descent::descend(at, depth, |lane, at| {
            let node = &nodes[at as usize];
            node.next_by_mask(masks[at as usize], number(node.column(), lane))
        });
    }
}

/// Moves every lane from the root of an oblivious tree to its leaf. All lanes compare with the same split at each level, so
/// nothing is looked up for each lane. In a full tree, the children of the node `i` are `2i + 1` and `2i + 2`.
#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
#[inline]
fn descend_levels(nodes: &[Node], at: &mut [u32; LANES], depth: u32, lanes: &[Lane]) {
    let root = at[0];
    let mut place = [0_u32; LANES];
    for level in 0..depth {
        let node = &nodes[root as usize + (1_usize << level) - 1];
        for (place, x) in place.iter_mut().zip(&lanes[node.column_of_number()]) {
            *place = 2 * *place + 1 + u32::from(!(*x <= node.threshold));
        }
    }
    for (at, place) in at.iter_mut().zip(place) {
        *at = root + place;
    }
}
