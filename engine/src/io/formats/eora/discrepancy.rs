//! The node of EORA26 that is none: `ROW`, `TOTAL` takes what the countries' tables do not agree on. Its row and column are
//! left out, as readers of these tables do, and their size is told.

use crate::io::shown::shown_node;

/// Where the discrepancy stands among the lines of a package, if it does, and how large it is.
#[derive(Debug, Default)]
pub(super) struct Discrepancy {
    at: Option<usize>,
    kept: Vec<f64>,
    sold: f64,
    bought: f64,
    all: f64,
}

impl Discrepancy {
    /// Takes it out of the nodes. A region `ROW` of several sectors is one like any other.
    pub(super) fn take(nodes: &mut Vec<(String, String)>) -> Self {
        let mut of_row = (0..nodes.len()).filter(|&at| nodes[at].0 == "ROW");
        let at = match (of_row.next(), of_row.next()) {
            (Some(at), None) if nodes.len() > 1 && nodes[at].1.eq_ignore_ascii_case("total") => Some(at),
            _ => None,
        };
        if let Some(at) = at {
            nodes.remove(at);
        }
        Self { at, ..Self::default() }
    }

    /// How many lines there are for so many nodes.
    pub(super) fn lines(&self, nodes: usize) -> usize {
        nodes + usize::from(self.at.is_some())
    }

    /// The number of a line's node; `None` for that of the discrepancy.
    pub(super) fn node(&self, line: usize) -> Option<usize> {
        match self.at {
            Some(at) if at == line => None,
            Some(at) if at < line => Some(line - 1),
            _ => Some(line),
        }
    }

    /// The columns of nodes.
    pub(super) fn columns<'a>(&'a mut self, row: &'a [f64]) -> &'a [f64] {
        let Some(at) = self.at else { return row };
        self.kept.clear();
        self.kept.extend_from_slice(&row[..at]);
        self.kept.extend_from_slice(&row[at + 1..]);
        &self.kept
    }

    /// Counts what a line of the flows says of it.
    pub(super) fn count(&mut self, line: usize, row: &[f64]) {
        let Some(at) = self.at else { return };
        let sum: f64 = row.iter().map(|flow| flow.abs()).sum();
        self.all += sum;
        if line == at {
            self.sold += sum;
        } else {
            self.bought += row[at].abs();
        }
    }

    /// What is told of it.
    pub(super) fn note(&self) -> Option<String> {
        self.at?;
        let share = if self.all > 0.0 { (self.sold + self.bought) / self.all * 100.0 } else { 0.0 };
        let node = shown_node("ROW", "TOTAL");
        Some(format!(
            "{node} is what the countries' tables do not agree on, and was left out: it sells {:.4} and buys {:.4}, {share:.2} % of all \
             flows",
            self.sold, self.bought
        ))
    }
}
