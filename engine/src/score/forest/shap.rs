//! SHAP values of a row: exact, for the expectations that the training rows in the trees give.
//!
//! Lundberg et al., "From local explanations to global understanding with explainable AI for trees", 2020, algorithm 2:
//! all subsets of the features of a path are followed together, each with its weight. A path has each feature once.
//! XGBoost (`pred_contribs`) and LightGBM (`pred_contrib`) compute the same.
//!
//! The time for a tree is its leaves times the square of its depth.

use std::time::Duration;

use super::grow::{Node, Tree};
use super::{Forest, Task};
use crate::{Error, Progress, Result};

/// A feature on the path to a node.
#[derive(Debug, Clone, Copy)]
struct Step {
    feature: u32,
    /// The share of the training rows that go on when the feature is not known.
    zero: f64,
    /// 1 if the row goes on when the feature is known, else 0.
    one: f64,
    /// The weight of the subsets with as many features as the place of this step.
    weight: f64,
}

impl Forest {
    /// The SHAP value of each feature for the margin of `group`; `out` has one number for each feature. Returns the base
    /// value: the mean margin of the training rows.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the model does not have the training rows of its nodes, [`Error::Cancelled`].
    pub(in super::super) fn shap(
        &self,
        row: &[f64],
        group: usize,
        out: &mut [f64],
        progress: &Progress,
    ) -> Result<f64> {
        self.check_shap()?;
        out.fill(0.0);
        let mut base = self.base[group];
        let of_group = self.group_of.iter().zip(&self.grown.trees).filter(|(of, _)| usize::from(**of) == group);
        let mut path = Vec::new();
        for (_, tree) in of_group {
            base += self.shap_of_tree(tree, row, &mut path, out, progress)?;
        }
        Ok(base)
    }

    /// The SHAP values for the margins of all groups; `out` has one number for each feature, group by group. Returns the
    /// base value of each group.
    ///
    /// # Errors
    /// As [`Forest::shap`].
    pub(in super::super) fn shap_of_all(&self, row: &[f64], out: &mut [f64], progress: &Progress) -> Result<Vec<f64>> {
        self.check_shap()?;
        out.fill(0.0);
        let mut bases = self.base.to_vec();
        let mut path = Vec::new();
        for (&group, tree) in self.group_of.iter().zip(&self.grown.trees) {
            let start = usize::from(group) * self.features.len();
            let out = &mut out[start..start + self.features.len()];
            bases[usize::from(group)] += self.shap_of_tree(tree, row, &mut path, out, progress)?;
        }
        Ok(bases)
    }

    /// Adds the SHAP values of a tree, and returns the mean of its training rows.
    fn shap_of_tree(
        &self,
        tree: &Tree,
        row: &[f64],
        path: &mut Vec<Step>,
        out: &mut [f64],
        progress: &Progress,
    ) -> Result<f64> {
        progress.check()?;
        Walk { forest: self, row, path, out: &mut *out }.tree(tree, progress)?;
        if self.is_linear_booster() {
            self.linear_contributions(tree.root, row, out);
        }
        Ok(self.grown.values[tree.root as usize])
    }

    fn check_shap(&self) -> Result<()> {
        if !self.grown.linear.is_empty() && !self.is_linear_booster() {
            return Err(Error::Invalid(
                "linear trees have no SHAP values, as in LightGBM: leave CONTRIBUTIONS out".into(),
            ));
        }
        if self.meaning.has_contributions && self.grown.shares.len() == self.grown.nodes.len() {
            return Ok(());
        }
        let reason = "the model does not have the training rows of its nodes, which SHAP values need: load its file again, \
                      if it was loaded by an older version";
        Err(Error::Invalid(reason.into()))
    }

    /// The child that a row goes to.
    fn next(&self, node: &Node, row: &[f64]) -> u32 {
        let column = &self.grown.columns[node.column()];
        let [x] = column.of(self.numbers([row[column.feature as usize]]));
        node.next(&self.grown.sets, x)
    }

    /// The children of a split, each with its share of the training rows.
    fn children(&self, at: u32, node: &Node) -> [(u32, f64); 2] {
        let share = f64::from(self.grown.shares[at as usize]);
        [(node.child, share), (node.child + 1, 1.0 - share)]
    }

    /// The approximate time for the SHAP values of one row: for all outputs, or for one of several classes.
    pub(in super::super) fn shap_cost(&self) -> Duration {
        let of_tree = |tree: &Tree| {
            let depth = u64::from(tree.depth).min(self.features.len() as u64) + 1;
            u64::from(tree.nodes / 2 + 1).saturating_mul(depth * depth)
        };
        let steps = self.grown.trees.iter().map(of_tree).fold(0, u64::saturating_add);
        let parts = if let Task::Multi(classes) = self.task() { classes as u64 } else { 1 };
        Duration::from_nanos(4_u64.saturating_mul(steps) / parts)
    }
}

