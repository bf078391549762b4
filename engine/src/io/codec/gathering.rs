//! A matrix that is being received in frames. Memory grows with the frames, not with the announced size.

use super::Wire;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::options::Precision;
use crate::{Error, Result};

/// A matrix that is being received.
#[derive(Debug)]
pub(super) enum Gathering {
    F64(Gathered<f64>),
    F32(Gathered<f32>),
}

/// Columns received.
#[derive(Debug)]
pub(super) struct Gathered<T> {
    columns: Columns<T>,
    /// The number of columns of the whole matrix.
    announced: usize,
}

impl Gathering {
    pub(super) fn new(precision: Precision, rows: usize, announced: usize) -> Self {
        match precision {
            Precision::F64 => Self::F64(Gathered::new(rows, announced)),
            Precision::F32 => Self::F32(Gathered::new(rows, announced)),
        }
    }

    /// Adds whole columns. Returns the number of nonzero elements and whether these were the last columns.
    pub(super) fn push(&mut self, content: &[u8]) -> Result<(u64, bool)> {
        match self {
            Self::F64(gathered) => gathered.push(content),
            Self::F32(gathered) => gathered.push(content),
        }
    }

    /// `sum` plus the absolute values of the numbers of a frame.
    pub(super) fn added_size(&self, sum: f64, content: &[u8]) -> f64 {
        match self {
            Self::F64(_) => added_size::<f64>(sum, content),
            Self::F32(_) => added_size::<f32>(sum, content),
        }
    }

    pub(super) fn finish(self) -> Matrix {
        match self {
            Self::F64(gathered) => Matrix::F64(gathered.columns),
            Self::F32(gathered) => Matrix::F32(gathered.columns),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::F64(gathered) => gathered.bytes(),
            Self::F32(gathered) => gathered.bytes(),
        }
    }
}

fn added_size<T: Wire>(sum: f64, content: &[u8]) -> f64 {
    T::read(content).iter().fold(sum, |sum, &number| sum + number.into().abs())
}

impl<T: Wire> Gathered<T> {
    fn new(rows: usize, announced: usize) -> Self {
        Self { columns: Columns::new(rows, announced), announced }
    }

    fn bytes(&self) -> usize {
        self.columns.capacity() * T::BYTES
    }

    fn push(&mut self, content: &[u8]) -> Result<(u64, bool)> {
        let n = self.columns.rows();
        let arrived = content.len() / (n * T::BYTES);
        let len = self.columns.len() + arrived;
        if arrived == 0 || arrived * n * T::BYTES != content.len() || len > self.announced {
            return Err(Error::Corrupt("a frame does not hold whole columns"));
        }
        let numbers = T::read(content);
        let (mut finite, mut nonzeros) = (true, 0);
        for &number in &numbers {
            let number: f64 = number.into();
            finite &= number.is_finite();
            nonzeros += u64::from(number != 0.0);
        }
        if !finite {
            return Err(Error::Corrupt("a number of a column is not finite"));
        }
        self.columns.push(&numbers);
        Ok((nonzeros, len == self.announced))
    }
}
