//! Sums of the flows of a package, whose files hold what a wide table has side by side: they make [`Figures`], which are
//! held against each other as those of a wide table are.

use super::icio::figures::Figures;
use super::icio::hidden::Hidden;
use super::icio::totals::Totals;
use super::total_names::is_named_total;
use crate::io::labels::Labels;
use crate::io::shown::shown_node;
use crate::{Error, Place, Result};

/// Watches the rows of flows between nodes.
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

    /// Takes the row of node `i`, its cells in the order of the labels.
    pub(super) fn row(&mut self, i: usize, cells: &[f64]) {
        self.rows[i] = cells.iter().sum();
        self.columns.iter_mut().zip(cells).for_each(|(sum, value)| *sum += value);
        self.negative += cells.iter().filter(|&&value| value < 0.0).count() as u64;
        self.hidden.row(cells);
    }

    /// Hands the sums over, once all rows were there.
    ///
    /// # Errors
    /// [`Error::BadInput`] that names a total among the nodes.
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

/// What goes to final demand alone.
pub(super) fn final_demand(figures: &Figures, totals: &Totals) -> Vec<f64> {
    let mut sums = vec![0.0; figures.row_sums.len()];
    for &at in &totals.demand {
        sums.iter_mut().zip(&figures.columns[at].values).for_each(|(sum, value)| *sum += value);
    }
    sums
}

/// Fails where a node has the names of a total. Coefficients of totals are no sums: only names tell them.
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
