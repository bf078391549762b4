//! The contribution of each feature to a margin: attribution along the path (Saabas).
//!
//! Every node has the mean of the leaves below it, weighted by the number of training rows that reached them. On the
//! path from the root to a leaf each step changes the mean. The change is added to the contribution of the feature of
//! the split. A linear leaf adds its products ([`super::linear`]). The bias is the sum of the means of the roots and the base margin. Bias and contributions sum to the
//! margin.

use super::Forest;
use super::grow::Tree;

impl Forest {
    /// The contribution of each feature to the margin of `group`; `out` has one number for each feature. All are 0 in a
    /// forest whose training weights cannot be used.
    pub(in super::super) fn contributions(&self, row: &[f64], group: usize, out: &mut [f64]) {
        out.fill(0.0);
        if !self.meaning.has_contributions {
            return;
        }
        let of_group = self.group_of.iter().zip(&self.grown.trees).filter(|(of, _)| usize::from(**of) == group);
        of_group.for_each(|(_, tree)| self.add_path(tree, row, out));
    }

    /// The contributions to the margins of all groups; `out` has one number for each feature, group by group.
    pub(in super::super) fn contributions_of_all(&self, row: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        if !self.meaning.has_contributions {
            return;
        }
        for (&group, tree) in self.group_of.iter().zip(&self.grown.trees) {
            let start = usize::from(group) * self.features.len();
            self.add_path(tree, row, &mut out[start..start + self.features.len()]);
        }
    }

    /// Adds what each step of the path of a row through a tree changes.
    fn add_path(&self, tree: &Tree, row: &[f64], out: &mut [f64]) {
        let grown = &self.grown;
        let mut at = tree.root;
        loop {
            let node = &grown.nodes[at as usize];
            if node.child == at {
                self.linear_contributions(at, row, out);
                return;
            }
            let column = grown.columns[node.column()];
            let feature = column.feature as usize;
            let [x] = column.of(self.numbers([row[feature]]));
            let next = node.next(&grown.sets, x);
            out[feature] += grown.values[next as usize] - grown.values[at as usize];
            at = next;
        }
    }
}

/// The weighted mean of two means; with equal weights if the sum of the weights is 0.
pub(super) fn mean([(a, of_a), (b, of_b)]: [(f64, f64); 2]) -> f64 {
    let sum = of_a + of_b;
    let share = if sum > 0.0 && sum.is_finite() { of_a / sum } else { 0.5 };
    a * share + b * (1.0 - share)
}
