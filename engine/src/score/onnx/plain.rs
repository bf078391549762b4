//! Operators of ONNX that compute with elements: arithmetic, comparison, logic, reductions and products of matrices.

use std::rc::Rc;

use super::arithmetic::{Binary, Comparison, Unary};
use super::building::{Building, Named, Operation, one};
use super::kernel::{Kernel, Reduction};
use super::linear::Product;
use super::places::{axis, broadcast, grouped, index};
use super::program::{Source, Value};
use super::tensor::{Data, Kind, Tensor, elements};
use crate::Result;

/// Adds a node; `None` if the operator is none of these.
#[expect(clippy::too_many_lines, reason = "one arm for each operator")]
pub(super) fn add(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Option<Vec<Named>>> {
    let program = &mut building.program;
    let value = match op.operator {
        name if Unary::named(name).is_some() => {
            op.counts(1, 1)?;
            let x = op.input(0)?;
            let function = Unary::named(name).ok_or_else(|| op.misused())?;
            if !(x.kind.is_float() || x.kind.is_number() && function.takes_integers()) {
                return Err(op.misused());
            }
            let value = program.step(Kernel::Unary(function), &[x], x.kind, x.shape.clone())?;
            // Elements are held in 64 bits: the opposite of the least number of 32 bits is that number.
            if x.kind == Kind::I32 && function != Unary::Sign {
                program.step(Kernel::Cast(Kind::I32), &[&value], Kind::I32, x.shape.clone())?
            } else {
                value
            }
        }
        "Add" => pair(building, op, Binary::Add)?,
        "Sub" => pair(building, op, Binary::Sub)?,
        "Mul" => pair(building, op, Binary::Mul)?,
        "Div" => pair(building, op, Binary::Div)?,
        "Pow" => pair(building, op, Binary::Pow)?,
        "Sum" => fold(building, op, Binary::Add)?,
        "Max" => fold(building, op, Binary::Max)?,
        "Min" => fold(building, op, Binary::Min)?,
        "Mean" => {
            let sum = fold(building, op, Binary::Add)?;
            let count = op.inputs.len() as f64;
            let data = match sum.kind {
                Kind::F32 => Data::F32(vec![count as f32]),
                Kind::F64 => Data::F64(vec![count]),
                _ => return Err(op.misused()),
            };
            let count = building.program.constant(Tensor::scalar(sum.kind, data))?;
            apply(building, op, Binary::Div, &sum, &count)?
        }
        name if Comparison::named(name).is_some() => {
            op.counts(2, 2)?;
            old_broadcast(op)?;
            let (a, b) = (op.input(0)?, op.input(1)?);
            let holds = Comparison::named(name).ok_or_else(|| op.misused())?;
            // Texts of a row are known to encoders only.
            let is_fit = a.kind == b.kind && (a.kind.is_number() || a.kind == Kind::Bool && holds == Comparison::Equal);
            let (shape, of_a, of_b) = broadcast(&a.shape, &b.shape).filter(|_| is_fit).ok_or_else(|| op.misused())?;
            program.step(Kernel::Compare(holds, of_a, of_b), &[a, b], Kind::Bool, shape)?
        }
        "And" | "Or" | "Xor" => {
            op.counts(2, 2)?;
            old_broadcast(op)?;
            let (a, b) = (op.input(0)?, op.input(1)?);
            let function: fn(bool, bool) -> bool = match op.operator {
                "And" => |a, b| a && b,
                "Or" => |a, b| a || b,
                _ => |a, b| a != b,
            };
            let is_fit = a.kind == Kind::Bool && b.kind == Kind::Bool;
            let (shape, of_a, of_b) = broadcast(&a.shape, &b.shape).filter(|_| is_fit).ok_or_else(|| op.misused())?;
            program.step(Kernel::Logic(function, of_a, of_b), &[a, b], Kind::Bool, shape)?
        }
        "Not" => {
            op.counts(1, 1)?;
            let x = op.input(0)?;
            if x.kind != Kind::Bool {
                return Err(op.misused());
            }
            program.step(Kernel::Not, &[x], Kind::Bool, x.shape.clone())?
        }
        "IsNaN" => {
            op.counts(1, 1)?;
            let x = op.input(0)?;
            if !x.kind.is_float() {
                return Err(op.misused());
            }
            program.step(Kernel::IsNan, &[x], Kind::Bool, x.shape.clone())?
        }
        "Cast" => {
            op.counts(1, 1)?;
            let to = Kind::coded(op.attributes.integer("to")?.ok_or_else(|| op.attributes.wrong("to"))?)?;
            // Only for 8-bit floating-point numbers.
            op.attributes.flag("saturate", true)?;
            let x = op.input(0)?;
            return convert(building, op, x, to).map(|value| Some(one(value)));
        }
        "Where" => {
            op.counts(3, 3)?;
            let (condition, a, b) = (op.input(0)?, op.input(1)?, op.input(2)?);
            if condition.kind != Kind::Bool || a.kind != b.kind {
                return Err(op.misused());
            }
            let (both, ..) = broadcast(&a.shape, &b.shape).ok_or_else(|| op.misused())?;
            let (shape, ..) = broadcast(&condition.shape, &both).ok_or_else(|| op.misused())?;
            let index = |value: &Value| index(&value.shape, &shape).ok_or_else(|| op.misused());
            let kernel = Kernel::Choose(index(condition)?, index(a)?, index(b)?);
            program.step(kernel, &[condition, a, b], a.kind, shape.clone())?
        }
        "Clip" => clip(building, op)?,
        "ReduceSum" => reduce(building, op, Reduction::Sum, 13)?,
        "ReduceMean" => reduce(building, op, Reduction::Mean, 18)?,
        "ReduceMax" => reduce(building, op, Reduction::Max, 18)?,
        "ReduceMin" => reduce(building, op, Reduction::Min, 18)?,
        "ReduceProd" => reduce(building, op, Reduction::Product, 18)?,
        "ReduceSumSquare" => reduce(building, op, Reduction::SumOfSquares, 18)?,
        "ReduceL2" => reduce(building, op, Reduction::Norm, 18)?,
        "ArgMax" => best(building, op, true)?,
        "ArgMin" => best(building, op, false)?,
        "Softmax" => softmax(building, op, false)?,
        "LogSoftmax" => softmax(building, op, true)?,
        "MatMul" => matmul(building, op)?,
        "Gemm" => gemm(building, op)?,
        _ => return Ok(None),
    };
    Ok(Some(one(value)))
}

/// Converts a value to another type.
pub(super) fn convert(building: &mut Building<'_>, op: &Operation<'_, '_>, x: &Value, to: Kind) -> Result<Value> {
    let labels = match x.source {
        Source::Slot(slot) => building.labels.get(&slot).map(Rc::clone),
        Source::Constant(_) => None,
    };
    if x.kind == to {
        return Ok(x.clone());
    }
    if x.kind == Kind::Text || to == Kind::Text {
        return Err(op.unsupported("from or to texts is not supported"));
    }
    let value = building.program.step(Kernel::Cast(to), &[x], to, x.shape.clone())?;
    if let Some(labels) = labels {
        building.remember(&value, labels);
    }
    Ok(value)
}

/// Before version 7, operands of different shapes needed an attribute.
fn old_broadcast(op: &Operation<'_, '_>) -> Result<()> {
    op.attributes.flag("broadcast", false)?;
    if op.attributes.has("axis") {
        return Err(op.attributes.wrong("axis"));
    }
    Ok(())
}

fn pair(building: &mut Building<'_>, op: &Operation<'_, '_>, function: Binary) -> Result<Value> {
    op.counts(2, 2)?;
    old_broadcast(op)?;
    let (a, b) = (op.input(0)?, op.input(1)?);
    // The exponent may be of another type.
    let b = if function == Binary::Pow && b.kind.is_number() { convert(building, op, b, a.kind)? } else { b.clone() };
    apply(building, op, function, a, &b)
}

fn fold(building: &mut Building<'_>, op: &Operation<'_, '_>, function: Binary) -> Result<Value> {
    let mut all = op.input(0)?.clone();
    for i in 1..op.inputs.len() {
        all = apply(building, op, function, &all, op.input(i)?)?;
    }
    Ok(all)
}

fn apply(building: &mut Building<'_>, op: &Operation<'_, '_>, function: Binary, a: &Value, b: &Value) -> Result<Value> {
    let is_fit = a.kind == b.kind && (a.kind.is_float() || a.kind == Kind::I64 && function.takes_integers());
    let (shape, of_a, of_b) = broadcast(&a.shape, &b.shape).filter(|_| is_fit).ok_or_else(|| op.misused())?;
    building.program.step(Kernel::Binary(function, of_a, of_b), &[a, b], a.kind, shape)
}

fn clip(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 3)?;
    let x = op.input(0)?;
    if !x.kind.is_number() {
        return Err(op.misused());
    }
    let mut bounds = Vec::new();
    for (i, name) in [(1, "min"), (2, "max")] {
        let of_attribute = op.attributes.float(name)?;
        bounds.push(match (op.optional(i)?, of_attribute) {
            (Some(bound), None) if bound.kind == x.kind && elements(&bound.shape)? == 1 => Some(bound.clone()),
            (None, Some(bound)) if x.kind == Kind::F32 => {
                Some(building.program.constant(Tensor::scalar(Kind::F32, Data::F32(vec![bound])))?)
            }
            (None, None) => None,
            _ => return Err(op.misused()),
        });
    }
    let kernel = Kernel::Clip { has_least: bounds[0].is_some(), has_most: bounds[1].is_some() };
    let inputs: Vec<&Value> = std::iter::once(x).chain(bounds.iter().flatten()).collect();
    building.program.step(kernel, &inputs, x.kind, x.shape.clone())
}

