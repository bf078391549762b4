//! Columns: a feature in the form that makes all numeric splits the same comparison.
//!
//! A row goes to the second child of a node when `!(x <= threshold)`, so NaN goes there too. A node that sends missing
//! values to the side of *small* values has its children swapped and compares `-x`; `-NaN` is still NaN. If zeros are
//! missing values too, they are NaN in the column. If no value is missing, NaN is 0 in the column.

/// Which values are missing at a numeric split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// None: NaN counts as 0.
    None,
    /// Zeros and NaN.
    Zero,
    /// NaN.
    Nan,
}

/// How the numbers of a column are computed from the feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// Always 0. Leaves use it, so a row that has reached a leaf stays there.
    Nothing,
    /// The number, 0 instead of NaN.
    Filled,
    /// The number.
    Plain,
    /// The negated number.
    Negated,
    /// The number, NaN instead of zero.
    ZeroMissing,
    /// The negated number, NaN instead of zero.
    ZeroMissingNegated,
    /// The number, which is looked up in a set of categories.
    Category,
    /// The category plus 1, and 0 instead of NaN: sets say where missing values go. For XGBoost.
    CategoryOrMissing,
    /// The category, NaN instead of a fraction. For CatBoost, whose categories are texts or whole numbers.
    WholeCategory,
}

/// All forms; the index is the code in the byte form. The first is for leaves.
pub(super) const FORMS: [Form; 9] = [
    Form::Nothing,
    Form::Filled,
    Form::Plain,
    Form::Negated,
    Form::ZeroMissing,
    Form::ZeroMissingNegated,
    Form::Category,
    Form::CategoryOrMissing,
    Form::WholeCategory,
];

impl Form {
    /// Whether numbers are looked up in sets of categories.
    pub(super) fn is_category(self) -> bool {
        matches!(self, Self::Category | Self::CategoryOrMissing | Self::WholeCategory)
    }

    /// The code in the byte form.
    pub(super) fn code(self) -> u8 {
        FORMS.iter().position(|&form| form == self).expect("FORMS contains every form") as u8
    }
}

/// A feature and its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Column {
    /// The index of the feature in a row.
    pub(super) feature: u32,
    /// Its form.
    pub(super) form: Form,
}

/// A numeric split as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct NumericSplit {
    /// The column that is compared.
    pub(super) column: Column,
    /// The number that the column is compared with.
    pub(super) threshold: f64,
    /// Whether the child for small values is the second one.
    pub(super) is_swapped: bool,
}

impl NumericSplit {
    /// The split `x <= threshold`; with `missing_left`, missing values go to the side of small values.
    pub(super) fn at_most(feature: u32, threshold: f64, missing: Missing, missing_left: bool) -> Self {
        // A negative zero compares like zero, but its neighbours are different numbers.
        let threshold = threshold + 0.0;
        let (form, is_swapped) = match (missing, missing_left) {
            (Missing::None, _) => (Form::Filled, false),
            (Missing::Nan, false) => (Form::Plain, false),
            (Missing::Nan, true) => (Form::Negated, true),
            (Missing::Zero, false) => (Form::ZeroMissing, false),
            (Missing::Zero, true) => (Form::ZeroMissingNegated, true),
        };
        // `-x` and swapped children: the first child is for x > t, which is -x < -t, which is -x <= the number before
        // -t.
        let threshold = if is_swapped { (-threshold).next_down() } else { threshold };
        Self { column: Column { feature, form }, threshold, is_swapped }
    }
}

/// `LightGBM` treats numbers with at most this magnitude as 0.
const ALMOST_ZERO: f64 = 1e-35_f32 as f64;

/// XGBoost's categories are whole numbers below this.
pub(super) const MOST_CATEGORY: u32 = 1 << 24;

/// The bit of a category in the sets of XGBoost, whose bit 0 is for missing values; NaN for what is no category.
fn category_or_missing(x: f64) -> f64 {
    if x.is_nan() {
        0.0
    } else if (0.0..f64::from(MOST_CATEGORY)).contains(&x) {
        x.trunc() + 1.0
    } else {
        f64::NAN
    }
}

/// Categories from here on are in no mask; their bit is never set.
pub(super) const MASKED: usize = 63;

/// The category of a number as bits: its integer part, as the sets of categories have it; [`MASKED`] for those that are in no mask.
fn code(x: f64) -> f64 {
    let is_masked = x > -1.0 && x < MASKED as f64;
    f64::from_bits(if is_masked { x as u64 } else { MASKED as u64 })
}

/// A number of a row as XGBoost uses it.
pub(super) fn single(x: f64) -> f64 {
    f64::from(x as f32)
}

/// A number of a row as `LightGBM` uses it.
pub(super) fn double(x: f64) -> f64 {
    if x.abs() <= ALMOST_ZERO { 0.0 } else { x }
}

impl Column {
    /// The column of leaves.
    pub(super) const NOTHING: Self = Self { feature: 0, form: Form::Nothing };

    /// The numbers of the column for numbers of rows that [`single`] or [`double`] has converted.
    pub(super) fn of<const N: usize>(self, numbers: [f64; N]) -> [f64; N] {
        let without_zero = |x: f64| if x == 0.0 { f64::NAN } else { x };
        match self.form {
            Form::Nothing => [0.0; N],
            Form::Filled => numbers.map(|x| if x.is_nan() { 0.0 } else { x }),
            Form::Plain | Form::Category => numbers,
            Form::CategoryOrMissing => numbers.map(category_or_missing),
            Form::WholeCategory => numbers.map(|x| if x.fract() == 0.0 { x } else { f64::NAN }),
            Form::Negated => numbers.map(|x| -x),
            Form::ZeroMissing => numbers.map(without_zero),
            Form::ZeroMissingNegated => numbers.map(|x| -without_zero(x)),
        }
    }

    /// The numbers of the column where splits by category use masks: a category is a code, the bits of the number.
    pub(super) fn masked<const N: usize>(self, numbers: [f64; N]) -> [f64; N] {
        let numbers = self.of(numbers);
        if self.form.is_category() { numbers.map(code) } else { numbers }
    }

    /// The threshold as in the file, computed from the stored one; `None` if the split does not compare with a finite
    /// number.
    pub(super) fn threshold(self, kept: f64, is_single: bool) -> Option<f64> {
        let at_most = match self.form {
            Form::Nothing | Form::Category | Form::CategoryOrMissing | Form::WholeCategory => return None,
            Form::Filled | Form::Plain | Form::ZeroMissing => kept,
            Form::Negated | Form::ZeroMissingNegated => -kept.next_up(),
        };
        kept.is_finite().then(|| if is_single { at_most.next_up() } else { at_most } + 0.0)
    }
}
