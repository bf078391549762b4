//! Builds graphs of decisions from the leaves up: a node comes after the nodes that it leads to.

use super::super::program::{Graph, Node};
use crate::{Error, Result};

/// Maximum number of nodes of the trees of a model. More would exceed the limit of the byte form.
pub(super) const MAX_NODES: usize = 2_800_000;

/// Maximum number of nodes of a graph that is not one of trees. Those of all such graphs are counted as parts of expressions.
const MAX_OF_ONE: usize = 200_000;

/// The nodes of true, false and unknown.
pub(super) type Ways = [u32; 3];

/// A graph that is being built.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    graph: Graph,
    is_of_trees: bool,
}

impl Decisions {
    /// The graph of the trees of a model.
    pub(super) fn of_trees() -> Self {
        Self { is_of_trees: true, ..Self::default() }
    }

    /// Adds a leaf with a number; NaN is a missing one.
    pub(super) fn leaf(&mut self, number: f64) -> Result<u32> {
        let at = self.graph.nodes.len() as u32;
        self.push(Node { threshold: number, slot: 0, next: [at; 3] })
    }

    /// Adds the comparison `slot <= threshold`.
    pub(super) fn at_most(&mut self, slot: u32, threshold: f64, ways: Ways) -> Result<u32> {
        self.push(Node { threshold: threshold + 0.0, slot, next: ways })
    }

    /// Adds a test whether the slot is missing.
    pub(super) fn is_missing(&mut self, slot: u32, yes: u32, no: u32) -> Result<u32> {
        self.at_most(slot, f64::INFINITY, [no, no, yes])
    }

    /// Adds the choice between regions: `regions[i]` is for values from `bounds[i - 1]`, which it contains, up to
    /// `bounds[i]`, which it does not. The bounds ascend, and there is one less than regions.
    pub(super) fn regions(&mut self, slot: u32, bounds: &[f64], regions: &[u32], missing: u32) -> Result<u32> {
        let (Some(&first), true) = (regions.first(), regions.len() == bounds.len() + 1) else {
            return Err(Error::bad_whole("a table of the PMML is empty"));
        };
        let nodes = self.len();
        let root = self.halves(slot, bounds, regions, missing)?;
        // Regions that are all the same need no comparison, but a missing value must still be seen.
        if nodes < self.len() { Ok(root) } else { self.at_most(slot, f64::INFINITY, [first, first, missing]) }
    }

    /// Halves the bounds until one region is left.
    fn halves(&mut self, slot: u32, bounds: &[f64], regions: &[u32], missing: u32) -> Result<u32> {
        let middle = bounds.len() / 2;
        let Some(&bound) = bounds.get(middle) else { return Ok(regions[0]) };
        let below = self.halves(slot, &bounds[..middle], &regions[..=middle], missing)?;
        let above = self.halves(slot, &bounds[middle + 1..], &regions[middle + 1..], missing)?;
        if below == above {
            return Ok(below);
        }
        self.at_most(slot, bound.next_down(), [below, above, missing])
    }

    /// Adds a test whether the slot lies in one of the ranges `[from, to)`, which ascend and do not overlap.
    pub(super) fn ranges(&mut self, slot: u32, ranges: &[(f64, f64)], ways: Ways) -> Result<u32> {
        let [yes, no, missing] = ways;
        let (mut bounds, mut regions) = (Vec::new(), vec![no]);
        for &(from, to) in ranges {
            if bounds.last() == Some(&from) {
                bounds.pop();
                regions.pop();
            } else if from > f64::NEG_INFINITY {
                bounds.push(from);
                regions.push(yes);
            } else {
                regions = vec![yes];
            }
            if to < f64::INFINITY {
                bounds.push(to);
                regions.push(no);
            }
        }
        self.regions(slot, &bounds, &regions, missing)
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.graph.nodes.len()
    }

    /// The graph, whose last node is `root`.
    pub(super) fn finish(mut self, root: u32) -> Graph {
        self.graph.nodes.truncate(root as usize + 1);
        self.graph.nodes.shrink_to_fit();
        self.graph
    }

    /// The graph with all its nodes.
    pub(super) fn finish_all(mut self) -> Graph {
        self.graph.nodes.shrink_to_fit();
        self.graph
    }

    fn push(&mut self, node: Node) -> Result<u32> {
        let at = self.graph.nodes.len();
        let most = if self.is_of_trees { MAX_NODES } else { MAX_OF_ONE };
        if at >= most {
            return Err(Error::TooBig { what: "the number of comparisons of the PMML", limit: most as u64 });
        }
        self.graph.nodes.push(node);
        Ok(at as u32)
    }
}

/// The smallest range that holds one number only.
pub(super) fn only(value: f64) -> (f64, f64) {
    (value, value.next_up())
}
