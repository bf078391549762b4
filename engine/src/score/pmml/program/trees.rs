//! Trees whose leaves are combined: a single tree, a forest, an ensemble of votes.

use super::function::median;
use super::graph::Graph;
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
}

wire_struct!(Trees { graph, roots, weights, method, classes, leaves });

impl Trees {
    /// Writes the number, or the probabilities, from `result` on. NaN is no result. Returns the class that a single tree
    /// names itself.
    pub(super) fn evaluate(&self, slots: &mut [f64], result: usize) -> Option<usize> {
        let classes = self.classes as usize;
        if classes == 0 {
            slots[result] = self.number(slots);
            return None;
        }
        let width = self.width();
        let (mut class, mut is_missing, mut total) = (None, false, 0.0);
        let mut few = [0.0; 16];
        let mut many = Vec::new();
        let sums = match few.get_mut(..classes) {
            Some(few) => few,
            None => {
                many.resize(classes, 0.0);
                &mut many[..]
            }
        };
        self.graph.find_all(&self.roots, slots, |tree, leaf| {
            if leaf.is_nan() {
                is_missing = true;
                return;
            }
            let entry = &self.leaves[leaf as usize * width..][..width];
            let weight = if self.method.is_weighted() { self.weights[tree] } else { 1.0 };
            total += weight;
            let voted = entry[0] as usize;
            class = Some(voted);
            if self.method.is_vote() {
                sums[voted] += weight;
            } else {
                for (sum, probability) in sums.iter_mut().zip(&entry[1..]) {
                    *sum += weight * probability;
                }
            }
        });
        // The sum of one tree is its own distribution.
        let divisor = if matches!(self.method, Method::Sum | Method::WeightedSum) { 1.0 } else { total };
        for (slot, sum) in slots[result..result + classes].iter_mut().zip(sums) {
            *slot = if is_missing { f64::NAN } else { *sum / divisor };
        }
        if self.roots.len() == 1 && !is_missing { class } else { None }
    }

    fn number(&self, slots: &[f64]) -> f64 {
        match self.method {
            Method::Sum | Method::Average => {
                let mut sum = 0.0;
                self.graph.find_all(&self.roots, slots, |_, leaf| sum += leaf);
                if self.method == Method::Average { sum / self.roots.len() as f64 } else { sum }
            }
            method => {
                let mut found = vec![0.0; self.roots.len()];
                self.graph.find_all(&self.roots, slots, |tree, leaf| found[tree] = leaf);
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
        if fits { Ok(()) } else { Err(Error::Corrupt("the trees of a program contradict themselves")) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.graph.bytes() + self.roots.capacity() * 4 + (self.weights.capacity() + self.leaves.capacity()) * 8
    }
}
