//! Square matrices stored by columns, in blocks of whole columns.
//!
//! A column is contiguous: a coefficient, a supplier list and a step of a path touch one place in memory. Blocks are
//! of about a megabyte, so that a matrix can grow as its frames arrive, without a declared size being trusted, and be
//! given back piece by piece.

use super::options::Precision;

/// Bytes that a block aims at.
const BLOCK_BYTES: usize = 1 << 19;

/// A square matrix in one of the two precisions.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// Eight bytes a number.
    F64(Columns<f64>),
    /// Four bytes a number.
    F32(Columns<f32>),
}

/// Columns of one length, in blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns<T> {
    rows: usize,
    per_block: usize,
    blocks: Vec<Box<[T]>>,
    len: usize,
}

impl<T: Copy> Columns<T> {
    /// No columns yet, each to be `rows` long.
    pub fn new(rows: usize) -> Self {
        let per_block = (BLOCK_BYTES / size_of::<T>() / rows.max(1)).max(1);
        Self { rows, per_block, blocks: Vec::new(), len: 0 }
    }

    /// `len` columns of `rows` zeros. The system gives zeroed memory lazily: it costs when it is first written.
    pub fn zeros(rows: usize, len: usize) -> Self
    where
        T: Default,
    {
        let mut columns = Self::new(rows);
        while columns.len < len {
            let block = columns.per_block.min(len - columns.len);
            columns.push_block(vec![T::default(); block * rows].into_boxed_slice());
        }
        columns
    }

    /// The length of a column.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Columns in every block but the last.
    pub fn per_block(&self) -> usize {
        self.per_block
    }

    /// Appends one block: `per_block` columns, fewer only in the last.
    ///
    /// # Panics
    /// When `block` is not a whole number of columns, is longer than a block, or follows a shorter one.
    pub fn push_block(&mut self, block: Box<[T]>) {
        let columns = block.len().checked_div(self.rows).unwrap_or(0);
        assert!(columns * self.rows == block.len() && columns <= self.per_block, "a block holds whole columns");
        assert!(self.len.is_multiple_of(self.per_block), "only the last block is shorter");
        self.len += columns;
        self.blocks.push(block);
    }

    /// Column `j`, `rows` long.
    ///
    /// # Panics
    /// When there is no such column.
    #[inline]
    pub fn column(&self, j: usize) -> &[T] {
        let start = j % self.per_block * self.rows;
        &self.blocks[j / self.per_block][start..start + self.rows]
    }

    /// Column `j` for writing, `rows` long.
    ///
    /// # Panics
    /// When there is no such column.
    #[inline]
    pub fn column_mut(&mut self, j: usize) -> &mut [T] {
        let start = j % self.per_block * self.rows;
        &mut self.blocks[j / self.per_block][start..start + self.rows]
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> &[Box<[T]>] {
        &self.blocks
    }
}

impl Matrix {
    /// No columns yet.
    pub fn new(rows: usize, precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self::F64(Columns::new(rows)),
            Precision::F32 => Self::F32(Columns::new(rows)),
        }
    }

    /// `n` columns of `n` zeros.
    pub fn zeros(n: usize, precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self::F64(Columns::zeros(n, n)),
            Precision::F32 => Self::F32(Columns::zeros(n, n)),
        }
    }

    /// The precision of the stored numbers.
    pub fn precision(&self) -> Precision {
        match self {
            Self::F64(_) => Precision::F64,
            Self::F32(_) => Precision::F32,
        }
    }

    /// The length of a column.
    pub fn rows(&self) -> usize {
        match self {
            Self::F64(columns) => columns.rows(),
            Self::F32(columns) => columns.rows(),
        }
    }

    /// The number in row `i` of column `j`.
    ///
    /// # Panics
    /// When there is none.
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::F64(columns) => columns.column(j)[i],
            Self::F32(columns) => f64::from(columns.column(j)[i]),
        }
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::F64(columns) => (columns.len * columns.rows * 8) as u64,
            Self::F32(columns) => (columns.len * columns.rows * 4) as u64,
        }
    }
}
