//! Operators of ONNX that move elements: reshaping, slices, concatenation, lookups.

use super::building::{Building, Named, Operation, one};
use super::kernel::Kernel;
use super::places::{axis, element, index, steps};
use super::program::Value;
use super::tensor::{Data, Kind, MAX_RANK, Tensor, dimensions, elements};
use crate::Result;

/// Adds a node; `None` if the operator is none of these.
#[expect(clippy::too_many_lines, reason = "one arm for each operator")]
pub(super) fn add(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Option<Vec<Named>>> {
    let value = match op.operator {
        "Identity" => {
            op.counts(1, 1)?;
            // Also of a map.
            return op.inputs[0].clone().map(|named| Some(vec![named])).ok_or_else(|| op.misused());
        }
        "Constant" => constant(building, op)?,
        "ConstantOfShape" => {
            op.counts(1, 1)?;
            let shape = dimensions(building.integers(op, op.input(0)?)?.into_iter().map(Ok))?;
            let count = elements(&shape)?;
            building.program.hold(count)?;
            let value = op.attributes.tensor("value", &mut building.texts)?;
            let value = value.unwrap_or_else(|| Tensor::scalar(Kind::F32, Data::F32(vec![0.0])));
            let data = match &value.data {
                Data::F32(one) if one.len() == 1 => Data::F32(vec![one[0]; count]),
                Data::F64(one) if one.len() == 1 => Data::F64(vec![one[0]; count]),
                Data::I64(one) if one.len() == 1 => Data::I64(vec![one[0]; count]),
                Data::Bool(one) if one.len() == 1 => Data::Bool(vec![one[0]; count]),
                _ => return Err(op.attributes.wrong("value")),
            };
            building.program.constant(Tensor { kind: value.kind, shape, data })?
        }
        "Shape" => {
            op.counts(1, 1)?;
            let shape: Vec<i64> = op.input(0)?.shape.iter().map(|&size| size as i64).collect();
            let rank = shape.len() as i64;
            let place = |at: i64| (if at < 0 { at + rank } else { at }).clamp(0, rank) as usize;
            let start = place(op.attributes.integer("start")?.unwrap_or(0));
            let end = place(op.attributes.integer("end")?.unwrap_or(rank));
            let part = shape.get(start..end).unwrap_or_default().to_vec();
            building.program.constant(Tensor { kind: Kind::I64, shape: vec![part.len()], data: Data::I64(part) })?
        }
        "Size" => {
            op.counts(1, 1)?;
            let count = elements(&op.input(0)?.shape)? as i64;
            building.program.constant(Tensor::scalar(Kind::I64, Data::I64(vec![count])))?
        }
        "Reshape" => reshape(building, op)?,
        "Flatten" => {
            op.counts(1, 1)?;
            let x = op.input(0)?;
            let rank = x.shape.len() as i64;
            let at = op.attributes.integer("axis")?.unwrap_or(1);
            let at = if at < 0 { at + rank } else { at };
            if !(0..=rank).contains(&at) {
                return Err(op.attributes.wrong("axis"));
            }
            let (rows, columns) = x.shape.split_at(at as usize);
            Value { shape: vec![elements(rows)?, elements(columns)?], ..x.clone() }
        }
        "Squeeze" => {
            op.counts(1, 2)?;
            let x = op.input(0)?;
            let axes = axes(building, op)?;
            let mut is_dropped: Vec<bool> = x.shape.iter().map(|&size| axes.is_none() && size == 1).collect();
            for one in axes.unwrap_or_default() {
                let at = axis(op, one, x.shape.len())?;
                if x.shape[at] != 1 {
                    return Err(op.misused());
                }
                is_dropped[at] = true;
            }
            let kept = x.shape.iter().zip(&is_dropped).filter(|(_, is_dropped)| !**is_dropped);
            Value { shape: kept.map(|(&size, _)| size).collect(), ..x.clone() }
        }
        "Unsqueeze" => {
            op.counts(1, 2)?;
            let x = op.input(0)?;
            let axes = axes(building, op)?.ok_or_else(|| op.misused())?;
            let rank = x.shape.len() + axes.len();
            if rank > MAX_RANK {
                return Err(op.misused());
            }
            let mut is_new = vec![false; rank];
            for one in &axes {
                let at = axis(op, *one, rank)?;
                if std::mem::replace(&mut is_new[at], true) {
                    return Err(op.misused());
                }
            }
            let mut sizes = x.shape.iter().copied();
            let shape = is_new.iter().map(|&is_new| if is_new { 1 } else { sizes.next().unwrap_or(1) }).collect();
            Value { shape, ..x.clone() }
        }
        "Transpose" => transpose(building, op)?,
        "Expand" => {
            op.counts(2, 2)?;
            let x = op.input(0)?;
            let wanted = dimensions(building.integers(op, op.input(1)?)?.into_iter().map(Ok))?;
            let rank = wanted.len().max(x.shape.len());
            let size = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
            let shape: Vec<usize> = (0..rank).map(|i| size(&wanted, i).max(size(&x.shape, i))).collect();
            let count = elements(&shape)?;
            let places = index(&x.shape, &shape).ok_or_else(|| op.misused())?;
            pick(building, x, (0..count).map(|i| (0, places.at(i) as u32)).collect(), shape)?
        }
        "Concat" => {
            let axis = op.attributes.integer("axis")?.unwrap_or(1);
            let values: Vec<&Value> = (0..op.inputs.len()).map(|i| op.input(i)).collect::<Result<_>>()?;
            concatenate(building, op, &values, axis)?
        }
        "Slice" => slice(building, op)?,
        "Gather" => {
            op.counts(2, 2)?;
            let (x, wanted) = (op.input(0)?, op.input(1)?);
            let along = axis(op, op.attributes.integer("axis")?.unwrap_or(0), x.shape.len())?;
            gather(building, op, x, wanted, along, true)?
        }
        "GatherElements" => {
            op.counts(2, 2)?;
            let (x, wanted) = (op.input(0)?, op.input(1)?);
            let along = axis(op, op.attributes.integer("axis")?.unwrap_or(0), x.shape.len())?;
            let fits = wanted.shape.len() == x.shape.len()
                && wanted.shape.iter().zip(&x.shape).enumerate().all(|(i, (of, size))| i == along || of <= size)
                && wanted.kind == Kind::I64;
            if !fits {
                return Err(op.misused());
            }
            let steps = steps(&x.shape);
            let mut of_others = steps.clone();
            of_others[along] = 0;
            let starts = (0..elements(&wanted.shape)?)
                .map(|i| (element(i, &wanted.shape, &of_others) as u32, i as u32))
                .collect();
            lookup(building, x, wanted, starts, (steps[along], x.shape[along], true), wanted.shape.clone())?
        }
        _ => return Ok(None),
    };
    Ok(Some(one(value)))
}

/// Elements of one value in another order.
fn pick(building: &mut Building<'_>, x: &Value, places: Box<[(u32, u32)]>, shape: Vec<usize>) -> Result<Value> {
    // Also where nothing is stored: making the list takes time.
    building.program.hold(places.len())?;
    let is_same =
        places.len() == elements(&x.shape)? && places.iter().enumerate().all(|(i, &(_, place))| place as usize == i);
    if is_same {
        return Ok(Value { shape, ..x.clone() });
    }
    building.program.step(Kernel::Pick(places), &[x], x.kind, shape)
}

/// Tensors one after the other in one dimension.
pub(super) fn concatenate(
    building: &mut Building<'_>,
    op: &Operation<'_, '_>,
    values: &[&Value],
    along: i64,
) -> Result<Value> {
    let first = *values.first().ok_or_else(|| op.misused())?;
    let along = axis(op, along, first.shape.len())?;
    let is_fit = |value: &&Value| {
        let mut shape = value.shape.clone();
        let same_rank = shape.len() == first.shape.len();
        if same_rank {
            shape[along] = first.shape[along];
        }
        same_rank && shape == first.shape && value.kind == first.kind
    };
    if !values.iter().all(is_fit) {
        return Err(op.misused());
    }
    let mut shape = first.shape.clone();
    shape[along] = values.iter().map(|value| value.shape[along]).sum();
    elements(&shape)?;
    let outer: usize = shape[..along].iter().product();
    let inner: usize = shape[along + 1..].iter().product();
    let mut places = Vec::new();
    for block in 0..outer {
        for (input, value) in values.iter().enumerate() {
            let length = value.shape[along] * inner;
            places.extend((0..length).map(|i| (input as u32, (block * length + i) as u32)));
        }
    }
    building.program.step(Kernel::Pick(places.into()), values, first.kind, shape)
}

fn constant(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(0, 0)?;
    let attributes = op.attributes;
    let tensor = if let Some(tensor) = attributes.tensor("value", &mut building.texts)? {
        tensor
    } else if let Some(x) = attributes.float("value_float")? {
        Tensor::scalar(Kind::F32, Data::F32(vec![x]))
    } else if let Some(x) = attributes.integer("value_int")? {
        Tensor::scalar(Kind::I64, Data::I64(vec![x]))
    } else if attributes.has("value_floats") {
        let list: Vec<f32> = attributes.floats("value_floats").collect::<Result<_>>()?;
        Tensor { kind: Kind::F32, shape: vec![list.len()], data: Data::F32(list) }
    } else if attributes.has("value_ints") {
        let list: Vec<i64> = attributes.integers("value_ints").collect::<Result<_>>()?;
        Tensor { kind: Kind::I64, shape: vec![list.len()], data: Data::I64(list) }
    } else {
        return Err(op.misused());
    };
    building.program.constant(tensor)
}

/// Axes as an input, or in older versions as an attribute.
fn axes(building: &Building<'_>, op: &Operation<'_, '_>) -> Result<Option<Vec<i64>>> {
    if let Some(axes) = op.optional(1)? {
        return building.integers(op, axes).map(Some);
    }
    if !op.attributes.has("axes") {
        return Ok(None);
    }
    op.attributes.integers("axes").take(MAX_RANK + 1).collect::<Result<_>>().map(Some)
}

fn reshape(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 2)?;
    let x = op.input(0)?;
    let wanted = match op.optional(1)? {
        Some(wanted) => building.integers(op, wanted)?,
        None => op.attributes.integers("shape").take(MAX_RANK + 1).collect::<Result<_>>()?,
    };
    let are_zeros_sizes = op.attributes.flag("allowzero", false)?;
    if wanted.len() > MAX_RANK {
        return Err(op.misused());
    }
    let mut free = None;
    let mut shape = Vec::new();
    for (i, &size) in wanted.iter().enumerate() {
        shape.push(match size {
            -1 if free.is_none() => {
                free = Some(i);
                1
            }
            0 if !are_zeros_sizes => *x.shape.get(i).ok_or_else(|| op.misused())?,
            size => usize::try_from(size).map_err(|_| op.misused())?,
        });
    }
    let (count, known) = (elements(&x.shape)?, elements(&shape)?);
    if let Some(free) = free {
        if known == 0 || count % known != 0 {
            return Err(op.misused());
        }
        shape[free] = count / known;
    }
    if elements(&shape)? != count {
        return Err(op.unsupported("changes the number of elements: is the model made for more than one row?"));
    }
    Ok(Value { shape, ..x.clone() })
}

