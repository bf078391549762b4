//! Csv with one row per stressor below the labels of the nodes. The labels are in one header line, joined (`USA_C10`),
//! or in two lines, region above sector, as in extension files of EXIOBASE and pymrio.

use std::collections::HashSet;

use super::super::{Axis, MAX_STRESSORS, NO_VALUES, Values};
use super::columns::is_index;
use super::{Found, Joined};
use crate::io::labels::Labels;
use crate::io::shown::shown;
use crate::io::text::{Blank, Cells, Line, Lines};
use crate::{Error, Place, Progress, Result};

/// The maximum number of cells before the numbers of a row.
const MAX_INDEX: usize = 4;

/// The number of row names that a message lists.
const SHOWN: usize = 5;

/// The node of every column of numbers, `None` if the model has no such node.
pub(super) struct Header {
    /// The number of cells before the numbers. If it is 0, a row may still have one, as in files that R writes with row
    /// names.
    index: usize,
    nodes: Vec<Option<usize>>,
    /// The number of header lines.
    lines: usize,
}

fn labels(line: Line<'_>) -> Result<Vec<String>> {
    let mut cells = Cells::new(line);
    let mut labels = Vec::new();
    while let Some(label) = cells.label()? {
        labels.push(label.into_owned());
    }
    Ok(labels)
}

impl Header {
    /// The number of cells in a row before its numbers.
    fn index_of(&self, row: Line<'_>) -> Result<usize> {
        if self.index > 0 {
            return Ok(self.index);
        }
        let mut cells = Cells::new(row);
        for _ in 0..self.nodes.len() {
            cells.raw()?;
        }
        Ok(usize::from(!cells.all_empty()))
    }

    /// The header of a document, if at least half of its columns are nodes of the model.
    pub(super) fn of(document: &[u8], progress: &Progress, model: &Labels) -> Result<Option<Self>> {
        let mut lines = Lines::of_bytes(document, progress)?;
        let Some(line) = lines.next()? else { return Ok(None) };
        let place = line.place;
        let first = labels(line)?;
        if let Some(header) = Self::of_joined(&first, place, model)? {
            return Ok(Some(header));
        }
        let Some(second) = lines.next()? else { return Ok(None) };
        Ok(Self::of_two(&first, &labels(second)?, model))
    }

    /// A header of one line.
    fn of_joined(line: &[String], place: Place, model: &Labels) -> Result<Option<Self>> {
        // Blank columns at the end are ignored; a number in one of them is an error in its row.
        let width = line.iter().rposition(|label| !label.is_empty()).map_or(0, |last| last + 1);
        let line = &line[..width];
        let joined = Joined::of(model);
        let found: Vec<Found> = line.iter().map(|label| joined.find(label)).collect();
        let is_known = |found: &Found| *found != Found::Nothing;
        let begin = usize::from(!found.first().is_some_and(is_known));
        let indices = begin..=MAX_INDEX.min(line.len());
        let Some(mut index) = indices.into_iter().find(|&index| mostly(&found[index..], is_known)) else {
            return Ok(None);
        };
        // Skips further index columns, for example a unit after the name of the stressor. Other labels that the model
        // does not contain may be nodes, so they are errors.
        while index < MAX_INDEX && !is_known(&found[index]) && is_index(&line[index]) {
            index += 1;
        }
        let node = |(at, found): (usize, &Found)| match *found {
            Found::Nothing => Ok(None),
            Found::Node(node) => Ok(Some(node)),
            Found::Ambiguous(one, two) => {
                let reason = joined.ambiguous(one, two, "regions and sectors in a line of the header each");
                Err(Error::bad(reason, Place { column: at as u64 + 1, ..place }))
            }
        };
        let nodes = found.iter().enumerate().skip(index).map(node).collect::<Result<_>>()?;
        Ok(Some(Self { index, nodes, lines: 1 }))
    }

    /// A header of two lines, regions above sectors.
    fn of_two(first: &[String], second: &[String], model: &Labels) -> Option<Self> {
        if first.len() != second.len() {
            return None;
        }
        let node = |(region, sector): (&String, &String)| model.node(region.as_bytes(), sector.as_bytes()).ok();
        let nodes: Vec<Option<usize>> = first.iter().zip(second).map(node).collect();
        let mut indices = 0..=MAX_INDEX.min(first.len());
        let index = indices
            .find(|&index| mostly(&nodes[index..], Option::is_some) && nodes.get(index).is_some_and(Option::is_some))?;
        Some(Self { index, nodes: nodes[index..].to_vec(), lines: 2 })
    }
}

