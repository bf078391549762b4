//! Best-first search for the largest paths from a node.
//!
//! A state is a path that may be extended, with the product of its coefficients, its weight. The bound of a state,
//! `|weight| b_i`, is the largest value of its extensions. States are extended in the order of their bounds until no
//! bound reaches the smallest path that still counts. On real tables the 20 largest paths need 3 to 6 extensions.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Wanted;
use super::bound::{Bound, SLACK};
use crate::io::assess::Basis;
use crate::io::leontief::number::Number;
use crate::io::leontief::product::with_columns;
use crate::{Error, Progress, Result};

/// The number of coefficients compared together.
const CHUNK: usize = 32;

/// The largest number of extended paths in a search; 12 bytes each.
const MOST_STEPS: usize = 1 << 22;

/// The largest number of states that wait for extension; 24 bytes each. Only ties can lead to so many.
const MOST_OPEN: usize = 1 << 21;

/// The number of waiting states below which none are removed.
const FEW_OPEN: usize = 4096;

/// The largest number of nodes of all paths of a result together. A table in which a node uses nearly all of its own
/// output has paths of thousands of steps.
const MOST_NODES: usize = 1 << 20;

/// The number of extensions between two checks for cancellation.
const STRIDE: usize = 64;

/// The parent of the path of order 0.
const NONE: u32 = u32::MAX;

/// One path.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Path {
    /// `r_{i_k} A_{i_k i_{k-1}} .. A_{i_1 j}`, in the unit of the indicator.
    pub(in crate::io) value: f64,
    /// The nodes from the supplier `i_k` to the subject j: order + 1 of them.
    pub(in crate::io) nodes: Vec<u32>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::io) struct Paths {
    /// Largest first by size; ties by order, then by the labels of the nodes from the supplier to the subject.
    pub(in crate::io) paths: Vec<Path>,
    /// Whether [`Wanted::most`] excluded paths.
    pub(in crate::io) is_truncated: bool,
}

impl Basis<'_> {
    /// The largest paths of node `j`. The values are exact to the rounding of their own products, and no path that is
    /// larger than one of the result is missing. A value below the smallest normal number counts as 0.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an invalid cutoff; [`Error::TooBig`] if the search or the result is beyond the built-in
    /// limits; [`Error::Invalid`] if a value is not a finite number; [`Error::Cancelled`].
    pub(in crate::io) fn paths(&self, bound: &Bound, j: usize, wanted: &Wanted, progress: &Progress) -> Result<Paths> {
        wanted.check()?;
        let total = self.series.totals()[j].abs();
        let mut search = Search {
            values: self.values,
            bound,
            rank: self.printed.node_rank(),
            cutoff: wanted.cutoff.unwrap_or(0.0),
            total,
            sought: wanted.sought(),
            floor: wanted.cutoff.map_or(0.0, |share| share * total * (1.0 - SLACK)).max(f64::MIN_POSITIVE),
            kept: Vec::new(),
            open: BinaryHeap::new(),
            room: FEW_OPEN,
            steps: Vec::new(),
            candidates: Vec::new(),
        };
        if search.sought > 0 {
            with_columns!(&self.table.coefficients, columns => search.run(j, |i| columns.column(i), progress))?;
        }
        search.finish(wanted.limit())
    }
}

/// An extended path: its last node, its order, and the path of which it is an extension.
struct Step {
    parent: u32,
    node: u32,
    order: u32,
}

/// A path to extend.
struct State {
    bound: f64,
    weight: f64,
    parent: u32,
    node: u32,
}

/// A path that may be among the largest.
struct Found {
    value: f64,
    order: u32,
    parent: u32,
    node: u32,
}

struct Search<'a> {
    values: &'a [f64],
    bound: &'a Bound,
    rank: &'a [u32],
    cutoff: f64,
    /// The size of the total.
    total: f64,
    sought: usize,
    /// The smallest size that a path may have. Rises as larger paths are found.
    floor: f64,
    kept: Vec<Found>,
    open: BinaryHeap<State>,
    /// The number of waiting states at which those that cannot count are removed.
    room: usize,
    steps: Vec<Step>,
    candidates: Vec<u32>,
}

