//! A table as it is kept: labels, technical coefficients, output.

use super::labels::Labels;
use super::matrix::Matrix;
use super::options::{Format, LeontiefMode, OutputRule};

/// What a loaded table holds. Immutable; everything here is saved and replicated.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names of the nodes.
    pub labels: Labels,
    /// Technical coefficients, `A[i,j]` = input from node i per unit of output of node j; n x n.
    pub coefficients: Matrix,
    /// Total output of every node in the table's unit; `None` for a table of coefficients alone.
    pub output: Option<Vec<f64>>,
    /// The layout it was read from.
    pub format: Format,
    /// Where `output` came from: `"reported"`, `"rowsum"`, `"solved"` (from final demand) or `"none"`.
    pub output_source: OutputSource,
    /// What `LEONTIEF` asked for; `None` lets memory decide when the inverse is built.
    pub leontief: Option<LeontiefMode>,
    /// What a user should know about the data, ASCII, one sentence each.
    pub warnings: Vec<String>,
}

/// Where a table's output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputSource {
    /// As the rule asked.
    Rule(OutputRule),
    /// Solved from coefficients and final demand, `x = (I-A)^-1 (Y 1)`.
    Solved,
    /// The table has coefficients only.
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
