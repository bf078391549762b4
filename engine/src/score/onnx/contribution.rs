//! Contributions: where the score is a link of a sum of terms, and each term depends on one feature, the terms are the
//! contributions. Scaling, imputing and encoding keep this, since they are functions of one feature each.

use super::answer::Meaning;
use super::kernel::Kernel;
use super::preparation::Normalizer;
use super::program::{MANY_FEATURES, NO_FEATURE, Program, Source};
use super::scores::Transform;
use super::tensor::Data;

/// The sum behind the number of one class, or behind the only number.
#[derive(Debug)]
struct Sum {
    /// The step that adds: a linear model or a product of matrices.
    step: usize,
    /// Its output.
    output: usize,
    /// The factor of the terms.
    scale: f64,
    /// The margin, if the number is a link of it.
    margin: Option<Margin>,
}

/// Where the margin is.
#[derive(Debug, Clone, Copy)]
enum Margin {
    /// An element of a value.
    Element(Source, usize),
    /// The sum of a linear model that applies the link itself; its sign is that of the scale.
    Linear,
}

/// The sums behind an answer: one for a number or for two classes, else one for each class or number.
#[derive(Debug)]
pub(super) struct Explained {
    sums: Vec<Sum>,
}

impl Explained {
    /// Finds the sums.
    ///
    /// # Errors
    /// The reason why there are none.
    pub(super) fn of(program: &Program, meaning: &Meaning) -> Result<Self, &'static str> {
        let sums = match meaning {
            Meaning::Value(source) => vec![trace(program, *source, 0, false)?],
            Meaning::Values(source, count) => {
                (0..*count).map(|place| trace(program, *source, place, false)).collect::<Result<_, _>>()?
            }
            Meaning::Classes { probabilities, labels, .. } => match labels.len() {
                2 => vec![trace(program, *probabilities, 1, true)?],
                classes => {
                    (0..classes).map(|place| trace(program, *probabilities, place, false)).collect::<Result<_, _>>()?
                }
            },
        };
        Ok(Self { sums })
    }

    /// Whether the answer is a link of margins.
    pub(super) fn has_margins(&self) -> bool {
        self.sums.iter().all(|sum| sum.margin.is_some())
    }

    /// Writes the margins of a row that was evaluated; none if the answer is the sum itself.
    pub(super) fn margins(&self, program: &Program, slots: &[Data], out: &mut Vec<f64>) {
        if !self.has_margins() {
            return;
        }
        out.extend(self.sums.iter().map(|sum| match sum.margin {
            Some(Margin::Element(source, place)) => {
                program.data(source, slots).map_or(f64::NAN, |data| data.number(place))
            }
            Some(Margin::Linear) | None => sum.of_linear(program, slots),
        }));
    }

    /// Adds the terms of a row that was evaluated to the features.
    pub(super) fn contributions(&self, program: &Program, slots: &[Data], group: usize, out: &mut [f64]) {
        let Some(sum) = self.sums.get(if self.sums.len() == 1 { 0 } else { group }) else { return };
        let Some(step) = program.steps.get(sum.step) else { return };
        let Some(&Source::Slot(slot)) = step.inputs.first() else { return };
        let (Some(slot), Some(x)) = (program.slots.get(slot as usize), slots.get(slot as usize)) else { return };
        for (i, &feature) in slot.origins.iter().enumerate() {
            if let Some(out) = out.get_mut(feature as usize) {
                *out += sum.scale * weight(program, sum, i) * x.number(i);
            }
        }
    }
}

impl Sum {
    /// The sum of a linear model, with its sign.
    fn of_linear(&self, program: &Program, slots: &[Data]) -> f64 {
        let Some(step) = program.steps.get(self.step) else { return f64::NAN };
        let (Kernel::Linear(linear), Some(source)) = (&step.kernel, step.inputs.first()) else { return f64::NAN };
        let Some(x) = program.data(*source, slots) else { return f64::NAN };
        f64::from(linear.sum(x, self.output)) * self.scale.signum()
    }
}

/// The weight of an input in a sum.
fn weight(program: &Program, sum: &Sum, i: usize) -> f64 {
    let Some(step) = program.steps.get(sum.step) else { return 0.0 };
    match &step.kernel {
        Kernel::Linear(linear) => linear.weight(sum.output, i),
        Kernel::Product(product) => match step.inputs.get(1) {
            Some(Source::Constant(b)) => {
                let place = i * product.of_b.0 + sum.output * product.of_b.1;
                program.constants.get(*b as usize).map_or(0.0, |b| b.number(place)) * f64::from(product.alpha)
            }
            _ => 0.0,
        },
        _ => 0.0,
    }
}

