//! Trees for rows without missing values. Their nodes have two ways instead of three, and siblings are next to each other: a
//! step needs half of the time and of the memory.

use std::sync::OnceLock;

use super::graph::Graph;
use super::rows::Rows;
use super::wire::{Reader, Wire};
use crate::Result;
use crate::score::descent::{LANES, descend};

/// A node. A row goes to `child`, or to `child + 1` if its number is larger than the threshold: never, in a leaf.
#[derive(Debug, Clone, Copy)]
struct Node {
    threshold: f64,
    slot: u32,
    child: u32,
}

/// A tree.
#[derive(Debug, Clone, Copy)]
struct Root {
    at: u32,
    /// The number of splits on the longest path to a leaf.
    depth: u32,
}

/// The trees of a graph; no trees if they would need too much memory.
#[derive(Debug, Default, Clone)]
struct Flat {
    nodes: Vec<Node>,
    /// For each node the number of the leaf.
    numbers: Vec<f64>,
    roots: Vec<Root>,
    /// The slots that trees read.
    slots: Vec<u32>,
}

/// Flat trees that are made when their graph has been checked. They follow from the graph: they are neither compared nor
/// stored.
#[derive(Debug, Default, Clone)]
pub(in super::super) struct Flattened(OnceLock<Flat>);

impl PartialEq for Flattened {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Wire for Flattened {
    fn put(&self, _: &mut Vec<u8>) {}

    fn get(_: &mut Reader<'_>) -> Result<Self> {
        Ok(Self::default())
    }
}

impl Flattened {
    /// Makes the trees of a graph that has been checked.
    pub(super) fn make(&self, graph: &Graph, roots: &[u32]) {
        self.0.get_or_init(|| Flat::of(graph, roots).unwrap_or_default());
    }

    /// The trees, if a row can use them.
    fn of_row(&self, slots: &[f64]) -> Option<&Flat> {
        self.0
            .get()
            .filter(|flat| !flat.roots.is_empty() && flat.slots.iter().all(|&slot| !slots[slot as usize].is_nan()))
    }

    /// Gives the number of the leaf of each tree, in order.
    pub(super) fn find_all(&self, graph: &Graph, roots: &[u32], slots: &[f64], mut each: impl FnMut(usize, f64)) {
        let Some(flat) = self.of_row(slots) else { return graph.find_all(roots, slots, each) };
        for (group, roots) in flat.roots.chunks(LANES).enumerate() {
            // Lanes without a tree repeat the first one.
            let mut at = [roots[0].at; LANES];
            at.iter_mut().zip(roots).for_each(|(at, root)| *at = root.at);
            let depth = roots.iter().map(|root| root.depth).max().unwrap_or(0);
            descend(&mut at, depth, |_, at| flat.next(at, slots, 0));
            for (lane, &at) in at[..roots.len()].iter().enumerate() {
                each(group * LANES + lane, flat.numbers[at as usize]);
            }
        }
    }

    /// Gives for each tree, in order, the row and the number of its leaf. Several rows descend side by side in one tree, whose
    /// nodes stay in the cache.
    pub(super) fn find_rows(
        &self,
        graph: &Graph,
        roots: &[u32],
        rows: &mut Rows<'_>,
        mut each: impl FnMut(usize, usize, f64),
    ) {
        let mut whole = Vec::new();
        for (row, slots) in rows.each().enumerate() {
            match self.of_row(slots) {
                Some(_) => whole.push(row),
                None => graph.find_all(roots, slots, |tree, leaf| each(row, tree, leaf)),
            }
        }
        let Some(flat) = self.0.get().filter(|_| !whole.is_empty()) else { return };
        for (tree, root) in flat.roots.iter().enumerate() {
            for of_group in whole.chunks(LANES) {
                // Lanes without a row repeat the first one.
                let mut starts = [rows.start(of_group[0]); LANES];
                starts.iter_mut().zip(of_group).for_each(|(start, &row)| *start = rows.start(row));
                let mut at = [root.at; LANES];
                descend(&mut at, root.depth, |lane, at| flat.next(at, rows.slots, starts[lane]));
                for (&row, &at) in of_group.iter().zip(&at) {
                    each(row, tree, flat.numbers[at as usize]);
                }
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.get().map_or(0, |flat| {
            flat.nodes.capacity() * (size_of::<Node>() + 8)
                + flat.roots.capacity() * size_of::<Root>()
                + flat.slots.capacity() * 4
        })
    }
}

impl Flat {
    /// `None` if nodes that several paths share would be copied too often.
    fn of(graph: &Graph, roots: &[u32]) -> Option<Self> {
        let most = 2 * graph.nodes.len() + roots.len();
        let mut flat = Self::default();
        for &root in roots {
            let first = flat.nodes.len();
            // Breadth first: the children of the next split take the next two places.
            let mut order = vec![root];
            let (mut at, mut depth, mut level) = (0, 0, 1);
            while let Some(&here) = order.get(at) {
                if at == level {
                    (depth, level) = (depth + 1, order.len());
                }
                let node = &graph.nodes[here as usize];
                let is_leaf = node.next[0] == here;
                let child = first + if is_leaf { at } else { order.len() };
                let threshold = if is_leaf { f64::INFINITY } else { node.threshold };
                flat.nodes.push(Node { threshold, slot: node.slot, child: child as u32 });
                flat.numbers.push(if is_leaf { node.threshold } else { 0.0 });
                if !is_leaf {
                    order.extend(&node.next[..2]);
                    flat.slots.push(node.slot);
                }
                if first + order.len() > most {
                    return None;
                }
                at += 1;
            }
            flat.roots.push(Root { at: first as u32, depth });
        }
        flat.slots.sort_unstable();
        flat.slots.dedup();
        flat.slots.shrink_to_fit();
        flat.nodes.shrink_to_fit();
        flat.numbers.shrink_to_fit();
        Some(flat)
    }

    /// The next node of a row whose slots begin at `start`; no slot that is read is missing.
    #[inline]
    fn next(&self, at: u32, slots: &[f64], start: usize) -> u32 {
        let node = &self.nodes[at as usize];
        node.child + u32::from(slots[start + node.slot as usize] > node.threshold)
    }
}
