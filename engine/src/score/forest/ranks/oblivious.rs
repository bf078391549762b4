//! Oblivious trees: the outcomes of the levels are the bits of the place of the leaf.

use std::ops::Range;

use super::super::Forest;
use super::super::grow::{Grown, Tree};
use super::{LANES, Ranking, TOGETHER};

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
    /// Adds the leaves of some trees to the margins of some rows.
    #[inline]
    pub(super) fn add_levels(&self, levels: &Levels, trees: Range<usize>, lanes: &[[i8; LANES]], margins: &mut [f64]) {
        if !self.is_single() && self.groups() == 1 && trees.len() == TOGETHER {
            let places: [_; TOGETHER] = std::array::from_fn(|i| places(levels.of_tree(trees.start + i), lanes));
            let leaves: [_; TOGETHER] = std::array::from_fn(|i| self.leaves(trees.start + i));
            // With a known number of leaves no place needs a check.
            let is_done = match leaves[0].len() {
                4 => add::<4>(leaves, &places, margins),
                8 => add::<8>(leaves, &places, margins),
                16 => add::<16>(leaves, &places, margins),
                32 => add::<32>(leaves, &places, margins),
                64 => add::<64>(leaves, &places, margins),
                128 => add::<128>(leaves, &places, margins),
                256 => add::<256>(leaves, &places, margins),
                _ => None,
            };
            if is_done.is_some() {
                return;
            }
        }
        for tree in trees {
            let (leaves, group) = (self.leaves(tree), usize::from(self.group_of[tree]));
            let places = places(levels.of_tree(tree), lanes);
            for (margins, &place) in margins.chunks_exact_mut(self.groups()).zip(&places) {
                margins[group] = self.sum(margins[group], leaves[usize::from(place)]);
            }
        }
    }

    /// The leaves of a tree: its last level.
    fn leaves(&self, tree: usize) -> &[f64] {
        let Tree { root, depth, .. } = self.grown.trees[tree];
        let leaves = 1_usize << depth;
        let first = root as usize + leaves - 1;
        &self.grown.values[first..first + leaves]
    }
}

/// Adds the leaves of each row to its margin, tree after tree. `None` if a tree has another number of leaves.
#[inline]
fn add<const N: usize>(
    leaves: [&[f64]; TOGETHER],
    places: &[[u8; LANES]; TOGETHER],
    margins: &mut [f64],
) -> Option<()> {
    let [a, b, c, d] = leaves.map(|leaves| leaves.as_array::<N>());
    let leaves: [&[f64; N]; TOGETHER] = [a?, b?, c?, d?];
    let [a, b, c, d] = places;
    for ((((margin, &a), &b), &c), &d) in margins.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let places = [a, b, c, d].map(|place| usize::from(place) % N);
        *margin = leaves.iter().zip(places).fold(*margin, |sum, (leaves, place)| sum + leaves[place]);
    }
    Some(())
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
