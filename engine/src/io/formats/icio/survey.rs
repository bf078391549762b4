//! The first pass over an ICIO table: its labels, which of them are nodes, and the output it reports.

use std::collections::{HashMap, HashSet};

use memchr::memrchr;

use super::split;
use crate::io::formats::cells::{Blank, Cells};
use crate::io::formats::lines::{Line, Lines};
use crate::io::labels::{Labels, MAX_NAME, MAX_NODES};
use crate::io::{LoadOptions, OutputRule, Split};
use crate::{Error, Place, Result};

/// The mark of a row or column that is no node.
pub(super) const NONE: u32 = u32::MAX;

/// The most columns, and the most rows: nodes, final demand or value added, output.
const MAX_LINES: usize = 2 * MAX_NODES;

/// What a table consists of.
pub(super) struct Survey {
    /// The nodes in the order of their columns.
    pub(super) labels: Labels,
    /// The node of every column, [`NONE`] for final demand and output. Parts of a split country share a node.
    pub(super) columns: Vec<u32>,
    /// Whether a column is intermediate or final demand.
    pub(super) is_demand: Vec<bool>,
    /// The node of every row, in the order of the file.
    pub(super) rows: Vec<u32>,
    /// The output that the table reports; its row if there is one, else its column.
    pub(super) reported: Option<Vec<f64>>,
    /// How many nodes have an output column that says something else than their output row.
    pub(super) contradicted: u64,
    /// The line of the output row, 0 when output is a column.
    output_line: u64,
    /// The cell of the output column.
    output_column: u64,
}

/// `REGION_SECTOR` as its two names; `None` where a label is not of that form.
fn names(label: &str) -> Option<(&str, &str)> {
    label.split_once('_').filter(|(region, sector)| !region.is_empty() && !sector.is_empty())
}

/// The header: every column's label, each once.
struct Header {
    labels: Vec<Box<str>>,
    index: HashMap<Box<str>, u32>,
    /// The column with total output, the first if there are several.
    output: Option<usize>,
}

impl Header {
    fn read(line: Line<'_>) -> Result<Self> {
        let mut header = Self { labels: Vec::new(), index: HashMap::new(), output: None };
        let mut cells = Cells::new(line, b',');
        cells.label()?;
        while let Some(label) = cells.label()? {
            let column = header.labels.len();
            if column == MAX_LINES {
                return Err(Error::TooBig { what: "the number of columns", limit: MAX_LINES as u64 });
            }
            check_label(&label, cells.place())?;
            if header.index.insert((&*label).into(), column as u32).is_some() {
                return Err(Error::bad("the label occurs twice", cells.place()));
            }
            if header.output.is_none() && matches!(&*label, "OUT" | "OUTPUT" | "TOTAL") {
                header.output = Some(column);
            }
            header.labels.push((&*label).into());
        }
        Ok(header)
    }

    /// The column that may be the node of this label.
    fn node_column(&self, label: &str) -> Option<usize> {
        names(label)?;
        self.index.get(label).map(|&column| column as usize)
    }
}

fn check_label(label: &str, place: Place) -> Result<()> {
    if label.is_empty() {
        return Err(Error::bad("the label is empty", place));
    }
    match names(label) {
        Some((region, sector)) if region.len().max(sector.len()) > MAX_NAME => {
            Err(Error::bad("a name in the label is longer than 512 bytes", place))
        }
        _ => Ok(()),
    }
}