fn mostly<T>(columns: &[T], is_known: impl Fn(&T) -> bool) -> bool {
    let known = columns.iter().filter(|column| is_known(column)).count();
    known > 0 && 2 * known >= columns.len()
}

/// Reads the row with the name `row`, else with the name of the indicator, else the only row.
pub(super) fn read(
    document: &[u8],
    header: &Header,
    name: &str,
    row: Option<&[u8]>,
    progress: &Progress,
    values: &mut Values<'_>,
) -> Result<()> {
    let asked = super::requested(row)?.unwrap_or(name);
    let names = row_names(document, header, progress)?;
    if names.is_empty() {
        return Err(Error::bad_whole(NO_VALUES));
    }
    let is_only = names.len() == 1 && row.is_none();
    let wanted = match position(&names, asked) {
        Some(at) => at,
        None if is_only => 0,
        None => {
            let some: Vec<String> = names.iter().take(SHOWN).map(|name| shown(&name.whole)).collect();
            let more = if names.len() > SHOWN { ", .." } else { "" };
            let what = format!(
                "the document has {} rows and none is called {}: say ROW and one of {}{more}",
                names.len(),
                shown(asked),
                some.join(", ")
            );
            return Err(Error::bad_whole(what));
        }
    };
    let mut at = 0;
    each_row(document, header, progress, |_, cells, _| {
        at += 1;
        if at != wanted + 1 {
            return Ok(());
        }
        for node in &header.nodes {
            let value = cells.number(Blank::Refused)?;
            values.count(node.is_some(), "");
            if node.is_none() && !values.ignore {
                return Err(Error::bad(super::UNKNOWN, cells.place()));
            }
            values.set(Axis::Node, *node, value).map_err(|reason| Error::bad(reason, cells.place()))?;
        }
        if !cells.all_empty() {
            cells.end()?;
        }
        Ok(())
    })
}

/// The name of a row.
struct Name {
    /// All cells before the numbers, joined.
    whole: String,
    /// The first of these cells, without, for example, the unit that follows.
    first: String,
}

impl Name {
    fn of(mut cells: Vec<String>) -> Self {
        cells.retain(|cell| !cell.is_empty());
        Self { whole: cells.join("/"), first: cells.into_iter().next().unwrap_or_default() }
    }
}

/// The row with this name, or the only row whose first cell is this name.
fn position(names: &[Name], asked: &str) -> Option<usize> {
    let whole = names.iter().position(|name| name.whole == asked);
    let mut begin = names.iter().enumerate().filter(|(_, name)| name.first == asked).map(|(at, _)| at);
    whole.or_else(|| begin.next().filter(|_| begin.next().is_none()))
}

fn row_names(document: &[u8], header: &Header, progress: &Progress) -> Result<Vec<Name>> {
    let (mut names, mut seen) = (Vec::new(), HashSet::new());
    each_row(document, header, progress, |name, _, place| {
        if names.len() == MAX_STRESSORS {
            return Err(Error::TooBig { what: "the number of stressors", limit: MAX_STRESSORS as u64 });
        }
        // SUM applies to labels of nodes. Rows are stressors, and their sum would be meaningless.
        if !seen.insert(name.whole.clone()) {
            if name.whole.is_empty() {
                return Err(Error::bad("several rows have no name: give them names in a first column", place));
            }
            return Err(Error::bad(format!("the label {} occurs twice", shown(&name.whole)), place));
        }
        names.push(name);
        Ok(())
    })?;
    Ok(names)
}

/// Calls `each` for the rows below the header. Lines without numbers are skipped: such a line names the index columns.
fn each_row(
    document: &[u8],
    header: &Header,
    progress: &Progress,
    mut each: impl FnMut(Name, &mut Cells<'_>, Place) -> Result<()>,
) -> Result<()> {
    let mut lines = Lines::of_bytes(document, progress)?;
    for _ in 0..header.lines {
        lines.next()?;
    }
    while let Some(line) = lines.next()? {
        let place = line.place;
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        let mut names = Vec::new();
        for _ in 0..header.index_of(line)? {
            names.push(cells.label()?.unwrap_or_default().into_owned());
        }
        if cells.all_empty() {
            continue;
        }
        each(Name::of(names), &mut cells, place)?;
    }
    Ok(())
}
