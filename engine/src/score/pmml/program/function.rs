//! Built-in functions of expressions.

use super::fault::Fault;
use super::wire::{Reader, Wire, wire_choice};
use crate::{Error, Result};

/// A built-in function. `if`, `and` and `or` are evaluated where their arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Function {
    Add,
    Subtract,
    Multiply,
    Divide,
    Min,
    Max,
    Sum,
    Mean,
    Median,
    Product,
    Log10,
    Ln,
    Ln1p,
    Sqrt,
    Abs,
    Exp,
    Expm1,
    Power,
    Threshold,
    Floor,
    Ceil,
    Round,
    Rint,
    Modulo,
    Hypot,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    IsMissing,
    IsNotMissing,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    IsIn,
    IsNotIn,
    And,
    Or,
    Not,
    If,
}

use Function::{
    Abs, Acos, Add, And, Asin, Atan, Ceil, Cos, Cosh, Divide, Equal, Exp, Expm1, Floor, Greater, GreaterOrEqual, Hypot,
    If, IsIn, IsMissing, IsNotIn, IsNotMissing, Less, LessOrEqual, Ln, Ln1p, Log10, Max, Mean, Median, Min, Modulo,
    Multiply, Not, NotEqual, Or, Power, Product, Rint, Round, Sin, Sinh, Sqrt, Subtract, Sum, Tan, Tanh, Threshold,
};

/// The functions with their names in files, and the least and the largest number of arguments. The order is the code in
/// the byte form.
const NAMES: [(Function, &str, usize, usize); 48] = [
    (Add, "+", 2, 2),
    (Subtract, "-", 2, 2),
    (Multiply, "*", 2, 2),
    (Divide, "/", 2, 2),
    (Min, "min", 1, MANY),
    (Max, "max", 1, MANY),
    (Sum, "sum", 1, MANY),
    (Mean, "avg", 1, MANY),
    (Median, "median", 1, MANY),
    (Product, "product", 1, MANY),
    (Log10, "log10", 1, 1),
    (Ln, "ln", 1, 1),
    (Ln1p, "ln1p", 1, 1),
    (Sqrt, "sqrt", 1, 1),
    (Abs, "abs", 1, 1),
    (Exp, "exp", 1, 1),
    (Expm1, "expm1", 1, 1),
    (Power, "pow", 2, 2),
    (Threshold, "threshold", 2, 2),
    (Floor, "floor", 1, 1),
    (Ceil, "ceil", 1, 1),
    (Round, "round", 1, 1),
    (Rint, "rint", 1, 1),
    (Modulo, "modulo", 2, 2),
    (Hypot, "hypot", 2, 2),
    (Sin, "sin", 1, 1),
    (Cos, "cos", 1, 1),
    (Tan, "tan", 1, 1),
    (Asin, "asin", 1, 1),
    (Acos, "acos", 1, 1),
    (Atan, "atan", 1, 1),
    (Sinh, "sinh", 1, 1),
    (Cosh, "cosh", 1, 1),
    (Tanh, "tanh", 1, 1),
    (IsMissing, "isMissing", 1, 1),
    (IsNotMissing, "isNotMissing", 1, 1),
    (Equal, "equal", 2, 2),
    (NotEqual, "notEqual", 2, 2),
    (Less, "lessThan", 2, 2),
    (LessOrEqual, "lessOrEqual", 2, 2),
    (Greater, "greaterThan", 2, 2),
    (GreaterOrEqual, "greaterOrEqual", 2, 2),
    (IsIn, "isIn", 2, MANY),
    (IsNotIn, "isNotIn", 2, MANY),
    (And, "and", 2, MANY),
    (Or, "or", 2, MANY),
    (Not, "not", 1, 1),
    (If, "if", 2, 3),
];

/// Maximum number of arguments.
const MANY: usize = 4_096;

impl Function {
    /// All functions; the index is the code in the byte form.
    const ALL: [Self; 48] = {
        let mut all = [Add; 48];
        let mut i = 0;
        while i < 48 {
            all[i] = NAMES[i].0;
            i += 1;
        }
        all
    };

