//! Tab-separated frames: header lines with column labels, index columns with row labels, and numbers.

use crate::io::labels::MAX_NODES;
use crate::io::text::{Blank, Cells};
use crate::io::text::{Line, Lines};
use crate::{Error, Place, Result};

/// The maximum number of columns: nodes, or categories of final demand.
const MAX_COLUMNS: usize = 2 * MAX_NODES;

/// A frame whose header has been read.
pub(super) struct Frame<'a> {
    lines: Lines<'a>,
    index_columns: usize,
    /// The names of the levels in the two header lines.
    levels: [Box<str>; 2],
    /// Region and sector (or category) of every column.
    pub(super) columns: Vec<(Box<str>, Box<str>)>,
    /// Labels of the row that was read last.
    pub(super) index: Vec<String>,
}

/// The maximum number of index columns.
const MAX_INDEX: usize = 4;

/// Whether a file has one header line and one column of numbers.
pub(super) fn is_single(lines: &mut Lines<'_>) -> Result<bool> {
    Ok(header(lines, 2)?.1.len() <= 1)
}

impl<'a> Frame<'a> {
    /// A frame with two header lines (region, then sector) and `index_columns` index columns, 1 or 2.
    pub(super) fn open(mut lines: Lines<'a>, index_columns: usize) -> Result<Self> {
        let (first, regions) = header(&mut lines, index_columns)?;
        let (second, sectors) = header(&mut lines, index_columns)?;
        let frame = Self::of_headers(lines, index_columns, regions, sectors)?;
        Ok(Self { levels: [first, second], ..frame })
    }

    fn of_headers(
        lines: Lines<'a>,
        index_columns: usize,
        regions: Vec<Box<str>>,
        sectors: Vec<Box<str>>,
    ) -> Result<Self> {
        if let Some(at) = regions.iter().position(|region| region.is_empty()) {
            let column = (index_columns + at) as u64 + 1;
            return Err(Error::bad("the label is empty", Place { line: 1, column, ..lines.place() }));
        }
        if let Some(at) = sectors.iter().position(|sector| sector.is_empty()) {
            let column = (index_columns + at) as u64 + 1;
            return Err(Error::bad("the label is empty", Place { line: 2, column, ..lines.place() }));
        }
        if regions.len() != sectors.len() {
            let column = (index_columns + regions.len().min(sectors.len())) as u64 + 1;
            return Err(Error::bad("the header lines differ in length", Place { line: 2, column, ..lines.place() }));
        }
        let columns = regions.into_iter().zip(sectors).collect();
        let levels = Default::default();
        Ok(Self { lines, index_columns, levels, columns, index: vec![String::new(); index_columns] })
    }

    /// A frame with two header lines. The number of index columns is 1 plus the number of blank cells after the first
    /// cell of the first line.
    pub(super) fn open_any(mut lines: Lines<'a>) -> Result<Self> {
        let (_, regions) = header(&mut lines, 1)?;
        let index_columns = 1 + regions.iter().take_while(|region| region.is_empty()).count();
        if index_columns > MAX_INDEX {
            return Err(Error::bad("the first line names no regions", Place { line: 1, ..lines.place() }));
        }
        let (_, sectors) = header(&mut lines, index_columns)?;
        Self::of_headers(lines, index_columns, regions[index_columns - 1..].to_vec(), sectors)
    }

    /// Whether the header states that sectors come before regions.
    pub(super) fn is_sector_first(&self) -> bool {
        let is = |level: usize, names: &[&str]| names.iter().any(|name| self.levels[level].eq_ignore_ascii_case(name));
        is(0, &["sector", "industry", "product", "commodity"]) && is(1, &["region", "country"])
    }

    /// The number of cells in a line before its numbers.
    pub(super) fn index_columns(&self) -> usize {
        self.index_columns
    }

    /// A frame with one header line, two index columns and one column of numbers.
    pub(super) fn open_single(mut lines: Lines<'a>) -> Result<Self> {
        let (_, names) = header(&mut lines, 2)?;
        if names.len() != 1 {
            return Err(Error::bad("expected one column of numbers", Place { line: 1, column: 4, ..lines.place() }));
        }
        let columns = names.into_iter().map(|name| (name, "".into())).collect();
        let levels = Default::default();
        Ok(Self { lines, index_columns: 2, levels, columns, index: vec![String::new(); 2] })
    }

    /// Reads the next row into `values` (one number per column) and its labels into `index`; `None` at the end. Lines
    /// without numbers are skipped: such a line names the index columns.
    pub(super) fn next_row(&mut self, blank: Blank, values: &mut [f64]) -> Result<Option<Place>> {
        while let Some(line) = self.lines.next()? {
            let first = Place { column: 1, ..line.place };
            let mut cells = Cells::new(line);
            if cells.all_empty() {
                continue;
            }
            let index = &mut self.index;
            for label in index.iter_mut() {
                label.clear();
                label.push_str(&cells.name_or_empty()?);
            }
            if cells.all_empty() {
                continue;
            }
            if let Some(empty) = index.iter().position(String::is_empty) {
                return Err(Error::bad("the label is empty", Place { column: empty as u64 + 1, ..first }));
            }
            cells.numbers(blank, values)?;
            return Ok(Some(first));
        }
        Ok(None)
    }

    /// The place after the last row.
    pub(super) fn end(&self) -> Place {
        self.lines.place_after()
    }
}

/// The first cell of a header line, and the labels of its columns.
fn header(lines: &mut Lines<'_>, index_columns: usize) -> Result<(Box<str>, Vec<Box<str>>)> {
    let after = lines.place_after();
    let Some(line) = lines.next()? else { return Err(Error::bad("the file is cut short", after)) };
    labels(line, index_columns)
}

fn labels(line: Line<'_>, index_columns: usize) -> Result<(Box<str>, Vec<Box<str>>)> {
    let mut cells = Cells::new(line);
    let mut level: Box<str> = "".into();
    for k in 0..index_columns {
        let label = cells.label()?;
        if k == 0 {
            level = label.as_deref().unwrap_or_default().into();
        }
    }
    let mut labels = Vec::new();
    while !cells.at_end() {
        if labels.len() == MAX_COLUMNS {
            return Err(Error::TooBig { what: "the number of columns", limit: MAX_COLUMNS as u64 });
        }
        labels.push(Box::<str>::from(&*cells.name_or_empty()?));
    }
    Ok((level, labels))
}
