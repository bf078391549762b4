//! Arithmetic on elements, in the type of the tensors: `f32` models are computed in `f32`, as onnxruntime does.

use super::tensor::{Data, Kind};

/// A function of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Abs,
    Ceil,
    Erf,
    Exp,
    Floor,
    Log,
    Neg,
    Reciprocal,
    Relu,
    Sigmoid,
    Sign,
    Sqrt,
    Tanh,
}

impl Unary {
    /// The function of an operator.
    pub(super) fn named(operator: &str) -> Option<Self> {
        Some(match operator {
            "Abs" => Self::Abs,
            "Ceil" => Self::Ceil,
            "Erf" => Self::Erf,
            "Exp" => Self::Exp,
            "Floor" => Self::Floor,
            "Log" => Self::Log,
            "Neg" => Self::Neg,
            "Reciprocal" => Self::Reciprocal,
            "Relu" => Self::Relu,
            "Sigmoid" => Self::Sigmoid,
            "Sign" => Self::Sign,
            "Sqrt" => Self::Sqrt,
            "Tanh" => Self::Tanh,
            _ => return None,
        })
    }

    /// Whether the function is defined for integers, too.
    pub(super) fn takes_integers(self) -> bool {
        matches!(self, Self::Abs | Self::Neg | Self::Sign)
    }

    fn of_integer(self, x: i64) -> i64 {
        match self {
            Self::Abs => x.wrapping_abs(),
            Self::Neg => x.wrapping_neg(),
            Self::Sign => x.signum(),
            _ => x,
        }
    }
}

/// A function of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Min,
    Max,
}

impl Binary {
    /// Whether the function is defined for integers, too. A division by an integer zero has no result.
    pub(super) fn takes_integers(self) -> bool {
        !matches!(self, Self::Div | Self::Pow)
    }

