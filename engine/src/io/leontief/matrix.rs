//! Matrices stored by columns, in blocks of whole columns.
//!
//! Each column is contiguous, so reading a coefficient, a supplier list or a step of a path accesses one region of
//! memory. Blocks are about half a megabyte: a matrix can grow as its frames arrive, without trusting a declared size,
//! and can be freed block by block.

use crate::io::options::Precision;

/// The intended size of a block in bytes.
const BLOCK_BYTES: usize = 1 << 19;

/// A matrix in one of the two precisions.
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
    /// An empty matrix whose columns will have `rows` elements.
    pub fn new(rows: usize) -> Self {
        let per_block = (BLOCK_BYTES / size_of::<T>() / rows.max(1)).max(1);
        Self { rows, per_block, blocks: Vec::new(), len: 0 }
    }

    /// `len` columns of `rows` zeros. The operating system allocates zeroed memory lazily, at the first write.
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

    /// The number of columns.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of columns in every block except the last.
    pub fn per_block(&self) -> usize {
        self.per_block
    }

    /// Appends one block of `per_block` columns; only the last block may have fewer.
    ///
    /// # Panics
    /// If `block` is not a whole number of columns, is longer than a block, or follows a shorter block.
    pub fn push_block(&mut self, block: Box<[T]>) {
        let columns = block.len().checked_div(self.rows).unwrap_or(0);
        assert!(columns * self.rows == block.len() && columns <= self.per_block, "a block must hold whole columns");
        assert!(self.len.is_multiple_of(self.per_block), "only the last block may be shorter");
        self.len += columns;
        self.blocks.push(block);
    }

    /// Column `j`, `rows` long.
    ///
    /// # Panics
    /// If there is no such column.
    #[inline]
    pub fn column(&self, j: usize) -> &[T] {
        let start = j % self.per_block * self.rows;
        &self.blocks[j / self.per_block][start..start + self.rows]
    }

    /// Column `j` for writing, `rows` long.
    ///
    /// # Panics
    /// If there is no such column.
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
    /// A matrix without columns.
    pub fn new(rows: usize, precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self::F64(Columns::new(rows)),
            Precision::F32 => Self::F32(Columns::new(rows)),
        }
    }

    /// `n` columns of `n` zeros.
    pub fn zeros(n: usize, precision: Precision) -> Self {
        Self::rectangle(n, n, precision)
    }

    /// `len` columns of `rows` zeros.
    pub fn rectangle(rows: usize, len: usize, precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self::F64(Columns::zeros(rows, len)),
            Precision::F32 => Self::F32(Columns::zeros(rows, len)),
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
    /// If there is no such element.
    #[inline]
    pub fn get(&self, i: usize, j: usize) -> f64 {
        match self {
            Self::F64(columns) => columns.column(j)[i],
            Self::F32(columns) => f64::from(columns.column(j)[i]),
        }
    }

    /// The size in memory, in bytes.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::F64(columns) => (columns.len * columns.rows * 8) as u64,
            Self::F32(columns) => (columns.len * columns.rows * 4) as u64,
        }
    }
}
