//! Columns that are not read. They are looked at all the same: one that tells rows apart, a year say, makes values of
//! something else of them.

use super::columns::{Kind, Named};
use crate::io::formats::{Cells, Line, shown};
use crate::{Error, Place, Result};

/// A column that is not read, and its first cell.
struct Other<'a> {
    column: &'a Named,
    kind: Kind,
    first: Option<String>,
    /// What the next cell of an index is.
    next: Option<u64>,
}

/// All of them.
pub(super) struct Others<'a>(Vec<Other<'a>>);

impl<'a> Others<'a> {
    pub(super) fn of(columns: &'a [(Named, Kind)]) -> Self {
        Self(columns.iter().map(|(column, kind)| Other { column, kind: *kind, first: None, next: None }).collect())
    }

    /// Looks at a line that is used.
    pub(super) fn see(&mut self, line: Line<'_>, _value: f64) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut cells = Cells::new(line);
        let mut taken = 0;
        for other in &mut self.0 {
            while taken < other.column.at {
                cells.raw()?;
                taken += 1;
            }
            // A row may end before the last columns.
            let raw = cells.raw()?.unwrap_or_default();
            taken += 1;
            other.see(String::from_utf8_lossy(&raw).trim(), cells.place())?;
        }
        Ok(())
    }
}

impl Other<'_> {
    fn see(&mut self, cell: &str, place: Place) -> Result<()> {
        let name = match shown(&self.column.name) {
            name if name.is_empty() => "without a name".to_owned(),
            name => name,
        };
        let counts = self.kind == Kind::Index && self.counts(cell);
        match self.kind {
            Kind::Note => return Ok(()),
            // Blank is what is the same for all.
            Kind::Unit | Kind::Year if cell.is_empty() => return Ok(()),
            Kind::Index if counts => return Ok(()),
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

    /// Whether a cell is the number after the one above.
    fn counts(&mut self, cell: &str) -> bool {
        let Ok(number) = cell.parse::<u64>() else { return false };
        let is_next = self.next.is_none_or(|next| next == number);
        self.next = number.checked_add(1);
        is_next
    }
}

/// Whether a cell is a number, as far as can be told without knowing its decimal sign.
fn is_figure(cell: &str) -> bool {
    cell.contains(|letter: char| letter.is_ascii_digit()) && cell.replace(',', ".").parse::<f64>().is_ok()
}
