//! Steps of a program, and their evaluation for a row. All dimensions are known when a step is made, so a step has the
//! places of the elements that it reads instead of dimensions.

use super::arithmetic::{Binary, Comparison, Index, Unary, binary, cast, compare, logic, unary};
use super::fault::Fault;
use super::labels::Labels;
use super::linear::{Linear, Product};
use super::preparation::{Encoder, Imputer, Normalizer, OneHot};
use super::tensor::{Data, Kind};
use super::trees::Trees;

/// A reduction of elements to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    Sum,
    Mean,
    Max,
    Min,
    Product,
    SumOfSquares,
    Norm,
}

/// Groups of elements, each of the same size: the places of the elements, group after group.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) size: usize,
    pub(super) places: Box<[u32]>,
}

impl Groups {
    fn each(&self) -> impl Iterator<Item = &[u32]> {
        self.places.chunks_exact(self.size.max(1))
    }
}

/// What a step computes from its inputs.
#[derive(Debug)]
pub(super) enum Kernel {
    /// A function of each element.
    Unary(Unary),
    /// A function of pairs of elements.
    Binary(Binary, Index, Index),
    Compare(Comparison, Index, Index),
    Not,
    Logic(fn(bool, bool) -> bool, Index, Index),
    IsNan,
    Cast(Kind),
    /// Each element from one of the inputs: the number of the input and the place.
    Pick(Box<[(u32, u32)]>),
    /// The element of the second input where the first holds, else of the third.
    Choose(Index, Index, Index),
    /// Elements of the first input at places that the second gives: a start, a stride and a length for each result.
    Lookup {
        starts: Box<[(u32, u32)]>,
        stride: usize,
        length: usize,
        may_be_negative: bool,
    },
    /// The elements between two numbers.
    Clip {
        has_least: bool,
        has_most: bool,
    },
    Reduce(Reduction, Groups),
    /// The place of the largest or smallest element in each group.
    Best {
        is_largest: bool,
        is_last: bool,
        groups: Groups,
    },
    /// `exp(x)` divided by the sum of them in each group.
    Softmax {
        groups: Groups,
        is_log: bool,
    },
    /// A product of matrices.
    Product(Product),
    Linear(Linear),
    Trees(Box<Trees>, Labels),
    /// 1 above the threshold, else 0.
    Binarize(f32),
    Impute(Imputer),
    Normalize(Normalizer, usize),
    OneHot(OneHot),
    Encode(Encoder),
}

/// The number of elements of the results, and the data of the result.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) count: usize,
    /// Empty, and of the type of the result.
    pub(super) data: &'a mut Data,
    /// The second result: the label of a classifier.
    pub(super) label: &'a mut Data,
}

