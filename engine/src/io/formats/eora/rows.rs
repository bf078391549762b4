//! The lines of EORA26 files.

use crate::io::formats::Job;
use crate::io::formats::source::Package;
use crate::io::labels::MAX_NODES;
use crate::io::text::{Blank, Cells};
use crate::{Error, Result};

/// The maximum number of columns of final demand.
const MAX_DEMAND: usize = 4 * MAX_NODES;

/// The second and the fourth cell of every line: code and sector.
pub(super) fn names(
    package: &mut Package<'_>,
    part: usize,
    file: &'static str,
    job: &Job<'_>,
) -> Result<Vec<(String, String)>> {
    let mut lines = package.lines(part, file, job)?;
    let mut found = Vec::new();
    while let Some(line) = lines.next()? {
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        if found.len() == MAX_NODES {
            return Err(Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 });
        }
        let mut names: [String; 4] = Default::default();
        for name in &mut names {
            *name = cells.name()?.into_owned();
        }
        let [_, code, _, sector] = names;
        found.push((code, sector));
    }
    Ok(found)
}

/// Calls `each` for all rows of numbers. If given, `rows` and `columns` are the required counts; otherwise all rows
/// must be as long as the first.
pub(super) fn each_row(
    package: &mut Package<'_>,
    part: usize,
    file: &'static str,
    rows: Option<usize>,
    columns: Option<usize>,
    job: &Job<'_>,
    mut each: impl FnMut(usize, &[f64]) -> Result<()>,
) -> Result<()> {
    let mut lines = package.lines(part, file, job)?;
    let mut row = vec![0.0; columns.unwrap_or(0)];
    let mut count = 0;
    while let Some(line) = lines.next()? {
        let place = line.place;
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        if rows == Some(count) {
            return Err(Error::bad("there are more rows than labels", place));
        }
        if columns.is_none() && count == 0 {
            let mut first = Cells::new(line);
            let mut width = 0;
            while first.raw()?.is_some() && width <= MAX_DEMAND {
                width += 1;
            }
            row.resize(width, 0.0);
        }
        for slot in &mut row {
            *slot = cells.number(Blank::Zero)?;
        }
        if !cells.all_empty() {
            cells.end()?;
        }
        each(count, &row)?;
        count += 1;
    }
    match rows.unwrap_or(count) - count {
        0 => Ok(()),
        left => Err(Error::bad(format!("the file is cut short, missing rows: {left}"), lines.place_after())),
    }
}
