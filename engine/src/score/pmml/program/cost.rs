//! The approximate time of a row in nanoseconds. A row with a small estimate is evaluated on the main thread of a server,
//! so the estimate is of the longest path of every decision, the slower branch and the last segment.
//!
//! The factors were measured with programs of each part on one core of a small machine.

use super::expression::{Apply, Expression};
use super::function::Function;
use super::graph::Graph;
use super::inverse::{Form, Inverse};
use super::linear::{Factor, Linear, Normal};
use super::model::{Body, Combine, Mining, Model};
use super::trees::{Method, Trees};
use super::{Input, Program};

/// A step of a single decision: each waits for the one before it.
const STEP: u64 = 8;
/// A step of one of the trees that are descended side by side.
const LANE: u64 = 5;
/// A power, a logarithm, an exponential or a trigonometric function.
const SLOW: u64 = 30;

impl Program {
    /// The approximate time for a row.
    pub(in crate::score) fn cost(&self) -> u64 {
        let inputs: u64 = self.inputs.iter().map(of_input).sum();
        u64::from(self.slots) + inputs + fields(&self.derived) + of_model(&self.model)
    }
}

/// The values that mean missing or are invalid are searched from the first to the last.
fn of_input(input: &Input) -> u64 {
    let searched = input.missing.len() + input.invalid.len() + input.intervals.len();
    5 + searched as u64 + u64::from(input.valid.len().max(1).ilog2())
}

fn fields(fields: &[(u32, Expression)]) -> u64 {
    fields.iter().map(|(_, field)| 2 + of_expression(field)).sum()
}

fn of_model(model: &Model) -> u64 {
    let body = match &model.body {
        Body::Linear(linear) => of_linear(linear),
        Body::Trees(trees) => of_trees(trees),
        // The reasons choose the attributes a second time.
        Body::Card(card) => {
            let points = |attributes: &[super::Attribute]| {
                attributes.iter().map(|attribute| of_expression(&attribute.points)).max().unwrap_or_default()
            };
            card.characteristics.iter().map(|one| 20 + 2 * of_graph(&one.choice) + points(&one.attributes)).sum()
        }
        Body::Mining(mining) => of_mining(mining),
    };
    10 + fields(&model.derived) + fields(&model.outputs) + 2 * u64::from(model.classes) + body
}

fn of_mining(mining: &Mining) -> u64 {
    let predicate = |graph: &Option<Graph>| graph.as_ref().map_or(0, of_graph);
    let conditions: u64 = mining.segments.iter().map(|segment| 5 + predicate(&segment.predicate)).sum();
    let models = mining.segments.iter().map(|segment| of_model(&segment.model) + segment.classes.len() as u64);
    conditions
        + match mining.combine {
            Combine::First => models.max().unwrap_or_default(),
            Combine::Chain => models.sum(),
            Combine::All(method) => models.sum::<u64>() + of_method(method, mining.segments.len()),
        }
}

/// Combining this number of results.
fn of_method(method: Method, results: usize) -> u64 {
    let each = if method == Method::Median { sorting(results) } else { 2 };
    40 + each * results as u64
}

/// For each of so many numbers that are sorted.
fn sorting(numbers: usize) -> u64 {
    3 * u64::from(1 + numbers.max(1).ilog2())
}

fn of_trees(trees: &Trees) -> u64 {
    let steps: u64 = trees.graph.steps_of_all(&trees.roots);
    LANE * steps + u64::from(2 + trees.classes) * trees.roots.len() as u64 + of_method(trees.method, trees.roots.len())
}

/// The decision from the last node.
fn of_graph(graph: &Graph) -> u64 {
    STEP * u64::from(1 + graph.depths().last().copied().unwrap_or_default())
}

fn of_linear(linear: &Linear) -> u64 {
    let of_factor = |factor: &Factor| if matches!(factor, Factor::Power(..)) { SLOW } else { 2 };
    let terms = linear.tables.iter().flat_map(|table| &table.terms);
    let sums: u64 = terms.map(|term| 2 + term.factors.iter().map(of_factor).sum::<u64>()).sum();
    let of_inverse = |inverse: &Inverse| if inverse.form == Form::Identity { 2 } else { 2 * SLOW };
    let each = match &linear.normal {
        Normal::Value(inverse) | Normal::Binary(inverse) | Normal::Rest(inverse) | Normal::Ordinal(inverse) => {
            of_inverse(inverse)
        }
        Normal::Softmax => SLOW,
        Normal::Simplemax => 5,
    };
    sums + each * linear.tables.len() as u64
}

fn of_expression(expression: &Expression) -> u64 {
    match expression {
        Expression::Constant(_) | Expression::Slot(_) => 4,
        Expression::Apply(apply) => of_apply(apply),
        Expression::Decide(graph) => of_graph(graph),
        Expression::Piecewise(piecewise) => 10 + STEP * u64::from(1 + piecewise.points.len().max(1).ilog2()),
        Expression::Cast(_, of) => 4 + of_expression(of),
    }
}

fn of_apply(apply: &Apply) -> u64 {
    let mut arguments = apply.arguments.iter().map(of_expression);
    if apply.function == Function::If {
        return 10 + arguments.next().unwrap_or_default() + arguments.max().unwrap_or_default();
    }
    let count = apply.arguments.len();
    let each = match apply.function {
        Function::Median => sorting(count),
        _ => 4,
    };
    let own = if apply.function.is_slow() { SLOW } else { 0 };
    // More than a few arguments need an allocation.
    let place = if count > super::expression::FEW { 60 } else { 25 };
    place + own + each * count as u64 + arguments.sum::<u64>()
}
