//! Trees whose leaves are combined: a single tree, a forest, an ensemble of votes.

use super::flat::Flattened;
use super::function::median;
use super::graph::Graph;
use super::rows::Rows;
use super::wire::{Reader, Wire, wire_choice, wire_struct};
use crate::{Error, Result};

/// How the results of trees or of segments are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Method {
    Sum,
    Average,
    /// The sum of the results times their weights.
    WeightedSum,
    WeightedAverage,
    Median,
    Max,
    /// Each tree votes for its class.
    Vote,
    WeightedVote,
}

impl Method {
    const ALL: [Self; 8] = [
        Self::Sum,
        Self::Average,
        Self::WeightedSum,
        Self::WeightedAverage,
        Self::Median,
        Self::Max,
        Self::Vote,
        Self::WeightedVote,
    ];

    /// Whether weights count.
    pub(in super::super) fn is_weighted(self) -> bool {
        matches!(self, Self::WeightedSum | Self::WeightedAverage | Self::WeightedVote)
    }

    /// Whether classes are counted.
    pub(in super::super) fn is_vote(self) -> bool {
        matches!(self, Self::Vote | Self::WeightedVote)
    }

    /// The combined number of results and their weights; NaN for none. The results may be reordered.
    pub(super) fn of(self, results: &mut [f64], weights: &[f64]) -> f64 {
        if results.is_empty() || results.iter().any(|x| x.is_nan()) {
            return f64::NAN;
        }
        let weighted = || results.iter().zip(weights).map(|(x, weight)| x * weight).sum::<f64>();
        match self {
            Self::Sum => results.iter().sum(),
            Self::Average => results.iter().sum::<f64>() / results.len() as f64,
            Self::WeightedSum => weighted(),
            Self::WeightedAverage => weighted() / weights.iter().sum::<f64>(),
            Self::Median => median(results),
            Self::Max => results.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Self::Vote | Self::WeightedVote => f64::NAN,
        }
    }
}

wire_choice!(Method);

/// Trees in one graph.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Trees {
    /// A leaf has the predicted number, or the index of its entry in `leaves`. NaN predicts nothing.
    pub(in super::super) graph: Graph,
    pub(in super::super) roots: Vec<u32>,
    /// One for each tree.
    pub(in super::super) weights: Vec<f64>,
    pub(in super::super) method: Method,
    /// The number of classes; 0 if leaves are numbers.
    pub(in super::super) classes: u32,
    /// For each entry the predicted class, or its only content if trees vote, else also the probability of each class.
    pub(in super::super) leaves: Vec<f64>,
    pub(in super::super) flat: Flattened,
}

/// What the leaves of a row have in common.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    /// The class of the last leaf.
    class: Option<usize>,
    is_missing: bool,
    /// The sum of the weights.
    total: f64,
}

wire_struct!(Trees { graph, roots, weights, method, classes, leaves, flat });

impl Trees {
    /// Writes the number, or the probabilities, from `result` on. NaN is no result. Returns the class that a single tree
    /// names itself.
    pub(super) fn evaluate(&self, slots: &mut [f64], result: usize) -> Option<usize> {
        let classes = self.classes as usize;
        if classes == 0 {
            slots[result] = self.number(slots);
            return None;
        }
        let mut tally = Tally::default();
        let mut few = [0.0; 16];
        let mut many = Vec::new();
        let sums = match few.get_mut(..classes) {
            Some(few) => few,
            None => {
                many.resize(classes, 0.0);
                &mut many[..]
            }
        };
        self.flat.find_all(&self.graph, &self.roots, slots, |tree, leaf| self.count(tree, leaf, &mut tally, sums));
        self.shares(tally, sums, &mut slots[result..][..classes])
    }

    /// Adds the leaf that a row has reached in a tree to the sums of the classes.
    #[inline]
    fn count(&self, tree: usize, leaf: f64, tally: &mut Tally, sums: &mut [f64]) {
        if leaf.is_nan() {
            tally.is_missing = true;
            return;
        }
        let width = self.width();
        let entry = &self.leaves[leaf as usize * width..][..width];
        let weight = if self.method.is_weighted() { self.weights[tree] } else { 1.0 };
        tally.total += weight;
        let voted = entry[0] as usize;
        tally.class = Some(voted);
        if self.method.is_vote() {
            sums[voted] += weight;
        } else {
            for (sum, probability) in sums.iter_mut().zip(&entry[1..]) {
                *sum += weight * probability;
            }
        }
    }