    fn of_integers(self, a: i64, b: i64) -> i64 {
        match self {
            Self::Add => a.wrapping_add(b),
            Self::Sub => a.wrapping_sub(b),
            Self::Mul => a.wrapping_mul(b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Div | Self::Pow => a,
        }
    }
}

/// The functions of one floating-point type.
macro_rules! floats {
    ($unary:ident, $binary:ident, $sigmoid:ident, $kind:ty) => {
        fn $unary(function: Unary, x: $kind) -> $kind {
            match function {
                Unary::Abs => x.abs(),
                Unary::Ceil => x.ceil(),
                Unary::Erf => erf(f64::from(x)) as $kind,
                Unary::Exp => x.exp(),
                Unary::Floor => x.floor(),
                Unary::Log => x.ln(),
                Unary::Neg => -x,
                Unary::Reciprocal => 1.0 / x,
                // NaN stays NaN.
                Unary::Relu => {
                    if x < 0.0 {
                        0.0
                    } else {
                        x
                    }
                }
                Unary::Sigmoid => $sigmoid(x),
                Unary::Sign => {
                    if x == 0.0 || x.is_nan() {
                        x
                    } else {
                        x.signum()
                    }
                }
                Unary::Sqrt => x.sqrt(),
                Unary::Tanh => x.tanh(),
            }
        }

        fn $binary(function: Binary, a: $kind, b: $kind) -> $kind {
            match function {
                Binary::Add => a + b,
                Binary::Sub => a - b,
                Binary::Mul => a * b,
                Binary::Div => a / b,
                Binary::Pow => a.powf(b),
                Binary::Min => {
                    if a.is_nan() || a < b {
                        a
                    } else {
                        b
                    }
                }
                Binary::Max => {
                    if a.is_nan() || a > b {
                        a
                    } else {
                        b
                    }
                }
            }
        }

        /// `1 / (1 + exp(-x))`, without overflow.
        pub(super) fn $sigmoid(x: $kind) -> $kind {
            let positive = 1.0 / (1.0 + (-x.abs()).exp());
            if x < 0.0 { 1.0 - positive } else { positive }
        }
    };
}

floats!(unary_single, binary_single, sigmoid_single, f32);
floats!(unary_double, binary_double, sigmoid_double, f64);

/// The error function: the series `2/sqrt(pi) * sum (-1)^n x^(2n+1) / (n! (2n+1))` for small arguments, a continued
/// fraction of the complement for large ones (Abramowitz and Stegun 7.1.5 and 7.1.14).
fn erf(x: f64) -> f64 {
    let size = x.abs();
    if size.is_nan() {
        return x;
    }
    if size < 2.5 {
        let (mut sum, mut power) = (x, x);
        for n in 1..100 {
            power *= -x * x / f64::from(n);
            let term = power / f64::from(2 * n + 1);
            sum += term;
            if term.abs() < 1e-17 * sum.abs() {
                break;
            }
        }
        return sum * std::f64::consts::FRAC_2_SQRT_PI;
    }
    let fraction = (1..60).rev().fold(size, |rest, n| size + f64::from(n) / 2.0 / rest);
    let complement = (-size * size).exp() / (fraction * std::f64::consts::PI.sqrt());
    (1.0 - complement).copysign(x)
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// The comparison of an operator.
    pub(super) fn named(operator: &str) -> Option<Self> {
        Some(match operator {
            "Equal" => Self::Equal,
            "Less" => Self::Less,
            "LessOrEqual" => Self::LessOrEqual,
            "Greater" => Self::Greater,
            "GreaterOrEqual" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds<T: PartialOrd>(self, a: &T, b: &T) -> bool {
        match self {
            Self::Equal => a == b,
            Self::Less => a < b,
            Self::LessOrEqual => a <= b,
            Self::Greater => a > b,
            Self::GreaterOrEqual => a >= b,
        }
    }
}

/// The elements of an operand for each element of a result.
#[derive(Debug, Clone)]
pub(super) enum Index {
    /// The element at the same place.
    Same,
    /// The only element.
    One,
    /// The elements at these places.
    At(Box<[u32]>),
}

impl Index {
    /// The place for the element `i` of the result.
    #[inline]
    pub(super) fn at(&self, i: usize) -> usize {
        match self {
            Self::Same => i,
            Self::One => 0,
            Self::At(places) => places.get(i).map_or(usize::MAX, |&place| place as usize),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        if let Self::At(places) = self { places.len() * 4 } else { 0 }
    }
}

/// Applies a function to every element.
pub(super) fn unary(function: Unary, x: &Data, out: &mut Data) {
    match (x, out) {
        (Data::F32(x), Data::F32(out)) => out.extend(x.iter().map(|&x| unary_single(function, x))),
        (Data::F64(x), Data::F64(out)) => out.extend(x.iter().map(|&x| unary_double(function, x))),
        (Data::I64(x), Data::I64(out)) => out.extend(x.iter().map(|&x| function.of_integer(x))),
        _ => {}
    }
}

/// Pairs of elements of two operands.
fn pairs<'d, T: Copy>(
    (a, of_a): (&'d [T], &'d Index),
    (b, of_b): (&'d [T], &'d Index),
    count: usize,
) -> impl Iterator<Item = (T, T)> + 'd {
    (0..count).filter_map(move |i| Some((*a.get(of_a.at(i))?, *b.get(of_b.at(i))?)))
}

/// Applies a function to pairs of elements; `count` is the number of results.
pub(super) fn binary(function: Binary, a: (&Data, &Index), b: (&Data, &Index), count: usize, out: &mut Data) {
    match (a.0, b.0, out) {
        (Data::F32(x), Data::F32(y), Data::F32(out)) => {
            out.extend(
                pairs((x.as_slice(), a.1), (y.as_slice(), b.1), count).map(|(a, b)| binary_single(function, a, b)),
            );
        }
        (Data::F64(x), Data::F64(y), Data::F64(out)) => {
            out.extend(
                pairs((x.as_slice(), a.1), (y.as_slice(), b.1), count).map(|(a, b)| binary_double(function, a, b)),
            );
        }
        (Data::I64(x), Data::I64(y), Data::I64(out)) => {
            out.extend(pairs((x.as_slice(), a.1), (y.as_slice(), b.1), count).map(|(a, b)| function.of_integers(a, b)));
        }
        _ => {}
    }
}

/// Compares pairs of elements.
pub(super) fn compare(holds: Comparison, a: (&Data, &Index), b: (&Data, &Index), count: usize, out: &mut Data) {
    let Data::Bool(out) = out else { return };
    macro_rules! each {
        ($x:expr, $y:expr) => {
            out.extend(pairs(($x.as_slice(), a.1), ($y.as_slice(), b.1), count).map(|(a, b)| holds.holds(&a, &b)))
        };
    }
    match (a.0, b.0) {
        (Data::F32(x), Data::F32(y)) => each!(x, y),
        (Data::F64(x), Data::F64(y)) => each!(x, y),
        (Data::I64(x), Data::I64(y)) => each!(x, y),
        (Data::Bool(x), Data::Bool(y)) => each!(x, y),
        (Data::Text(x), Data::Text(y)) => each!(x, y),
        _ => {}
    }
}

/// Joins pairs of truth values.
pub(super) fn logic(
    function: fn(bool, bool) -> bool,
    a: (&Data, &Index),
    b: (&Data, &Index),
    count: usize,
    out: &mut Data,
) {
    if let (Data::Bool(x), Data::Bool(y), Data::Bool(out)) = (a.0, b.0, out) {
        out.extend(pairs((x.as_slice(), a.1), (y.as_slice(), b.1), count).map(|(a, b)| function(a, b)));
    }
}

/// Converts elements to another type. Floating-point numbers lose their fraction; NaN and those outside of the integers give
/// the least integer, as the processor does for onnxruntime.
pub(super) fn cast(x: &Data, to: Kind, out: &mut Data) {
    let integer = |x: i64| if to == Kind::I32 { i64::from(x as i32) } else { x };
    match (x, out) {
        (Data::Text(x), Data::Text(out)) => out.extend(x),
        (Data::I64(x), Data::I64(out)) => out.extend(x.iter().map(|&x| integer(x))),
        (Data::I64(x), Data::F32(out)) => out.extend(x.iter().map(|&x| x as f32)),
        (Data::F32(x), Data::F32(out)) => out.extend(x),
        (x, Data::F32(out)) => out.extend((0..x.len()).map(|i| x.number(i) as f32)),
        (x, Data::F64(out)) => out.extend((0..x.len()).map(|i| x.number(i))),
        (x, Data::I64(out)) => out.extend((0..x.len()).map(|i| {
            let x = x.number(i).trunc();
            let (least, past) =
                if to == Kind::I32 { (i32::MIN.into(), -f64::from(i32::MIN)) } else { (i64::MIN, -(i64::MIN as f64)) };
            if x >= least as f64 && x < past { x as i64 } else { least }
        })),
        (x, Data::Bool(out)) => out.extend((0..x.len()).map(|i| x.number(i) != 0.0)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_function_is_accurate() {
        for (x, expected) in [
            (0.0, 0.0),
            (0.5, 0.520_499_877_813_046_5),
            (-1.0, -0.842_700_792_949_714_9),
            (2.4, 0.999_311_486_103_355),
            (2.6, 0.999_763_965_583_470_6),
            (4.0, 0.999_999_984_582_742_1),
            (f64::INFINITY, 1.0),
        ] {
            assert!((erf(x) - expected).abs() < 1e-14, "{x}: {}", erf(x));
        }
        assert!(erf(f64::NAN).is_nan());
    }

    #[test]
    fn nan_passes_through_minimum_and_maximum() {
        for function in [Binary::Min, Binary::Max] {
            assert!(binary_single(function, f32::NAN, 1.0).is_nan());
            assert!(binary_double(function, 1.0, f64::NAN).is_nan());
        }
        assert!(unary_single(Unary::Relu, f32::NAN).is_nan());
    }
}
