//! The first pass over a wide table: its labels, and which of them are nodes.

use std::collections::{HashMap, HashSet};

use super::grid::Reading;
use super::header::Key;
use super::split;
use crate::io::formats::total_names::{is_named_total, is_named_value_added};
use crate::io::labels::{Labels, MAX_NAME, MAX_NODES};
use crate::io::shown::shown;
use crate::io::text::Cells;
use crate::io::text::{Line, Lines};
use crate::io::{LoadOptions, Split};
use crate::{Error, Place, Result};

/// The value for a row or column that is not a node.
pub(super) const NONE: u32 = u32::MAX;

/// The maximum number of columns, and of rows: nodes, final demand or value added, output.
const MAX_LINES: usize = 2 * MAX_NODES;

/// The structure of a table.
pub(super) struct Survey {
    pub(super) key: Key,
    /// The nodes in the order of their columns.
    pub(super) labels: Labels,
    /// The node of every column; [`NONE`] for final demand and totals. Parts of a split country share a node.
    pub(super) columns: Vec<u32>,
    /// Labels of the columns.
    pub(super) names: Vec<Box<str>>,
    /// Rows in the order of the file, without blank rows.
    pub(super) rows: Vec<Row>,
    pub(super) warnings: Vec<String>,
}

/// A row of the table.
pub(super) struct Row {
    /// Its node, or [`NONE`].
    pub(super) node: u32,
    pub(super) line: u64,
    /// The column of its label, or [`NONE`].
    column: u32,
    /// Its label, if it is not a node.
    pub(super) label: Box<str>,
    /// Whether its label, or its code in WIOD 2016, is a name for totals.
    pub(super) is_named_total: bool,
}

/// The header: the label of every column; all labels differ.
struct Header {
    labels: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
    place: Place,
}

impl Header {
    fn read(line: Line<'_>, key: &Key) -> Result<Self> {
        let mut header = Self { labels: Vec::new(), index: HashMap::new(), place: line.place };
        let mut cells = Cells::new(line);
        for _ in 0..key.cells() {
            cells.label()?;
        }
        let mut blank = None;
        while let Some(label) = cells.label()? {
            let column = header.labels.len();
            if label.is_empty() {
                blank.get_or_insert(cells.place());
                continue;
            }
            // Excel writes blank columns at the end, which are ignored. Elsewhere a column without a label is an error.
            if let Some(place) = blank {
                return Err(Error::bad("the label is empty", place));
            }
            if column == MAX_LINES {
                return Err(Error::TooBig { what: "the number of columns", limit: MAX_LINES as u64 });
            }
            check_label(&label, cells.place())?;
            if let Some(before) = header.index.insert((&*label).into(), column as u32) {
                let first = before as usize + key.cells() + 1;
                let what = format!("the label {} occurs twice, first in column {first}", shown(&label));
                return Err(Error::bad(what, cells.place()));
            }
            header.labels.push((&*label).into());
        }
        Ok(header)
    }
}

fn check_label(label: &str, place: Place) -> Result<()> {
    let longest = label.split(['_', '|', '/']).map(str::len).max().unwrap_or(0);
    match label {
        "" => Err(Error::bad("the label is empty", place)),
        _ if longest > MAX_NAME => Err(Error::bad("a name in the label is longer than 512 bytes", place)),
        _ => Ok(()),
    }
}

/// A row of the first pass.
struct Found {
    label: Box<str>,
    names: Option<(Box<str>, Box<str>)>,
    column: Option<u32>,
    line: u64,
}

impl Survey {
    /// Reads the labels of all rows.
    pub(super) fn take(lines: &mut Lines<'_>, key: Key, options: &LoadOptions) -> Result<Self> {
        let Some(first) = lines.next()? else { return Err(Error::bad_whole("the input is empty")) };
        let header = Header::read(first, &key)?;
        let found = rows(lines, &header, &key)?;
        let is_total = |row: &Found| {
            is_named_total(&row.label) || row.names.as_ref().is_some_and(|(_, code)| is_named_total(code))
        };
        let mut row_of = vec![None; header.labels.len()];
        for (at, row) in found.iter().enumerate() {
            if let Some(column) = row.column.filter(|_| !is_total(row) && !is_named_value_added(&row.label)) {
                row_of[column as usize] = Some(at);
            }
        }

        let mut warnings = Vec::new();
        let named = name_nodes(&header, &found, &row_of, options, &mut warnings)?;
        check_one_sided(&header, &found, &row_of, &named, &key, options.region.is_some())?;
        let (labels, columns) = number_nodes(&named, options.split, header.place)?;
        let rows = found.into_iter().map(|row| {
            let total = is_total(&row);
            let node = row.column.map_or(NONE, |column| columns[column as usize]);
            let label = if node == NONE { row.label } else { "".into() };
            Row { node, line: row.line, column: row.column.unwrap_or(NONE), label, is_named_total: total }
        });
        let rows = rows.collect();
        Ok(Self { key, labels, columns, names: header.labels, rows, warnings })
    }

