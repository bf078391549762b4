//! The meaning of the columns of a long csv, derived from their names.

use super::super::Axis;
use crate::io::shown::shown;
use crate::io::text::{Cells, Line};
use crate::{Error, Result};

/// Column names in lower case, without punctuation.
const REGIONS: [&str; 7] = ["region", "country", "countrycode", "iso", "iso3", "refarea", "geo"];
const SECTORS: [&str; 7] = ["sector", "industry", "industrycode", "product", "code", "rowii", "nace"];
const LABELS: [&str; 3] = ["label", "node", "name"];
const VALUES: [&str; 5] = ["value", "values", "obsvalue", "amount", "intensity"];
const STRESSORS: [&str; 18] = [
    "stressor",
    "stressors",
    "indicator",
    "indicatorcode",
    "flow",
    "variable",
    "substance",
    "pollutant",
    "gas",
    "ghg",
    "emission",
    "emissions",
    "extension",
    "satellite",
    "impact",
    "measure",
    "series",
    "item",
];
const UNITS: [&str; 3] = ["unit", "units", "unitmeasure"];
const YEARS: [&str; 6] = ["year", "years", "time", "timeperiod", "period", "date"];
/// Descriptions of labels: their cells may differ and do not affect the value.
const NOTES: [&str; 14] = [
    "description",
    "comment",
    "comments",
    "note",
    "notes",
    "source",
    "sources",
    "title",
    "fullname",
    "countryname",
    "regionname",
    "sectorname",
    "industryname",
    "productname",
];
/// Other columns before the numbers of a row.
const BEFORE_NUMBERS: [&str; 6] = ["code", "id", "category", "compartment", "subcompartment", "type"];
/// The index column that pandas writes first.
const INDEX: [&str; 2] = ["", "unnamed0"];

/// A column and its name as written.
pub(super) struct Named {
    pub(super) at: usize,
    pub(super) name: String,
}

/// The type of a column that is neither a label nor the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Unit,
    Year,
    Note,
    /// An index without a name, before all other columns.
    Index,
    Unknown,
}

/// The positions of the columns in a line.
pub(super) struct Columns {
    pub(super) region: Option<usize>,
    pub(super) sector: Option<usize>,
    pub(super) label: Option<usize>,
    pub(super) stressor: Option<Named>,
    pub(super) value: usize,
    pub(super) others: Vec<(Named, Kind)>,
    /// The names of the region and sector columns as written.
    region_name: String,
    sector_name: String,
    pub(super) width: usize,
}

impl Columns {
    /// The columns of a header; `None` if there is no value column.
    pub(super) fn of(line: Line<'_>) -> Result<Option<Self>> {
        let mut cells = Cells::new(line);
        let (mut region, mut sector, mut label, mut value) = (None, None, None, None);
        let (mut stressor, mut others) = (None, Vec::new());
        let (mut region_name, mut sector_name) = (String::new(), String::new());
        let mut width = 0;
        while let Some(name) = cells.label()? {
            let bare = bare(&name);
            let is_in = |names: &[&str]| names.contains(&bare.as_str());
            let role = match () {
                () if is_in(&REGIONS) => Some(&mut region),
                () if is_in(&SECTORS) => Some(&mut sector),
                () if is_in(&LABELS) => Some(&mut label),
                () if is_in(&VALUES) => Some(&mut value),
                () => None,
            };
            if is_in(&REGIONS) {
                region_name = name.clone().into_owned();
            } else if is_in(&SECTORS) {
                sector_name = name.clone().into_owned();
            }
            let named = Named { at: width, name: name.clone().into_owned() };
            match role {
                Some(role) => {
                    if role.replace(width).is_some() {
                        return Err(Error::bad(format!("two columns mean the same: {}", shown(&name)), cells.place()));
                    }
                }
                None if is_in(&STRESSORS) && stressor.is_none() => stressor = Some(named),
                None => others.push((named, kind(&bare, width))),
            }
            width += 1;
        }
        Ok(value.map(|value| Self { region, sector, label, stressor, value, others, region_name, sector_name, width }))
    }

    /// The column that splits values further than `axis`, which needs one value for all sectors or all regions. A
    /// column `code` is not reported here: it may hold codes of regions, so its cells decide.
    pub(super) fn finer(&self, axis: Axis) -> Option<&str> {
        let (at, name) = match axis {
            Axis::Node => return None,
            Axis::Region => (self.sector, &self.sector_name),
            Axis::Sector => (self.region, &self.region_name),
        };
        at.filter(|_| !name.eq_ignore_ascii_case("code")).map(|_| name.as_str())
    }

    /// Whether the columns required for `axis` exist.
    pub(super) fn serve(&self, axis: Axis) -> bool {
        match axis {
            Axis::Node => self.region.is_some() && self.sector.is_some() || self.label.is_some(),
            Axis::Region => self.region.is_some() || self.label.is_some(),
            Axis::Sector => self.sector.is_some() || self.label.is_some(),
        }
    }
}

fn kind(bare: &str, at: usize) -> Kind {
    match bare {
        _ if UNITS.contains(&bare) => Kind::Unit,
        _ if YEARS.contains(&bare) => Kind::Year,
        _ if NOTES.contains(&bare) => Kind::Note,
        _ if at == 0 && INDEX.contains(&bare) => Kind::Index,
        _ => Kind::Unknown,
    }
}

/// A name in lower case, without punctuation.
fn bare(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase()
}

/// Whether the name of a column before the node columns shows that it is not a node.
pub(super) fn is_index(name: &str) -> bool {
    let bare = bare(name);
    let names: [&[&str]; 6] = [&STRESSORS, &UNITS, &YEARS, &NOTES, &LABELS, &BEFORE_NUMBERS];
    bare.is_empty() || names.iter().any(|names| names.contains(&bare.as_str()))
}
