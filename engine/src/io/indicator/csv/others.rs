//! Columns that are not read but checked: if such a column distinguishes rows, for example by year, the values are not
//! those that the user intended.

use super::columns::{Kind, Named};
use crate::io::shown::shown;
use crate::io::text::{Cells, Line};
use crate::{Error, Place, Result};

/// A column that is not read, and its first cell.
struct Other<'a> {
    column: &'a Named,
    kind: Kind,
    first: Option<String>,
    /// The expected next number of an index.
    next: Option<u64>,
    /// Whether all nonblank cells consist of digits, and the place of the first one.
    digits: bool,
    digits_at: Option<Place>,
}

/// All columns that are not read.
pub(super) struct Others<'a> {
    columns: Vec<Other<'a>>,
    /// Whether the values may be the part before a decimal comma: cells are separated by commas, and all values are
    /// whole numbers.
    whole: bool,
}

impl<'a> Others<'a> {
    pub(super) fn of(columns: &'a [(Named, Kind)]) -> Self {
        let other = |(column, kind): &'a (Named, Kind)| {
            let (first, next, digits_at) = (None, None, None);
            Other { column, kind: *kind, first, next, digits: true, digits_at }
        };
        Self { columns: columns.iter().map(other).collect(), whole: true }
    }

    /// Checks a line whose value is used.
    pub(super) fn see(&mut self, line: Line<'_>, value: f64) -> Result<()> {
        if self.columns.is_empty() {
            return Ok(());
        }
        self.whole &= line.dialect.separator == b',' && value.fract() == 0.0;
        let mut cells = Cells::new(line);
        let mut taken = 0;
        for other in &mut self.columns {
            while taken < other.column.at {
                cells.raw()?;
                taken += 1;
            }
            // A row may end before the last columns.
            let raw = cells.raw()?.unwrap_or_default();
            taken += 1;
            other.see(String::from_utf8_lossy(&raw).trim(), cells.place(), self.whole)?;
        }
        Ok(())
    }

    /// Fails if a column seems to hold the decimals of the values.
    pub(super) fn check(&self) -> Result<()> {
        let decimals = self.columns.iter().find(|other| self.whole && other.may_be_decimals());
        match decimals.and_then(|other| Some((other, other.digits_at?))) {
            Some((other, place)) => Err(other.decimals(place)),
            None => Ok(()),
        }
    }
}

impl Other<'_> {
    fn see(&mut self, cell: &str, place: Place, whole: bool) -> Result<()> {
        let name = self.name();
        if !cell.is_empty() {
            self.digits &= cell.bytes().all(|byte| byte.is_ascii_digit());
            self.digits_at.get_or_insert(place);
        }
        let may_be_decimals = whole && self.may_be_decimals();
        let counts = self.kind == Kind::Index && self.counts(cell);
        match self.kind {
            Kind::Note => return Ok(()),
            // A blank cell stands for a property that all rows share.
            Kind::Unit | Kind::Year if cell.is_empty() => return Ok(()),
            Kind::Index if counts => return Ok(()),
            Kind::Index | Kind::Unknown if may_be_decimals && self.column.name.is_empty() => {
                return Err(self.decimals(place));
            }
            Kind::Index | Kind::Unknown if is_figure(cell) => {
                let reason = format!("the column {name} holds numbers and is not read: leave it out");
                return Err(Error::bad(reason, place));
            }
            _ => {}
        }
        let first = self.first.get_or_insert_with(|| cell.to_owned());
        if first == cell {
            return Ok(());
        }
        if self.kind == Kind::Unit && may_be_decimals {
            return Err(self.decimals(place));
        }
        let (one, two) = (shown(first), shown(cell));
        let reason = match self.kind {
            Kind::Unit | Kind::Year => {
                format!("the column {name} has several values, {one} and {two}: keep the rows of one")
            }
            _ => format!(
                "the column {name} is not read, and its cells differ: leave it out, or keep the rows that are meant"
            ),
        };
        Err(Error::bad(reason, place))
    }

    fn name(&self) -> String {
        match shown(&self.column.name) {
            name if name.is_empty() => "without a name".to_owned(),
            name => name,
        }
    }

    /// Whether the cells may be the decimals of the values next to them: `AA,0,5` below `region,value,unit`.
    fn may_be_decimals(&self) -> bool {
        let has_other_cells = matches!(self.kind, Kind::Unit | Kind::Note) || self.column.name.is_empty();
        has_other_cells && self.kind != Kind::Index && self.digits && self.digits_at.is_some()
    }

    fn decimals(&self, place: Place) -> Error {
        let reason = format!(
            "the column {} holds only digits beside whole values: figures with decimal commas need ; between columns, \
             or a decimal point (leave the column out where the values are whole)",
            self.name()
        );
        Error::bad(reason, place)
    }

    /// Whether a cell is the successor of the number above.
    fn counts(&mut self, cell: &str) -> bool {
        let Ok(number) = cell.parse::<u64>() else { return false };
        let is_next = self.next.is_none_or(|next| next == number);
        self.next = number.checked_add(1);
        is_next
    }
}

/// Whether a cell is a number with any decimal sign.
fn is_figure(cell: &str) -> bool {
    cell.contains(|letter: char| letter.is_ascii_digit()) && cell.replace(',', ".").parse::<f64>().is_ok()
}