    /// The position of a column's cell in its line.
    pub(super) fn cell(&self, column: usize) -> u64 {
        (column + self.key.cells()) as u64 + 1
    }

    /// The label of a row; the label of a node is stored with its column.
    pub(super) fn label<'s>(&'s self, row: &'s Row) -> &'s str {
        self.names.get(row.column as usize).unwrap_or(&row.label)
    }

    /// The approximate memory held and needed to read rows, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        self.labels.bytes() + (self.columns.len() * 32 + self.rows.len() * 64) as u64
    }
}

fn rows(lines: &mut Lines<'_>, header: &Header, key: &Key) -> Result<Vec<Found>> {
    let mut found: Vec<Found> = Vec::new();
    let mut first_lines = HashMap::new();
    while let Some(line) = lines.next()? {
        let place = line.place;
        let mut cells = Cells::new(line);
        if cells.all_empty() {
            continue;
        }
        let row = key.take(&mut cells)?;
        check_label(&row.label, cells.place())?;
        if found.len() == MAX_LINES {
            return Err(Error::TooBig { what: "the number of rows", limit: MAX_LINES as u64 });
        }
        if let Some(before) = first_lines.insert(row.label.clone(), place.line) {
            let what = format!("the label {} occurs twice, first in line {before}", shown(&row.label));
            return Err(Error::bad(what, cells.place()));
        }
        let column = header.index.get(row.label.as_str()).copied();
        found.push(Found { label: row.label.into(), names: row.names, column, line: place.line });
    }
    Ok(found)
}

/// Region and sector of every column that is a node.
type Named = Vec<Option<(Box<str>, Box<str>)>>;

fn name_nodes(
    header: &Header,
    found: &[Found],
    row_of: &[Option<usize>],
    options: &LoadOptions,
    warnings: &mut Vec<String>,
) -> Result<Named> {
    let of = |is_node: bool| -> Vec<&str> {
        let labels = header.labels.iter().zip(row_of).filter(|(_, row)| row.is_some() == is_node);
        labels.map(|(label, _)| &**label).collect()
    };
    let (nodes, others) = (of(true), of(false));
    if nodes.is_empty() {
        let what =
            "no label is both a column and a row: expected REGION_SECTOR in the first line and in the first column";
        return Err(Error::bad(what, header.place));
    }
    if found.iter().any(|row| row.names.is_some()) {
        return Ok(row_of.iter().map(|row| row.and_then(|row| found[row].names.clone())).collect());
    }
    let reading = Reading::of(&nodes, &others, options, warnings)?;
    let named = header.labels.iter().zip(row_of).map(|(label, row)| {
        row.and_then(|_| reading.names(label)).map(|(region, sector)| (region.into(), sector.into()))
    });
    Ok(named.collect())
}

