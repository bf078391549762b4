//! Indicator documents as csv with a header.

mod columns;
mod others;
mod stressors;
mod wide;

use std::borrow::Cow;
use std::collections::HashSet;

use self::columns::Columns;
use self::others::Others;
use self::stressors::Stressors;
use super::{Axis, By, NOT_FINITE, TWICE, UNKNOWN, Values};
use crate::io::labels::Labels;
use crate::io::shown::shown;
use crate::io::text::{Blank, Cells, Line, Lines};
use crate::{Error, Place, Progress, Result};

/// Reads all lines; blank lines are skipped.
pub(super) fn read(
    document: &[u8],
    name: &str,
    row: Option<&[u8]>,
    progress: &Progress,
    values: &mut Values<'_>,
) -> Result<()> {
    let axis = match values.by {
        By::Node => Axis::Node,
        By::Region => Axis::Region,
        By::Sector | By::Product => Axis::Sector,
    };
    let mut lines = Lines::of_bytes(document, progress)?;
    let Some(first) = lines.next()? else { return Ok(()) };
    let place = first.place;
    if let Some(columns) = Columns::of(first)?.filter(|columns| columns.serve(axis)) {
        if let Some(column) = columns.finer(axis) {
            return Err(Error::bad(by_node(&format!("the document has a column {}", shown(column))), place));
        }
        let mut stressors = Stressors::of(columns.stressor.as_ref(), requested(row)?, place)?;
        by_columns(&mut lines, &columns, axis, &mut stressors, values)?;
        return stressors.check();
    }
    if axis == Axis::Node
        && let Some(header) = wide::Header::of(document, progress, values.labels)?
    {
        return wide::read(document, &header, name, row, progress, values);
    }
    let expected = match axis {
        Axis::Node => {
            "region,sector,value (or label,value with labels such as USA_C10, or a row below the labels of nodes)"
        }
        Axis::Region => "region,value",
        Axis::Sector => "sector,value",
    };
    Err(Error::bad(format!("expected the header {expected}"), Place { column: 1, ..place }))
}

/// The error text if the document, as `what` states, gives values of nodes. Adding such values would add intensities,
/// which is wrong.
fn by_node(what: &str) -> String {
    format!("{what}: say BY node, or leave the column out (SUM does not help)")
}

/// The requested stressor, as text.
fn requested(row: Option<&[u8]>) -> Result<Option<&str>> {
    row.map(|row| std::str::from_utf8(row).map_err(|_| Error::Invalid("ROW must be UTF-8".into()))).transpose()
}

fn by_columns(
    lines: &mut Lines<'_>,
    columns: &Columns,
    axis: Axis,
    stressors: &mut Stressors<'_>,
    values: &mut Values<'_>,
) -> Result<()> {
    let joined = Joined::of(values.labels);
    let mut others = Others::of(&columns.others);
    let mut passed_over = HashSet::new();
    let is_joined = match axis {
        Axis::Node => columns.region.is_none() || columns.sector.is_none(),
        Axis::Region => columns.region.is_none(),
        Axis::Sector => columns.sector.is_none(),
    };
    while let Some(line) = lines.next()? {
        if Cells::new(line).all_empty() || !stressors.take(line)? {
            continue;
        }
        let row = Row::read(line, columns, axis, is_joined, &joined, values)?;
        let Row { region, sector, label, value, value_place, label_place } = row;
        let at = match (axis, is_joined) {
            (Axis::Node, true) => joined.take(&label, values).map_err(|reason| Error::bad(reason, label_place))?,
            (_, true) => values.find(axis, &label, &label).map_err(|reason| Error::bad(reason, label_place))?,
            (_, false) => values.find(axis, &region, &sector).map_err(|reason| Error::bad(reason, label_place))?,
        };
        if at.is_none() && !values.sum && !passed_over.insert((region, sector, label)) {
            return Err(Error::bad(TWICE, label_place));
        }
        // This check comes before the error for duplicate labels: if a label occurs once per year or per unit, SUM
        // would give wrong values.
        if at.is_some() {
            others.see(line, value)?;
        }
        let place = |reason| if reason == NOT_FINITE { value_place } else { label_place };
        values.set(axis, at, value).map_err(|reason| Error::bad(reason, place(reason)))?;
    }
    others.check()
}

/// The relevant cells of a line.
struct Row {
    region: String,
    sector: String,
    label: String,
    value: f64,
    value_place: Place,
    label_place: Place,
}

