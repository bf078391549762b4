//! What each feature adds to a margin: attribution along the path (Saabas).
//!
//! Every node has the mean of the leaves below it, weighted by how many rows of the training went there. On the way
//! from the root to a leaf each step changes the mean, and the change is counted for the feature that was asked. The
//! means of the roots and the base margin are the bias; bias and contributions sum up to the margin.

use super::Forest;

impl Forest {
    /// The contribution of each feature to the margin of a group; `out` has a number for each feature.
    pub(in super::super) fn contributions(&self, row: &[f64], group: usize, out: &mut [f64]) {
        out.fill(0.0);
        let grown = &self.grown;
        let of_group = self.group_of.iter().zip(&grown.trees).filter(|(of, _)| usize::from(**of) == group);
        for (_, tree) in of_group {
            let mut at = tree.root;
            loop {
                let node = &grown.nodes[at as usize];
                if node.child == at {
                    break;
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
}

/// The mean of two means by their weights; of equal weight where there is none.
pub(super) fn mean([(a, of_a), (b, of_b)]: [(f64, f64); 2]) -> f64 {
    let sum = of_a + of_b;
    let share = if sum > 0.0 && sum.is_finite() { of_a / sum } else { 0.5 };
    a * share + b * (1.0 - share)
}
