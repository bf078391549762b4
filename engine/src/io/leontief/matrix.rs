//! Matrices stored by columns.
//!
//! Each column is contiguous, so reading a coefficient, a supplier list or a step of a path accesses one region of
//! memory. Columns are in *slabs* of at most 32 MB: a matrix can grow as its columns arrive, without trusting an
//! announced size, and can be freed slab by slab. Slabs are aligned as vector instructions want them, which is also how
//! the host recognizes memory that is written once and then read in passes, for which large pages pay.

use aligned_vec::{AVec, ConstAlign};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use crate::io::leontief::number::Number;
use crate::io::leontief::threads;
use crate::io::options::Precision;

/// The maximum size of a slab in bytes. A little less than a power of two: with the host's header, it is one.
const SLAB_BYTES: usize = (1 << 25) - (1 << 12);

/// The intended size of a block in bytes: a follower reads and copies one in about a third of a millisecond.
const BLOCK_BYTES: usize = 1 << 17;

/// The alignment of slabs in bytes: a cache line.
pub const ALIGNMENT: usize = 64;

/// A matrix in one of the two precisions.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// Eight bytes a number.
    F64(Columns<f64>),
    /// Four bytes a number.
    F32(Columns<f32>),
}

/// Columns of one length, in slabs. For saving and for threads, columns are also counted in blocks, of about 128 KB
/// each; every slab but the last consists of whole blocks.
#[derive(Debug, Clone)]
pub struct Columns<T> {
    rows: usize,
    per_block: usize,
    per_slab: usize,
    slabs: Vec<AVec<T, ConstAlign<ALIGNMENT>>>,
    len: usize,
    announced: usize,
}

impl<T: Number> Columns<T> {
    /// An empty matrix that will have `announced` columns of `rows` elements. At most one slab is allocated before its
    /// columns arrive.
    pub fn new(rows: usize, announced: usize) -> Self {
        let column_bytes = size_of::<T>() * rows.max(1);
        let per_block = (BLOCK_BYTES / column_bytes).max(1);
        let per_slab = (SLAB_BYTES / column_bytes / per_block).max(1) * per_block;
        Self { rows, per_block, per_slab, slabs: Vec::new(), len: 0, announced }
    }

    /// `len` columns of `rows` zeros.
    pub fn zeros(rows: usize, len: usize) -> Self {
        let columns = Self::new(rows, len);
        if rows == 0 {
            return columns;
        }
        let per_slab = columns.per_slab;
        let slab = |k: usize| {
            let numbers = (len - k * per_slab).min(per_slab) * rows;
            let mut slab = AVec::with_capacity(ALIGNMENT, numbers);
            slab.resize(numbers, T::store(0.0));
            slab
        };
        let all = 0..len.div_ceil(per_slab);
        // In parallel, because the system provides a page at the first write to it, which takes longer than the write.
        let slabs = match threads::count() {
            1 => all.map(slab).collect(),
            _ => all.into_par_iter().map(slab).collect(),
        };
        Self { slabs, len, ..columns }
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

    /// The number of elements for which memory is allocated.
    pub(crate) fn capacity(&self) -> usize {
        self.slabs.iter().map(AVec::capacity).sum()
    }

    /// Appends columns.
    ///
    /// # Panics
    /// If `numbers` is not a whole number of columns.
    pub fn push(&mut self, numbers: &[T]) {
        assert!(numbers.len().is_multiple_of(self.rows.max(1)), "columns must be whole");
        let mut rest = numbers;
        while !rest.is_empty() {
            let used = self.len % self.per_slab;
            let arriving = (rest.len() / self.rows).min(self.per_slab - used);
            if used == 0 {
                let expected = self.announced.saturating_sub(self.len).clamp(arriving, self.per_slab);
                self.slabs.push(AVec::with_capacity(ALIGNMENT, expected * self.rows));
            }
            let (now, later) = rest.split_at(arriving * self.rows);
            let slab = self.slabs.last_mut().expect("a slab was added");
            if slab.capacity() - slab.len() < now.len() {
                // More columns than announced: the slab doubles, up to its full size.
                let most = self.per_slab * self.rows - slab.len();
                slab.reserve_exact(slab.len().max(now.len()).min(most));
            }
            slab.extend_from_slice(now);
            self.len += arriving;
            rest = later;
        }
    }

    /// Column `j`, `rows` long.
    ///
    /// # Panics
    /// If there is no such column.
    #[inline]
    pub fn column(&self, j: usize) -> &[T] {
        let start = j % self.per_slab * self.rows;
        &self.slabs[j / self.per_slab][start..start + self.rows]
    }

    /// Column `j` for writing, `rows` long.
    ///
    /// # Panics
    /// If there is no such column.
    #[inline]
    pub fn column_mut(&mut self, j: usize) -> &mut [T] {
        let start = j % self.per_slab * self.rows;
        &mut self.slabs[j / self.per_slab][start..start + self.rows]
    }

    /// All columns in order, in parts of about `width` columns, at most half more, that can be written at the same time:
    /// the number of the first column, and the columns one after the other. The parts of a slab have equal widths.
    pub(crate) fn parts_mut(&mut self, width: usize) -> impl Iterator<Item = (usize, &mut [T])> + Send {
        let (rows, per_slab) = (self.rows, self.per_slab);
        self.slabs.iter_mut().enumerate().flat_map(move |(k, slab)| {
            let count = slab.len() / rows.max(1);
            let width = count.div_ceil(((count + width / 2) / width).max(1)).max(1);
            let parts = slab.chunks_mut((width * rows).max(1)).enumerate();
            parts.map(move |(i, part)| (k * per_slab + i * width, part))
        })
    }

    /// The number of columns in every block except the last.
    pub fn per_block(&self) -> usize {
        self.per_block
    }

    /// The number of blocks.
    pub fn block_count(&self) -> usize {
        self.len.div_ceil(self.per_block)
    }

    /// Block `k`: whole columns, one after the other.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn block(&self, k: usize) -> &[T] {
        let first = k * self.per_block;
        let slab = &self.slabs[first / self.per_slab];
        let start = first % self.per_slab * self.rows;
        &slab[start..slab.len().min(start + self.per_block * self.rows)]
    }