impl Survey {
    /// Passes over all rows, reading their labels and whatever reports output.
    pub(super) fn take(lines: &mut Lines<'_>, options: &LoadOptions) -> Result<Self> {
        let Some(first) = lines.next()? else { return Err(Error::bad_whole("the input is empty")) };
        let header_place = first.place;
        let header = Header::read(first)?;
        let rows = Rows::read(lines, &header, options.output == OutputRule::Reported)?;
        rows.check_against(&header, header_place)?;

        let (labels, columns) = nodes(&header, &rows, options.split, header_place)?;
        let by_node = |per_column: &[f64]| {
            let mut sums = vec![0.0; labels.len()];
            let of_nodes = columns.iter().zip(per_column).filter(|&(&node, _)| node != NONE);
            of_nodes.for_each(|(&node, value)| sums[node as usize] += value);
            sums
        };
        let reported = rows.output_row.as_deref().or(rows.output_column.as_deref()).map(by_node);
        let contradicted = match (&rows.output_row, &rows.output_column) {
            (Some(row), Some(column)) => {
                by_node(row).iter().zip(by_node(column)).filter(|&(&a, b)| differ(a, b)).count()
            }
            _ => 0,
        };
        let is_demand = |label: &str| !matches!(label, "OUT" | "OUTPUT" | "TOTAL" | "VA" | "VALU" | "TLS");
        let node_of = |&column: &u32| if column == NONE { NONE } else { columns[column as usize] };
        Ok(Self {
            is_demand: header.labels.iter().map(|label| is_demand(label)).collect(),
            rows: rows.columns.iter().map(node_of).collect(),
            output_line: if rows.output_row.is_some() { rows.columns.len() as u64 + 1 } else { 0 },
            output_column: header.output.map_or(0, |column| column as u64 + 2),
            contradicted: contradicted as u64,
            labels,
            columns,
            reported,
        })
    }

    /// Whether there is a column of final demand.
    pub(super) fn has_final_demand(&self) -> bool {
        self.columns.iter().zip(&self.is_demand).any(|(&node, &is_demand)| node == NONE && is_demand)
    }

    /// Where the output of a node was read (of its first part, where it has several).
    pub(super) fn place_of_output(&self, node: usize, rule: OutputRule) -> Place {
        let first = |of: &[u32]| of.iter().position(|&at| at == node as u32).map_or(0, |at| at as u64 + 2);
        match rule {
            OutputRule::Reported if self.output_line > 0 => {
                Place { line: self.output_line, column: first(&self.columns), ..Place::default() }
            }
            OutputRule::Reported => Place { line: first(&self.rows), column: self.output_column, ..Place::default() },
            OutputRule::RowSum => Place { line: first(&self.rows), ..Place::default() },
        }
    }

    /// About how many bytes of memory are held, and are needed to read rows.
    pub(super) fn bytes(&self) -> u64 {
        self.labels.bytes() + (self.columns.len() * 32 + self.rows.len() * 8) as u64
    }
}

/// Whether two figures for the same output differ by more than the rounding of published tables explains.
fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > 0.01 * a.abs().max(b.abs()) + 1.0
}

/// The nodes, and the node of every column. Merged countries take the place of whichever of their parts comes first.
fn nodes(header: &Header, rows: &Rows, split: Split, header_place: Place) -> Result<(Labels, Vec<u32>)> {
    let mut columns = vec![NONE; header.labels.len()];
    let mut nodes: Vec<(&str, &str)> = Vec::new();
    let mut numbers = HashMap::new();
    for (column, label) in header.labels.iter().enumerate().filter(|&(column, _)| rows.of_column[column] != NONE) {
        let Some((region, sector)) = names(label) else { continue };
        let name = (if split == Split::Merge { split::whole(region) } else { region }, sector);
        columns[column] = *numbers.entry(name).or_insert_with(|| {
            nodes.push(name);
            nodes.len() as u32 - 1
        });
    }
    if nodes.is_empty() {
        return Err(Error::bad("no label REGION_SECTOR is both a column and a row", header_place));
    }
    if nodes.len() > MAX_NODES {
        return Err(Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 });
    }
    let labels = Labels::new(nodes).map_err(|_| Error::bad("the labels are not usable", header_place))?;
    Ok((labels, columns))
}

/// What the rows are.
struct Rows {
    /// The column of the same node for every row, [`NONE`] for other rows.
    columns: Vec<u32>,
    /// The row of the same node for every column, [`NONE`] for other columns.
    of_column: Vec<u32>,
    /// Rows with a node's form of label that no column has, and their lines.
    strangers: Vec<(Box<str>, u64)>,
    output_row: Option<Vec<f64>>,
    /// Output from the output column, by node column.
    output_column: Option<Vec<f64>>,
}