impl<'a> Search<'a> {
    fn run<T: Number + 'a>(&mut self, j: usize, column: impl Fn(usize) -> &'a [T], progress: &Progress) -> Result<()> {
        let node = j as u32;
        self.offer(Found { value: self.values[j], order: 0, parent: NONE, node })?;
        self.push(State { bound: self.bound.upstream[j], weight: 1.0, parent: NONE, node })?;
        while let Some(state) = self.open.pop() {
            if state.bound < self.floor {
                break;
            }
            if self.steps.len().is_multiple_of(STRIDE) {
                progress.check()?;
            }
            if self.steps.len() == MOST_STEPS {
                return Err(Error::TooBig { what: "the search for structural paths", limit: MOST_STEPS as u64 });
            }
            self.extend(&state, column(state.node as usize))?;
        }
        Ok(())
    }

    /// Extends a path by every supplier that can still lead to one of the largest paths. All paths that end at a
    /// supplier are offered before states are added, because these paths raise the floor.
    fn extend<T: Number>(&mut self, state: &State, column: &[T]) -> Result<()> {
        let order = if state.parent == NONE { 0 } else { self.steps[state.parent as usize].order + 1 };
        let parent = self.steps.len() as u32;
        self.steps.push(Step { parent: state.parent, node: state.node, order });
        let (values, bound, weight) = (self.values, self.bound, state.weight);
        let size = weight.abs();
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        for (c, (a, reach)) in column.chunks(CHUNK).zip(bound.reach.chunks(CHUNK)).enumerate() {
            let floor = self.floor;
            let reaches = |a: T, reach: f64| a.into().abs() * size * reach >= floor;
            // The whole chunk is compared first, without branches. This compiles to vector instructions.
            if !a.iter().zip(reach).fold(false, |any, (&a, &reach)| any | reaches(a, reach)) {
                continue;
            }
            for (k, (&a, &reach)) in a.iter().zip(reach).enumerate() {
                if reaches(a, reach) {
                    let k = c * CHUNK + k;
                    candidates.push(k as u32);
                    let value = weight * a.into() * values[k];
                    self.offer(Found { value, order: order + 1, parent, node: k as u32 })?;
                }
            }
        }
        for &node in &candidates {
            let weight = weight * column[node as usize].into();
            self.push(State { bound: weight.abs() * bound.upstream[node as usize], weight, parent, node })?;
        }
        self.candidates = candidates;
        Ok(())
    }

    fn offer(&mut self, found: Found) -> Result<()> {
        let size = found.value.abs();
        if !size.is_finite() {
            return Err(beyond_range());
        }
        // The share is compared as it is printed: a printed share used as the cutoff includes its own path.
        if size >= self.floor && size / self.total >= self.cutoff {
            self.kept.push(found);
            if self.kept.len() >= self.sought.saturating_add(self.sought / 8).saturating_add(8) {
                self.prune_kept();
            }
        }
        Ok(())
    }

    fn prune_kept(&mut self) {
        let Self { kept, steps, rank, sought, .. } = self;
        let (_, worst, _) = kept.select_nth_unstable_by(*sought - 1, |a, b| compare(steps, rank, a, b));
        self.floor = self.floor.max(worst.value.abs());
        kept.truncate(*sought);
    }

    fn push(&mut self, state: State) -> Result<()> {
        if !state.bound.is_finite() || !state.weight.is_finite() {
            return Err(beyond_range());
        }
        // A product below the normal range has lost digits.
        if state.bound < self.floor || state.weight.abs() < f64::MIN_POSITIVE {
            return Ok(());
        }
        self.open.push(state);
        if self.open.len() >= self.room { self.prune_open() } else { Ok(()) }
    }

    /// Removes the states that cannot count. No state extends another one, and each has an extension whose value is its
    /// bound. So as many states as paths are sought guarantee as many paths, and their bounds raise the floor.
    fn prune_open(&mut self) -> Result<()> {
        let mut open = std::mem::take(&mut self.open).into_vec();
        if open.len() > self.sought {
            let (_, worst, _) = open.select_nth_unstable_by(self.sought - 1, |a, b| b.cmp(a));
            self.floor = self.floor.max(worst.bound * (1.0 - 3.0 * SLACK));
        }
        open.retain(|state| state.bound >= self.floor);
        if open.len() > MOST_OPEN {
            return Err(Error::TooBig { what: "the number of equal structural paths", limit: MOST_OPEN as u64 });
        }
        self.room = FEW_OPEN.max(2 * open.len());
        self.open = open.into();
        Ok(())
    }

    fn finish(mut self, limit: usize) -> Result<Paths> {
        let (steps, rank) = (&self.steps, self.rank);
        self.kept.sort_unstable_by(|a, b| compare(steps, rank, a, b));
        // A search for one path more than the limit found it.
        let is_truncated = self.sought > limit && self.kept.len() > limit;
        self.kept.truncate(limit);
        let nodes: usize = self.kept.iter().map(|found| found.order as usize + 1).sum();
        if nodes > MOST_NODES {
            let what = "the number of nodes of all structural paths together";
            return Err(Error::TooBig { what, limit: MOST_NODES as u64 });
        }
        let path = |found: &Found| Path { value: found.value, nodes: nodes_of(steps, found).collect() };
        Ok(Paths { paths: self.kept.iter().map(path).collect(), is_truncated })
    }
}

/// The nodes of a path from the supplier to the subject.
fn nodes_of<'a>(steps: &'a [Step], found: &Found) -> impl Iterator<Item = u32> + use<'a> {
    let mut parent = found.parent;
    let rest = std::iter::from_fn(move || {
        let step = steps.get(parent as usize)?;
        parent = step.parent;
        Some(step.node)
    });
    std::iter::once(found.node).chain(rest)
}

/// The order of the result.
fn compare(steps: &[Step], rank: &[u32], a: &Found, b: &Found) -> Ordering {
    let ranks = |found| nodes_of(steps, found).map(|node| rank[node as usize]);
    let by_size = b.value.abs().total_cmp(&a.value.abs());
    by_size.then_with(|| a.order.cmp(&b.order)).then_with(|| ranks(a).cmp(ranks(b)))
}

fn beyond_range() -> Error {
    Error::Invalid("structural paths are beyond the range of numbers".into())
}

impl Ord for State {
    fn cmp(&self, other: &Self) -> Ordering {
        // Equal bounds: the older state first, so that the steps of a search are always the same.
        let key = |state: &Self| (state.parent, state.node);
        self.bound.total_cmp(&other.bound).then_with(|| key(other).cmp(&key(self)))
    }
}

impl PartialOrd for State {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for State {}
