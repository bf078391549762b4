//! Places of elements in tensors of known dimensions.

use super::arithmetic::Index;
use super::building::Operation;
use super::kernel::Groups;
use super::tensor::elements;
use crate::Result;

/// The shape of a result of two operands, and the places of their elements: dimensions of size 1 are repeated.
pub(super) fn broadcast(a: &[usize], b: &[usize]) -> Option<(Vec<usize>, Index, Index)> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(rank).map_or(1, |i| shape[i]);
    let shape: Vec<usize> = (0..rank)
        .map(|i| match (size(a, i), size(b, i)) {
            (a, b) if a == b => Some(a),
            (1, other) | (other, 1) => Some(other),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (of_a, of_b) = (index(a, &shape)?, index(b, &shape)?);
    Some((shape, of_a, of_b))
}

/// The places of the elements of a tensor of the shape `from` that is repeated to the shape `to`.
pub(super) fn index(from: &[usize], to: &[usize]) -> Option<Index> {
    let (count, results) = (elements(from).ok()?, elements(to).ok()?);
    if from.len() > to.len() {
        return None;
    }
    let padded: Vec<usize> = std::iter::repeat_n(1, to.len() - from.len()).chain(from.iter().copied()).collect();
    if padded.iter().zip(to).any(|(&from, &to)| from != to && from != 1) {
        return None;
    }
    if count == results {
        return Some(Index::Same);
    }
    if count == 1 {
        return Some(Index::One);
    }
    // The steps of the tensor, 0 where it is repeated.
    let mut steps = vec![0; to.len()];
    let mut step = 1;
    for (steps, &size) in steps.iter_mut().zip(&padded).rev() {
        *steps = if size == 1 { 0 } else { step };
        step *= size;
    }
    Some(Index::At((0..results).map(|i| element(i, to, &steps) as u32).collect()))
}

/// The number of a dimension, which may be counted from the end.
pub(super) fn axis(op: &Operation<'_, '_>, axis: i64, rank: usize) -> Result<usize> {
    let at = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(at).ok().filter(|&at| at < rank).ok_or_else(|| op.misused())
}

/// The steps between elements in each dimension.
pub(super) fn steps(shape: &[usize]) -> Vec<usize> {
    let mut steps = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        steps[i - 1] = steps[i] * shape[i];
    }
    steps
}

/// The place that the element `i` of a tensor of this shape has with other steps.
pub(super) fn element(mut i: usize, shape: &[usize], steps: &[usize]) -> usize {
    let mut place = 0;
    for (&size, &step) in shape.iter().zip(steps).rev() {
        let size = size.max(1);
        place += i % size * step;
        i /= size;
    }
    place
}

/// The elements that differ only in some dimensions, group after group, and the number of groups.
pub(super) fn grouped(op: &Operation<'_, '_>, shape: &[usize], is_grouped: &[bool]) -> Result<(Groups, usize)> {
    let sizes = |wanted: bool| -> (Vec<usize>, Vec<usize>) {
        let all = shape.iter().zip(steps(shape)).zip(is_grouped);
        all.filter(|(_, is_grouped)| **is_grouped == wanted).map(|((&size, step), _)| (size, step)).unzip()
    };
    let ((outer, outer_steps), (inner, inner_steps)) = (sizes(false), sizes(true));
    let (groups, size) = (elements(&outer)?, elements(&inner)?);
    if groups == 0 || size == 0 {
        return Err(op.unsupported("reduces a tensor without elements"));
    }
    let places = (0..groups).flat_map(|group| {
        let start = element(group, &outer, &outer_steps);
        let (inner, inner_steps) = (&inner, &inner_steps);
        (0..size).map(move |i| (start + element(i, inner, inner_steps)) as u32)
    });
    Ok((Groups { size, places: places.collect() }, groups))
}