impl Rows {
    fn read(lines: &mut Lines<'_>, header: &Header, reported: bool) -> Result<Self> {
        let width = header.labels.len();
        let wanted_column = header.output.filter(|_| reported);
        let mut rows = Self {
            columns: Vec::new(),
            of_column: vec![NONE; width],
            strangers: Vec::new(),
            output_row: None,
            output_column: wanted_column.map(|_| vec![0.0; width]),
        };
        let mut others = HashSet::new();
        let mut ended = false;
        while let Some(line) = lines.next()? {
            if line.bytes.is_empty() {
                ended = true;
                continue;
            }
            let mut cells = Cells::new(line, b',');
            let label = cells.label()?.unwrap_or_default();
            if ended {
                return Err(Error::bad("a row after the end of the table", cells.place()));
            }
            check_label(&label, cells.place())?;
            if rows.columns.len() == MAX_LINES {
                return Err(Error::TooBig { what: "the number of rows", limit: MAX_LINES as u64 });
            }
            let node = header.node_column(&label);
            let repeated = match node {
                Some(column) => std::mem::replace(&mut rows.of_column[column], rows.columns.len() as u32) != NONE,
                None => !others.insert(Box::<str>::from(&*label)),
            };
            if repeated {
                return Err(Error::bad("the label occurs twice", cells.place()));
            }
            rows.columns.push(node.map_or(NONE, |column| column as u32));
            match (node, &mut rows.output_column, wanted_column) {
                (Some(node), Some(output), Some(wanted)) => output[node] = cell(line, wanted, width)?,
                (None, ..) if matches!(&*label, "OUT" | "OUTPUT") => {
                    // Output is the last row of every edition.
                    let mut output = vec![0.0; width];
                    cells.numbers(Blank::Zero, &mut output)?;
                    rows.output_row = Some(output);
                    ended = true;
                }
                (None, ..) if names(&label).is_some() => rows.strangers.push(((&*label).into(), line.place.line)),
                _ => {}
            }
        }
        Ok(rows)
    }

    /// A table that was cut short, or that has a row too many, does not have the same nodes in rows and columns: some
    /// label is only one of them although other nodes are of its sector.
    fn check_against(&self, header: &Header, header_place: Place) -> Result<()> {
        let sector = |label| names(label).map(|(_, sector)| sector);
        let (nodes, others): (Vec<_>, Vec<_>) =
            header.labels.iter().enumerate().partition(|&(column, _)| self.of_column[column] != NONE);
        let sectors: HashSet<&str> = nodes.iter().filter_map(|(_, label)| sector(label)).collect();
        let is_sector = |label| sector(label).is_some_and(|sector| sectors.contains(sector));
        if let Some(&(column, _)) = others.iter().find(|(_, label)| is_sector(label)) {
            let place = Place { column: column as u64 + 2, ..header_place };
            return Err(Error::bad("the file is cut short: this column has no row", place));
        }
        match self.strangers.iter().find(|(label, _)| is_sector(label)) {
            Some(&(_, line)) => Err(Error::bad("this row has no column", Place { line, column: 1, ..header_place })),
            None => Ok(()),
        }
    }
}

/// The number in column `wanted` of `width`, without passing over the others where it is the last.
fn cell(line: Line<'_>, wanted: usize, width: usize) -> Result<f64> {
    let place = Place { column: wanted as u64 + 1, ..line.place };
    let mut cells = match memrchr(b',', line.bytes) {
        Some(comma) if wanted + 1 == width => Cells::new(Line { bytes: &line.bytes[comma + 1..], place }, b','),
        _ => {
            let mut cells = Cells::new(line, b',');
            for _ in 0..=wanted {
                cells.raw()?;
            }
            cells
        }
    };
    cells.number(Blank::Zero)
}
