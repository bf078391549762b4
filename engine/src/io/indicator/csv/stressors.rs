//! The column of a long csv that says which stressor a value is of.

use super::columns::Named;
use crate::io::shown::shown;
use crate::io::text::{Cells, Line};
use crate::{Error, Place, Result};

/// How many stressors a message lists.
const SHOWN: usize = 5;

/// Which rows are taken.
pub(super) enum Stressors<'a> {
    /// All: there is no such column.
    All,
    /// All, as long as they are of one stressor.
    One { column: &'a Named, first: Option<String> },
    /// Those of the stressor that is asked for; `seen` are some that the document has.
    Asked { column: &'a Named, asked: &'a str, is_found: bool, seen: Vec<String> },
}

impl<'a> Stressors<'a> {
    /// `header`: where a document that lacks the column is refused.
    pub(super) fn of(column: Option<&'a Named>, asked: Option<&'a str>, header: Place) -> Result<Self> {
        match (column, asked) {
            (None, None) => Ok(Self::All),
            (None, Some(_)) => {
                let reason = "ROW picks a stressor, and the document has no column of stressors (stressor, indicator, flow, \
                              variable, substance, pollutant or gas)";
                Err(Error::bad(reason, header))
            }
            (Some(column), None) => Ok(Self::One { column, first: None }),
            (Some(column), Some(asked)) => Ok(Self::Asked { column, asked, is_found: false, seen: Vec::new() }),
        }
    }

    /// Whether a line is of the stressor.
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
            Self::Asked { column, asked, is_found, seen } => {
                let (stressor, place) = cell(line, column)?;
                if stressor == *asked {
                    *is_found = true;
                    return Ok(true);
                }
                // It may mean the same as above, as exports of pivot tables have it.
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

    /// Fails when no line was of the stressor that is asked for.
    pub(super) fn check(&self) -> Result<()> {
        let Self::Asked { column, asked, is_found: false, seen } = self else { return Ok(()) };
        if seen.is_empty() {
            return Ok(());
        }
        let some: Vec<String> = seen.iter().take(SHOWN).map(|name| shown(name)).collect();
        let reason = format!(
            "the column {} has no {}: say ROW and one of {}{}",
            shown(&column.name),
            shown(asked),
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
