//! A table in memory: labels, technical coefficients, output.

use super::demand::FinalDemand;
use super::labels::Labels;
use super::options::{Format, LeontiefMode, OutputRule};
use crate::io::leontief::matrix::Matrix;

/// The content of a loaded table. It is immutable; all of it is saved and replicated.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the nodes.
    pub labels: Labels,
    /// Technical coefficients `A[i,j]`, the input from node i per unit of output of node j; n x n.
    pub coefficients: Matrix,
    /// Total output of every node, in the unit of the table; `None` for a table that holds only coefficients.
    pub output: Option<Vec<f64>>,
    /// Final demand by purchasing region; `None` if the source has none that names regions, or if it was left out.
    pub demand: Option<FinalDemand>,
    /// The layout of the source.
    pub format: Format,
    /// The source of `output`: `"reported"`, `"rowsum"`, `"solved"` (from final demand) or `"none"`.
    pub output_source: OutputSource,
    /// The `LEONTIEF` mode requested; with `None` the mode depends on the memory available when the inverse is built.
    pub leontief: Option<LeontiefMode>,
    /// Notes for the user about the data: ASCII, one sentence each.
    pub warnings: Vec<String>,
}

/// The source of a table's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputSource {
    /// The source that the rule requests.
    Rule(OutputRule),
    /// Solved from coefficients and final demand, `x = (I-A)^-1 (Y 1)`.
    Solved,
    /// The table holds only coefficients.
    None,
}

impl OutputSource {
    /// The name used in replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule(rule) => rule.name(),
            Self::Solved => "solved",
            Self::None => "none",
        }
    }
}
