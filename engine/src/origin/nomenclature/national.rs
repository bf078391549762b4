//! National nomenclatures as offices publish them: a table with a column of codes and a column of descriptions.
//!
//! The columns are found by their names, or else by their contents: most cells of a column of codes are codes with four
//! or more digits, and the description is the column with the most letters. A row without a code is a title of the rows
//! below it and is skipped. An office that writes chapters as `0100000000` fills all its codes with zeros, so pairs of
//! zeros at the end are dropped in such a file.

use std::borrow::Cow;

use super::csv::{SEPARATORS, Table, at};
use super::items::Items;
use super::{Code, MAX_ROWS};
use crate::{Error, Progress, Result};

/// Rows that are read to find the columns.
const LOOK: usize = 50;

/// Names of columns, in lower case and without anything but letters and digits.
const CODE_NAMES: [&str; 26] = [
    "hscode",
    "code",
    "hs",
    "hs6",
    "cn",
    "cncode",
    "cn8",
    "nc",
    "nc8",
    "commoditycode",
    "goodscode",
    "goodsnomenclatureitemid",
    "tariffcode",
    "tariffitem",
    "tariffnumber",
    "tariffno",
    "tariffline",
    "htsno",
    "htsnumber",
    "htscode",
    "hts",
    "hts8",
    "hts10",
    "tariccode",
    "taric",
    "officialcode",
];
const TEXT_NAMES: [&str; 12] = [
    "description",
    "desc",
    "descriptionen",
    "descriptioneng",
    "goodsdescription",
    "articledescription",
    "commoditydescription",
    "briefdescription",
    "longdescription",
    "selfexplanatorytexts",
    "selfexplanatorytextsen",
    "text",
];
const SUFFIX_NAMES: [&str; 4] = ["productlinesuffix", "suffix", "goodscodesuffix", "producline"];

/// The suffix of lines of a tariff that goods are declared under; the other lines are titles.
const DECLARED: &str = "80";

/// Where the columns are.
struct Layout {
    separator: u8,
    code: usize,
    text: usize,
    /// The column of the suffixes; the code's own column if there is none.
    suffix: usize,
    has_header: bool,
    width: usize,
}

/// Whether the beginning of a file looks like a table of codes and descriptions.
pub(in crate::origin) fn is_table(bytes: &[u8]) -> bool {
    layout(bytes).is_some()
}

/// Reads a table.
///
/// # Errors
/// [`Error::BadInput`] with the line, [`Error::Cancelled`].
pub(in crate::origin) fn read(bytes: &[u8], progress: &Progress) -> Result<Items> {
    let Some(layout) = layout(bytes) else {
        return Err(Error::bad_whole(
            "no column of codes and no column of descriptions; name them hscode and description",
        ));
    };
    let columns = [layout.code, layout.text, layout.suffix];
    let mut table = Table::of_columns(bytes, layout.separator, columns, progress);
    if layout.has_header {
        table.skip()?;
    }
    let mut rows: Vec<(Code, Box<str>, u64)> = Vec::new();
    while let Some(row) = table.next()? {
        let [code, text, suffix] = row.cells;
        let refused = |reason: Cow<'static, str>| Error::bad(reason, at(row.line, 0));
        let (code, own_suffix) = without_suffix(code);
        let suffix = if layout.suffix == layout.code { own_suffix.unwrap_or(DECLARED) } else { suffix };
        if !code.bytes().any(|byte| byte.is_ascii_digit()) || suffix != DECLARED {
            continue;
        }
        if row.count > layout.width {
            return Err(refused(
                "the row has more cells than the first row; is a text with the separator not quoted?".into(),
            ));
        }
        let code = Code::read(code.as_bytes()).map_err(refused)?;
        // Dashes show the place in the tree, which the code shows too.
        let text = text.trim_start_matches(|letter: char| letter.is_whitespace() || matches!(letter, '-' | '\u{2013}'));
        if rows.len() == MAX_ROWS {
            return Err(refused("the nomenclature has more than 100000 codes".into()));
        }
        rows.push((code, text.into(), row.line));
    }
    let is_filled = is_filled(rows.iter().map(|(code, ..)| code));
    let mut items = Items::default();
    for (code, text, line) in rows {
        let code = if is_filled { without_zeros(code) } else { code };
        items.push(code, &text, None).map_err(|reason| Error::bad(reason, at(line, 0)))?;
    }
    if items.is_empty() { Err(Error::bad_whole("the nomenclature has no codes")) } else { Ok(items) }
}

