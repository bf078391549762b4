//! Many rows in trees without steps from node to node.
//!
//! The thresholds of a column are sorted, and a number is replaced by its *rank*: how many of them send it to the second child.
//! A row then goes to the second child of a split if its rank is larger than the place of the threshold. Ranks are small
//! integers, so one instruction compares many rows, and all splits of a tree are compared, wherever a row is in it. That is
//! less work in two kinds of trees:
//!
//! - [`oblivious`] trees, as CatBoost grows them, whose levels have one split each;
//! - [`small`] trees, whose leaves are the bits of a number.
//!
//! Leaves are added in the order of the trees, as elsewhere.

mod oblivious;
mod small;

use std::ops::Range;

use super::Forest;
use super::grow::{Grown, Tree};
use crate::{Progress, Result};

use oblivious::Levels;
use small::Small;

/// Rows that are compared side by side.
const LANES: usize = 64;
/// Bytes of ranks in one block.
const BLOCK: usize = 64 << 10;
/// Maximum number of lanes in one block.
const GROUPS: usize = 4;
/// Trees that are given to an evaluator together, which may then read and write each margin once.
const TOGETHER: usize = 4;
/// With fewer rows, or fewer trees for each column, ranks cost more than they save.
const FEW_ROWS: usize = 64;
const FEW_TREES: usize = 2;
/// Maximum number of nodes: ranks are made in one piece, in about 0.1 s.
const MAX_NODES: usize = 1 << 20;

/// A rank, or the place of a threshold. Processors compare signed numbers, so the smallest one stands for 0.
pub(super) trait Rank: Copy + PartialOrd + Default {
    /// Maximum number of thresholds of a column.
    const MOST: usize;

    /// The rank of this number of thresholds.
    fn of(count: usize) -> Self;
}

impl Rank for i8 {
    const MOST: usize = u8::MAX as usize;

    fn of(count: usize) -> Self {
        (count as i32 + i32::from(Self::MIN)) as Self
    }
}

impl Rank for i16 {
    const MOST: usize = u16::MAX as usize;

    fn of(count: usize) -> Self {
        (count as i32 + i32::from(Self::MIN)) as Self
    }
}

/// Trees in the form for ranks.
#[derive(Debug)]
pub(super) enum Ranks {
    Oblivious(Ranking<i8>, Levels),
    Small(Ranking<i16>, Small),
}

impl Ranks {
    /// `None` if the trees have no such form, or if it is no faster.
    fn of(grown: &Grown) -> Option<Self> {
        let is_numeric = grown.linear.is_empty() && grown.trees.iter().all(|tree| !tree.has_categories);
        if !is_numeric || grown.nodes.len() > MAX_NODES || grown.trees.len() < FEW_TREES * grown.columns.len() {
            return None;
        }
        if grown.trees.iter().all(oblivious::fits) {
            let ranking = Ranking::of(grown)?;
            let levels = Levels::of(grown, &ranking);
            return Some(Self::Oblivious(ranking, levels));
        }
        if grown.trees.iter().all(small::fits) {
            let ranking = Ranking::of(grown)?;
            let small = Small::of(grown, &ranking);
            return Some(Self::Small(ranking, small));
        }
        None
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Oblivious(ranking, levels) => ranking.bytes() + levels.bytes(),
            Self::Small(ranking, small) => ranking.bytes() + small.bytes(),
        }
    }
}

/// The thresholds of the columns.
#[derive(Debug)]
pub(super) struct Ranking<R> {
    /// Ascending, those of the first column first.
    thresholds: Vec<f64>,
    /// The end of the thresholds of each column.
    ends: Vec<u32>,
    /// Ranks are of this type.
    kind: std::marker::PhantomData<R>,
}

impl<R: Rank> Ranking<R> {
    /// `None` if a column has too many thresholds.
    fn of(grown: &Grown) -> Option<Self> {
        let mut of_column = vec![Vec::new(); grown.columns.len()];
        let mut add = |at: u32| {
            let node = &grown.nodes[at as usize];
            if node.child != at {
                of_column[node.column()].push(node.threshold);
            }
        };
        for tree in &grown.trees {
            if tree.is_oblivious {
                // One node for each level.
                (0..tree.depth).for_each(|level| add(tree.root + (1 << level) - 1));
            } else {
                (tree.root..tree.root + tree.nodes).for_each(&mut add);
            }
        }
        let (mut thresholds, mut ends) = (Vec::new(), Vec::new());
        for mut column in of_column {
            column.sort_unstable_by(f64::total_cmp);
            column.dedup();
            if column.len() > R::MOST {
                return None;
            }
            thresholds.extend(column);
            ends.push(thresholds.len() as u32);
        }
        thresholds.shrink_to_fit();
        Some(Self { thresholds, ends, kind: std::marker::PhantomData })
    }

