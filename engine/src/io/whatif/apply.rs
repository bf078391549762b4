//! The changed table: its columns, computed from the columns of the table when they are read.

use super::change::{Change, Nodes, invalid};
use crate::io::labels::Labels;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::product::{TOGETHER, add_columns, dot, dots, widened, with_columns};
use crate::io::stage::Stage;
use crate::{Error, Result};

/// The sizes of values to which STRESS may lead.
const USUAL: std::ops::RangeInclusive<f64> = 1e-200..=1e200;

/// The number of times that all changes together may touch each coefficient, on average.
const MOST_TOUCHED: u64 = 16;

/// The number of coefficients that changes may always touch, whatever the size of the table.
const FEW_TOUCHED: u64 = 1 << 24;

/// The number of columns between two checks for cancellation.
const STRIDE: usize = 32;

/// The nodes of every selection, so that changes need no lists of their own.
#[derive(Debug)]
pub(super) struct Groups {
    all: Vec<u32>,
    by_region: Vec<Vec<u32>>,
    by_sector: Vec<Vec<u32>>,
}

impl Groups {
    fn new(labels: &Labels) -> Self {
        let mut by_region = vec![Vec::new(); labels.regions().len()];
        let mut by_sector = vec![Vec::new(); labels.sectors().len()];
        for (i, &(region, sector)) in (0..).zip(labels.nodes()) {
            by_region[region as usize].push(i);
            by_sector[sector as usize].push(i);
        }
        Self { all: (0..labels.len() as u32).collect(), by_region, by_sector }
    }

    /// The nodes of a selection, in order.
    pub(super) fn members<'a>(&'a self, nodes: &'a Nodes) -> &'a [u32] {
        match nodes {
            Nodes::All => &self.all,
            Nodes::Region(region) => &self.by_region[*region as usize],
            Nodes::Sector(sector) => &self.by_sector[*sector as usize],
            Nodes::Node(i) => std::slice::from_ref(i),
        }
    }

    /// The same selection; all nodes of a table of one region, or of one sector, are all nodes.
    fn normal(&self, nodes: Nodes) -> Nodes {
        if self.members(&nodes).len() == self.all.len() { Nodes::All } else { nodes }
    }
}

/// A change of coefficients, as it applies to one column.
#[derive(Debug)]
pub(super) enum Step {
    Extract(Nodes),
    Scale {
        from: Nodes,
        to: Nodes,
        factor: f64,
    },
    /// `(from, to)` pairs of rows: this share of the one moves to the other.
    Replace {
        moves: Vec<(u32, u32)>,
        share: f64,
    },
}

/// The changed table `A'` and the changed indicator `r'`.
#[derive(Debug)]
pub(super) struct Changed<'a> {
    matrix: &'a Matrix,
    nodes: &'a [(u32, u32)],
    pub(super) groups: Groups,
    pub(super) steps: Vec<Step>,
    /// The indicator after the changes; n values.
    pub(super) values: Vec<f64>,
    /// Whether no change makes a coefficient larger.
    pub(super) only_falls: bool,
}

/// Which column of the changed table is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The column of a node.
    Of(usize),
    /// A column that is affected only by changes of whole rows.
    Plain,
}

impl<'a> Changed<'a> {
    /// Applies changes to a table and an indicator.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the changes touch too many coefficients, or if a value of the indicator exceeds the range
    /// of numbers.
    pub(super) fn new(matrix: &'a Matrix, labels: &'a Labels, changes: &[Change], r: &[f64]) -> Result<Self> {
        let groups = Groups::new(labels);
        let n = labels.len() as u64;
        let size = |nodes: &Nodes| groups.members(nodes).len() as u64;
        let touched = |change: &Change| match change {
            Change::Extract(nodes) | Change::Replace { nodes, .. } => 2 * n * size(nodes),
            Change::Scale { from, to, .. } => size(from) * size(to),
            Change::Stress { nodes, .. } => size(nodes),
        };
        if changes.iter().map(touched).fold(0, u64::saturating_add) > FEW_TOUCHED.max(MOST_TOUCHED * n * n) {
            return Err(invalid(format!(
                "the changes touch more coefficients than {MOST_TOUCHED} times those of the table: combine changes of \
                 the same nodes"
            )));
        }
        let (mut steps, mut values, mut only_falls) = (Vec::new(), r.to_vec(), true);
        for change in changes {
            match *change {
                Change::Extract(nodes) => steps.push(Step::Extract(groups.normal(nodes))),
                Change::Scale { from, to, factor } => {
                    only_falls &= factor <= 1.0;
                    steps.push(Step::Scale { from: groups.normal(from), to: groups.normal(to), factor });
                }
                Change::Replace { ref nodes, region, share } => {
                    only_falls = false;
                    steps.push(Step::Replace { moves: moves(groups.members(nodes), region, labels), share });
                }
                Change::Stress { ref nodes, factor } => {
                    groups.members(nodes).iter().for_each(|&i| values[i as usize] *= factor);
                }
            }
        }
        // Products of extreme values lose digits, and computing with them is slow.
        let is_extreme = |(value, r): (&f64, &f64)| value != r && *value != 0.0 && !USUAL.contains(&value.abs());
        if values.iter().zip(r).any(is_extreme) {
            return Err(invalid("the factors of STRESS lead beyond the range of numbers".into()));
        }
        Ok(Self { matrix, nodes: labels.nodes(), groups, steps, values, only_falls })
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// `A`.
    pub(super) fn matrix(&self) -> &'a Matrix {
        self.matrix
    }

