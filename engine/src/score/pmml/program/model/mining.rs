//! Ensembles: models that apply where their predicates are true.

use super::super::fault::Fault;
use super::super::graph::Graph;
use super::super::trees::Method;
use super::super::wire::{Reader, Wire, wire_enum, wire_struct};
use super::Model;
use crate::{Error, Result};

/// How the results of the segments become one.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::score::pmml) enum Combine {
    /// The first segment that applies.
    First,
    /// The last segment; the outputs of the others are its inputs.
    Chain,
    /// All segments that apply.
    All(Method),
}

wire_enum!(Combine {
    0 = First,
    1 = Chain,
    2 = All(method)
});

/// A model and where it applies.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::score::pmml) struct Segment {
    /// Decides whether the segment applies, by 1 and 0; always without it.
    pub(in crate::score::pmml) predicate: Option<Graph>,
    pub(in crate::score::pmml) model: Model,
    pub(in crate::score::pmml) weight: f64,
    /// The class of the ensemble for each class of the model.
    pub(in crate::score::pmml) classes: Vec<u32>,
}

wire_struct!(Segment { predicate, model, weight, classes });

/// An ensemble.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::score::pmml) struct Mining {
    pub(in crate::score::pmml) segments: Vec<Segment>,
    pub(in crate::score::pmml) combine: Combine,
    /// Whether segments without a result are left out; else one of them leaves the ensemble without a result.
    pub(in crate::score::pmml) skips_missing: bool,
}

wire_struct!(Mining { segments, combine, skips_missing });

impl Mining {
    /// Writes the number to `result`, or the probabilities of the classes after it. NaN is no result. Returns the class
    /// that a single segment names.
    #[expect(clippy::too_many_lines, reason = "one arm for each method")]
    pub(in super::super) fn evaluate(
        &self,
        slots: &mut [f64],
        result: usize,
        classes: usize,
    ) -> Result<Option<usize>, Fault> {
        let start = if classes == 0 { result } else { result + 1 };
        Self::clear(slots, start, classes);
        match &self.combine {
            Combine::First => match self.segments.iter().find(|segment| segment.applies(slots)) {
                Some(segment) => segment.give(slots, start, classes),
                None => Ok(None),
            },
            Combine::Chain => {
                let mut named = None;
                for (i, segment) in self.segments.iter().enumerate() {
                    if i + 1 == self.segments.len() {
                        named = segment.give(slots, start, classes)?;
                    } else if segment.applies(slots) {
                        segment.model.evaluate(slots)?;
                    }
                }
                Ok(named)
            }
            Combine::All(method) if classes == 0 => {
                let (mut results, mut weights) = (Vec::new(), Vec::new());
                for segment in &self.segments {
                    if !segment.applies(slots) {
                        continue;
                    }
                    segment.model.evaluate(slots)?;
                    let value = slots[segment.model.result as usize];
                    if !(self.skips_missing && value.is_nan()) {
                        results.push(value);
                        weights.push(segment.weight);
                    }
                }
                slots[start] = method.of(&mut results, &weights);
                Ok(None)
            }
            Combine::All(method) => {
                let (mut sums, mut total) = (vec![0.0; classes], 0.0);
                for segment in &self.segments {
                    if !segment.applies(slots) {
                        continue;
                    }
                    segment.model.evaluate(slots)?;
                    let at = segment.model.result as usize;
                    let weight = if method.is_weighted() { segment.weight } else { 1.0 };
                    if slots[at].is_nan() {
                        if self.skips_missing {
                            continue;
                        }
                        return Ok(None);
                    }
                    total += weight;
                    if method.is_vote() {
                        // An output of the segment may have replaced its class.
                        let class = segment.classes.get(slots[at] as usize).ok_or(Fault::Nothing)?;
                        sums[*class as usize] += weight;
                        continue;
                    }
                    for (k, &class) in segment.classes.iter().enumerate() {
                        sums[class as usize] += weight * slots[at + 1 + k];
                    }
                }
                if total != 0.0 {
                    let divisor = if matches!(method, Method::Sum | Method::WeightedSum) { 1.0 } else { total };
                    for (slot, sum) in slots[start..start + classes].iter_mut().zip(sums) {
                        *slot = sum / divisor;
                    }
                }
                Ok(None)
            }
        }
    }

