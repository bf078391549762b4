//! Storing the rows of a table as columns of coefficients.

use crate::Result;
use crate::io::labels::Labels;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::options::Precision;
use crate::io::shown::shown_node;
use crate::{Budget, Error, Progress};

/// The number of rows that are buffered before they are written: each write to a column is then 256 bytes long.
const TILE: usize = 32;

/// Stores the rows of a table, given in any order, by columns and divided by output.
pub(super) struct Filler<'a> {
    matrix: Matrix,
    output: Option<&'a [f64]>,
    tile: Vec<f64>,
    rows: Vec<u32>,
    idle: Vec<bool>,
}

/// The result of reading a table.
pub(super) struct Filled {
    /// The coefficients.
    pub(super) matrix: Matrix,
    /// The number of columns with flows but without output. They were set to 0.
    pub(super) idle: usize,
}

impl<'a> Filler<'a> {
    /// The peak memory for a table of `n` nodes, in bytes.
    pub(super) fn bytes(n: usize, precision: Precision) -> u64 {
        let n = n as u64;
        n * n * precision.bytes() + n * (8 * TILE as u64 + 1)
    }

    /// A filler for `n` nodes. First requests its bytes and `more` from the budget. With `output`, rows hold flows, and
    /// each column is divided by its output; without, rows hold coefficients.
    pub(super) fn new(
        n: usize,
        precision: Precision,
        output: Option<&'a [f64]>,
        budget: &Budget,
        more: u64,
    ) -> Result<Self> {
        budget.require("the table", Self::bytes(n, precision) + more)?;
        let matrix = Matrix::zeros(n, precision);
        let (tile, rows) = (Vec::with_capacity(TILE * n), Vec::with_capacity(TILE));
        Ok(Self { matrix, output, tile, rows, idle: vec![false; n] })
    }

    /// Stores row `i`, n numbers. Each row must be given once.
    pub(super) fn push(&mut self, i: usize, row: &[f64]) {
        self.tile.extend_from_slice(row);
        self.rows.push(i as u32);
        if self.rows.len() == TILE {
            self.flush();
        }
    }

    /// The matrix, after all rows were given.
    pub(super) fn finish(mut self) -> Filled {
        self.flush();
        Filled { matrix: self.matrix, idle: self.idle.iter().filter(|&&idle| idle).count() }
    }

    fn flush(&mut self) {
        if self.rows.is_empty() {
            return;
        }
        match &mut self.matrix {
            Matrix::F64(columns) => transpose(columns, &self.tile, &self.rows, self.output, &mut self.idle),
            Matrix::F32(columns) => transpose(columns, &self.tile, &self.rows, self.output, &mut self.idle),
        }
        self.tile.clear();
        self.rows.clear();
    }
}

fn transpose<T: Number>(
    columns: &mut Columns<T>,
    tile: &[f64],
    rows: &[u32],
    output: Option<&[f64]>,
    idle: &mut [bool],
) {
    for (j, idle) in idle.iter_mut().enumerate() {
        let column = columns.column_mut(j);
        let cells = tile[j..].iter().step_by(column.len()).zip(rows);
        match output.map(|output| output[j]) {
            None => cells.for_each(|(&value, &i)| column[i as usize] = T::store(value)),
            Some(0.0) => *idle |= cells.into_iter().any(|(&value, _)| value != 0.0),
            Some(output) => cells.for_each(|(&value, &i)| column[i as usize] = T::store(value / output)),
        }
    }
}

/// Divides the columns of flows by output. Returns the number of columns with flows but without output; they are set to
/// 0.
pub(super) fn divide(matrix: &mut Columns<f64>, output: &[f64], progress: &Progress) -> Result<usize> {
    let mut idle = 0;
    for (j, &x) in output.iter().enumerate() {
        progress.check()?;
        let column = matrix.column_mut(j);
        if x == 0.0 {
            idle += usize::from(column.iter().any(|&value| value != 0.0));
            column.fill(0.0);
        } else {
            column.iter_mut().for_each(|value| *value /= x);
        }
    }
    Ok(idle)
}

/// The sum of every column.
///
/// # Errors
/// [`Error::BadInput`] if a coefficient is not finite: a flow was divided by an output so small that the quotient
/// cannot be stored. [`Error::Cancelled`].
pub(super) fn column_sums(matrix: &Matrix, labels: &Labels, progress: &Progress) -> Result<Vec<f64>> {
    fn of<T: Number>(columns: &Columns<T>, progress: &Progress) -> Result<Vec<f64>> {
        let sum = |j| columns.column(j).iter().map(|&value| Into::<f64>::into(value)).sum();
        (0..columns.len()).map(|j| progress.check().map(|()| sum(j))).collect()
    }
    let sums = match matrix {
        Matrix::F64(columns) => of(columns, progress)?,
        Matrix::F32(columns) => of(columns, progress)?,
    };
    match sums.iter().position(|sum: &f64| !sum.is_finite()) {
        None => Ok(sums),
        Some(j) => {
            let (region, sector) = labels.names(j);
            let node = shown_node(region, sector);
            Err(Error::bad_whole(format!("the coefficients of {node} are too large to be stored: check its output")))
        }
    }
}