const NOT_A_SUM: &str = "the score is not a sum of terms of one feature each";
const OF_TREES: &str = "the file does not say how many training rows reached the nodes of its trees";

/// Follows an element of an answer back to the sum behind it. The softmax of two classes has none: its log-odds are the
/// difference of two sums.
#[expect(clippy::too_many_lines, reason = "one arm for each kernel")]
fn trace(program: &Program, mut source: Source, mut place: usize, is_of_two: bool) -> Result<Sum, &'static str> {
    let mut scale = 1.0;
    let mut is_changed = false;
    let mut margin = None;
    loop {
        let Source::Slot(slot) = source else { return Err(NOT_A_SUM) };
        let at = program.slots.get(slot as usize).and_then(|slot| slot.step).ok_or(NOT_A_SUM)?;
        let step = program.steps.get(at).ok_or(NOT_A_SUM)?;
        let input = |i: usize| step.inputs.get(i).copied().ok_or(NOT_A_SUM);
        let is_slot = |i: usize| matches!(step.inputs.get(i), Some(Source::Slot(_)));
        let known = |i: usize, place: usize| match step.inputs.get(i) {
            Some(Source::Constant(list)) => program.constants.get(*list as usize).map(|data| data.number(place)),
            _ => None,
        };
        match &step.kernel {
            Kernel::Softmax { .. } if is_of_two => return Err(NOT_A_SUM),
            Kernel::Pick(places) => {
                let &(of, from) = places.get(place).ok_or(NOT_A_SUM)?;
                (source, place) = (input(of as usize)?, from as usize);
            }
            Kernel::Cast(_) => source = input(0)?,
            Kernel::Unary(super::arithmetic::Unary::Sigmoid | super::arithmetic::Unary::Exp)
            | Kernel::Softmax { is_log: false, .. }
                if !is_changed && margin.is_none() =>
            {
                source = input(0)?;
                margin = Some(Margin::Element(source, place));
            }
            // Normalised probabilities of several classes: the margins are those of the probabilities before.
            Kernel::Normalize(Normalizer::L1, _) if !is_changed && margin.is_none() => source = input(0)?,
            Kernel::Binary(function, a, b) => {
                use super::arithmetic::Binary;
                let (of, other) = if is_slot(0) { (0, known(1, b.at(place))) } else { (1, known(0, a.at(place))) };
                let other = other.ok_or(NOT_A_SUM)?;
                scale *= match (function, of) {
                    (Binary::Add, _) | (Binary::Sub, 0) => 1.0,
                    (Binary::Sub, _) => -1.0,
                    (Binary::Mul, _) => other,
                    (Binary::Div, 0) => 1.0 / other,
                    _ => return Err(NOT_A_SUM),
                };
                is_changed |= margin.is_none();
                place = if of == 0 { a.at(place) } else { b.at(place) };
                source = input(of)?;
            }
            Kernel::Linear(linear) => {
                let is_single = linear.intercepts.len() == 1;
                let is_pair = is_single && linear.labels.is_some();
                let is_linked = match linear.transform {
                    Transform::None => false,
                    Transform::Logistic => is_pair || !is_single,
                    Transform::Softmax if is_of_two && !is_single => return Err(NOT_A_SUM),
                    Transform::Softmax => !is_single,
                    Transform::SoftmaxZero | Transform::Probit => return Err(NOT_A_SUM),
                };
                if is_linked {
                    if is_changed || margin.is_some() {
                        return Err(NOT_A_SUM);
                    }
                    margin = Some(Margin::Linear);
                }
                if is_pair && place == 0 {
                    scale = -scale;
                }
                let output = if is_single { 0 } else { place };
                return of_features(program, Sum { step: at, output, scale, margin });
            }
            Kernel::Product(product) if product.rows == 1 && !is_slot(1) && !is_slot(2) && is_slot(0) => {
                return of_features(program, Sum { step: at, output: place, scale, margin });
            }
            Kernel::Trees(..) => return Err(OF_TREES),
            _ => return Err(NOT_A_SUM),
        }
    }
}

/// Checks that each term depends on one feature.
fn of_features(program: &Program, sum: Sum) -> Result<Sum, &'static str> {
    let step = program.steps.get(sum.step).ok_or(NOT_A_SUM)?;
    let Some(Source::Slot(slot)) = step.inputs.first() else { return Err(NOT_A_SUM) };
    let origins = program.slots.get(*slot as usize).map_or(&[][..], |slot| &slot.origins);
    let is_sum = origins.iter().all(|&feature| feature != MANY_FEATURES);
    if is_sum && origins.iter().any(|&feature| feature != NO_FEATURE) { Ok(sum) } else { Err(NOT_A_SUM) }
}