/// A walk through a tree.
struct Walk<'a> {
    forest: &'a Forest,
    row: &'a [f64],
    /// The paths to the node and to all nodes above it, one after the other.
    path: &'a mut Vec<Step>,
    out: &'a mut [f64],
}

impl Walk<'_> {
    fn tree(&mut self, tree: &Tree, progress: &Progress) -> Result<()> {
        self.path.clear();
        // The root has no feature before it: the first step is of none.
        self.node(tree.root, 0, Step { feature: u32::MAX, zero: 1.0, one: 1.0, weight: 1.0 }, progress)
    }

    /// Visits a node. The path to the node above begins at `above`; `step` leads from there to this node.
    fn node(&mut self, at: u32, above: usize, step: Step, progress: &Progress) -> Result<()> {
        let begin = self.path.len();
        self.path.extend_from_within(above..begin);
        let mut place = begin;
        if step.feature != u32::MAX
            && let Some(same) = self.path[begin..].iter().skip(1).position(|known| known.feature == step.feature)
        {
            // The feature is on the path already: both steps become one.
            unwind(self.path, begin, same + 1);
        }
        extend(self.path, begin, step);
        let grown = &self.forest.grown;
        let node = &grown.nodes[at as usize];
        if node.child == at {
            let leaf = grown.values[at as usize];
            while place + 1 < self.path.len() {
                place += 1;
                let step = self.path[place];
                let weight = unwound(&self.path[begin..], place - begin);
                self.out[step.feature as usize] += weight * (step.one - step.zero) * leaf;
            }
        } else {
            progress.check()?;
            let feature = grown.columns[node.column()].feature;
            let known = self.path[begin..].iter().skip(1).find(|known| known.feature == feature);
            let (zero, one) = known.map_or((1.0, 1.0), |known| (known.zero, known.one));
            let taken = self.forest.next(node, self.row);
            for (child, share) in self.forest.children(at, node) {
                let next =
                    Step { feature, zero: zero * share, one: if child == taken { one } else { 0.0 }, weight: 0.0 };
                // No subset of the features leads there.
                if next.zero > 0.0 || next.one > 0.0 {
                    self.node(child, begin, next, progress)?;
                }
            }
        }
        self.path.truncate(begin);
        Ok(())
    }
}

/// Adds a step to the path that begins at `begin`.
fn extend(path: &mut Vec<Step>, begin: usize, step: Step) {
    let depth = path.len() - begin;
    path.push(Step { weight: if depth == 0 { 1.0 } else { 0.0 }, ..step });
    let path = &mut path[begin..];
    let all = (depth + 1) as f64;
    for i in (0..depth).rev() {
        path[i + 1].weight += step.one * path[i].weight * (i + 1) as f64 / all;
        path[i].weight = step.zero * path[i].weight * (depth - i) as f64 / all;
    }
}

/// Removes the step at `which` from the path that begins at `begin`.
fn unwind(path: &mut Vec<Step>, begin: usize, which: usize) {
    let depth = path.len() - begin - 1;
    {
        let path = &mut path[begin..];
        let Step { zero, one, .. } = path[which];
        let all = (depth + 1) as f64;
        let mut next = path[depth].weight;
        for i in (0..depth).rev() {
            if one != 0.0 {
                let before = path[i].weight;
                path[i].weight = next * all / ((i + 1) as f64 * one);
                next = before - path[i].weight * zero * (depth - i) as f64 / all;
            } else {
                path[i].weight = path[i].weight * all / (zero * (depth - i) as f64);
            }
        }
        for i in which..depth {
            let Step { feature, zero, one, .. } = path[i + 1];
            path[i] = Step { feature, zero, one, weight: path[i].weight };
        }
    }
    path.pop();
}

/// The sum of the weights of a path without the step at `which`.
fn unwound(path: &[Step], which: usize) -> f64 {
    let depth = path.len() - 1;
    let Step { zero, one, .. } = path[which];
    let all = (depth + 1) as f64;
    let mut next = path[depth].weight;
    let mut sum = 0.0;
    for i in (0..depth).rev() {
        if one != 0.0 {
            let weight = next * all / ((i + 1) as f64 * one);
            sum += weight;
            next = path[i].weight - weight * zero * (depth - i) as f64 / all;
        } else if zero != 0.0 {
            sum += path[i].weight * all / (zero * (depth - i) as f64);
        }
    }
    sum
}
