//! Small trees: their leaves are the bits of a number, from left to right. A split that sends a row to the second child rules
//! out all leaves below the first one, and the first bit that is left is the leaf of the row. (Lucchese et al., `QuickScorer`,
//! SIGIR 2015.)

use super::super::Forest;
use super::super::grow::{Grown, Tree};
use super::{LANES, Ranking};

/// Maximum number of leaves of a tree.
const MAX_LEAVES: usize = 32;
/// Rows whose bits are held in registers.
const HELD: usize = 16;

/// Whether the tree is one.
pub(super) fn fits(tree: &Tree) -> bool {
    (tree.nodes as usize) < 2 * MAX_LEAVES
}

/// A split.
#[derive(Debug, Clone, Copy)]
struct Split {
    column: u32,
    /// The leaves that are not below the first child.
    others: u32,
    /// The place of the threshold.
    threshold: i16,
}

/// All trees.
#[derive(Debug)]
pub(in super::super) struct Small {
    splits: Vec<Split>,
    /// The leaves of each tree, from left to right.
    leaves: Vec<f64>,
    /// The end of the splits of each tree; it has one more leaf than splits.
    ends: Vec<u32>,
}

impl Small {
    pub(super) fn of(grown: &Grown, ranking: &Ranking<i16>) -> Self {
        let mut small = Self { splits: Vec::new(), leaves: Vec::new(), ends: Vec::new() };
        for tree in &grown.trees {
            let first = small.leaves.len();
            small.walk(grown, ranking, tree.root, first);
            small.ends.push(small.splits.len() as u32);
        }
        small.splits.shrink_to_fit();
        small.leaves.shrink_to_fit();
        small.ends.shrink_to_fit();
        small
    }

    /// Adds what is below a node of the tree whose leaves begin at `first`. Not deeper than its number of leaves.
    fn walk(&mut self, grown: &Grown, ranking: &Ranking<i16>, at: u32, first: usize) {
        let node = &grown.nodes[at as usize];
        if node.child == at {
            self.leaves.push(grown.values[at as usize]);
            return;
        }
        let begin = self.leaves.len() - first;
        self.walk(grown, ranking, node.child, first);
        let end = self.leaves.len() - first;
        let below = ((1_u64 << end) - (1 << begin)) as u32;
        let threshold = ranking.place(node.column(), node.threshold);
        self.splits.push(Split { column: node.column() as u32, others: !below, threshold });
        self.walk(grown, ranking, node.child + 1, first);
    }

    /// The splits and the leaves of a tree.
    fn of_tree(&self, tree: usize) -> (&[Split], &[f64]) {
        let start = tree.checked_sub(1).map_or(0, |before| self.ends[before]) as usize;
        let end = self.ends[tree] as usize;
        (&self.splits[start..end], &self.leaves[start + tree..=end + tree])
    }

    pub(super) fn bytes(&self) -> usize {
        self.splits.capacity() * size_of::<Split>() + self.leaves.capacity() * 8 + self.ends.capacity() * 4
    }
}

/// A number with a bit for each leaf.
trait Bits: Copy + std::ops::BitAnd<Output = Self> {
    const ALL: Self;

    fn of(bits: u32) -> Self;

    /// The place of the first bit.
    fn first(self) -> usize;
}

impl Bits for u16 {
    const ALL: Self = Self::MAX;

    fn of(bits: u32) -> Self {
        bits as Self
    }

    fn first(self) -> usize {
        self.trailing_zeros() as usize
    }
}

impl Bits for u32 {
    const ALL: Self = Self::MAX;

    fn of(bits: u32) -> Self {
        bits
    }

    fn first(self) -> usize {
        self.trailing_zeros() as usize
    }
}

impl Forest {
    /// Adds the leaves of a tree to the margins of some rows.
    #[inline]
    pub(super) fn add_small(&self, small: &Small, tree: usize, lanes: &[[i16; LANES]], margins: &mut [f64]) {
        let (splits, leaves) = small.of_tree(tree);
        let group = usize::from(self.group_of[tree]);
        if leaves.len() <= 16 {
            self.add_bits::<u16>(splits, leaves, group, lanes, margins);
        } else {
            self.add_bits::<u32>(splits, leaves, group, lanes, margins);
        }
    }

    #[inline]
    fn add_bits<B: Bits>(
        &self,
        splits: &[Split],
        leaves: &[f64],
        group: usize,
        lanes: &[[i16; LANES]],
        margins: &mut [f64],
    ) {
        let (groups, is_single) = (self.groups(), self.is_single());
        for (part, margins) in margins.chunks_mut(HELD * groups).enumerate() {
            let left = left::<B>(splits, lanes, part);
            let of_rows = margins.chunks_exact_mut(groups).zip(&left);
            if is_single {
                of_rows.for_each(|(margins, bits)| margins[group] = self.sum(margins[group], leaves[bits.first()]));
            } else {
                of_rows.for_each(|(margins, bits)| margins[group] += leaves[bits.first()]);
            }
        }
    }
}

/// The leaves that no split rules out for the rows of this part of the lanes.
#[inline]
fn left<B: Bits>(splits: &[Split], lanes: &[[i16; LANES]], part: usize) -> [B; HELD] {
    let mut left = [B::ALL; HELD];
    for split in splits {
        let ranks = &lanes[split.column as usize].as_chunks::<HELD>().0[part];
        let others = B::of(split.others);
        for (left, &rank) in left.iter_mut().zip(ranks) {
            *left = *left & if rank > split.threshold { others } else { B::ALL };
        }
    }
    left
}