impl Kernel {
    /// Evaluates the step. Inputs that a step of this form cannot have give no elements.
    #[expect(clippy::too_many_lines, reason = "one arm for each kernel")]
    pub(super) fn run(&self, inputs: &[&Data], out: Output<'_>) -> Result<(), Fault> {
        let Output { count, data, label } = out;
        match (self, inputs) {
            (Self::Unary(function), &[x]) => unary(*function, x, data),
            (Self::Binary(function, a, b), &[x, y]) => binary(*function, (x, a), (y, b), count, data),
            (Self::Compare(holds, a, b), &[x, y]) => compare(*holds, (x, a), (y, b), count, data),
            (Self::Logic(function, a, b), &[x, y]) => logic(*function, (x, a), (y, b), count, data),
            (Self::Not, &[Data::Bool(x)]) => {
                if let Data::Bool(out) = data {
                    out.extend(x.iter().map(|x| !x));
                }
            }
            (Self::IsNan, &[x]) => {
                if let Data::Bool(out) = data {
                    out.extend((0..x.len()).map(|i| x.number(i).is_nan()));
                }
            }
            (Self::Cast(to), &[x]) => cast(x, *to, data),
            (Self::Pick(places), inputs) => pick(places.iter().copied(), inputs, data),
            (Self::Choose(of, a, b), &[Data::Bool(condition), x, y]) => {
                let is_first = |i| condition.get(of.at(i)).copied().unwrap_or(false);
                let place = |i| if is_first(i) { (0, a.at(i) as u32) } else { (1, b.at(i) as u32) };
                pick((0..count).map(place), &[x, y], data);
            }
            (Self::Lookup { starts, stride, length, may_be_negative }, &[x, Data::I64(wanted)]) => {
                let mut places = Vec::with_capacity(starts.len());
                for &(start, of) in starts.iter() {
                    let wanted = wanted.get(of as usize).copied().ok_or(Fault::Index)?;
                    let wanted = if *may_be_negative && wanted < 0 { wanted + *length as i64 } else { wanted };
                    let wanted = usize::try_from(wanted).ok().filter(|wanted| wanted < length).ok_or(Fault::Index)?;
                    places.push((0, start + (wanted * stride) as u32));
                }
                pick(places.into_iter(), &[x], data);
            }
            (Self::Clip { has_least, has_most }, [x, bounds @ ..]) => {
                let least = if *has_least { bounds.first().copied() } else { None };
                let most = if *has_most { bounds.get(usize::from(*has_least)).copied() } else { None };
                clip(x, least, most, data);
            }
            (Self::Reduce(reduction, groups), &[x]) => reduce(*reduction, groups, x, data),
            (Self::Best { is_largest, is_last, groups }, &[x]) => best(*is_largest, *is_last, groups, x, data),
            (Self::Softmax { groups, is_log }, &[x]) => softmax(groups, *is_log, x, data),
            (Self::Product(product), inputs) => product.run(inputs, data),
            (Self::Linear(linear), &[x]) => {
                if let Some(place) = linear.run(x, data) {
                    linear.labels().put(place, label);
                }
            }
            (Self::Trees(trees, labels), &[x]) => {
                let mut place = 0;
                trees.evaluate(x, data, &mut place);
                labels.put(place, label);
            }
            (Self::Binarize(threshold), &[x]) => {
                if (0..x.len()).any(|i| x.number(i).is_nan()) {
                    return Err(Fault::Missing);
                }
                let is_above = |i| x.number(i) > f64::from(*threshold);
                match data {
                    Data::F32(out) => out.extend((0..x.len()).map(|i| f32::from(u8::from(is_above(i))))),
                    Data::F64(out) => out.extend((0..x.len()).map(|i| f64::from(u8::from(is_above(i))))),
                    Data::I64(out) => out.extend((0..x.len()).map(|i| i64::from(is_above(i)))),
                    _ => {}
                }
            }
            (Self::Impute(imputer), &[x]) => imputer.run(x, data),
            (Self::Normalize(norm, width), &[x]) => norm.run(*width, x, data),
            (Self::OneHot(encoder), &[x]) => encoder.run(x, data)?,
            (Self::Encode(encoder), &[x]) => encoder.run(x, data),
            _ => {}
        }
        // A step that gives too few elements would be an error of this program; the row has no result then.
        if data.len() == count { Ok(()) } else { Err(Fault::Index) }
    }

    /// Bytes of memory in use, besides those of the kernel itself.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Binary(_, a, b) | Self::Compare(_, a, b) | Self::Logic(_, a, b) => a.bytes() + b.bytes(),
            Self::Choose(a, b, c) => a.bytes() + b.bytes() + c.bytes(),
            Self::Pick(places) | Self::Lookup { starts: places, .. } => places.len() * 8,
            Self::Reduce(_, groups) | Self::Best { groups, .. } | Self::Softmax { groups, .. } => {
                groups.places.len() * 4
            }
            Self::Linear(linear) => linear.bytes(),
            Self::Trees(trees, labels) => trees.bytes() + size_of::<Trees>() + labels.0.bytes(),
            Self::Impute(imputer) => imputer.bytes(),
            Self::OneHot(encoder) => encoder.bytes(),
            Self::Encode(encoder) => encoder.bytes(),
            _ => 0,
        }
    }

    /// The number of places that the step reads, which are not in the file.
    pub(super) fn places(&self) -> usize {
        match self {
            Self::Linear(_) | Self::Trees(..) | Self::Impute(_) | Self::OneHot(_) | Self::Encode(_) => 0,
            other => other.bytes() / 4,
        }
    }

    /// The approximate time for a row in nanoseconds, for this number of results.
    pub(super) fn cost(&self, count: usize) -> u64 {
        let each = match self {
            Self::Unary(_) | Self::Softmax { .. } => 10,
            _ => 2,
        };
        let inner = match self {
            Self::Trees(trees, _) => 3 * trees.steps(),
            Self::Linear(linear) => linear.products(),
            Self::Product(product) => product.products(count),
            Self::Reduce(_, groups) | Self::Best { groups, .. } => groups.places.len() as u64,
            Self::OneHot(encoder) => encoder.cost(),
            _ => 0,
        };
        20 + each * count as u64 + inner
    }
}

/// Copies elements of inputs of one type.
fn pick(places: impl Iterator<Item = (u32, u32)>, inputs: &[&Data], out: &mut Data) {
    macro_rules! copy {
        ($kind:ident, $out:expr) => {
            $out.extend(places.filter_map(|(input, place)| match inputs.get(input as usize) {
                Some(Data::$kind(list)) => list.get(place as usize),
                _ => None,
            }))
        };
    }
    match out {
        Data::F32(out) => copy!(F32, out),
        Data::F64(out) => copy!(F64, out),
        Data::I64(out) => copy!(I64, out),
        Data::Bool(out) => copy!(Bool, out),
        Data::Text(out) => copy!(Text, out),
    }
}

