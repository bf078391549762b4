//! Indicator documents as csv with a header.

use std::collections::HashSet;

use super::{Axis, By, TWICE, Values};
use crate::io::formats::{Blank, Cells, Lines};
use crate::{Error, Place, Progress, Result};

/// Reads all lines; empty ones are allowed at the end.
pub(super) fn read(document: &[u8], values: &mut Values<'_>) -> Result<()> {
    let (axis, header): (Axis, &[&str]) = match values.by {
        By::Node => (Axis::Node, &["region", "sector", "value"]),
        By::Region => (Axis::Region, &["region", "value"]),
        By::Sector | By::Product => (Axis::Sector, &["sector", "value"]),
    };
    let progress = Progress::default();
    let mut lines = Lines::of_bytes(document, &progress)?;
    if let Some(line) = lines.next()? {
        let mut cells = Cells::new(line);
        for expected in header {
            if !cells.raw()?.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(expected.as_bytes())) {
                return Err(Error::bad(format!("expected the header {}", header.join(",")), cells.place()));
            }
        }
        cells.end()?;
    }
    let mut passed_over = HashSet::new();
    let mut ended = false;
    while let Some(line) = lines.next()? {
        if line.bytes.is_empty() {
            ended = true;
            continue;
        }
        if ended {
            return Err(Error::bad("a row after the end of the table", line.place));
        }
        let mut cells = Cells::new(line);
        let region = if axis == Axis::Sector { "".into() } else { cells.name()? };
        let sector = if axis == Axis::Region { "".into() } else { cells.name()? };
        let refuse = |reason| move |place: Place| Error::bad(reason, place);
        let at = values.find(axis, &region, &sector).map_err(|reason| refuse(reason)(cells.place()))?;
        if at.is_none() && !passed_over.insert((region.into_owned(), sector.into_owned())) {
            return Err(Error::bad(TWICE, cells.place()));
        }
        let label = cells.place();
        let value = cells.number(Blank::Refused)?;
        let place = |reason| if reason == TWICE { label } else { cells.place() };
        values.set(axis, at, value).map_err(|reason| Error::bad(reason, place(reason)))?;
        cells.end()?;
    }
    Ok(())
}
