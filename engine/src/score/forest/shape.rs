//! Trees as files contain them: nodes with arbitrary references.

use super::Refused;
use super::column::{Column, NumericSplit};
use super::contribution::mean;
use super::grow::Growing;

/// A node of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A leaf; `weight` is the number or the weight of the training rows that reached it.
    Leaf { value: f64, weight: f64 },
    /// A numeric split; the children are for small values and for large values.
    Split { split: NumericSplit, children: [u32; 2] },
    /// A split by category; the children are for categories in the set and for all others.
    Among { column: Column, set: u32, children: [u32; 2] },
}

impl Part {
    /// The children in the order in which they are stored.
    fn children(&self) -> Option<[u32; 2]> {
        match *self {
            Self::Leaf { .. } => None,
            Self::Split { split, children: [small, large] } if split.is_swapped => Some([large, small]),
            Self::Split { children, .. } | Self::Among { children, .. } => Some(children),
        }
    }
}

/// Adds the tree with the root `parts[0]`. Exactly `expected` parts must be reached, each once. Returns the part of each
/// node that was added.
pub(super) fn plant(parts: &[Part], expected: usize, growing: &mut Growing) -> Result<Vec<u32>, Refused> {
    let order = order(parts, expected)?;
    let means = means(parts, &order);
    for &at in &order {
        let mean = means[at as usize].0;
        let share = parts[at as usize].children().map_or(0.0, |children| {
            let [first, second] = children.map(|child| means[child as usize].1);
            // No training row reached the node, but some reached the tree: as in the mean, both children count the same.
            let is_unreached = first == 0.0 && second == 0.0 && means[0].1 > 0.0;
            if is_unreached { 0.5 } else { (first / (first + second)) as f32 }
        });
        match parts[at as usize] {
            Part::Leaf { value, .. } => growing.leaf(value)?,
            Part::Split { split, .. } => growing.split(split.column, split.threshold, mean, share)?,
            Part::Among { column, set, .. } => growing.split(column, f64::from(set), mean, share)?,
        }
    }
    Ok(order)
}

/// The parts that are reached, breadth first, first children first.
fn order(parts: &[Part], expected: usize) -> Result<Vec<u32>, Refused> {
    let mut reached = vec![false; parts.len()];
    let mut order = vec![0];
    *reached.first_mut().ok_or("a tree has no nodes")? = true;
    let mut at = 0;
    while let Some(&next) = order.get(at) {
        at += 1;
        let Some(children) = parts[next as usize].children() else { continue };
        for child in children {
            let reached = reached.get_mut(child as usize).ok_or("a tree refers to a node that it does not have")?;
            if std::mem::replace(reached, true) {
                return Err("a node of a tree is reached on two paths");
            }
            order.push(child);
        }
    }
    if order.len() == expected { Ok(order) } else { Err("a tree has nodes that are never reached") }
}

/// The mean of the leaves below every part that is reached, and the weight of these leaves.
fn means(parts: &[Part], order: &[u32]) -> Vec<(f64, f64)> {
    let mut means = vec![(0.0, 0.0); parts.len()];
    for &at in order.iter().rev() {
        means[at as usize] = match parts[at as usize] {
            Part::Leaf { value, weight } => (value, weight),
            Part::Split { children, .. } | Part::Among { children, .. } => {
                let below = children.map(|child| means[child as usize]);
                (mean(below), below[0].1 + below[1].1)
            }
        };
    }
    means
}