/// Before `by_input`, axes are an attribute, from then on an input.
fn reduce(building: &mut Building<'_>, op: &Operation<'_, '_>, reduction: Reduction, by_input: i64) -> Result<Value> {
    op.counts(1, 2)?;
    let x = op.input(0)?;
    let is_exact = matches!(reduction, Reduction::Sum | Reduction::Max | Reduction::Min | Reduction::Product);
    if !(x.kind.is_float() || x.kind == Kind::I64 && is_exact) {
        return Err(op.misused());
    }
    let keep = op.attributes.flag("keepdims", true)?;
    let is_nothing_all = !op.attributes.flag("noop_with_empty_axes", false)?;
    let axes = match op.optional(1)? {
        Some(axes) if building.version >= by_input => building.integers(op, axes)?,
        Some(_) => return Err(op.misused()),
        None => op.attributes.integers("axes").take(x.shape.len() + 1).collect::<Result<_>>()?,
    };
    let mut is_reduced = vec![axes.is_empty() && is_nothing_all; x.shape.len()];
    for one in axes {
        is_reduced[axis(op, one, x.shape.len())?] = true;
    }
    let (groups, kept) = grouped(op, &x.shape, &is_reduced)?;
    let shape = shape_of(&x.shape, &is_reduced, keep);
    debug_assert_eq!(elements(&shape).ok(), Some(kept));
    building.program.step(Kernel::Reduce(reduction, groups), &[x], x.kind, shape)
}

