//! Rows without a result.

/// A row that has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::score) enum Fault {
    /// An index that depends on the row is out of range.
    Index,
    /// An operator that does not take missing values gets one.
    Missing,
    /// A category is not known, and the file says that there is then no result.
    Category,
    /// An integer input gets a fraction, or a number that it cannot hold.
    Fraction,
    /// The numbers of the classes are not probabilities.
    Probability,
    /// The label is not one of the classes.
    Label,
}