    /// The blocks, in order.
    pub fn blocks(&self) -> impl Iterator<Item = &[T]> {
        (0..self.block_count()).map(|k| self.block(k))
    }
}

/// Equal columns, however many are expected.
impl<T: PartialEq> PartialEq for Columns<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.len == other.len && self.slabs == other.slabs
    }
}

impl Matrix {
    /// The matrix of `len` columns whose element in row i of column j is `a(i, j)`, rounded to the precision.
    pub fn from_fn(rows: usize, len: usize, precision: Precision, a: impl Fn(usize, usize) -> f64) -> Self {
        fn filled<T: Number>(rows: usize, len: usize, a: impl Fn(usize, usize) -> f64) -> Columns<T> {
            let mut columns = Columns::new(rows, len);
            let mut column = Vec::with_capacity(rows);
            for j in 0..len {
                column.clear();
                column.extend((0..rows).map(|i| T::store(a(i, j))));
                columns.push(&column);
            }
            columns
        }
        match precision {
            Precision::F64 => Self::F64(filled(rows, len, a)),
            Precision::F32 => Self::F32(filled(rows, len, a)),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Seven columns of four megabytes each fill a slab.
    const ROWS: usize = 1 << 20;

    fn value(i: usize, j: usize) -> f32 {
        (i % 1000) as f32 + j as f32 / 16.0
    }

    fn columns(range: std::ops::Range<usize>) -> Vec<f32> {
        range.flat_map(|j| (0..ROWS).map(move |i| value(i, j))).collect()
    }

    #[test]
    fn columns_are_found_in_every_slab_however_they_arrive() {
        let all = columns(0..10);
        for announced in [10, 0, 4] {
            let mut matrix = Columns::new(ROWS, announced);
            for part in [0..1, 1..2, 2..7, 7..10] {
                matrix.push(&all[part.start * ROWS..part.end * ROWS]);
            }
            assert_eq!((matrix.len(), matrix.rows(), matrix.slabs.len()), (10, ROWS, 2));
            assert!((0..10).all(|j| matrix.column(j) == &all[j * ROWS..(j + 1) * ROWS]));
            assert_eq!(matrix.block_count(), 10);
            assert!(matrix.blocks().eq(all.chunks(ROWS)));
            matrix.column_mut(8)[5] = -1.0;
            assert_eq!(matrix.column(8)[5], -1.0);
            assert!(matrix.slabs.iter().all(|slab| slab.as_ptr().cast::<u8>().addr().is_multiple_of(ALIGNMENT)));
            assert!(matrix.slabs.iter().all(|slab| slab.capacity() * 4 <= SLAB_BYTES));
        }
    }

    #[test]
    fn parts_hold_every_column_once_and_none_crosses_a_slab() {
        let mut matrix = Columns::<f32>::new(ROWS, 10);
        matrix.push(&columns(0..10));
        let mut parts = |width| -> Vec<(usize, usize, f32)> {
            matrix.parts_mut(width).map(|(first, part)| (first, part.len() / ROWS, part[0])).collect()
        };
        assert_eq!(parts(3), [(0, 4, 0.0), (4, 3, 0.25), (7, 3, 0.4375)]);
        assert_eq!(parts(4), [(0, 4, 0.0), (4, 3, 0.25), (7, 3, 0.4375)]);
        assert_eq!(parts(5), [(0, 7, 0.0), (7, 3, 0.4375)]);
        assert_eq!(parts(1).len(), 10);
    }

    #[test]
    fn memory_is_allocated_for_one_slab_ahead_at_most() {
        let mut matrix = Columns::<f64>::new(1000, 1 << 30);
        assert_eq!(matrix.capacity(), 0);
        matrix.push(&[1.0; 1000]);
        assert!((1000..=SLAB_BYTES / 8).contains(&matrix.capacity()));
        let small = Columns::<f64>::zeros(3, 2);
        assert_eq!((small.capacity(), small.column(1)), (6, &[0.0; 3][..]));
        assert_eq!(Columns::<f64>::zeros(0, 5).len(), 0);
    }

    #[test]
    fn a_block_is_a_part_of_one_slab() {
        // 18 columns a block, 1206 a slab.
        let matrix = Columns::<f64>::zeros(3465, 1300);
        assert_eq!(matrix.slabs.len(), 2);
        let blocks: Vec<usize> = matrix.blocks().map(|block| block.len() / 3465).collect();
        assert_eq!(blocks.iter().sum::<usize>(), 1300);
        assert!(blocks[..blocks.len() - 1].iter().all(|&columns| columns == matrix.per_block()));
    }
}