    fn of_column(&self, column: usize) -> &[f64] {
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.thresholds[start as usize..self.ends[column] as usize]
    }

    /// The place of a threshold.
    fn place(&self, column: usize, threshold: f64) -> R {
        R::of(self.of_column(column).partition_point(|&other| other < threshold))
    }

    fn bytes(&self) -> usize {
        self.thresholds.capacity() * 8 + self.ends.capacity() * 4
    }
}

impl Forest {
    /// The ranks for a batch of this number of rows; `None` if it is evaluated without them.
    pub(super) fn ranks(&self, rows: usize) -> Option<&Ranks> {
        // Made for the first batch: not every forest gets one.
        if rows < FEW_ROWS { None } else { self.ranks.get_or_init(|| Ranks::of(&self.grown)).as_ref() }
    }

    /// The approximate time, in nanoseconds, that the first batch of this number of rows takes longer.
    pub(in super::super) fn cost_of_ranks(&self, rows: usize) -> u64 {
        if rows < FEW_ROWS || self.ranks.get().is_some() {
            return 0;
        }
        let splits = |tree: &Tree| u64::from(if tree.is_oblivious { tree.depth } else { tree.nodes / 2 });
        // A sort of the thresholds, and a search for each.
        100 * self.grown.trees.iter().map(splits).sum::<u64>()
    }

    /// Bytes of memory in use by ranks, which may be made later.
    pub(in super::super) fn bytes_of_ranks(&self) -> u64 {
        self.ranks.get().and_then(Option::as_ref).map_or(0, Ranks::bytes) as u64
    }

    /// As [`Forest::margins`].
    ///
    /// # Errors
    /// [`crate::Error::Cancelled`].
    pub(super) fn margins_by_ranks(
        &self,
        ranks: &Ranks,
        rows: &[f64],
        margins: &mut [f64],
        progress: &Progress,
    ) -> Result<()> {
        match ranks {
            Ranks::Oblivious(ranking, levels) => {
                self.each_block(ranking, rows, margins, progress, |trees, lanes, margins| {
                    self.add_levels(levels, trees, lanes, margins);
                })
            }
            Ranks::Small(ranking, small) => {
                self.each_block(ranking, rows, margins, progress, |trees, lanes, margins| {
                    trees.for_each(|tree| self.add_small(small, tree, lanes, margins));
                })
            }
        }
    }

    /// Calls `add` with a few trees, in order, and with the ranks and the margins of some rows.
    fn each_block<R: Rank>(
        &self,
        ranking: &Ranking<R>,
        rows: &[f64],
        margins: &mut [f64],
        progress: &Progress,
        add: impl Fn(Range<usize>, &[[R; LANES]], &mut [f64]),
    ) -> Result<()> {
        let (features, outputs, width) = (self.features.len(), self.groups(), self.grown.columns.len());
        let groups = (BLOCK / (width * LANES * size_of::<R>())).clamp(1, GROUPS);
        let mut block: Vec<[R; LANES]> = vec![[R::default(); LANES]; groups * width];
        let per_block = groups * LANES;
        for (rows, margins) in rows.chunks(per_block * features).zip(margins.chunks_mut(per_block * outputs)) {
            for (lanes, rows) in block.chunks_exact_mut(width).zip(rows.chunks(LANES * features)) {
                self.rank(ranking, rows, lanes);
            }
            for margins in margins.chunks_exact_mut(outputs) {
                margins.copy_from_slice(&self.base);
            }
            let count = self.grown.trees.len();
            for first in (0..count).step_by(TOGETHER) {
                progress.check()?;
                for (lanes, margins) in block.chunks_exact(width).zip(margins.chunks_mut(LANES * outputs)) {
                    add(first..count.min(first + TOGETHER), lanes, margins);
                }
            }
        }
        Ok(())
    }

    /// Fills the ranks of some rows. Lanes without a row keep what they have.
    fn rank<R: Rank>(&self, ranking: &Ranking<R>, rows: &[f64], lanes: &mut [[R; LANES]]) {
        for (i, (lane, column)) in lanes.iter_mut().zip(&self.grown.columns).enumerate() {
            let thresholds = ranking.of_column(i);
            if thresholds.is_empty() {
                continue;
            }
            let feature = rows.iter().skip(column.feature as usize).step_by(self.features.len());
            for (held, &number) in lane.iter_mut().zip(feature) {
                let [x] = column.of(self.numbers([number]));
                *held = R::of(smaller(thresholds, x));
            }
        }
    }
}

/// How many thresholds send a number to the second child: all of them for NaN.
#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "NaN goes to the second child")]
#[inline]
fn smaller(thresholds: &[f64], x: f64) -> usize {
    thresholds.partition_point(|&threshold| !(x <= threshold))
}