fn transpose(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 1)?;
    let x = op.input(0)?;
    let rank = x.shape.len();
    let order: Vec<usize> = if op.attributes.has("perm") {
        let order = op.attributes.integers("perm").take(MAX_RANK + 1).map(|at| axis(op, at?, rank));
        order.collect::<Result<_>>()?
    } else {
        (0..rank).rev().collect()
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(op.attributes.wrong("perm"));
    }
    let of_x = steps(&x.shape);
    let (shape, steps): (Vec<usize>, Vec<usize>) = order.iter().map(|&at| (x.shape[at], of_x[at])).unzip();
    let places = (0..elements(&shape)?).map(|i| (0, element(i, &shape, &steps) as u32)).collect();
    pick(building, x, places, shape)
}

fn slice(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 5)?;
    let x = op.input(0)?;
    let list = |i: usize, name: &str| -> Result<Option<Vec<i64>>> {
        match op.optional(i)? {
            Some(value) => building.integers(op, value).map(Some),
            None if op.attributes.has(name) => {
                op.attributes.integers(name).take(MAX_RANK + 1).collect::<Result<_>>().map(Some)
            }
            None => Ok(None),
        }
    };
    let starts = list(1, "starts")?.ok_or_else(|| op.misused())?;
    let ends = list(2, "ends")?.ok_or_else(|| op.misused())?;
    let axes = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let strides = list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len()
        || axes.len() != starts.len()
        || strides.len() != starts.len()
        || starts.len() > MAX_RANK
    {
        return Err(op.misused());
    }
    // For each dimension the first place and the distance to the next.
    let mut parts: Vec<(usize, usize, usize)> = x.shape.iter().map(|&size| (0, 1, size)).collect();
    for (((start, end), along), stride) in starts.into_iter().zip(ends).zip(axes).zip(strides) {
        let along = axis(op, along, x.shape.len())?;
        let size = x.shape[along] as i64;
        let stride = usize::try_from(stride).ok().filter(|&stride| stride > 0);
        let stride = stride.ok_or_else(|| op.unsupported("with steps backwards is not supported"))?;
        let place = |at: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(0, size) as usize;
        let (start, end) = (place(start), place(end));
        parts[along] = (start, stride, end.saturating_sub(start).div_ceil(stride));
    }
    let of_x = steps(&x.shape);
    let shape: Vec<usize> = parts.iter().map(|&(.., size)| size).collect();
    let offset: usize = parts.iter().zip(&of_x).map(|((start, ..), step)| start.saturating_mul(*step)).sum();
    let steps: Vec<usize> =
        parts.iter().zip(&of_x).map(|((_, stride, _), step)| stride.saturating_mul(*step)).collect();
    let places = (0..elements(&shape)?).map(|i| (0, (offset + element(i, &shape, &steps)) as u32)).collect();
    pick(building, x, places, shape)
}

