//! Indicators: one number per node, per unit of its output.

/// A named stressor vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// The name, not empty, at most 256 bytes.
    pub name: Box<str>,
    /// The unit, may be empty.
    pub unit: Box<str>,
    /// One finite value >= 0 per node, in the order of the table.
    pub values: Vec<f64>,
}