    /// Makes the result missing.
    pub(super) fn clear(slots: &mut [f64], start: usize, classes: usize) {
        slots[start..start + classes.max(1)].fill(f64::NAN);
    }

    /// Whether it is a chain of segments that always apply.
    pub(super) fn is_plain_chain(&self) -> bool {
        self.combine == Combine::Chain && self.segments.iter().all(|segment| segment.predicate.is_none())
    }

    /// Gives the result of the last segment of a chain, which has been evaluated, to the chain. Returns the class that the
    /// segment names.
    pub(super) fn last(&self, slots: &mut [f64], start: usize, classes: usize) -> Option<usize> {
        self.segments.last()?.take(slots, start, classes)
    }

    pub(in super::super) fn check(&self, slots: u32, features: u32, classes: u32) -> Result<()> {
        let wrong = Err(Error::Corrupt("the segments of a program contradict themselves"));
        let method = if let Combine::All(method) = self.combine { Some(method) } else { None };
        let is_number = classes == 0;
        let fits = match method {
            Some(Method::Median | Method::Max) => is_number,
            Some(Method::Vote | Method::WeightedVote) => !is_number,
            _ => true,
        };
        if self.segments.is_empty() || !fits {
            return wrong;
        }
        for (i, segment) in self.segments.iter().enumerate() {
            let is_last = i + 1 == self.segments.len();
            segment.model.check(slots, features)?;
            if let Some(predicate) = &segment.predicate {
                predicate.check(slots)?;
                if !predicate.leaves().all(|leaf| leaf == 0.0 || leaf == 1.0) {
                    return wrong;
                }
            }
            let combines = self.combine != Combine::Chain || is_last;
            let has_classes = segment.classes.len() == segment.model.classes as usize
                && (segment.model.classes == 0) == is_number
                && segment.classes.iter().all(|&class| class < classes);
            if !segment.weight.is_finite() || combines && !has_classes {
                return wrong;
            }
            if self.combine == Combine::Chain && is_last && segment.predicate.is_some() {
                return wrong;
            }
        }
        Ok(())
    }

    pub(in super::super) fn bytes(&self) -> usize {
        let predicate = |segment: &Segment| segment.predicate.as_ref().map_or(0, Graph::bytes);
        let of = |segment: &Segment| {
            size_of::<Segment>() + predicate(segment) + segment.classes.capacity() * 4 + segment.model.bytes()
        };
        self.segments.iter().map(of).sum()
    }
}

impl Segment {
    fn applies(&self, slots: &[f64]) -> bool {
        self.predicate.as_ref().is_none_or(|predicate| predicate.decide(slots) == 1.0)
    }

    /// Evaluates the model and gives its result to the ensemble.
    fn give(&self, slots: &mut [f64], start: usize, classes: usize) -> Result<Option<usize>, Fault> {
        self.model.evaluate(slots)?;
        Ok(self.take(slots, start, classes))
    }

    /// Gives the result of the model to the ensemble. Returns the class that the model names.
    fn take(&self, slots: &mut [f64], start: usize, classes: usize) -> Option<usize> {
        let at = self.model.result as usize;
        if classes == 0 {
            slots[start] = slots[at];
            return None;
        }
        if slots[at].is_nan() {
            return None;
        }
        slots[start..start + classes].fill(0.0);
        for (k, &class) in self.classes.iter().enumerate() {
            slots[start + class as usize] = slots[at + 1 + k];
        }
        self.classes.get(slots[at] as usize).map(|&class| class as usize)
    }
}