/// Fails if the row or the column of a node is missing or has a different label, because it would be read as final
/// demand or value added.
fn check_one_sided(
    header: &Header,
    found: &[Found],
    row_of: &[Option<usize>],
    named: &Named,
    key: &Key,
    national: bool,
) -> Result<()> {
    let regions: HashSet<&str> = named.iter().flatten().map(|(region, _)| &**region).collect();
    let sectors: HashSet<&str> = named.iter().flatten().map(|(_, sector)| &**sector).collect();
    // Labels of final demand or value added may have the same form: `US_F010` is one of them, `CHN_C10` is not.
    let is_node = |label: &str| {
        let mut cuts = label.match_indices(['_', '|', '/']).map(|(at, _)| (&label[..at], &label[at + 1..]));
        cuts.any(|(first, second)| sectors.contains(second) || regions.contains(second) && sectors.contains(first))
    };
    let of_a_region =
        |label: &str| regions.iter().any(|region| label.len() > region.len() && label.starts_with(*region));
    let unmatched_columns: Vec<usize> = (0..row_of.len()).filter(|&at| row_of[at].is_none()).collect();
    let unmatched_rows: Vec<usize> = (0..found.len()).filter(|&at| found[at].column.is_none()).collect();
    let column_place = |at: usize| Place { column: (at + key.cells()) as u64 + 1, ..header.place };
    let row_place = |at: usize| Place { line: found[at].line, column: 1, ..header.place };

    // Labels that differ only in leading zeros, case or punctuation: one of the two was changed, for example by a
    // spreadsheet.
    let plain: HashMap<String, usize> =
        unmatched_columns.iter().map(|&at| (normalized(&header.labels[at]), at)).collect();
    for &at in &unmatched_rows {
        if let Some(&column) = plain.get(&normalized(&found[at].label)) {
            let what = format!(
                "the row {} has no column, and the column {} no row: are they the same?",
                shown(&found[at].label),
                shown(&header.labels[column])
            );
            return Err(Error::bad(what, row_place(at)));
        }
    }
    // A label between nodes must be a node, as far as labels show it: if it begins with a region, or, in a national
    // table, if it is not the name of a total or of value added. The latter does not apply if the table is sorted by
    // label.
    let is_total_or_value_added = |label: &str| is_named_total(label) || is_named_value_added(label);
    let among = |before: bool, after: bool, label: &str, sorted: bool| {
        before && after && if national { !sorted && !is_total_or_value_added(label) } else { of_a_region(label) }
    };
    let sorted_columns = header.labels.is_sorted();
    let sorted_rows = found.is_sorted_by(|one, two| one.label <= two.label);
    for &at in &unmatched_columns {
        let label = &header.labels[at];
        let beside = |at: Option<usize>| at.and_then(|at| row_of.get(at)).is_some_and(Option::is_some);
        let lost = "the file is cut short, or a label was changed";
        if is_node(label) {
            return Err(Error::bad(format!("{lost}: the column {} has no row", shown(label)), column_place(at)));
        }
        if among(beside(at.checked_sub(1)), beside(Some(at + 1)), label, sorted_columns) {
            let what = format!("{lost}: the column {} has no row (final demand comes behind the nodes)", shown(label));
            return Err(Error::bad(what, column_place(at)));
        }
    }
    for &at in &unmatched_rows {
        let label = &found[at].label;
        let beside = |at: Option<usize>| at.and_then(|at| found.get(at)).is_some_and(|row| row.column.is_some());
        if is_node(label) {
            return Err(Error::bad(format!("the row {} has no column", shown(label)), row_place(at)));
        }
        if among(beside(at.checked_sub(1)), beside(Some(at + 1)), label, sorted_rows) {
            let what = format!("the row {} has no column (value added comes behind the nodes)", shown(label));
            return Err(Error::bad(what, row_place(at)));
        }
    }
    Ok(())
}

/// A label in lower case, without punctuation, blanks and leading zeros of its numbers.
fn normalized(label: &str) -> String {
    let parts = label.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(|part| part.trim_start_matches('0').to_lowercase()).collect::<Vec<_>>().join("_")
}

/// The nodes, and the node of every column. A merged country takes the position of the first of its parts.
fn number_nodes(named: &Named, split: Split, header_place: Place) -> Result<(Labels, Vec<u32>)> {
    let mut columns = vec![NONE; named.len()];
    let mut nodes: Vec<(&str, &str)> = Vec::new();
    let mut numbers = HashMap::new();
    for (column, name) in named.iter().enumerate() {
        let Some((region, sector)) = name else { continue };
        let name = (if split == Split::Merge { split::whole(region) } else { region }, &**sector);
        columns[column] = *numbers.entry(name).or_insert_with(|| {
            nodes.push(name);
            nodes.len() as u32 - 1
        });
    }
    if nodes.len() > MAX_NODES {
        return Err(Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 });
    }
    let labels = Labels::new(nodes).map_err(|_| Error::bad("the labels are not usable", header_place))?;
    Ok((labels, columns))
}
