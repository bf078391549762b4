//! A what-if analysis by definition: the changes applied to dense coefficients, and a dense inverse.

/// A table and an indicator, dense, by rows.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    pub(crate) nodes: Vec<(String, String)>,
    pub(crate) a: Vec<Vec<f64>>,
    pub(crate) r: Vec<f64>,
}

/// The figures of one node.
#[derive(Debug)]
pub(crate) struct Naive {
    pub(crate) layers: Vec<f64>,
    pub(crate) upstream: f64,
    pub(crate) total: f64,
    pub(crate) mean: f64,
    /// 0 for a total of 0.
    pub(crate) foreign_share: f64,
    /// By node.
    pub(crate) contributions: Vec<f64>,
    pub(crate) suppliers: Vec<f64>,
}

impl Dense {
    fn selected(&self, region: &str, sector: &str) -> Vec<usize> {
        let matches =
            |&i: &usize| (region == "*" || self.nodes[i].0 == region) && (sector == "*" || self.nodes[i].1 == sector);
        (0..self.nodes.len()).filter(matches).collect()
    }

    /// The table after changes, which are words separated by blanks.
    pub(crate) fn after(&self, changes: &str) -> Self {
        let mut dense = self.clone();
        let n = self.nodes.len();
        let mut words = changes.split_ascii_whitespace();
        while let Some(name) = words.next() {
            let mut next = || words.next().unwrap();
            let nodes = self.selected(next(), next());
            match name {
                "EXTRACT" => {
                    for (i, k) in nodes.iter().flat_map(|&i| (0..n).map(move |k| (i, k))) {
                        dense.a[i][k] = 0.0;
                        dense.a[k][i] = 0.0;
                    }
                }
                "SCALE" => {
                    let to = self.selected(next(), next());
                    let factor: f64 = next().parse().unwrap();
                    for (&i, &j) in nodes.iter().flat_map(|i| to.iter().map(move |j| (i, j))) {
                        dense.a[i][j] *= factor;
                    }
                }
                "REPLACE" => {
                    let region = next();
                    let share: f64 = next().parse().unwrap();
                    for i in nodes {
                        let other = self.selected(region, &self.nodes[i].1)[0];
                        for j in 0..n {
                            let moved = share * dense.a[i][j];
                            dense.a[i][j] -= moved;
                            dense.a[other][j] += moved;
                        }
                    }
                }
                "STRESS" => {
                    let factor: f64 = next().parse().unwrap();
                    nodes.iter().for_each(|&i| dense.r[i] *= factor);
                }
                _ => panic!("{name}"),
            }
        }
        dense
    }

    /// `(I - A)^-1` by Gauss-Jordan elimination.
    pub(crate) fn inverse(&self) -> Vec<Vec<f64>> {
        let n = self.nodes.len();
        let own = |i: usize, j: usize| f64::from(u8::from(i == j));
        let mut left: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| own(i, j) - self.a[i][j]).collect()).collect();
        let mut right: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| own(i, j)).collect()).collect();
        for k in 0..n {
            let pivot = (k..n).max_by(|&a, &b| left[a][k].abs().total_cmp(&left[b][k].abs())).unwrap();
            left.swap(k, pivot);
            right.swap(k, pivot);
            let (pivot_left, pivot_right) = (left[k].clone(), right[k].clone());
            for i in 0..n {
                let divisor = pivot_left[k];
                if i == k {
                    left[i].iter_mut().chain(&mut right[i]).for_each(|x| *x /= divisor);
                } else {
                    let factor = left[i][k] / divisor;
                    left[i].iter_mut().zip(&pivot_left).for_each(|(x, p)| *x -= factor * p);
                    right[i].iter_mut().zip(&pivot_right).for_each(|(x, p)| *x -= factor * p);
                }
            }
        }
        right
    }

    /// The figures of node j, given the inverse.
    pub(crate) fn assess(&self, inverse: &[Vec<f64>], j: usize, deepest: usize) -> Naive {
        let n = self.nodes.len();
        let mut term: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i == j))).collect();
        let mut layers = Vec::new();
        for _ in 0..=deepest {
            layers.push((0..n).map(|i| self.r[i] * term[i]).sum());
            term = (0..n).map(|i| (0..n).map(|k| self.a[i][k] * term[k]).sum()).collect();
        }
        let contributions: Vec<f64> = (0..n).map(|i| self.r[i] * inverse[i][j]).collect();
        let m: Vec<f64> = (0..n).map(|j| (0..n).map(|i| self.r[i] * inverse[i][j]).sum()).collect();
        let activity: f64 = (0..n).map(|i| inverse[i][j]).sum();
        let foreign: f64 = (0..n).filter(|&i| self.nodes[i].0 != self.nodes[j].0).map(|i| contributions[i]).sum();
        Naive {
            layers,
            upstream: m[j] - self.r[j],
            total: m[j],
            mean: m[j] / activity,
            foreign_share: if m[j] == 0.0 { 0.0 } else { foreign / m[j] },
            contributions,
            suppliers: (0..n).map(|i| m[i] * self.a[i][j]).collect(),
        }
    }
}
