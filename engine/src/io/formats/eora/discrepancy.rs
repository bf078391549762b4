//! The pseudo-node `ROW`, `TOTAL` of EORA26, which holds the discrepancy between the tables of the countries. Its row
//! and column are left out, as other readers of these tables do, and a warning reports their size.

use crate::io::formats::Job;
use crate::io::formats::purchases::Purchaser;
use crate::io::shown::shown_node;

/// The region of the discrepancy.
const ROW: &str = "ROW";

/// The position of the discrepancy among the lines of a package, if there is one, and its size.
#[derive(Debug, Default)]
pub(super) struct Discrepancy {
    at: Option<usize>,
    kept: Vec<f64>,
    sold: f64,
    bought: f64,
    all: f64,
}

impl Discrepancy {
    /// Removes the discrepancy from the nodes. A region `ROW` with several sectors is an ordinary region.
    pub(super) fn take(nodes: &mut Vec<(String, String)>) -> Self {
        let mut of_row = (0..nodes.len()).filter(|&at| nodes[at].0 == ROW);
        let at = match (of_row.next(), of_row.next()) {
            (Some(at), None) if nodes.len() > 1 && nodes[at].1.eq_ignore_ascii_case("total") => Some(at),
            _ => None,
        };
        if let Some(at) = at {
            nodes.remove(at);
        }
        Self { at, ..Self::default() }
    }

    /// The number of lines for this number of nodes.
    pub(super) fn lines(&self, nodes: usize) -> usize {
        nodes + usize::from(self.at.is_some())
    }

    /// The number of the node in a line; `None` for the line of the discrepancy.
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

    /// Adds the flows of a line to the size of the discrepancy.
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

    /// The columns of final demand that are not demand of the discrepancy, with a warning about the others.
    pub(super) fn without(
        &self,
        demand: &[usize],
        purchasers: &[Purchaser],
        job: &Job<'_>,
        warnings: &mut Vec<String>,
    ) -> Vec<usize> {
        let is_of_row = |&&at: &&usize| {
            let region = purchasers.get(at).and_then(Option::as_ref).map(|(region, _)| &**region);
            self.at.is_some() && region == Some(ROW)
        };
        let (left_out, kept): (Vec<usize>, Vec<usize>) = demand.iter().partition(is_of_row);
        if !left_out.is_empty() && job.keeps_demand() {
            warnings.push(format!("final demand of {ROW} was left out like its node, columns: {}", left_out.len()));
        }
        kept
    }

    /// The warning about the discrepancy.
    pub(super) fn note(&self) -> Option<String> {
        self.at?;
        let share = if self.all > 0.0 { (self.sold + self.bought) / self.all * 100.0 } else { 0.0 };
        let node = shown_node(ROW, "TOTAL");
        Some(format!(
            "{node} is the discrepancy between the countries' tables and was left out: it sells {:.4} and buys {:.4}, \
             {share:.2} % of all flows",
            self.sold, self.bought
        ))
    }
}
