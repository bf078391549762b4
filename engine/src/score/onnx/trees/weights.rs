//! The weights of leaves.

use std::collections::HashMap;

use super::super::bad;
use super::super::message::Attributes;
use super::super::texts::Texts;
use super::lists::{Grown, numbers};
use super::{MAX_NODES, Trees};
use crate::{Progress, Result};

/// Weights between two checks for cancellation.
const STRIDE: usize = 1 << 16;

/// What occurs among all weights of the file, also those without effect.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) has_first: bool,
    pub(super) has_second: bool,
    pub(super) has_negative: bool,
}

/// Stores the weights of the leaves.
pub(super) fn weigh(
    attributes: &Attributes<'_>,
    what: &str,
    grown: &HashMap<i64, Grown>,
    trees: &mut Trees,
    texts: &mut Texts,
    progress: &Progress,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let [ids, nodes, of_trees, weights] = ["ids", "nodeids", "treeids", "weights"].map(|part| format!("{what}_{part}"));
    let unequal = || bad("the lists of weights of a tree ensemble differ in length");
    let weights = numbers(attributes, &weights, texts)?;
    let mut ids = attributes.integers(&ids);
    let mut nodes = attributes.integers(&nodes);
    let mut of_trees = attributes.integers(&of_trees);
    if weights.len() > MAX_NODES {
        return Err(bad("a tree ensemble of the ONNX model has more than 10 million weights"));
    }
    let mut found: Vec<(u32, u32, f64)> = Vec::new();
    for (i, weight) in weights.into_iter().enumerate() {
        if i.is_multiple_of(STRIDE) {
            progress.check()?;
        }
        let (id, node, tree) = (
            ids.next().ok_or_else(unequal)??,
            nodes.next().ok_or_else(unequal)??,
            of_trees.next().ok_or_else(unequal)??,
        );
        if !weight.is_finite() {
            return Err(bad("a weight of a tree ensemble of the ONNX model is not a finite number"));
        }
        let target = u32::try_from(id).ok().filter(|&target| (target as usize) < trees.targets);
        let target =
            target.ok_or_else(|| bad("a weight of a tree ensemble is of a class or target that does not exist"))?;
        seen.has_first |= target == 0;
        seen.has_second |= target == 1;
        seen.has_negative |= weight < 0.0;
        let stored = grown.get(&tree).and_then(|tree| tree.stored(node));
        let stored = stored.ok_or_else(|| bad("a weight of a tree ensemble is of a node that does not exist"))?;
        // Weights of splits, and of nodes that are never reached, have no effect.
        let is_leaf = trees.nodes.get(stored as usize).is_some_and(|node| node.child == stored);
        if is_leaf {
            found.push((stored, target, weight));
        }
    }
    if ids.next().is_some() || nodes.next().is_some() || of_trees.next().is_some() {
        return Err(unequal());
    }
    // Stable: the weights of a leaf stay in the order of the file, in which they are added.
    found.sort_by_key(|&(node, ..)| node);
    trees.ends = vec![0; trees.nodes.len()];
    let mut next = found.iter().peekable();
    let mut end = 0;
    for (node, of_node) in trees.ends.iter_mut().enumerate() {
        while next.next_if(|&&(leaf, ..)| leaf as usize == node).is_some() {
            end += 1;
        }
        *of_node = end;
    }
    trees.weights = found.into_iter().map(|(_, target, weight)| (target, weight)).collect();
    Ok(seen)
}
