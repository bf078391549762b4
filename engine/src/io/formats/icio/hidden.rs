//! Totals among the nodes: a label that is a row and a column, and whose column is the sum of the columns of other
//! nodes, such as a world total next to its regions. As a node, it would count every delivery twice.

use super::survey::NONE;
use crate::io::labels::Labels;

/// The tolerated difference between a total and its sum: a fraction of the total, plus a fraction of the row.
const ROUNDING: (f64, f64) = (1e-3, 1e-6);

/// Detects totals while the rows of a table are read.
pub(in crate::io::formats) struct Hidden {
    /// By column: the families of which it may be the sum (all nodes, its region, its sector), as indexes of
    /// [`Self::sums`].
    families: Vec<[u32; 3]>,
    /// By column: whether, in every row so far, it was the sum of all others of each family, and whether it was the sum
    /// of the preceding columns of its region.
    is_sum: Vec<[bool; 3]>,
    is_sum_before: Vec<bool>,
    /// The columns that may still be sums; after a few rows there are few.
    left: Vec<usize>,
    /// By column: the first column of its region.
    begins: Vec<usize>,
    /// By column: the number of nonzero cells.
    counts: Vec<u32>,
    /// Sums of a row by family, and cumulative sums up to each column.
    sums: Vec<f64>,
    before: Vec<f64>,
}

impl Hidden {
    /// `nodes` holds the node of every column, or [`NONE`].
    pub(in crate::io::formats) fn new(nodes: &[u32], labels: &Labels) -> Self {
        let columns = nodes.len();
        let regions = labels.regions().len() as u32;
        let sectors = labels.sectors().len() as u32;
        let node = |at: usize| {
            let node = nodes[at];
            (node != NONE).then(|| labels.nodes()[node as usize])
        };
        let families = |at| node(at).map_or([NONE; 3], |(region, sector)| [0, 1 + region, 1 + regions + sector]);
        let mut begins = vec![0; columns];
        for at in 1..columns {
            let region = |at: usize| node(at).map(|(region, _)| region);
            begins[at] = if region(at) == region(at - 1) { begins[at - 1] } else { at };
        }
        Self {
            families: (0..columns).map(families).collect(),
            is_sum: (0..columns).map(|at| [node(at).is_some(); 3]).collect(),
            is_sum_before: (0..columns).map(|at| node(at).is_some() && at >= begins[at] + 2).collect(),
            left: (0..columns).filter(|&at| node(at).is_some()).collect(),
            begins,
            counts: vec![0; columns],
            sums: vec![0.0; (1 + regions + sectors) as usize],
            before: Vec::with_capacity(columns + 1),
        }
    }

    /// Examines the cells of a node's row.
    pub(in crate::io::formats) fn row(&mut self, line: &[f64]) {
        if self.left.is_empty() {
            return;
        }
        let (mut sum, mut size) = (0.0, 0.0);
        self.sums.fill(0.0);
        self.before.clear();
        self.before.push(0.0);
        for (at, (&value, families)) in line.iter().zip(&self.families).enumerate() {
            if families[0] != NONE {
                sum += value;
                size += f64::abs(value);
                families.iter().for_each(|&family| self.sums[family as usize] += value);
                self.counts[at] += u32::from(value != 0.0);
            }
            self.before.push(sum);
        }
        let near = |a: f64, b: f64| (a - b).abs() <= ROUNDING.0 * a.abs() + ROUNDING.1 * size;
        self.left.retain(|&at| {
            let value = line[at];
            for (is_sum, &family) in self.is_sum[at].iter_mut().zip(&self.families[at]) {
                *is_sum &= near(value, self.sums[family as usize] - value);
            }
            self.is_sum_before[at] &= near(value, self.before[at] - self.before[self.begins[at]]);
            self.is_sum_before[at] || self.is_sum[at].contains(&true)
        });
    }

    /// The number of a column that is a total.
    pub(in crate::io::formats) fn found(&self) -> Option<usize> {
        self.left.iter().copied().find(|&at| self.is_total(at))
    }

    fn is_total(&self, at: usize) -> bool {
        // A column with one or two numbers may be the sum of others by chance, and a duplicate of one column is not a
        // sum.
        let of_size = |other: &usize| *other != at && self.counts[*other] > 2;
        let two = |mut others: Box<dyn Iterator<Item = usize> + '_>| others.nth(1).is_some();
        let of_family = |k: usize| {
            let family = self.families[at][k];
            let members = (0..self.counts.len()).filter(move |&other| self.families[other][k] == family);
            two(Box::new(members.filter(of_size)))
        };
        let before = || two(Box::new((self.begins[at]..at).filter(of_size)));
        self.counts[at] > 2
            && ((0..3).any(|k| self.is_sum[at][k] && of_family(k)) || self.is_sum_before[at] && before())
    }
}
