//! Indicator documents as csv with a header.

mod wide;

use std::collections::{HashMap, HashSet};

use super::{Axis, By, NOT_FINITE, TWICE, UNKNOWN, Values};
use crate::io::formats::{Blank, Cells, Line, Lines, shown};
use crate::{Error, Place, Progress, Result};

/// Names of columns, in lower case without signs.
const REGIONS: [&str; 7] = ["region", "country", "countrycode", "iso", "iso3", "refarea", "geo"];
const SECTORS: [&str; 7] = ["sector", "industry", "industrycode", "product", "code", "rowii", "nace"];
const LABELS: [&str; 3] = ["label", "node", "name"];
const VALUES: [&str; 5] = ["value", "values", "obsvalue", "amount", "intensity"];

/// Which cell of a line is what.
struct Columns {
    region: Option<usize>,
    sector: Option<usize>,
    label: Option<usize>,
    value: usize,
    width: usize,
}

impl Columns {
    /// What a header says, `None` when it has no column of values.
    fn of(line: Line<'_>) -> Result<Option<Self>> {
        let mut cells = Cells::new(line);
        let (mut region, mut sector, mut label, mut value) = (None, None, None, None);
        let mut width = 0;
        while let Some(name) = cells.label()? {
            let bare: String =
                name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
            let is_in = |names: &[&str]| names.contains(&bare.as_str());
            let role = match () {
                () if is_in(&REGIONS) => &mut region,
                () if is_in(&SECTORS) => &mut sector,
                () if is_in(&LABELS) => &mut label,
                () if is_in(&VALUES) => &mut value,
                () => {
                    width += 1;
                    continue;
                }
            };
            if role.replace(width).is_some() {
                return Err(Error::bad(format!("two columns mean the same: {}", shown(&name)), cells.place()));
            }
            width += 1;
        }
        Ok(value.map(|value| Self { region, sector, label, value, width }))
    }

    /// Whether the columns that a reading needs are there.
    fn serve(&self, axis: Axis) -> bool {
        match axis {
            Axis::Node => self.region.is_some() && self.sector.is_some() || self.label.is_some(),
            Axis::Region => self.region.is_some() || self.label.is_some(),
            Axis::Sector => self.sector.is_some() || self.label.is_some(),
        }
    }
}

/// Reads all lines; blank ones are passed over.
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
    match Columns::of(first)? {
        Some(columns) if columns.serve(axis) => by_columns(&mut lines, &columns, axis, values),
        _ if axis == Axis::Node && wide::is_wide(document, progress, values)? => {
            wide::read(document, name, row, progress, values)
        }
        _ => {
            let expected = match axis {
                Axis::Node => {
                    "region,sector,value (or label,value with labels such as USA_C10, or a row below the labels of nodes)"
                }
                Axis::Region => "region,value",
                Axis::Sector => "sector,value",
            };
            Err(Error::bad(format!("expected the header {expected}"), Place { column: 1, ..place }))
        }
    }
}

fn by_columns(lines: &mut Lines<'_>, columns: &Columns, axis: Axis, values: &mut Values<'_>) -> Result<()> {
    let joined = Joined::of(values);
    let mut passed_over = HashSet::new();
    while let Some(line) = lines.next()? {
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        let (mut region, mut sector, mut label) = (String::new(), String::new(), String::new());
        let (mut value, mut value_place, mut label_place) = (0.0, line.place, line.place);
        for at in 0..columns.width {
            let text = match () {
                () if at == columns.value => {
                    value = cells.number(Blank::Refused)?;
                    value_place = cells.place();
                    continue;
                }
                () if Some(at) == columns.region && axis != Axis::Sector => &mut region,
                () if Some(at) == columns.sector && axis != Axis::Region => &mut sector,
                () if Some(at) == columns.label => &mut label,
                () => {
                    cells.raw()?;
                    continue;
                }
            };
            *text = cells.name()?.into_owned();
            label_place = cells.place();
        }
        if !cells.all_empty() {
            cells.end()?;
        }
        let is_joined = match axis {
            Axis::Node => columns.region.is_none() || columns.sector.is_none(),
            Axis::Region => columns.region.is_none(),
            Axis::Sector => columns.sector.is_none(),
        };
        let at = match (axis, is_joined) {
            (Axis::Node, true) => joined.find(&label, values).map_err(|reason| Error::bad(reason, label_place))?,
            (_, true) => values.find(axis, &label, &label).map_err(|reason| Error::bad(reason, label_place))?,
            (_, false) => values.find(axis, &region, &sector).map_err(|reason| Error::bad(reason, label_place))?,
        };
        if at.is_none() && !values.sum && !passed_over.insert((region, sector, label)) {
            return Err(Error::bad(TWICE, label_place));
        }
        let place = |reason| if reason == NOT_FINITE { value_place } else { label_place };
        values.set(axis, at, value).map_err(|reason| Error::bad(reason, place(reason)))?;
    }
    Ok(())
}

/// The nodes by labels that join region and sector, in the ways of tables.
struct Joined(HashMap<String, usize>);

impl Joined {
    fn of(values: &Values<'_>) -> Self {
        let mut nodes = HashMap::new();
        for i in 0..values.labels.len() {
            let (region, sector) = values.labels.names(i);
            for between in ["_", "|", ".", "-", " ", ":"] {
                nodes.insert(format!("{region}{between}{sector}"), i);
            }
            nodes.insert(format!("{sector}/{region}"), i);
            nodes.insert(format!("{region}/{sector}"), i);
        }
        Self(nodes)
    }

    fn find(&self, label: &str, values: &mut Values<'_>) -> Result<Option<usize>, super::Refused> {
        let found = self.0.get(label).copied();
        values.count(found.is_some(), label);
        if found.is_some() || values.ignore { Ok(found) } else { Err(UNKNOWN) }
    }
}
