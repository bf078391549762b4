//! The linear parts of the leaves of a tree (`linear_tree`).

use super::super::Refused;
use super::super::grow::Growing;
use super::super::linear::{LinearLeaf, Term};
use super::Fields;

/// The linear parts of the leaves, in the order of the file.
#[derive(Debug)]
pub(super) struct LinearParts {
    /// The value of each leaf without its terms.
    pub(super) constants: Vec<f64>,
    /// The end of each leaf's terms in `features` and `weights`.
    ends: Vec<usize>,
    features: Vec<u32>,
    weights: Vec<f64>,
}

impl LinearParts {
    /// Reads the fields of a tree with this number of leaves.
    pub(super) fn read(fields: &Fields<'_>, leaves: usize) -> Result<Self, Refused> {
        const EACH: Refused = "leaf_const and num_features must have a number for each leaf";
        const ALL: Refused = "leaf_features and leaf_coeff must have as many numbers as num_features counts";
        let constants = fields.numbers("leaf_const", leaves, EACH)?;
        let counts: Vec<u32> = fields.numbers("num_features", leaves, EACH)?;
        let mut ends = Vec::with_capacity(leaves);
        let mut end = 0_usize;
        for count in counts {
            end = end.saturating_add(count as usize);
            ends.push(end);
        }
        let features = fields.numbers("leaf_features", end, ALL)?;
        Ok(Self { constants, ends, features, weights: fields.numbers("leaf_coeff", end, ALL)? })
    }

    /// Adds the parts to the leaves of the last tree, which begins at the node `root`. `order` has the part of each of its
    /// nodes; leaves come after `splits` parts. `values` has the value of each leaf for rows where a feature is missing.
    pub(super) fn add(
        &self,
        order: &[u32],
        (root, splits): (usize, usize),
        values: &[f64],
        growing: &mut Growing,
    ) -> Result<(), Refused> {
        for (at, &part) in order.iter().enumerate() {
            let Some(leaf) = (part as usize).checked_sub(splits) else { continue };
            let start = leaf.checked_sub(1).map_or(0, |before| self.ends[before]);
            let terms = start..self.ends[leaf];
            // A leaf without terms is its constant, for rows with missing features too.
            if terms.is_empty() {
                continue;
            }
            for (&feature, &weight) in self.features[terms.clone()].iter().zip(&self.weights[terms]) {
                growing.linear().add_term(Term { feature, weight })?;
            }
            let end = growing.linear().terms.len() as u32;
            growing.make_linear(LinearLeaf { node: (root + at) as u32, end, if_missing: values[leaf] })?;
        }
        Ok(())
    }
}
