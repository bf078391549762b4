//! Expressions: the values of derived fields, of output fields and of complex partial scores.

use super::fault::Fault;
use super::function::Function;
use super::graph::Graph;
use super::kind::Kind;
use super::wire::{Reader, Wire, wire_enum, wire_struct};
use crate::{Error, Result};

/// Arguments that fit without an allocation.
pub(super) const FEW: usize = 8;

/// An expression over slots. A missing value is NaN.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Expression {
    Constant(f64),
    Slot(u32),
    Apply(Apply),
    /// The number of the leaf that is reached from the last node.
    Decide(Graph),
    Piecewise(Piecewise),
    /// The result as a value of this type.
    Cast(Kind, Box<Expression>),
}

impl Expression {
    /// The number of its parts: constants, fields, functions, comparisons.
    pub(in super::super) fn parts(&self) -> usize {
        match self {
            Self::Constant(_) | Self::Slot(_) => 1,
            Self::Apply(apply) => apply.arguments.iter().map(Self::parts).fold(1, usize::saturating_add),
            Self::Decide(graph) => graph.nodes.len() + 1,
            Self::Piecewise(piecewise) => piecewise.points.len() + 1,
            Self::Cast(_, of) => of.parts().saturating_add(1),
        }
    }
}

wire_enum!(Expression {
    0 = Constant(number),
    1 = Slot(slot),
    2 = Apply(apply),
    3 = Decide(graph),
    4 = Piecewise(points),
    5 = Cast(kind, of)
});

/// A function and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Apply {
    pub(in super::super) function: Function,
    pub(in super::super) arguments: Vec<Expression>,
    pub(in super::super) kind: Kind,
    /// The result when an argument is missing.
    pub(in super::super) if_missing: Option<f64>,
    /// The result instead of a missing one.
    pub(in super::super) default: Option<f64>,
}

wire_struct!(Apply { function, arguments, kind, if_missing, default });

/// What is done with values beyond the first and the last point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Beyond {
    /// The outer pieces go on.
    Extend,
    Missing,
    /// The value of the outer point.
    Extreme,
}

impl Beyond {
    const ALL: [Self; 3] = [Self::Extend, Self::Missing, Self::Extreme];
}

super::wire::wire_choice!(Beyond);

/// Linear interpolation between points.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Piecewise {
    pub(in super::super) slot: u32,
    /// Values of the slot, ascending, and of the result; at least two.
    pub(in super::super) points: Vec<(f64, f64)>,
    pub(in super::super) beyond: Beyond,
    pub(in super::super) if_missing: f64,
}

wire_struct!(Piecewise { slot, points, beyond, if_missing });

impl Expression {
    /// The value; NaN if it is missing.
    ///
    /// # Errors
    /// [`Fault::Computed`] when the result is not a finite number, or not of its type; [`Fault::Nothing`] when a value is
    /// missing that a function cannot do without.
    pub(in super::super) fn value(&self, slots: &[f64]) -> Result<f64, Fault> {
        match self {
            Self::Constant(number) => Ok(*number),
            Self::Slot(slot) => Ok(slots[*slot as usize]),
            Self::Apply(apply) => apply.value(slots),
            Self::Decide(graph) => Ok(graph.decide(slots)),
            Self::Piecewise(points) => points.value(slots[points.slot as usize]),
            Self::Cast(kind, of) => kind.of(of.value(slots)?).ok_or(Fault::Computed),
        }
    }