    /// Writes the probabilities of a row. Returns the class that a single tree names itself.
    fn shares(&self, tally: Tally, sums: &[f64], out: &mut [f64]) -> Option<usize> {
        // The sum of one tree is its own distribution.
        let divisor = if matches!(self.method, Method::Sum | Method::WeightedSum) { 1.0 } else { tally.total };
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = if tally.is_missing { f64::NAN } else { sum / divisor };
        }
        if self.roots.len() == 1 && !tally.is_missing { tally.class } else { None }
    }

    /// Whether [`Trees::evaluate_rows`] can evaluate several rows together.
    pub(super) fn joins_rows(&self) -> bool {
        self.classes > 0 || matches!(self.method, Method::Sum | Method::Average)
    }

    /// As [`Trees::evaluate`] for each of several rows, which share the accesses to the nodes.
    pub(super) fn evaluate_rows(&self, rows: &mut Rows<'_>, result: usize) -> Vec<Option<usize>> {
        let count = rows.len();
        if self.classes == 0 {
            let mut sums = vec![0.0; count];
            self.flat.find_rows(&self.graph, &self.roots, rows, |row, _, leaf| sums[row] += leaf);
            let trees = self.roots.len() as f64;
            for (slots, sum) in rows.each().zip(sums) {
                slots[result] = if self.method == Method::Average { sum / trees } else { sum };
            }
            return vec![None; count];
        }
        let mut tallies = vec![Tally::default(); count];
        let classes = self.classes as usize;
        let mut sums = vec![0.0; count * classes];
        self.flat.find_rows(&self.graph, &self.roots, rows, |row, tree, leaf| {
            self.count(tree, leaf, &mut tallies[row], &mut sums[row * classes..][..classes]);
        });
        let of_rows = rows.each().zip(sums.chunks_exact(classes)).zip(tallies);
        of_rows.map(|((slots, sums), tally)| self.shares(tally, sums, &mut slots[result..][..classes])).collect()
    }

    fn number(&self, slots: &[f64]) -> f64 {
        match self.method {
            Method::Sum | Method::Average => {
                let mut sum = 0.0;
                self.flat.find_all(&self.graph, &self.roots, slots, |_, leaf| sum += leaf);
                if self.method == Method::Average { sum / self.roots.len() as f64 } else { sum }
            }
            method => {
                let mut found = vec![0.0; self.roots.len()];
                self.flat.find_all(&self.graph, &self.roots, slots, |tree, leaf| found[tree] = leaf);
                method.of(&mut found, &self.weights)
            }
        }
    }

    fn width(&self) -> usize {
        if self.method.is_vote() { 1 } else { 1 + self.classes as usize }
    }

    pub(super) fn check(&self, slots: u32) -> Result<()> {
        self.graph.check(slots)?;
        let nodes = self.graph.nodes.len();
        let width = self.width();
        let entries = if self.classes == 0 { 0 } else { self.leaves.len() / width };
        let is_entry = |leaf: f64| leaf.is_nan() || leaf.fract() == 0.0 && (0.0..entries as f64).contains(&leaf);
        let is_class = |class: f64| class.fract() == 0.0 && (0.0..f64::from(self.classes)).contains(&class);
        let fits = !self.roots.is_empty()
            && self.roots.iter().all(|&root| (root as usize) < nodes)
            && self.weights.len() == self.roots.len()
            && self.weights.iter().all(|weight| weight.is_finite())
            && match self.classes {
                0 => self.leaves.is_empty() && !self.method.is_vote() && self.graph.leaves().all(|x| !x.is_infinite()),
                _ => {
                    self.leaves.len().is_multiple_of(width)
                        && !matches!(self.method, Method::Median | Method::Max)
                        && self.graph.leaves().all(is_entry)
                        && self.leaves.chunks_exact(width).all(|entry| is_class(entry[0]))
                        && self.leaves.iter().all(|number| number.is_finite())
                }
            };
        if !fits {
            return Err(Error::Corrupt("the trees of a program contradict themselves"));
        }
        self.flat.make(&self.graph, &self.roots);
        Ok(())
    }

    pub(super) fn bytes(&self) -> usize {
        self.graph.bytes()
            + self.flat.bytes()
            + self.roots.capacity() * 4
            + (self.weights.capacity() + self.leaves.capacity()) * 8
    }
}
