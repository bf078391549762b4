//! Builds a nomenclature, from a file in any order or from records in the order of codes.

use std::borrow::Cow;

use super::csv::at;
use super::section::section_number;
use super::{Code, MAX_DESCRIPTION, MAX_ROWS, Nomenclature, Refused, Row, codec};
use crate::{Error, Result};

/// A file that is being read.
#[derive(Debug, Default)]
pub(super) struct Builder {
    lines: Vec<Line>,
    text: String,
    sections: Vec<Box<str>>,
    title: Option<(Box<str>, Box<str>)>,
    /// The first parent that is not a code, and its line. It must be the title, which may be the last row.
    top: Option<(Box<str>, u64)>,
}

/// A row of the file, with the position of its description in the text.
#[derive(Debug)]
struct Line {
    code: Code,
    section: u16,
    parent: Option<Code>,
    start: usize,
    end: usize,
    line: u64,
}

impl Builder {
    /// Adds the row above all chapters.
    pub(super) fn set_title(&mut self, code: &str, description: &str, line: u64) -> Result<()> {
        if self.title.is_some() {
            return Err(Error::bad("a second row that is its own parent and not a code", at(line, 0)));
        }
        check_description(description).map_err(|reason| Error::bad(reason, at(line, 0)))?;
        self.title = Some((code.into(), description.into()));
        Ok(())
    }

    /// Adds the cells of any other row, in the order of the columns.
    pub(super) fn push(&mut self, cells: [&str; 5], line: u64) -> Result<()> {
        self.take(cells, line).map_err(|reason| Error::bad(reason, at(line, 0)))
    }

    fn take(
        &mut self,
        [section, code, description, parent, level]: [&str; 5],
        line: u64,
    ) -> Result<(), Cow<'static, str>> {
        let code = Code::read(code.as_bytes())?;
        if level.parse() != Ok(code.level()) {
            return Err("the level must be the number of digits of the code".into());
        }
        let parent = if parent.is_empty() {
            None
        } else if parent.bytes().any(|byte| byte.is_ascii_digit()) {
            Some(Code::read(parent.as_bytes())?)
        } else {
            let (top, _) = self.top.get_or_insert_with(|| (parent.into(), line));
            if **top != *parent {
                return Err("the parent is not in the file".into());
            }
            None
        };
        check_description(description)?;
        let section = section_number(&mut self.sections, section)?;
        let start = self.text.len();
        self.text.push_str(description);
        self.lines.push(Line { code, section, parent, start, end: self.text.len(), line });
        if self.lines.len() > MAX_ROWS {
            return Err("the nomenclature has more than 100000 codes".into());
        }
        Ok(())
    }

    /// Returns the nomenclature, after every row was read.
    pub(super) fn finish(mut self) -> Result<Nomenclature> {
        if let Some((top, line)) = &self.top
            && match &self.title {
                Some((title, _)) => title != top,
                // The usual name of the title. Files without its row still use the name.
                None => !top.eq_ignore_ascii_case("total"),
            }
        {
            return Err(Error::bad("the parent is not in the file", at(*line, 0)));
        }
        self.lines.sort_by_key(|line| line.code);
        let title = self.title.map_or_else(|| "".into(), |(_, description)| description);
        let mut made = Nomenclature::empty(title, self.sections);
        made.text.reserve_exact(self.text.len());
        made.rows.reserve_exact(self.lines.len());
        for line in &self.lines {
            made.push(line.section, line.code, &self.text[line.start..line.end], line.parent)
                .map_err(|reason| Error::bad(reason, at(line.line, 0)))?;
        }
        if made.rows.is_empty() { Err(Error::bad_whole("the nomenclature has no codes")) } else { Ok(made) }
    }
}

impl Nomenclature {
    /// A nomenclature without codes.
    pub(super) fn empty(title: Box<str>, sections: Vec<Box<str>>) -> Self {
        Self { rows: Vec::new(), text: String::new(), sections, title, cuts: Vec::new(), open: 0 }
    }

    /// Adds the next code in order.
    pub(super) fn push(
        &mut self,
        section: u16,
        code: Code,
        description: &str,
        parent: Option<Code>,
    ) -> Result<(), Refused> {
        check_description(description)?;
        if self.rows.len() == MAX_ROWS {
            return Err("the nomenclature has more than 100000 codes");
        }
        if usize::from(section) >= self.sections.len() {
            return Err("the section is not there");
        }
        match self.rows.last() {
            Some(last) if last.code == code => return Err("the code occurs twice"),
            Some(last) if last.code > code => return Err("codes are not in order"),
            _ => {}
        }
        let parent = match parent {
            None => None,
            Some(parent) if !parent.covers(&code) || parent == code => {
                return Err("the parent must be a shorter code that this one begins with: no code is below itself");
            }
            // In the order of codes, the parent comes before its children.
            Some(parent) => Some(self.row(&parent).ok_or("the parent is not in the file")? as u32),
        };
        let end = u32::try_from(self.text.len() + description.len()).map_err(|_| "the descriptions are too long")?;
        if let Some(parent) = parent {
            self.rows[parent as usize].children += 1;
        }
        self.text.push_str(description);
        self.rows.push(Row { code, section, parent, children: 0, end });
        self.cut(codec::row_bytes(code.level(), description));
        Ok(())
    }
}

fn check_description(description: &str) -> Result<(), Refused> {
    match description.len() {
        0 => Err("the description is empty"),
        1..=MAX_DESCRIPTION => Ok(()),
        _ => Err("the description is longer than 4096 bytes"),
    }
}