    /// The function with this name in a file.
    pub(in super::super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, known, ..)| *known == name).map(|(function, ..)| *function)
    }

    /// Whether the function takes this number of arguments.
    pub(in super::super) fn takes(self, arguments: usize) -> bool {
        NAMES.iter().any(|(one, _, least, most)| *one == self && (*least..=*most).contains(&arguments))
    }

    /// Whether missing arguments are left out.
    pub(in super::super) fn is_aggregate(self) -> bool {
        matches!(self, Min | Max | Sum | Mean | Median | Product)
    }

    /// Whether a missing argument makes the result missing. Other functions cannot take one.
    pub(in super::super) fn is_arithmetic(self) -> bool {
        matches!(self, Add | Subtract | Multiply | Divide | Modulo)
    }

    /// Whether computing it takes much longer than an addition.
    pub(super) fn is_slow(self) -> bool {
        matches!(
            self,
            Log10
                | Ln
                | Ln1p
                | Exp
                | Expm1
                | Power
                | Modulo
                | Hypot
                | Sin
                | Cos
                | Tan
                | Asin
                | Acos
                | Atan
                | Sinh
                | Cosh
                | Tanh
        )
    }

    /// Whether the result is a truth value.
    pub(in super::super) fn is_test(self) -> bool {
        matches!(
            self,
            IsMissing
                | IsNotMissing
                | Equal
                | NotEqual
                | Less
                | LessOrEqual
                | Greater
                | GreaterOrEqual
                | IsIn
                | IsNotIn
                | And
                | Or
                | Not
                | Threshold
        )
    }

    /// The result for arguments that are not missing (an aggregate has at least one; it may reorder them).
    ///
    /// # Errors
    /// [`Fault::Computed`] when the result is not a finite number.
    pub(super) fn of(self, arguments: &mut [f64]) -> Result<f64, Fault> {
        let a = *arguments.first().ok_or(Fault::Computed)?;
        let second = arguments.get(1).copied().unwrap_or_default();
        let truth = |is: bool| f64::from(u8::from(is));
        let result = match self {
            Add => a + second,
            Subtract => a - second,
            Multiply => a * second,
            Divide => a / second,
            Min => arguments.iter().copied().fold(f64::INFINITY, f64::min),
            Max => arguments.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            Sum => arguments.iter().sum(),
            Mean => arguments.iter().sum::<f64>() / arguments.len() as f64,
            Median => median(arguments),
            Product => arguments.iter().product(),
            Log10 => a.log10(),
            Ln => a.ln(),
            Ln1p => a.ln_1p(),
            Sqrt => a.sqrt(),
            Abs => a.abs(),
            Exp => a.exp(),
            Expm1 => a.exp_m1(),
            Power => a.powf(second),
            Threshold => truth(a > second),
            Floor => a.floor(),
            Ceil => a.ceil(),
            Round => half_up(a),
            Rint => a.round_ties_even(),
            Modulo => a - (a / second).floor() * second,
            Hypot => a.hypot(second),
            Sin => a.sin(),
            Cos => a.cos(),
            Tan => a.tan(),
            Asin => a.asin(),
            Acos => a.acos(),
            Atan => a.atan(),
            Sinh => a.sinh(),
            Cosh => a.cosh(),
            Tanh => a.tanh(),
            Equal => truth(a == second),
            NotEqual => truth(a != second),
            Less => truth(a < second),
            LessOrEqual => truth(a <= second),
            Greater => truth(a > second),
            GreaterOrEqual => truth(a >= second),
            IsIn => truth(arguments[1..].contains(&a)),
            IsNotIn => truth(!arguments[1..].contains(&a)),
            Not => truth(a == 0.0),
            And => truth(arguments.iter().all(|&x| x != 0.0)),
            Or => truth(arguments.iter().any(|&x| x != 0.0)),
            IsMissing | IsNotMissing | If => return Err(Fault::Computed),
        };
        if result.is_finite() { Ok(result + 0.0) } else { Err(Fault::Computed) }
    }
}

/// The middle number, or the mean of the two in the middle.
pub(super) fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.len() % 2, numbers.get(middle), middle.checked_sub(1).and_then(|i| numbers.get(i))) {
        (1, Some(&one), _) => one,
        (_, Some(&above), Some(&below)) => (below + above) / 2.0,
        _ => f64::NAN,
    }
}

/// The nearest integer; halves are rounded up, as Java's `Math.round` does.
pub(super) fn half_up(x: f64) -> f64 {
    let floor = x.floor();
    if x - floor >= 0.5 { floor + 1.0 } else { floor }
}

wire_choice!(Function);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_compute_as_the_standard_says() {
        for (name, arguments, expected) in [
            ("round", &[-2.5][..], -2.0),
            ("round", &[2.5], 3.0),
            ("round", &[0.499_999_999_999_999_94], 0.0),
            ("rint", &[2.5], 2.0),
            ("modulo", &[-7.0, 3.0], 2.0),
            ("threshold", &[1.0, 1.0], 0.0),
            ("median", &[5.0, 1.0, 2.0], 2.0),
            ("median", &[5.0, 1.0, 2.0, 4.0], 3.0),
            ("isIn", &[3.0, 1.0, 3.0], 1.0),
            ("isNotIn", &[3.0, 1.0, 3.0], 0.0),
        ] {
            let function = Function::named(name).unwrap();
            assert!(function.takes(arguments.len()), "{name}");
            assert_eq!(function.of(&mut arguments.to_vec()), Ok(expected), "{name}");
        }
        assert_eq!(Function::named("/").unwrap().of(&mut [1.0, 0.0]), Err(Fault::Computed));
        assert_eq!(Function::named("ln").unwrap().of(&mut [-1.0]), Err(Fault::Computed));
        assert!(Function::named("uppercase").is_none());
        assert!(Function::ALL.iter().zip(NAMES).all(|(one, (named, ..))| *one == named));
    }
}