fn shape_of(shape: &[usize], is_reduced: &[bool], keep: bool) -> Vec<usize> {
    let sizes = shape.iter().zip(is_reduced);
    sizes
        .filter(|(_, is_reduced)| keep || !**is_reduced)
        .map(|(&size, &is_reduced)| if is_reduced { 1 } else { size })
        .collect()
}

fn best(building: &mut Building<'_>, op: &Operation<'_, '_>, is_largest: bool) -> Result<Value> {
    op.counts(1, 1)?;
    let x = op.input(0)?;
    if !x.kind.is_number() {
        return Err(op.misused());
    }
    let along = axis(op, op.attributes.integer("axis")?.unwrap_or(0), x.shape.len())?;
    let keep = op.attributes.flag("keepdims", true)?;
    let is_last = op.attributes.flag("select_last_index", false)?;
    let is_reduced: Vec<bool> = (0..x.shape.len()).map(|i| i == along).collect();
    let (groups, _) = grouped(op, &x.shape, &is_reduced)?;
    let shape = shape_of(&x.shape, &is_reduced, keep);
    building.program.step(Kernel::Best { is_largest, is_last, groups }, &[x], Kind::I64, shape)
}

fn softmax(building: &mut Building<'_>, op: &Operation<'_, '_>, is_log: bool) -> Result<Value> {
    op.counts(1, 1)?;
    let x = op.input(0)?;
    if !x.kind.is_float() {
        return Err(op.misused());
    }
    // Before version 13, all dimensions from the axis on are one group.
    let is_old = building.version < 13;
    let along = axis(op, op.attributes.integer("axis")?.unwrap_or(if is_old { 1 } else { -1 }), x.shape.len())?;
    let in_group: Vec<bool> = (0..x.shape.len()).map(|i| i == along || is_old && i > along).collect();
    let (groups, _) = grouped(op, &x.shape, &in_group)?;
    building.program.step(Kernel::Softmax { groups, is_log }, &[x], x.kind, x.shape.clone())
}

