//! Models of several quantiles or targets. Each has trees of its own (`multi_strategy` `one_output_per_tree`), or all have the
//! same trees, whose leaves have a value for each of them (`multi_output_tree`). Such a tree becomes one tree for each value.

use std::collections::HashSet;

use super::super::bad;
use super::super::objective::Objective;
use super::{File, MAX_CLASSES, count};
use crate::Result;

impl File<'_> {
    /// The number of margins: of classes, or of quantiles or targets.
    pub(super) fn groups(&self) -> Result<usize> {
        Ok(count(&self.classes, 1)?.max(count(&self.targets, 1)?).max(1))
    }

    /// Checks that the counts of the file fit together.
    pub(super) fn check_outputs(&self, objective: &Objective) -> Result<()> {
        let targets = count(&self.targets, 1)?;
        if targets > MAX_CLASSES || targets > 1 && (objective.has_classes() || !objective.has_several_outputs()) {
            return Err(bad("num_target does not fit the objective, or is over 1024"));
        }
        if self.leaf_size > 1 && self.leaf_size != targets {
            return Err(bad(
                "the trees have leaves with several values (size_leaf_vector), but not one for each target",
            ));
        }
        Ok(())
    }

    /// The names of the outputs: the quantiles, as short as they can be written. None if the file has no names.
    pub(super) fn labels(&self, objective: &Objective) -> Result<Vec<Box<str>>> {
        let groups = self.groups()?;
        if groups == 1 || objective.name != "reg:quantileerror" || self.quantiles.is_empty() {
            return Ok(Vec::new());
        }
        let inner = self.quantiles.trim().trim_start_matches('[').trim_end_matches(']');
        let quantile = |word: &str| {
            let number = word.trim().parse::<f32>().ok().filter(|number| (0.0..=1.0).contains(number));
            number
                .map(|number| number.to_string().into())
                .ok_or_else(|| bad("quantile_alpha must be numbers from 0 to 1"))
        };
        let labels: Vec<Box<str>> = inner.split(',').take(groups + 1).map(quantile).collect::<Result<_>>()?;
        if labels.len() != groups {
            return Err(bad("quantile_alpha must have a quantile for each target (num_target)"));
        }
        let mut seen = HashSet::new();
        if !labels.iter().all(|label| seen.insert(label)) {
            return Err(bad("quantile_alpha has a quantile twice: the outputs are named by their quantiles"));
        }
        Ok(labels)
    }

    /// The group of each tree of the forest.
    pub(super) fn groups_of_trees(&self, groups: usize) -> Result<Vec<u16>> {
        if self.leaf_size <= 1 {
            return Ok(self.group_of.clone());
        }
        if self.group_of.iter().any(|&group| group != 0) || self.leaf_size != groups {
            return Err(bad("trees and their targets do not fit together"));
        }
        Ok(self.group_of.iter().flat_map(|_| 0..groups as u16).collect())
    }

    /// The warning about contributions of leaves with several values.
    pub(super) fn note_on_leaves(&self) -> Option<String> {
        if self.leaf_size <= 1 {
            return None;
        }
        Some(if self.has_no_weights {
            "the trees have leaves of several values and no sum_hessian, which XGBoost writes for them from 3.2 on: scores are not \
             affected, but no contributions are given"
                .into()
        } else {
            "the trees have leaves of several values: their contributions weight training rows by the sum of the hessians of all \
             outputs; XGBoost computes none for such trees"
                .into()
        })
    }
}
