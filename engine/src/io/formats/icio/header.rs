//! Finding the label cells of a line: the first cell, or another one near it.

use std::collections::HashSet;

use crate::io::text::Cells;
use crate::io::text::{Line, Lines};
use crate::{Error, Result};

/// The maximum number of cells before the numbers of a line.
const MOST: usize = 8;

/// The number of rows that are searched for a node.
const MOST_ROWS: usize = 32;

/// The position of row labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// In this cell; numbers follow it. Cells before it, such as an index written by pandas, are ignored.
    Cell(usize),
    /// WIOD 2016: the label of a row is its country and number (`AUS` and `1`; `AUS1` in the column label), and its
    /// sector is a code.
    Wiod { code: usize, country: usize, number: usize, cells: usize },
}

/// The label of a row, and the names of its node if the label does not contain them.
pub(super) struct RowLabel {
    pub(super) label: String,
    pub(super) names: Option<(Box<str>, Box<str>)>,
}

impl Key {
    /// Examines the header and the first rows. Returns the key and whether it is certain; if not, the key is the first
    /// cell.
    pub(super) fn of(lines: &mut Lines<'_>) -> Result<(Self, bool)> {
        let Some(first) = lines.next()? else { return Err(Error::bad_whole("the input is empty")) };
        let header = labels(first)?;
        let leading: Vec<String> = header.iter().take(MOST).map(|label| label.to_ascii_lowercase()).collect();
        let at = |name: &str| leading.iter().position(|label| label == name);
        if let (Some(code), Some(country), Some(number)) = (at("industrycode"), at("country"), at("rnr")) {
            let named = ["industrycode", "industrydescription", "country", "rnr", "year"];
            let cells = named.iter().filter_map(|name| at(name)).max().unwrap_or(0) + 1;
            return Ok((Self::Wiod { code, country, number, cells }, true));
        }
        let columns: HashSet<&str> = header.iter().map(String::as_str).filter(|label| !label.is_empty()).collect();
        for _ in 0..MOST_ROWS {
            let Some(line) = lines.next()? else { break };
            let mut cells = Cells::new(line);
            // A cell that is not a valid label is reported later, by the reader.
            for at in 0..MOST {
                match cells.label() {
                    Ok(Some(label)) if columns.contains(&*label) => return Ok((Self::Cell(at), true)),
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => break,
                }
            }
        }
        Ok((Self::Cell(0), false))
    }

    /// The number of cells in a line before its numbers.
    pub(super) fn cells(&self) -> usize {
        match *self {
            Self::Cell(at) => at + 1,
            Self::Wiod { cells, .. } => cells,
        }
    }

    /// Reads the label cells of a row.
    pub(super) fn take(&self, cells: &mut Cells<'_>) -> Result<RowLabel> {
        match *self {
            Self::Cell(at) => {
                for _ in 0..at {
                    cells.raw()?;
                }
                Ok(RowLabel { label: cells.label()?.unwrap_or_default().into_owned(), names: None })
            }
            Self::Wiod { code, country, number, cells: count } => {
                let mut taken = vec![String::new(); count];
                for slot in &mut taken {
                    *slot = cells.label()?.unwrap_or_default().into_owned();
                }
                let label = format!("{}{}", taken[country], taken[number]);
                Ok(RowLabel { label, names: Some((taken[country].as_str().into(), taken[code].as_str().into())) })
            }
        }
    }
}

fn labels(line: Line<'_>) -> Result<Vec<String>> {
    let mut cells = Cells::new(line);
    let mut labels = Vec::new();
    while let Some(label) = cells.label()? {
        labels.push(label.into_owned());
    }
    Ok(labels)
}
