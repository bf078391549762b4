//! Decisions: comparisons of slots with thresholds, each with three ways on.
//!
//! All predicates, trees and tables of a file become such nodes: `x <= threshold` is true, false or, for a missing value,
//! unknown. What a file says about missing values is in the third way, so it costs nothing while a row descends, and every
//! strategy is the same loop. Ways on lead to nodes of lower numbers, so stored data cannot describe a cycle.

use super::wire::{Reader, Wire, wire_struct};
use crate::{Error, Result};

/// Trees that are descended side by side.
const LANES: usize = 8;
/// Steps between two checks whether all lanes have reached their leaves.
const STRIDE: usize = 4;

/// A comparison, or a leaf: all its ways lead to itself, and the threshold is its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in super::super) struct Node {
    pub(in super::super) threshold: f64,
    pub(in super::super) slot: u32,
    /// The next nodes for `x <= threshold`, for larger numbers and for a missing value.
    pub(in super::super) next: [u32; 3],
}

/// Bytes of a node.
const NODE: usize = 24;

impl Wire for Node {
    fn put(&self, out: &mut Vec<u8>) {
        self.threshold.put(out);
        self.slot.put(out);
        self.next.put(out);
    }

    fn get(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { threshold: Wire::get(reader)?, slot: Wire::get(reader)?, next: Wire::get(reader)? })
    }

    fn get_list(reader: &mut Reader<'_>, length: usize) -> Result<Vec<Self>> {
        let node = |bytes: &[u8; NODE]| {
            let (words, _) = bytes.as_chunks::<4>();
            let word = |i: usize| words.get(i).map_or(0, |word| u32::from_le_bytes(*word));
            Self {
                threshold: f64::from_bits((u64::from(word(1)) << 32) | u64::from(word(0))),
                slot: word(2),
                next: [word(3), word(4), word(5)],
            }
        };
        Ok(reader.items(length)?.iter().map(node).collect())
    }
}

/// Nodes; several decisions may share them.
#[derive(Debug, Default, Clone, PartialEq)]
pub(in super::super) struct Graph {
    pub(in super::super) nodes: Vec<Node>,
}

wire_struct!(Graph { nodes });

impl Graph {
    /// The number of the leaf that a row reaches from `root`; NaN is a missing value.
    pub(in super::super) fn find(&self, root: u32, slots: &[f64]) -> f64 {
        let mut at = root;
        loop {
            let node = &self.nodes[at as usize];
            let next = step(node, slots);
            if next == at {
                return node.threshold;
            }
            at = next;
        }
    }

    /// The number of the leaf that a row reaches from the last node.
    pub(in super::super) fn decide(&self, slots: &[f64]) -> f64 {
        self.find(self.nodes.len() as u32 - 1, slots)
    }

    /// Gives the number of the leaf of each root, in order. Several roots are descended side by side: their memory
    /// accesses do not depend on each other.
    pub(super) fn find_all(&self, roots: &[u32], slots: &[f64], mut each: impl FnMut(usize, f64)) {
        for (group, roots) in roots.chunks(LANES).enumerate() {
            let mut at = [roots[0]; LANES];
            at[..roots.len()].copy_from_slice(roots);
            loop {
                for _ in 0..STRIDE {
                    at = at.map(|at| step(&self.nodes[at as usize], slots));
                }
                if at.iter().all(|&at| self.nodes[at as usize].next[0] == at) {
                    break;
                }
            }
            for (lane, &at) in at[..roots.len()].iter().enumerate() {
                each(group * LANES + lane, self.nodes[at as usize].threshold);
            }
        }
    }

    /// Checks that every decision ends, and reads slots that exist.
    pub(super) fn check(&self, slots: u32) -> Result<()> {
        for (at, node) in self.nodes.iter().enumerate() {
            let is_leaf = node.next.iter().all(|&next| next as usize == at);
            let goes_down = node.next.iter().all(|&next| (next as usize) < at) && !node.threshold.is_nan();
            if node.slot >= slots || !(is_leaf || goes_down) {
                return Err(Error::Corrupt("a decision of a program does not end"));
            }
        }
        if self.nodes.is_empty() { Err(Error::Corrupt("a decision of a program is empty")) } else { Ok(()) }
    }

    /// For each node the number of comparisons on the longest way from it to a leaf. The graph was checked.
    pub(super) fn depths(&self) -> Vec<u32> {
        let mut depths = vec![0; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            let of = |next: u32| depths.get(next as usize).copied().unwrap_or_default();
            let deepest = node.next.iter().map(|&next| of(next)).max().unwrap_or_default();
            depths[at] = if node.next[0] as usize == at { 0 } else { deepest + 1 };
        }
        depths
    }

    /// The most steps that [`Self::find_all`] makes, in all lanes.
    pub(super) fn steps_of_all(&self, roots: &[u32]) -> u64 {
        let depths = self.depths();
        let of_group = |roots: &[u32]| {
            let depth = roots.iter().map(|&root| depths.get(root as usize).copied().unwrap_or_default()).max();
            let steps = u64::from(depth.unwrap_or_default()).next_multiple_of(STRIDE as u64).max(STRIDE as u64);
            LANES as u64 * steps
        };
        roots.chunks(LANES).map(of_group).sum()
    }

    /// The numbers of all leaves.
    pub(super) fn leaves(&self) -> impl Iterator<Item = f64> {
        let is_leaf = |(at, node): &(usize, &Node)| node.next[0] as usize == *at;
        self.nodes.iter().enumerate().filter(is_leaf).map(|(_, node)| node.threshold)
    }

    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }
}

/// The next node; a leaf leads to itself.
#[expect(clippy::neg_cmp_op_on_partial_ord, reason = "a missing value is counted twice: it takes the third way")]
#[inline]
fn step(node: &Node, slots: &[f64]) -> u32 {
    let x = slots[node.slot as usize];
    node.next[usize::from(!(x <= node.threshold)) + usize::from(x.is_nan())]
}
