//! Linear parts of leaves: a leaf that is a weighted sum of features beside its value.
//!
//! Leaves of LightGBM's linear trees have them. A linear booster of XGBoost is a tree of one such leaf for each group.

use super::column::{double, single};
use super::{Forest, MAX_FEATURES, Refused};

/// Maximum number of terms of all leaves.
pub(super) const MAX_TERMS: usize = 10_000_000;

/// A leaf with a linear part. Its terms follow those of the leaf before.
#[derive(Debug, Clone, Copy)]
pub(super) struct LinearLeaf {
    /// The index of the node.
    pub(super) node: u32,
    /// The end of its terms.
    pub(super) end: u32,
    /// The value of the whole leaf if a feature of its terms is missing; not used by XGBoost, which skips such terms.
    pub(super) if_missing: f64,
}

/// A product of a sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// The index of the feature in a row.
    pub(super) feature: u32,
    /// The factor of the feature.
    pub(super) weight: f64,
}

/// The linear parts of a forest.
#[derive(Debug, Default)]
pub(super) struct Linear {
    /// For each node the number of its linear part, counted from 1, or 0; later nodes have none.
    of_node: Vec<u32>,
    pub(super) leaves: Vec<LinearLeaf>,
    pub(super) terms: Vec<Term>,
}

impl Linear {
    /// Whether no leaf has a linear part.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.leaves.is_empty()
    }

    /// The linear part of a node.
    #[inline]
    fn of(&self, node: u32) -> Option<(&LinearLeaf, &[Term])> {
        let number = self.of_node.get(node as usize)?.checked_sub(1)? as usize;
        let leaf = self.leaves.get(number)?;
        self.terms.get(self.start(number)..leaf.end as usize).map(|terms| (leaf, terms))
    }

    /// Where the terms of a linear part begin.
    fn start(&self, number: usize) -> usize {
        number.checked_sub(1).and_then(|before| self.leaves.get(before)).map_or(0, |before| before.end as usize)
    }

    /// Makes a leaf linear, which is one of `nodes` nodes; its terms are added before or afterwards. Returns the number of
    /// its terms.
    pub(super) fn add_leaf(&mut self, nodes: usize, leaf: LinearLeaf) -> Result<u32, Refused> {
        let at = leaf.node as usize;
        if at >= nodes {
            return Err("a linear part is of a node that does not exist");
        }
        if self.of_node.len() <= at {
            self.of_node.resize(nodes, 0);
        }
        if std::mem::replace(&mut self.of_node[at], self.leaves.len() as u32 + 1) != 0 {
            return Err("a leaf has two linear parts");
        }
        let terms = (leaf.end as usize).checked_sub(self.start(self.leaves.len()));
        let terms = terms.filter(|&terms| terms <= MAX_FEATURES && leaf.end as usize <= MAX_TERMS);
        if !leaf.if_missing.is_finite() {
            return Err("a leaf is not a finite number");
        }
        self.leaves.push(leaf);
        terms.map(|terms| terms as u32).ok_or("a leaf has more than 4096 terms, or the model more than 10 million")
    }

    /// Adds a term.
    pub(super) fn add_term(&mut self, term: Term) -> Result<(), Refused> {
        if self.terms.len() >= MAX_TERMS {
            return Err("the model has more than 10 million terms");
        }
        if !term.weight.is_finite() {
            return Err("a coefficient of a leaf is not a finite number");
        }
        self.terms.push(term);
        Ok(())
    }

    /// Frees memory that is reserved and not used.
    pub(super) fn shrink(&mut self) {
        self.of_node.shrink_to_fit();
        self.leaves.shrink_to_fit();
        self.terms.shrink_to_fit();
    }

    /// Bytes of memory in use.
    pub(super) fn bytes(&self) -> usize {
        self.of_node.capacity() * 4
            + self.leaves.capacity() * size_of::<LinearLeaf>()
            + self.terms.capacity() * size_of::<Term>()
    }
}

impl Forest {
    /// The next sum after a leaf that can have a linear part; `row` has the values of all features.
    ///
    /// XGBoost adds each product to the margin, in `f32`. LightGBM adds the products to the value of the leaf, and the result
    /// to the margin.
    pub(super) fn sum_linear(&self, sum: f64, at: u32, row: &[f64]) -> f64 {
        let value = self.grown.values[at as usize];
        let Some((leaf, terms)) = self.grown.linear.of(at) else { return self.sum(sum, value) };
        if self.is_single() {
            return terms.iter().fold(self.sum(sum, value), |sum, term| {
                let x = single(row[term.feature as usize]);
                // A product of two f32 is exact in f64, so each step is rounded as in f32.
                if x.is_nan() { sum } else { single(sum + single(x * term.weight)) }
            });
        }
        let mut output = value;
        for term in terms {
            let x = double(row[term.feature as usize]);
            if x.is_nan() {
                return sum + leaf.if_missing;
            }
            output += x * term.weight;
        }
        sum + output
    }

    /// Adds the contributions of a leaf's linear part: the products. Where a missing value replaces the whole leaf, the
    /// first missing feature has the difference.
    pub(super) fn linear_contributions(&self, at: u32, row: &[f64], out: &mut [f64]) {
        let Some((leaf, terms)) = self.grown.linear.of(at) else { return };
        let missing = terms.iter().find(|term| row[term.feature as usize].is_nan());
        if let Some(missing) = missing.filter(|_| !self.is_single()) {
            out[missing.feature as usize] += leaf.if_missing - self.grown.values[at as usize];
            return;
        }
        for term in terms {
            let [x] = self.numbers([row[term.feature as usize]]);
            if !x.is_nan() {
                out[term.feature as usize] += x * term.weight;
            }
        }
    }
}