    /// Checks that the expression can be evaluated with this number of slots.
    pub(super) fn check(&self, slots: u32) -> Result<()> {
        let is_right = match self {
            Self::Constant(number) => !number.is_infinite(),
            Self::Slot(slot) => *slot < slots,
            Self::Apply(apply) => {
                apply.arguments.iter().try_for_each(|argument| argument.check(slots))?;
                let numbers = apply.if_missing.iter().chain(&apply.default);
                apply.function.takes(apply.arguments.len()) && numbers.into_iter().all(|x| !x.is_infinite())
            }
            Self::Decide(graph) => {
                graph.check(slots)?;
                graph.leaves().all(|leaf| !leaf.is_infinite())
            }
            Self::Piecewise(points) => points.slot < slots && points.is_right() && !points.if_missing.is_infinite(),
            Self::Cast(_, of) => return of.check(slots),
        };
        if is_right { Ok(()) } else { Err(Error::Corrupt("an expression of a program contradicts itself")) }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Constant(_) | Self::Slot(_) => 0,
                Self::Apply(apply) => apply.arguments.iter().map(Self::bytes).sum(),
                Self::Decide(graph) => graph.bytes(),
                Self::Piecewise(points) => points.points.capacity() * 16,
                Self::Cast(_, of) => of.bytes(),
            }
    }

    /// The slots that are read.
    pub(in super::super) fn slots(&self, each: &mut impl FnMut(u32)) {
        match self {
            Self::Constant(_) => {}
            Self::Slot(slot) => each(*slot),
            Self::Apply(apply) => apply.arguments.iter().for_each(|argument| argument.slots(each)),
            Self::Decide(graph) => {
                for (at, node) in graph.nodes.iter().enumerate() {
                    if node.next[0] as usize != at {
                        each(node.slot);
                    }
                }
            }
            Self::Piecewise(points) => each(points.slot),
            Self::Cast(_, of) => of.slots(each),
        }
    }
}

impl Apply {
    fn value(&self, slots: &[f64]) -> Result<f64, Fault> {
        let result = self.result(slots)?;
        let result = if result.is_nan() { self.default.unwrap_or(f64::NAN) } else { result };
        self.kind.of(result).ok_or(Fault::Computed)
    }

    fn result(&self, slots: &[f64]) -> Result<f64, Fault> {
        let missing = self.if_missing.unwrap_or(f64::NAN);
        if self.function == Function::If {
            let condition = self.arguments[0].value(slots)?;
            if condition.is_nan() {
                return Ok(missing);
            }
            let branch = if condition != 0.0 { 1 } else { 2 };
            let Some(branch) = self.arguments.get(branch) else { return Ok(f64::NAN) };
            let result = branch.value(slots)?;
            return Ok(if result.is_nan() { missing } else { result });
        }
        let mut few = [0.0; FEW];
        let mut many = Vec::new();
        let values = match few.get_mut(..self.arguments.len()) {
            Some(few) => few,
            None => {
                many.resize(self.arguments.len(), 0.0);
                &mut many[..]
            }
        };
        let mut has_missing = false;
        for (value, argument) in values.iter_mut().zip(&self.arguments) {
            *value = argument.value(slots)?;
            has_missing |= value.is_nan();
        }
        match self.function {
            Function::IsMissing => return Ok(f64::from(u8::from(has_missing))),
            Function::IsNotMissing => return Ok(f64::from(u8::from(!has_missing))),
            _ => {}
        }
        if !has_missing {
            return self.function.of(values);
        }
        if self.if_missing.is_some() || self.function.is_arithmetic() {
            return Ok(missing);
        }
        if !self.function.is_aggregate() {
            return Err(Fault::Nothing);
        }
        let mut kept = 0;
        for i in 0..values.len() {
            if !values[i].is_nan() {
                values[kept] = values[i];
                kept += 1;
            }
        }
        if kept == 0 { Ok(f64::NAN) } else { self.function.of(&mut values[..kept]) }
    }
}

impl Piecewise {
    /// Whether the points are at least two, finite and ascending.
    pub(in super::super) fn is_right(&self) -> bool {
        let are_finite = self.points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
        self.points.len() >= 2 && are_finite && self.points.windows(2).all(|pair| pair[0].0 < pair[1].0)
    }

    fn value(&self, x: f64) -> Result<f64, Fault> {
        if x.is_nan() {
            return Ok(self.if_missing);
        }
        let (Some(&first), Some(&last)) = (self.points.first(), self.points.last()) else {
            return Err(Fault::Computed);
        };
        if x < first.0 || x > last.0 {
            match self.beyond {
                Beyond::Extend => {}
                Beyond::Missing => return Ok(f64::NAN),
                Beyond::Extreme => return Ok(if x < first.0 { first.1 } else { last.1 }),
            }
        }
        let above = self.points.partition_point(|point| point.0 < x).clamp(1, self.points.len() - 1);
        let ((a, of_a), (b, of_b)) = (self.points[above - 1], self.points[above]);
        let value = of_a + (x - a) / (b - a) * (of_b - of_a);
        if value.is_finite() { Ok(value) } else { Err(Fault::Computed) }
    }
}