fn matmul(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(2, 2)?;
    let (a, b) = (op.input(0)?, op.input(1)?);
    let (rows, inner) = match a.shape[..] {
        [inner] => (1, inner),
        [rows, inner] => (rows, inner),
        _ => return Err(op.unsupported("multiplies tensors of more than two dimensions, which is not supported")),
    };
    let (also_inner, columns) = match b.shape[..] {
        [inner] => (inner, 1),
        [inner, columns] => (inner, columns),
        _ => return Err(op.unsupported("multiplies tensors of more than two dimensions, which is not supported")),
    };
    if a.kind != b.kind || !a.kind.is_float() || inner != also_inner {
        return Err(op.misused());
    }
    let mut shape = Vec::new();
    if a.shape.len() == 2 {
        shape.push(rows);
    }
    if b.shape.len() == 2 {
        shape.push(columns);
    }
    let (of_a, of_b) = ((inner, 1), (columns, 1));
    let product = Product { rows, inner, columns, of_a, of_b, alpha: 1.0, beta: 0.0, of_c: (0, 0) };
    building.program.step(Kernel::Product(product), &[a, b], a.kind, shape)
}

fn gemm(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(2, 3)?;
    let (a, b, c) = (op.input(0)?, op.input(1)?, op.optional(2)?);
    let (&[a0, a1], &[b0, b1]) = (&a.shape[..], &b.shape[..]) else { return Err(op.misused()) };
    let (rows, inner, of_a) = if op.attributes.flag("transA", false)? { (a1, a0, (1, a1)) } else { (a0, a1, (a1, 1)) };
    let (also_inner, columns, of_b) =
        if op.attributes.flag("transB", false)? { (b1, b0, (1, b1)) } else { (b0, b1, (b1, 1)) };
    op.attributes.flag("broadcast", false)?;
    let of_c = match c.map(|c| &c.shape[..]) {
        None | Some([] | [1] | [1, 1]) => (0, 0),
        Some(&[size]) if size == columns => (0, 1),
        Some(&[1, size]) if size == columns => (0, 1),
        Some(&[size, 1]) if size == rows => (1, 0),
        Some(&[r, size]) if r == rows && size == columns => (size, 1),
        Some(_) => return Err(op.misused()),
    };
    if a.kind != b.kind || !a.kind.is_float() || inner != also_inner || c.is_some_and(|c| c.kind != a.kind) {
        return Err(op.misused());
    }
    let alpha = op.attributes.float("alpha")?.unwrap_or(1.0);
    let beta = op.attributes.float("beta")?.unwrap_or(1.0);
    let product = Product { rows, inner, columns, of_a, of_b, alpha, beta, of_c };
    let inputs: Vec<&Value> = [a, b].into_iter().chain(c).collect();
    building.program.step(Kernel::Product(product), &inputs, a.kind, vec![rows, columns])
}
