//! The column of a long csv that names the stressor of each value.

use super::columns::Named;
use crate::io::shown::shown;
use crate::io::text::{Cells, Line};
use crate::{Error, Place, Result};

/// The number of stressors that a message lists.
const SHOWN: usize = 5;

/// The rows that are used.
pub(super) enum Stressors<'a> {
    /// All rows: there is no stressor column.
    All,
    /// All rows, which must have the same stressor.
    One { column: &'a Named, first: Option<String> },
    /// Rows of the requested stressor; `seen` holds some of the other stressors in the document.
    Requested { column: &'a Named, requested: &'a str, is_found: bool, seen: Vec<String> },
}

impl<'a> Stressors<'a> {
    /// `header` is the place reported if the document has no stressor column.
    pub(super) fn of(column: Option<&'a Named>, requested: Option<&'a str>, header: Place) -> Result<Self> {
        match (column, requested) {
            (None, None) => Ok(Self::All),
            (None, Some(_)) => {
                let reason = "ROW picks a stressor, and the document has no column of stressors (stressor, indicator, \
                              flow, variable, substance, pollutant or gas)";
                Err(Error::bad(reason, header))
            }
            (Some(column), None) => Ok(Self::One { column, first: None }),
            (Some(column), Some(requested)) => {
                Ok(Self::Requested { column, requested, is_found: false, seen: Vec::new() })
            }
        }
    }

    /// Whether a line belongs to the stressor.
    pub(super) fn take(&mut self, line: Line<'_>) -> Result<bool> {
        match self {
            Self::All => Ok(true),
            Self::One { column, first } => {
                let (stressor, place) = cell(line, column)?;
                let first = first.get_or_insert_with(|| stressor.clone());
                if *first == stressor {
                    return Ok(true);
                }
                let reason = format!(
                    "the column {} has several stressors: say ROW and one of {}, {}, ..",
                    shown(&column.name),
                    shown(first),
                    shown(&stressor)
                );
                Err(Error::bad(reason, place))
            }
            Self::Requested { column, requested, is_found, seen } => {
                let (stressor, place) = cell(line, column)?;
                if stressor == *requested {
                    *is_found = true;
                    return Ok(true);
                }
                // In exports of pivot tables, a blank cell may mean the same stressor as above.
                if stressor.is_empty() {
                    return Err(Error::bad("the stressor is blank: give one in every row", place));
                }
                if seen.len() <= SHOWN && !seen.contains(&stressor) {
                    seen.push(stressor);
                }
                Ok(false)
            }
        }
    }

    /// Fails if no line belongs to the requested stressor.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Requested { column, requested, is_found: false, seen } = self else { return Ok(()) };
        if seen.is_empty() {
            return Ok(());
        }
        let some: Vec<String> = seen.iter().take(SHOWN).map(|name| shown(name)).collect();
        let reason = format!(
            "the column {} has no {}: say ROW and one of {}{}",
            shown(&column.name),
            shown(requested),
            some.join(", "),
            if seen.len() > SHOWN { ", .." } else { "" }
        );
        Err(Error::bad_whole(reason))
    }
}

fn cell(line: Line<'_>, column: &Named) -> Result<(String, Place)> {
    let mut cells = Cells::new(line);
    for _ in 0..column.at {
        cells.raw()?;
    }
    let stressor = cells.label()?.ok_or_else(|| cells.missing())?.into_owned();
    Ok((stressor, cells.place()))
}