impl Row {
    fn read(
        line: Line<'_>,
        columns: &Columns,
        axis: Axis,
        is_joined: bool,
        joined: &Joined<'_>,
        values: &Values<'_>,
    ) -> Result<Self> {
        let mut row = Self {
            region: String::new(),
            sector: String::new(),
            label: String::new(),
            value: 0.0,
            value_place: line.place,
            label_place: line.place,
        };
        let mut cells = Cells::new(line);
        let mut finer = None;
        for at in 0..columns.width {
            let text = match () {
                () if at == columns.value => {
                    row.value = cells.number(Blank::Refused)?;
                    row.value_place = cells.place();
                    continue;
                }
                () if Some(at) == columns.region && axis != Axis::Sector => &mut row.region,
                () if Some(at) == columns.sector && axis != Axis::Region => &mut row.sector,
                () if Some(at) == columns.label && is_joined => &mut row.label,
                () if Some(at) == columns.label => {
                    // The name of the region, or the label of a node.
                    let name = cells.label()?.unwrap_or_default();
                    if axis != Axis::Node && joined.find(&name) != Found::Nothing {
                        finer = Some(cells.place());
                    }
                    continue;
                }
                () if Some(at) == columns.sector => {
                    // Only a column of codes reaches this branch, see [`Columns::finer`].
                    let code = cells.raw()?.unwrap_or_default();
                    if values.labels.sector(code.trim_ascii()).is_some() {
                        finer = Some(cells.place());
                    }
                    continue;
                }
                () => {
                    cells.raw()?;
                    continue;
                }
            };
            *text = cells.name()?.into_owned();
            row.label_place = cells.place();
        }
        if !cells.all_empty() {
            cells.end()?;
        }
        match finer {
            Some(place) => Err(Error::bad(by_node("the document has labels of nodes or sectors"), place)),
            None => Ok(row),
        }
    }
}

/// Finds nodes by labels that join region and sector, in the forms that tables use.
///
/// Each label is split at every possible position, and the parts are looked up. Joining the names of all nodes instead
/// would take time proportional to the size of the model, not to the size of the document.
struct Joined<'a> {
    labels: &'a Labels,
    /// The length of the longest name in the model: longer texts are not looked up.
    longest: usize,
}

/// The result of looking up a joined label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Node(usize),
    /// At least two different nodes.
    Ambiguous(usize, usize),
}

impl Found {
    fn or(self, node: Option<usize>) -> Self {
        match (self, node) {
            (Self::Nothing, Some(node)) => Self::Node(node),
            (Self::Node(one), Some(two)) if one != two => Self::Ambiguous(one, two),
            _ => self,
        }
    }
}

impl<'a> Joined<'a> {
    fn of(labels: &'a Labels) -> Self {
        let names = labels.regions().iter().chain(labels.sectors());
        Self { labels, longest: names.map(|name| name.len()).max().unwrap_or(0) }
    }

    fn find(&self, label: &str) -> Found {
        let mut found = Found::Nothing;
        for (at, between) in label.match_indices(['_', '|', '.', '-', ' ', ':', '/']) {
            let (first, second) = (&label[..at], &label[at + 1..]);
            if first.len() > self.longest {
                break;
            }
            if second.len() > self.longest {
                continue;
            }
            found = found.or(self.node(first, second));
            if between == "/" {
                found = found.or(self.node(second, first));
            }
        }
        found
    }

    fn node(&self, region: &str, sector: &str) -> Option<usize> {
        self.labels.node(region.as_bytes(), sector.as_bytes()).ok()
    }

    /// The node of a label; `None` for a label to be ignored.
    fn take(&self, label: &str, values: &mut Values<'_>) -> Result<Option<usize>, Cow<'static, str>> {
        let node = match self.find(label) {
            Found::Nothing => None,
            Found::Node(node) => Some(node),
            Found::Ambiguous(one, two) => {
                return Err(self.ambiguous(one, two, "columns of region and of sector").into());
            }
        };
        values.count(node.is_some(), label);
        if node.is_some() || values.ignore { Ok(node) } else { Err(UNKNOWN.into()) }
    }

    /// The error text for a label that matches two nodes; `apart` names the columns that would distinguish them.
    fn ambiguous(&self, one: usize, two: usize, apart: &str) -> String {
        let [one, two] = [one, two]
            .map(|node| self.labels.names(node))
            .map(|(region, sector)| format!("region {} sector {}", shown(region), shown(sector)));
        format!("the label may be {one} or {two}: give {apart}")
    }
}