/// Elements of `x` at places in one dimension: the shape is that of `x` with the shape of the places in place of this
/// dimension.
fn gather(
    building: &mut Building<'_>,
    op: &Operation<'_, '_>,
    x: &Value,
    wanted: &Value,
    along: usize,
    may_be_negative: bool,
) -> Result<Value> {
    if !matches!(wanted.kind, Kind::I64 | Kind::I32) {
        return Err(op.misused());
    }
    let (before, rest) = x.shape.split_at(along);
    let (length, after) = rest.split_first().ok_or_else(|| op.misused())?;
    let shape: Vec<usize> = before.iter().chain(&wanted.shape).chain(after).copied().collect();
    if shape.len() > MAX_RANK {
        return Err(op.misused());
    }
    elements(&shape)?;
    let (outer, inner, count) = (elements(before)?, elements(after)?, elements(&wanted.shape)?);
    let mut starts = Vec::new();
    for block in 0..outer {
        for i in 0..count {
            starts.extend((0..inner).map(|k| ((block * length * inner + k) as u32, i as u32)));
        }
    }
    lookup(building, x, wanted, starts.into(), (inner, *length, may_be_negative), shape)
}

/// Elements of `x` at places that `wanted` gives.
fn lookup(
    building: &mut Building<'_>,
    x: &Value,
    wanted: &Value,
    starts: Box<[(u32, u32)]>,
    (stride, length, may_be_negative): (usize, usize, bool),
    shape: Vec<usize>,
) -> Result<Value> {
    if let Some(known) = building.program.known(wanted).and_then(Data::integers) {
        // Known places: the elements that they stand for are known, too.
        let places: Option<Box<[(u32, u32)]>> = starts
            .iter()
            .map(|&(start, of)| {
                let at = *known.get(of as usize)?;
                let at = if may_be_negative && at < 0 { at + length as i64 } else { at };
                let at = usize::try_from(at).ok().filter(|&at| at < length)?;
                Some((0, start + (at * stride) as u32))
            })
            .collect();
        let places = places.ok_or_else(|| super::bad("a place in the ONNX graph is out of range"))?;
        return pick(building, x, places, shape);
    }
    building.program.step(Kernel::Lookup { starts, stride, length, may_be_negative }, &[x, wanted], x.kind, shape)
}

/// The operator `ArrayFeatureExtractor`: elements in the last dimension.
pub(super) fn extract(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(2, 2)?;
    let (x, wanted) = (op.input(0)?, op.input(1)?);
    // The shape of the places does not matter.
    let wanted = Value { shape: vec![elements(&wanted.shape)?], ..wanted.clone() };
    let along = x.shape.len().checked_sub(1).ok_or_else(|| op.misused())?;
    let value = gather(building, op, x, &wanted, along, false)?;
    let shape = if x.shape.len() == 1 { vec![1, value.shape[0]] } else { value.shape.clone() };
    Ok(Value { shape, ..value })
}
