//! Columns: a feature in the form that makes every query the same.
//!
//! A row goes to the second child of a node when `!(x <= threshold)`, so NaN goes there too. A node that sends missing
//! values to the side of *small* values has its children swapped and asks the same of `-x`, which leaves NaN what it
//! is. Where zeros are missing as well they are NaN in the column; where nothing is missing, NaN is 0 in the column.

/// What becomes of missing values at a numeric split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// There are none: NaN is 0.
    None,
    /// Zeros, and NaN as well.
    Zero,
    /// NaN.
    Nan,
}

/// The form of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// 0 whatever the row: what leaves compare, so that a row that has arrived stays.
    Nothing,
    /// The number, 0 for NaN.
    Filled,
    /// The number.
    Plain,
    /// The number with its sign changed.
    Negated,
    /// The number, NaN for zeros.
    ZeroMissing,
    /// The number with its sign changed, NaN for zeros.
    ZeroMissingNegated,
    /// The number, to be looked up in a set of categories.
    Category,
}

/// Forms by their codes in the byte form; the first is for leaves.
pub(super) const FORMS: [Form; 7] = [
    Form::Nothing,
    Form::Filled,
    Form::Plain,
    Form::Negated,
    Form::ZeroMissing,
    Form::ZeroMissingNegated,
    Form::Category,
];

impl Form {
    /// The code.
    pub(super) fn code(self) -> u8 {
        FORMS.iter().position(|&form| form == self).expect("every form is of the list") as u8
    }
}

/// A feature in a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Column {
    /// The feature's place in a row.
    pub(super) feature: u32,
    /// Its form.
    pub(super) form: Form,
}

/// A numeric query in the form that is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Query {
    /// The column it is asked of.
    pub(super) column: Column,
    /// What the column is compared with.
    pub(super) threshold: f64,
    /// Whether the child for small values is the second one.
    pub(super) is_swapped: bool,
}

impl Query {
    /// The query whether `x <= threshold`; missing values are taken for small ones with `missing_left`.
    pub(super) fn at_most(feature: u32, threshold: f64, missing: Missing, missing_left: bool) -> Self {
        // A negative zero compares as zero does, but its neighbours are others.
        let threshold = threshold + 0.0;
        let (form, is_swapped) = match (missing, missing_left) {
            (Missing::None, _) => (Form::Filled, false),
            (Missing::Nan, false) => (Form::Plain, false),
            (Missing::Nan, true) => (Form::Negated, true),
            (Missing::Zero, false) => (Form::ZeroMissing, false),
            (Missing::Zero, true) => (Form::ZeroMissingNegated, true),
        };
        // x > t, where the first child is for large values: -x < -t, and so -x <= the number before -t.
        let threshold = if is_swapped { (-threshold).next_down() } else { threshold };
        Self { column: Column { feature, form }, threshold, is_swapped }
    }
}

/// `LightGBM` takes numbers no larger than this for 0.
const ALMOST_ZERO: f64 = 1e-35_f32 as f64;

/// A number of a row as XGBoost takes it.
pub(super) fn single(x: f64) -> f64 {
    f64::from(x as f32)
}

/// A number of a row as `LightGBM` takes it.
pub(super) fn double(x: f64) -> f64 {
    if x.abs() <= ALMOST_ZERO { 0.0 } else { x }
}

impl Column {
    /// The column of leaves.
    pub(super) const NOTHING: Self = Self { feature: 0, form: Form::Nothing };

    /// The numbers in the column for numbers of rows, after [`single`] or [`double`].
    pub(super) fn of<const N: usize>(self, numbers: [f64; N]) -> [f64; N] {
        let without_zero = |x: f64| if x == 0.0 { f64::NAN } else { x };
        match self.form {
            Form::Nothing => [0.0; N],
            Form::Filled => numbers.map(|x| if x.is_nan() { 0.0 } else { x }),
            Form::Plain | Form::Category => numbers,
            Form::Negated => numbers.map(|x| -x),
            Form::ZeroMissing => numbers.map(without_zero),
            Form::ZeroMissingNegated => numbers.map(|x| -without_zero(x)),
        }
    }

    /// The threshold as it stands in the file, from one that is kept; `None` where no numbers are told apart.
    pub(super) fn threshold(self, kept: f64, is_single: bool) -> Option<f64> {
        let at_most = match self.form {
            Form::Nothing | Form::Category => return None,
            Form::Filled | Form::Plain | Form::ZeroMissing => kept,
            Form::Negated | Form::ZeroMissingNegated => -kept.next_up(),
        };
        kept.is_finite().then(|| if is_single { at_most.next_up() } else { at_most } + 0.0)
    }
}