/// NaN stays NaN.
fn clip(x: &Data, least: Option<&Data>, most: Option<&Data>, out: &mut Data) {
    macro_rules! clip {
        ($kind:ident, $x:expr, $out:expr) => {{
            let bound = |data: Option<&Data>| match data {
                Some(Data::$kind(list)) => list.first().copied(),
                _ => None,
            };
            let (least, most) = (bound(least), bound(most));
            $out.extend($x.iter().map(|&x| {
                let x = least.filter(|&least| x < least).unwrap_or(x);
                most.filter(|&most| x > most).unwrap_or(x)
            }));
        }};
    }
    match (x, out) {
        (Data::F32(x), Data::F32(out)) => clip!(F32, x, out),
        (Data::F64(x), Data::F64(out)) => clip!(F64, x, out),
        (Data::I64(x), Data::I64(out)) => clip!(I64, x, out),
        _ => {}
    }
}

fn reduce(reduction: Reduction, groups: &Groups, x: &Data, out: &mut Data) {
    macro_rules! floats {
        ($kind:ty, $x:expr, $out:expr) => {
            $out.extend(groups.each().map(|group| {
                let all = group.iter().filter_map(|&place| $x.get(place as usize).copied());
                match reduction {
                    Reduction::Sum => all.sum::<$kind>(),
                    Reduction::Mean => all.sum::<$kind>() / groups.size as $kind,
                    Reduction::Max => all.fold(<$kind>::NEG_INFINITY, |a, b| if a.is_nan() || a > b { a } else { b }),
                    Reduction::Min => all.fold(<$kind>::INFINITY, |a, b| if a.is_nan() || a < b { a } else { b }),
                    Reduction::Product => all.product::<$kind>(),
                    Reduction::SumOfSquares => all.map(|x| x * x).sum::<$kind>(),
                    Reduction::Norm => all.map(|x| x * x).sum::<$kind>().sqrt(),
                }
            }))
        };
    }
    match (x, out) {
        (Data::F32(x), Data::F32(out)) => floats!(f32, x, out),
        (Data::F64(x), Data::F64(out)) => floats!(f64, x, out),
        (Data::I64(x), Data::I64(out)) => out.extend(groups.each().map(|group| {
            let all = group.iter().filter_map(|&place| x.get(place as usize).copied());
            match reduction {
                Reduction::Max => all.max().unwrap_or(i64::MIN),
                Reduction::Min => all.min().unwrap_or(i64::MAX),
                Reduction::Product => all.fold(1, i64::wrapping_mul),
                _ => all.fold(0, i64::wrapping_add),
            }
        })),
        _ => {}
    }
}

fn best(is_largest: bool, is_last: bool, groups: &Groups, x: &Data, out: &mut Data) {
    let Data::I64(out) = out else { return };
    match x {
        // Not as `f64`, which has 53 bits.
        Data::I64(x) => {
            let at = |place: u32| x.get(place as usize).copied().unwrap_or_default();
            out.extend(groups.each().map(|group| best_of(is_largest, is_last, group, at)));
        }
        x => {
            out.extend(groups.each().map(|group| best_of(is_largest, is_last, group, |place| x.number(place as usize))))
        }
    }
}

/// The place of the largest or smallest element in a group. Nothing is larger or smaller than NaN.
fn best_of<T: PartialOrd>(is_largest: bool, is_last: bool, group: &[u32], at: impl Fn(u32) -> T) -> i64 {
    let Some((&first, others)) = group.split_first() else { return 0 };
    let (mut best, mut most) = (0, at(first));
    for (&place, i) in others.iter().zip(1..) {
        let x = at(place);
        let is_better = if is_largest { x > most } else { x < most };
        if is_better || is_last && x == most {
            (best, most) = (i, x);
        }
    }
    best
}

fn softmax(groups: &Groups, is_log: bool, x: &Data, out: &mut Data) {
    macro_rules! floats {
        ($kind:ty, $x:expr, $out:expr) => {{
            $out.resize($x.len(), 0.0);
            for group in groups.each() {
                let get = |place: u32| $x.get(place as usize).copied().unwrap_or_default();
                let most = group.iter().map(|&place| get(place)).fold(<$kind>::NEG_INFINITY, <$kind>::max);
                let sum: $kind = group.iter().map(|&place| (get(place) - most).exp()).sum();
                for &place in group {
                    let shifted = get(place) - most;
                    if let Some(out) = $out.get_mut(place as usize) {
                        *out = if is_log { shifted - sum.ln() } else { shifted.exp() / sum };
                    }
                }
            }
        }};
    }
    match (x, out) {
        (Data::F32(x), Data::F32(out)) => floats!(f32, x, out),
        (Data::F64(x), Data::F64(out)) => floats!(f64, x, out),
        _ => {}
    }
}
