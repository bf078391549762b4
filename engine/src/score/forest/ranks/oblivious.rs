//! Oblivious trees: the outcomes of the levels are the bits of the place of the leaf.

use super::super::Forest;
use super::super::grow::{Grown, Tree};
use super::{LANES, Ranking};

/// Maximum number of levels of a tree: places of leaves are bytes.
const MAX_LEVELS: u32 = 8;

/// Whether the tree is one.
pub(super) fn fits(tree: &Tree) -> bool {
    tree.is_oblivious && tree.depth <= MAX_LEVELS
}

/// The levels of all trees: a column, and the place of the threshold.
#[derive(Debug)]
pub(in super::super) struct Levels {
    levels: Vec<(u32, i8)>,
    /// The end of each tree.
    ends: Vec<u32>,
}

impl Levels {
    pub(super) fn of(grown: &Grown, ranking: &Ranking<i8>) -> Self {
        let (mut levels, mut ends) = (Vec::new(), Vec::new());
        for tree in &grown.trees {
            for level in 0..tree.depth {
                let node = &grown.nodes[tree.root as usize + (1 << level) - 1];
                levels.push((node.column() as u32, ranking.place(node.column(), node.threshold)));
            }
            ends.push(levels.len() as u32);
        }
        levels.shrink_to_fit();
        ends.shrink_to_fit();
        Self { levels, ends }
    }

    fn of_tree(&self, tree: usize) -> &[(u32, i8)] {
        let start = tree.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.levels[start as usize..self.ends[tree] as usize]
    }

    pub(super) fn bytes(&self) -> usize {
        self.levels.capacity() * size_of::<(u32, i8)>() + self.ends.capacity() * 4
    }
}

impl Forest {
    /// Adds the leaves of a tree to the margins of some rows.
    #[inline]
    pub(super) fn add_levels(&self, levels: &Levels, tree: usize, lanes: &[[i8; LANES]], margins: &mut [f64]) {
        let places = places(levels.of_tree(tree), lanes);
        let Tree { root, depth, .. } = self.grown.trees[tree];
        let leaves = 1_usize << depth;
        let first = root as usize + leaves - 1;
        let leaves = &self.grown.values[first..first + leaves];
        let (groups, group) = (self.groups(), usize::from(self.group_of[tree]));
        if groups > 1 || self.is_single() {
            for (margins, &place) in margins.chunks_exact_mut(groups).zip(&places) {
                margins[group] = self.sum(margins[group], leaves[usize::from(place)]);
            }
            return;
        }
        // With a known number of leaves no place needs a check.
        match leaves.len() {
            2 => add(leaves.as_chunks::<2>().0, &places, margins),
            4 => add(leaves.as_chunks::<4>().0, &places, margins),
            8 => add(leaves.as_chunks::<8>().0, &places, margins),
            16 => add(leaves.as_chunks::<16>().0, &places, margins),
            32 => add(leaves.as_chunks::<32>().0, &places, margins),
            64 => add(leaves.as_chunks::<64>().0, &places, margins),
            128 => add(leaves.as_chunks::<128>().0, &places, margins),
            256 => add(leaves.as_chunks::<256>().0, &places, margins),
            _ => add(leaves.as_chunks::<1>().0, &places, margins),
        }
    }
}

/// Adds the leaf of each row, of the only tree in the list, to the only margin of the row.
#[inline]
fn add<const N: usize>(leaves: &[[f64; N]], places: &[u8; LANES], margins: &mut [f64]) {
    let Some(leaves) = leaves.first() else { return };
    for (margin, &place) in margins.iter_mut().zip(places) {
        *margin += leaves[usize::from(place) % N];
    }
}

/// The place of each row among the leaves of a tree with these levels.
#[inline]
fn places(levels: &[(u32, i8)], lanes: &[[i8; LANES]]) -> [u8; LANES] {
    let mut places = [0; LANES];
    for &(column, threshold) in levels {
        for (place, &rank) in places.iter_mut().zip(&lanes[column as usize]) {
            *place = (*place << 1) | u8::from(rank > threshold);
        }
    }
    places
}
