//! Final demand: what the regions of the world buy for final use, kept with the table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::labels::{Names, intern};
use super::options::Precision;
use super::shown::shown;
use crate::io::leontief::matrix::{Columns, Matrix};
use crate::io::leontief::number::Number;
use crate::io::leontief::product::with_columns;
use crate::{Error, Result};

/// The maximum number of columns. Their region numbers and category numbers fit into one frame of the byte form; a real
/// table has at most some thousands.
pub const MAX_COLUMNS: usize = 1 << 16;

/// The final demand of a table: one column for every pair of a purchasing region and a category that the source has.
///
/// A column holds one number per delivering node, in the unit of the table. Changes of inventories make numbers below 0
/// possible. A purchasing region may have no node in the table.
#[derive(Debug, Clone, PartialEq)]
pub struct FinalDemand {
    regions: Vec<Box<str>>,
    categories: Vec<Box<str>>,
    pairs: Vec<(u32, u32)>,
    columns: Matrix,
    size: f64,
}

impl FinalDemand {
    /// Final demand from its columns, n numbers each, and the region and category of every column. Regions and
    /// categories are numbered by first occurrence.
    ///
    /// `None` if there is no column or more than [`MAX_COLUMNS`], if the names are not as many as the columns, if a pair occurs twice, if a region
    /// has no name, or if a number is not finite.
    pub fn new<'a>(names: impl IntoIterator<Item = (&'a str, &'a str)>, columns: Matrix) -> Option<Self> {
        let size = with_columns!(&columns, columns => size(columns))?;
        Self::of_size(names, columns, size)
    }

    /// The same from columns of finite numbers with a known [`FinalDemand::size`], without reading them.
    pub(in crate::io) fn of_size<'a>(
        names: impl IntoIterator<Item = (&'a str, &'a str)>,
        columns: Matrix,
        size: f64,
    ) -> Option<Self> {
        let (mut regions, mut categories, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut region_index, mut category_index) = (Names::default(), Names::default());
        let mut pair_index = HashMap::new();
        for (region, category) in names {
            let r = intern(region, &mut regions, &mut region_index);
            let c = intern(category, &mut categories, &mut category_index);
            if region.is_empty() || pair_index.insert((r, c), ()).is_some() {
                return None;
            }
            pairs.push((r, c));
        }
        let count = with_columns!(&columns, columns => columns.len());
        let is_usable = count == pairs.len() && (1..=MAX_COLUMNS).contains(&count);
        is_usable.then_some(Self { regions, categories, pairs, columns, size })
    }

    /// Gathers the columns of a source; those of the same region and category are added up. `names` holds region and
    /// category of every column, and `add(k, sums)` adds the numbers of column k to `sums`, n numbers.
    ///
    /// `None` if there are no columns.
    ///
    /// # Errors
    /// [`Error::BadInput`] if a number cannot be stored, [`Error::TooBig`].
    pub(in crate::io) fn gather(
        n: usize,
        precision: Precision,
        names: &[(&str, &str)],
        mut add: impl FnMut(usize, &mut [f64]),
    ) -> Result<Option<Self>> {
        let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for (k, name) in names.iter().enumerate() {
            match numbers.entry(*name) {
                Entry::Occupied(group) => groups[*group.get()].push(k),
                Entry::Vacant(place) => {
                    place.insert(groups.len());
                    groups.push(vec![k]);
                }
            }
        }
        if groups.len() > MAX_COLUMNS {
            let what = "the number of columns of final demand (DEMAND no leaves it out)";
            return Err(Error::TooBig { what, limit: MAX_COLUMNS as u64 });
        }
        let mut matrix = Matrix::rectangle(n, groups.len(), precision);
        let mut sums = vec![0.0; n];
        for (j, group) in groups.iter().enumerate() {
            sums.fill(0.0);
            group.iter().for_each(|&k| add(k, &mut sums));
            let is_stored = match &mut matrix {
                Matrix::F64(columns) => store(columns.column_mut(j), &sums),
                Matrix::F32(columns) => store(columns.column_mut(j), &sums),
            };
            if !is_stored {
                let (region, category) = names[group[0]];
                let name = shown(&format!("{region} {category}"));
                return Err(Error::bad_whole(format!("the final demand of {name} is too large to be stored")));
            }
        }
        Ok(Self::new(groups.iter().map(|group| names[group[0]]), matrix))
    }

    /// The most memory of such columns, in bytes, and of the sums while they are gathered.
    pub(in crate::io) fn bytes_of(n: usize, columns: usize, precision: Precision) -> u64 {
        n as u64 * columns as u64 * precision.bytes() + 8 * n as u64
    }

    /// Purchasing regions, in the order of the source.
    pub fn regions(&self) -> &[Box<str>] {
        &self.regions
    }

    /// Categories, in the order of the source; one empty name if the source has none.
    pub fn categories(&self) -> &[Box<str>] {
        &self.categories
    }

    /// The region number and the category number of every column.
    pub fn pairs(&self) -> &[(u32, u32)] {
        &self.pairs
    }

    /// The columns, n x pairs.
    pub fn columns(&self) -> &Matrix {
        &self.columns
    }

    /// The number of a purchasing region.
    pub fn region(&self, name: &[u8]) -> Option<u32> {
        self.regions.iter().position(|region| region.as_bytes() == name).map(|at| at as u32)
    }

    /// The number of a category.
    pub fn category(&self, name: &[u8]) -> Option<u32> {
        self.categories.iter().position(|category| category.as_bytes() == name).map(|at| at as u32)
    }

    /// The final demand of a region, n numbers; of one category, or of all of them together. `None` if there is no such
    /// column.
    pub fn of(&self, region: u32, category: Option<u32>) -> Option<Vec<f64>> {
        let is_wanted = |&&(r, c): &&(u32, u32)| r == region && category.is_none_or(|category| category == c);
        let wanted: Vec<usize> =
            self.pairs.iter().enumerate().filter(|(_, pair)| is_wanted(pair)).map(|(j, _)| j).collect();
        let mut sums = vec![0.0; self.columns.rows()];
        for &j in &wanted {
            with_columns!(&self.columns, columns => add_to(&mut sums, columns.column(j)));
        }
        (!wanted.is_empty()).then_some(sums)
    }

    /// Whether a region buys anything of a category, or anything at all.
    pub(in crate::io) fn has(&self, region: u32, category: Option<u32>) -> bool {
        self.pairs.iter().any(|&(r, c)| r == region && category.is_none_or(|category| category == c))
    }

    /// The sum of the absolute values of all columns.
    pub fn size(&self) -> f64 {
        self.size
    }

    /// The size in memory, in bytes.
    pub fn bytes(&self) -> u64 {
        let names: usize = self.regions.iter().chain(&self.categories).map(|name| name.len() + 24).sum();
        self.columns.bytes() + (names + self.pairs.len() * 8) as u64
    }
}