    /// Whether a selection contains the node of a column.
    fn contains(&self, nodes: &Nodes, place: Place) -> bool {
        match (nodes, place) {
            (Nodes::All, _) => true,
            (_, Place::Plain) => false,
            (Nodes::Region(region), Place::Of(j)) => self.nodes[j].0 == *region,
            (Nodes::Sector(sector), Place::Of(j)) => self.nodes[j].1 == *sector,
            (Nodes::Node(i), Place::Of(j)) => *i as usize == j,
        }
    }

    fn touches(&self, j: usize) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Scale { to, .. } => self.contains(to, Place::Of(j)),
            Step::Extract(_) | Step::Replace { .. } => true,
        })
    }

    /// Applies all changes, in order, to numbers that are a column of `A`. A change is linear, so the numbers may also
    /// be a part of a column, with zeros elsewhere.
    pub(super) fn apply(&self, place: Place, column: &mut [f64]) {
        for step in &self.steps {
            match step {
                // All columns are extracted only if all rows are.
                Step::Extract(nodes) if self.contains(nodes, place) => column.fill(0.0),
                Step::Extract(nodes) => {
                    self.groups.members(nodes).iter().for_each(|&i| column[i as usize] = 0.0);
                }
                Step::Scale { from, to, factor } if self.contains(to, place) => {
                    self.groups.members(from).iter().for_each(|&i| column[i as usize] *= factor);
                }
                Step::Scale { .. } => {}
                Step::Replace { moves, share } => {
                    for &(from, to) in moves {
                        let moved = column[from as usize];
                        column[from as usize] = (1.0 - share) * moved;
                        column[to as usize] += share * moved;
                    }
                }
            }
        }
    }

    /// The factor by which the changes multiply column `j` in a row that only changes of whole columns affect.
    pub(super) fn plain_factor(&self, j: usize) -> f64 {
        let mut product = 1.0;
        for step in &self.steps {
            match step {
                Step::Extract(nodes) if self.contains(nodes, Place::Of(j)) => product = 0.0,
                Step::Scale { from: Nodes::All, to, factor } if self.contains(to, Place::Of(j)) => product *= factor,
                _ => {}
            }
        }
        product
    }

    /// Column `j` of `A`.
    pub(super) fn base_column(&self, j: usize) -> Vec<f64> {
        with_columns!(self.matrix, columns => widened(columns.column(j)))
    }

    /// Column `j` of `A'`.
    pub(super) fn column(&self, j: usize) -> Vec<f64> {
        let mut column = self.base_column(j);
        self.apply(Place::Of(j), &mut column);
        column
    }

    /// Calls `each(j, column j of A')` for all columns and regularly checks for cancellation.
    pub(super) fn each_column(&self, stage: &Stage<'_>, mut each: impl FnMut(usize, &[f64])) -> Result<()> {
        let n = self.len();
        let mut scratch = vec![0.0; n];
        for j in 0..n {
            if j.is_multiple_of(STRIDE) {
                stage.step(j, n)?;
            }
            let touched = self.touches(j);
            match self.matrix {
                Matrix::F64(columns) if !touched => each(j, columns.column(j)),
                Matrix::F64(columns) => scratch.copy_from_slice(columns.column(j)),
                Matrix::F32(columns) => widen(columns.column(j), &mut scratch),
            }
            if touched {
                self.apply(Place::Of(j), &mut scratch);
            }
            if touched || matches!(self.matrix, Matrix::F32(_)) {
                each(j, &scratch);
            }
        }
        stage.step(1, 1)
    }

    /// Whether the changes affect column `j` in another way than a column that only changes of whole rows affect.
    pub(super) fn is_own(&self, j: usize) -> bool {
        let is_own = |nodes: &Nodes| self.contains(nodes, Place::Of(j)) && !self.contains(nodes, Place::Plain);
        self.steps.iter().any(|step| match step {
            Step::Extract(nodes) | Step::Scale { to: nodes, .. } => is_own(nodes),
            Step::Replace { .. } => false,
        })
    }

    /// The row `y'` for which `y'a = x'a'` with every plain column `a` of `A` and `a'` of `A'`: the changes of whole
    /// rows, transposed.
    fn transposed(&self, x: &[f64]) -> Vec<f64> {
        let mut y = x.to_vec();
        for step in self.steps.iter().rev() {
            match step {
                Step::Extract(nodes) => self.groups.members(nodes).iter().for_each(|&i| y[i as usize] = 0.0),
                Step::Scale { from, to: Nodes::All, factor } => {
                    self.groups.members(from).iter().for_each(|&i| y[i as usize] *= factor);
                }
                Step::Scale { .. } => {}
                Step::Replace { moves, share } => {
                    for &(from, to) in moves.iter().rev() {
                        y[from as usize] = (1.0 - share) * y[from as usize] + share * y[to as usize];
                    }
                }
            }
        }
        y
    }

    /// `x' A'` for the rows x and `A' y` for the columns y, in one pass over the matrix. Changes of whole rows are
    /// applied to the vectors, not to every column.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(super) fn products(&self, rows: &[&[f64]], columns: &[&[f64]], stage: &Stage<'_>) -> Result<Products> {
        with_columns!(self.matrix, stored => self.products_with(stored, rows, columns, stage))
    }

    fn products_with<T: Number>(
        &self,
        stored: &Columns<T>,
        rows: &[&[f64]],
        columns: &[&[f64]],
        stage: &Stage<'_>,
    ) -> Result<Products> {
        let n = self.len();
        let transposed: Vec<Vec<f64>> = rows.iter().map(|row| self.transposed(row)).collect();
        let mut of_rows = vec![vec![0.0; n]; rows.len()];
        let (mut of_plain, mut of_own) = (vec![vec![0.0; n]; columns.len()], vec![vec![0.0; n]; columns.len()]);
        let (own, plain): (Vec<usize>, Vec<usize>) = (0..n).partition(|&j| self.is_own(j));
        let mut scratch = vec![0.0; n];
        for (k, &j) in own.iter().enumerate() {
            if k.is_multiple_of(STRIDE) {
                stage.step(k, n)?;
            }
            scratch.iter_mut().zip(stored.column(j)).for_each(|(own, &a)| *own = a.into());
            self.apply(Place::Of(j), &mut scratch);
            of_rows.iter_mut().zip(rows).for_each(|(product, row)| product[j] = dot(row, &scratch));
            for (product, column) in of_own.iter_mut().zip(columns) {
                product.iter_mut().zip(&scratch).for_each(|(y, a)| *y += column[j] * a);
            }
        }
        let (fours, rest) = plain.as_chunks::<TOGETHER>();
        for (k, four) in fours.iter().enumerate() {
            if k.is_multiple_of(STRIDE / TOGETHER) {
                stage.step(own.len() + k * TOGETHER, n)?;
            }
            for (product, row) in of_rows.iter_mut().zip(&transposed) {
                let dots = dots(row, four.map(|j| stored.column(j)));
                four.iter().zip(dots).for_each(|(&j, dot)| product[j] = dot);
            }
            for (product, column) in of_plain.iter_mut().zip(columns) {
                add_columns(stored, &(0..n), &four.map(|j| (j, column[j])), product);
            }
        }
        for &j in rest {
            of_rows.iter_mut().zip(&transposed).for_each(|(product, row)| product[j] = dot(row, stored.column(j)));
            for (product, column) in of_plain.iter_mut().zip(columns) {
                add_columns(stored, &(0..n), &[(j, column[j])], product);
            }
        }
        stage.step(1, 1)?;
        for (product, own) in of_plain.iter_mut().zip(of_own) {
            self.apply(Place::Plain, product);
            product.iter_mut().zip(own).for_each(|(product, own)| *product += own);
        }
        Ok(Products { rows: of_rows, columns: of_plain })
    }
}

/// Results of [`Changed::products`], in the order of the vectors.
#[derive(Debug)]
pub(super) struct Products {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) columns: Vec<Vec<f64>>,
}

fn widen<T: Number>(numbers: &[T], out: &mut [f64]) {
    out.iter_mut().zip(numbers).for_each(|(out, &a)| *out = a.into());
}

/// The rows between which a replacement moves coefficients. Nodes of the new region itself keep theirs.
fn moves(from: &[u32], region: u32, labels: &Labels) -> Vec<(u32, u32)> {
    let nodes = labels.nodes();
    let target = |&i: &u32| Some((i, labels.node_at(region, nodes[i as usize].1)?));
    from.iter().filter_map(target).filter(|(from, to)| from != to).collect()
}

/// The error for changes after which the production layers do not converge.
pub(super) fn diverges() -> Error {
    let text = "the changed table does not converge: after these changes its spectral radius is not below 1, or so close \
                to 1 that no figure could be trusted";
    Error::Invalid(text.into())
}
