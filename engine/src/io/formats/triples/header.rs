//! The columns of long data, identified by their names.

use std::borrow::Cow;

use crate::io::shown::shown;
use crate::io::text::Line;
use crate::io::text::{Blank, Cells};
use crate::{Error, Place, Result};

/// The maximum number of columns.
const MOST: usize = 32;

/// Names of each column, in lower case without punctuation: our names first, then those of other tools and offices.
const NAMES: [&[&str]; 5] = [
    &["fromregion", "regionfrom", "rowregion", "regionrow", "originregion", "fromcountry", "countryfrom", "refarea"],
    &["fromsector", "sectorfrom", "rowsector", "sectorrow", "originsector", "fromindustry", "industryfrom", "rowii"],
    &["toregion", "regionto", "colregion", "columnregion", "regioncol", "tocountry", "countryto", "counterpartarea"],
    &["tosector", "sectorto", "colsector", "columnsector", "sectorcol", "toindustry", "industryto", "colii"],
    &["value", "flow", "flows", "obsvalue", "coefficient", "coefficients"],
];

/// The message for a header that is not recognised.
const EXPECTED: &str = "expected from_region,from_sector,to_region,to_sector,value (or flow, or coefficient)";

/// The content of the value column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::io::formats) enum Values {
    Flows,
    Coefficients,
}

/// The positions of the columns.
pub(super) struct Header {
    /// The positions of the two regions and sectors, and of the number.
    columns: [usize; 5],
    /// The number of columns.
    width: usize,
    pub(super) values: Values,
    /// Whether value added and final demand have labels, as nodes have.
    pub(super) is_figaro: bool,
    /// A warning about columns that are not read.
    pub(super) warning: Option<String>,
}

/// One line.
pub(super) struct Row<'a> {
    pub(super) from: (Cow<'a, str>, Cow<'a, str>),
    /// The sector is empty for final demand.
    pub(super) to: (Cow<'a, str>, Cow<'a, str>),
    pub(super) value: f64,
}

/// Whether a line is the header of long data.
pub(in crate::io::formats) fn is_header(line: Line<'_>) -> bool {
    Header::read(line).is_ok()
}

/// Adds the name of the column to the error for an invalid number, because the wrong column may be the value column.
fn in_value_column(error: Error) -> Error {
    match error {
        Error::BadInput { reason, place } => {
            Error::BadInput { reason: format!("{reason}, in the column of values").into(), place }
        }
        other => other,
    }
}

impl Header {
    /// Reads the names of the columns.
    pub(super) fn read(line: Line<'_>) -> Result<Self> {
        let place = line.place;
        let mut cells = Cells::new(line);
        let mut found = [None; 5];
        let (mut width, mut values, mut is_figaro, mut unread) = (0, Values::Flows, false, Vec::new());
        while let Some(label) = cells.label()? {
            let bare: String =
                label.chars().filter(|letter| letter.is_alphanumeric()).collect::<String>().to_lowercase();
            match NAMES.iter().position(|names| names.contains(&bare.as_str())) {
                Some(role) if found[role].is_none() => {
                    found[role] = Some(width);
                    is_figaro |= bare == "rowii";
                    if bare.starts_with("coefficient") {
                        values = Values::Coefficients;
                    }
                }
                Some(_) => return Err(Error::bad(format!("two columns have this meaning: {EXPECTED}"), cells.place())),
                None if label.is_empty() || bare.starts_with("icioi") => {}
                None => unread.push(shown(&label)),
            }
            width += 1;
            if width > MOST {
                return Err(Error::bad(EXPECTED, place));
            }
        }
        let missing = found.iter().position(Option::is_none);
        if let Some(role) = missing {
            // The place where our column of this role should be.
            return Err(Error::bad(EXPECTED, Place { column: role.min(width.saturating_sub(1)) as u64 + 1, ..place }));
        }
        let warning = (!unread.is_empty()).then(|| format!("columns that were not read: {}", unread.join(", ")));
        let columns = found.map(Option::unwrap_or_default);
        Ok(Self { columns, width, values, is_figaro, warning })
    }

    /// The position of the cell of `to_sector`.
    pub(super) fn place_of_to_sector(&self) -> u64 {
        self.columns[3] as u64 + 1
    }

    /// Reads a line.
    pub(super) fn row<'a>(&self, cells: &mut Cells<'a>) -> Result<Row<'a>> {
        let mut taken: [Cow<'a, str>; 4] = Default::default();
        let mut value = 0.0;
        for at in 0..self.width {
            match self.columns.iter().position(|&column| column == at) {
                Some(4) => value = cells.number(Blank::Refused).map_err(in_value_column)?,
                // In FIGARO's files, final demand has names.
                Some(3) if !self.is_figaro => taken[3] = cells.name_or_empty()?,
                Some(role) => taken[role] = cells.name()?,
                // A column that is not read may also be missing.
                None => _ = cells.raw()?,
            }
        }
        if !cells.all_empty() {
            cells.end()?;
        }
        let [from_region, from_sector, to_region, to_sector] = taken;
        Ok(Row { from: (from_region, from_sector), to: (to_region, to_sector), value })
    }
}
