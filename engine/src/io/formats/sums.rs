//! Sums of the flows of a package. Its files hold the parts that a wide table has in one file. The sums become
//! [`Figures`], which are checked in the same way as those of a wide table.

use super::icio::figures::Figures;
use super::icio::hidden::Hidden;
use super::icio::totals::Totals;
use super::total_names::is_named_total;
use crate::io::labels::Labels;
use crate::io::shown::shown_node;
use crate::{Error, Place, Result};

/// Sums the rows of flows between nodes and searches them for totals.
pub(super) struct Flows {
    rows: Vec<f64>,
    columns: Vec<f64>,
    negative: u64,
    hidden: Hidden,
}

impl Flows {
    pub(super) fn new(labels: &Labels) -> Self {
        let n = labels.len();
        let nodes: Vec<u32> = (0..n as u32).collect();
        Self { rows: vec![0.0; n], columns: vec![0.0; n], negative: 0, hidden: Hidden::new(&nodes, labels) }
    }

    /// Adds the row of node `i`, with cells in the order of the labels.
    pub(super) fn row(&mut self, i: usize, cells: &[f64]) {
        self.rows[i] = cells.iter().sum();
        self.columns.iter_mut().zip(cells).for_each(|(sum, value)| *sum += value);
        self.negative += cells.iter().filter(|&&value| value < 0.0).count() as u64;
        self.hidden.row(cells);
    }

    /// Stores the sums in `figures`, after all rows were added.
    ///
    /// # Errors
    /// [`Error::BadInput`], which names a total among the nodes.
    pub(super) fn put(self, figures: &mut Figures, labels: &Labels, file: &'static str) -> Result<()> {
        if let Some(node) = self.hidden.found() {
            let (region, sector) = labels.names(node);
            let node = shown_node(region, sector);
            let what = format!("the column {node} is the sum of others, and has a row: take totals out of all files");
            return Err(Error::bad(what, Place { file, ..Place::default() }));
        }
        (figures.row_sums, figures.column_sums, figures.negative) = (self.rows, self.columns, self.negative);
        Ok(())
    }
}

/// The deliveries to final demand, by node.
pub(super) fn final_demand(figures: &Figures, totals: &Totals) -> Vec<f64> {
    let mut sums = vec![0.0; figures.row_sums.len()];
    for &at in &totals.demand {
        sums.iter_mut().zip(&figures.columns[at].values).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// Fails if a node is named as a total. The coefficients of a total are not sums, so only its name identifies it.
pub(super) fn refuse_named_totals(labels: &Labels, file: &'static str) -> Result<()> {
    let is_total = |&node: &usize| {
        let (region, sector) = labels.names(node);
        is_named_total(region) && is_named_total(sector)
    };
    let Some(node) = (0..labels.len()).find(is_total) else { return Ok(()) };
    let (region, sector) = labels.names(node);
    let what = format!("the node {} is named as a total: take totals out of all files", shown_node(region, sector));
    Err(Error::bad(what, Place { file, ..Place::default() }))
}