/// Stores numbers; returns whether all stored numbers are finite.
fn store<T: Number>(column: &mut [T], numbers: &[f64]) -> bool {
    let mut is_finite = true;
    for (place, &number) in column.iter_mut().zip(numbers) {
        *place = T::store(number);
        is_finite &= Into::<f64>::into(*place).is_finite();
    }
    is_finite
}

fn add_to<T: Number>(sums: &mut [f64], column: &[T]) {
    sums.iter_mut().zip(column).for_each(|(sum, &value)| *sum += value.into());
}

/// The sum of the absolute values; `None` if a number is not finite.
fn size<T: Number>(columns: &Columns<T>) -> Option<f64> {
    let mut size = 0.0;
    let mut is_finite = true;
    for &number in columns.blocks().flat_map(|block| block.iter()) {
        let number: f64 = number.into();
        is_finite &= number.is_finite();
        size += number.abs();
    }
    // The sum of finite numbers may be infinite; then no demand exceeds it.
    is_finite.then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [(&str, &str); 4] = [("A", "home"), ("B", "home"), ("A", "state"), ("A", "home")];

    fn gathered(precision: Precision, numbers: [[f64; 2]; 4]) -> Result<FinalDemand> {
        let add = |k: usize, sums: &mut [f64]| sums.iter_mut().zip(numbers[k]).for_each(|(sum, value)| *sum += value);
        FinalDemand::gather(2, precision, &NAMES, add).map(|demand| demand.expect("there are columns"))
    }

    #[test]
    fn columns_of_one_region_and_category_are_added_and_a_region_is_the_sum_of_its_categories() {
        for precision in [Precision::F64, Precision::F32] {
            let demand = gathered(precision, [[1.0, 2.0], [4.0, 8.0], [16.0, -32.0], [0.5, 0.0]]).unwrap();
            assert_eq!(demand.pairs(), [(0, 0), (1, 0), (0, 1)]);
            let [a, b] = [b"A", b"B"].map(|name| demand.region(name).unwrap());
            assert_eq!(demand.of(a, None), Some(vec![17.5, -30.0]));
            assert_eq!(demand.of(a, demand.category(b"home")), Some(vec![1.5, 2.0]));
            assert_eq!(demand.of(b, demand.category(b"state")), None);
            assert_eq!(demand.size(), 63.5);
            assert_eq!((demand.region(b"C"), demand.category(b"")), (None, None));
        }
    }

    #[test]
    fn numbers_that_cannot_be_stored_and_names_that_do_not_fit_are_refused() {
        let large = [[1e39, 0.0], [0.0; 2], [0.0; 2], [0.0; 2]];
        assert!(gathered(Precision::F64, large).is_ok());
        assert!(gathered(Precision::F32, large).unwrap_err().to_string().contains("A home is too large"));
        assert!(gathered(Precision::F64, [[f64::MAX; 2], [0.0; 2], [0.0; 2], [f64::MAX; 2]]).is_err());
        let columns = || Matrix::rectangle(2, 2, Precision::F64);
        assert!(FinalDemand::new([("A", ""), ("B", "")], columns()).is_some());
        for names in [&[("A", ""), ("A", "")][..], &[("", "x"), ("B", "")], &[("A", "")], &[]] {
            assert!(FinalDemand::new(names.iter().copied(), columns()).is_none(), "{names:?}");
        }
        assert!(FinalDemand::new([], Matrix::rectangle(2, 0, Precision::F64)).is_none());
    }
}