/// Whether codes are filled with zeros: one of them is a chapter of more than six digits. No goods have a code whose
/// heading is 00.
fn is_filled<'c>(mut codes: impl Iterator<Item = &'c Code>) -> bool {
    codes.any(|code| code.level() > 6 && code.as_str()[2..].bytes().all(|digit| digit == b'0'))
}

fn without_zeros(code: Code) -> Code {
    let digits = code.as_str();
    let is_zero = |shorter: &Code| digits[usize::from(shorter.level())..].bytes().all(|digit| digit == b'0');
    code.shorter(2).take_while(is_zero).last().unwrap_or(code)
}

/// The code, and the suffix of the line if it follows ten digits: `0101210000 80`.
fn without_suffix(cell: &str) -> (&str, Option<&str>) {
    let is_number = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    match cell.split_once(' ') {
        Some((code, suffix)) if is_number(code, 10) && is_number(suffix, 2) => (code, Some(suffix)),
        _ => (cell, None),
    }
}

/// Finds the separator and the columns.
fn layout(bytes: &[u8]) -> Option<Layout> {
    SEPARATORS.into_iter().find_map(|separator| {
        let progress = Progress::default();
        let mut table = Table::of_columns(bytes, separator, [], &progress);
        let first = table.whole_row().ok().flatten()?;
        let mut rows = Vec::new();
        // A row that is too long is reported with its line when the file is read.
        while rows.len() < LOOK
            && let Ok(Some(row)) = table.whole_row()
        {
            rows.push(row);
        }
        layout_of(separator, &first, &rows)
    })
}

fn layout_of(separator: u8, first: &[String], rows: &[Vec<String>]) -> Option<Layout> {
    let names: Vec<String> = first.iter().map(|cell| plain(cell)).collect();
    let named = |known: &[&str]| known.iter().find_map(|name| names.iter().position(|cell| cell == name));
    let is_code = |cell: &str| {
        let (cell, _) = without_suffix(cell);
        // A day such as 01-01-1972 has the digits of a code.
        !cell.contains('-') && Code::read(cell.as_bytes()).is_ok_and(|code| code.level() >= 4)
    };
    let column = |number: usize| rows.iter().map(Vec::as_slice).chain([first]).filter_map(move |row| row.get(number));
    let holds_codes = |number: &usize| {
        let filled = column(*number).filter(|cell| !cell.is_empty());
        let (codes, cells) =
            filled.fold((0, 0), |(codes, cells), cell| (codes + usize::from(is_code(cell)), cells + 1));
        codes * 2 > cells
    };
    let code = named(&CODE_NAMES).or_else(|| (0..first.len()).find(holds_codes))?;
    let letters = |number: &usize| -> usize {
        column(*number).map(|cell| cell.chars().filter(|letter| letter.is_alphabetic()).count()).sum()
    };
    let others = || (0..first.len()).filter(move |&number| number != code);
    let text = named(&TEXT_NAMES)
        .or_else(|| others().find(|&number| names[number].contains("descri")))
        .or_else(|| others().filter(|number| letters(number) > 0).max_by_key(|number| letters(number)))
        .filter(|&text| text != code)?;
    let has_header = !first.get(code).is_some_and(|cell| is_code(cell) || Code::read(cell.as_bytes()).is_ok());
    let suffix = named(&SUFFIX_NAMES).filter(|_| has_header).unwrap_or(code);
    Some(Layout { separator, code, text, suffix, has_header, width: first.len() })
}

/// A name of a column in lower case, without anything but letters and digits.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests;
