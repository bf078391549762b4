//! The rows of a wide table in its second pass. One thread takes lines from the stream, in order, because decompression
//! and line ends are sequential; all threads read their cells, which takes longer.

use std::mem;
use std::ops::Range;

use rayon::iter::{IntoParallelRefMutIterator, ParallelIterator};

use super::series::Series;
use super::survey::{NONE, Row, Survey};
use crate::io::formats::source::CHANGED;
use crate::io::leontief::threads;
use crate::io::text::{Blank, Cells, Dialect, Line, Lines};
use crate::{Error, Place, Progress, Result};

/// The maximum number of rows in a tile.
const ROWS: usize = 32;

/// The intended maximum of text in a tile, in bytes; a tile has at least one row.
const TEXT: usize = 4 << 20;

/// The assumed length of a cell, in bytes.
const CELL: usize = 16;

/// The number of tiles in memory: one is stored, one is read, one arrives.
const TILES: usize = 3;

/// Consecutive rows.
struct Tile {
    /// The lines, one after the other.
    text: Vec<u8>,
    dialect: Dialect,
    /// Buffers of rows, of which the first [`Self::len`] are in use.
    rows: Vec<TileRow>,
    len: usize,
}

/// One row: its line, and its cells when they have been read.
struct TileRow {
    /// The index of the row in the survey.
    at: usize,
    text: Range<usize>,
    place: Place,
    /// The numbers of a row that is not a node; those of a node are in `numbers`.
    series: Result<Option<Series>>,
    numbers: Numbers,
}

/// The cells of the row of a node.
#[derive(Default)]
pub(super) struct Numbers {
    /// By column of the file.
    pub(super) line: Vec<f64>,
    /// By supplied node.
    pub(super) flows: Vec<f64>,
    /// The number of flows below 0.
    pub(super) negative: u64,
    /// The cells that are not numbers, in columns that are not nodes: the rank of the column among these, and the error.
    pub(super) unreadable: Vec<(usize, Error)>,
}

/// What a row holds.
pub(super) enum Taken<'a> {
    Node(usize, &'a mut Numbers),
    Other(Series),
}

/// Reads the rows that the first pass found.
pub(super) struct Rows<'r, 'l> {
    lines: &'r mut Lines<'l>,
    survey: &'r Survey,
    progress: &'r Progress,
    /// The index of the next row.
    next: usize,
    /// Why no more lines can be taken. Reported after the rows before it.
    failed: Option<Error>,
}

impl<'r, 'l> Rows<'r, 'l> {
    /// `lines` are at the header.
    pub(super) fn new(lines: &'r mut Lines<'l>, survey: &'r Survey, progress: &'r Progress) -> Result<Self> {
        lines.next()?;
        Ok(Self { lines, survey, progress, next: 0, failed: None })
    }

    /// The peak memory of all tiles, in bytes.
    pub(super) fn bytes(survey: &Survey) -> u64 {
        let (rows, columns) = (ROWS.min(survey.rows.len()), survey.columns.len());
        let others = survey.columns.iter().filter(|&&node| node == NONE).count();
        let numbers = rows * ((columns + survey.labels.len()) * 8 + others * size_of::<(usize, Error)>());
        (TILES * (numbers + TEXT.min(rows * columns * CELL))) as u64
    }

    /// Passes all rows to `store`, in order. While the cells of one tile are read, on all threads, the tile before it is
    /// stored and the lines of the tile after it are taken.
    ///
    /// # Errors
    /// That of the first row that cannot be read, whichever thread met it.
    pub(super) fn each(mut self, mut store: impl FnMut(Taken<'_>)) -> Result<()> {
        let (survey, progress) = (self.survey, self.progress);
        let [mut before, mut now, mut after]: [Tile; TILES] = std::array::from_fn(|_| Tile::new());
        self.take(&mut now);
        while now.len > 0 {
            let mut stored = Ok(());
            let mut others = |before: &mut Tile, after: &mut Tile| {
                stored = before.store(survey, &mut store);
                self.take(after);
            };
            if threads::count() > 1 {
                rayon::in_place_scope(|scope| {
                    scope.spawn(|_| now.read_in_parallel(survey, progress));
                    others(&mut before, &mut after);
                });
            } else {
                now.read(survey, progress);
                others(&mut before, &mut after);
            }
            stored?;
            mem::swap(&mut before, &mut now);
            mem::swap(&mut now, &mut after);
        }
        before.store(survey, &mut store)?;
        self.failed.map_or(Ok(()), Err)
    }

    /// Takes the lines of the next rows: none after the last, nor after a failure.
    fn take(&mut self, tile: &mut Tile) {
        tile.clear();
        while self.failed.is_none() && !tile.is_full() && self.next < self.survey.rows.len() {
            self.failed = self.take_row(tile).err();
            self.next += 1;
        }
    }

    fn take_row(&mut self, tile: &mut Tile) -> Result<()> {
        self.progress.step(self.next as f64 / self.survey.rows.len() as f64)?;
        let after = self.lines.place_after();
        // The loop cannot return a borrowed line, so blank lines are skipped beforehand.
        while self.lines.peek_is_blank()? == Some(true) {
            self.lines.next()?;
        }
        tile.push(self.next, self.lines.next()?.ok_or_else(|| Error::bad(CHANGED, after))?);
        Ok(())
    }
}

impl Tile {
    fn new() -> Self {
        Self { text: Vec::new(), dialect: Dialect::COMMAS, rows: Vec::new(), len: 0 }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.len = 0;
    }

    fn is_full(&self) -> bool {
        self.len == ROWS || self.text.len() >= TEXT
    }

    fn push(&mut self, at: usize, line: Line<'_>) {
        if self.len == self.rows.len() {
            self.rows.push(TileRow::new());
        }
        let row = &mut self.rows[self.len];
        let from = self.text.len();
        self.text.extend_from_slice(line.bytes);
        (row.at, row.text, row.place, self.dialect) = (at, from..self.text.len(), line.place, line.dialect);
        self.len += 1;
    }

    fn read(&mut self, survey: &Survey, progress: &Progress) {
        let (text, dialect) = (&self.text, self.dialect);
        self.rows[..self.len].iter_mut().for_each(|row| row.read(text, dialect, survey, progress));
    }

    fn read_in_parallel(&mut self, survey: &Survey, progress: &Progress) {
        let (text, dialect) = (&self.text, self.dialect);
        self.rows[..self.len].par_iter_mut().for_each(|row| row.read(text, dialect, survey, progress));
    }

    fn store(&mut self, survey: &Survey, store: &mut impl FnMut(Taken<'_>)) -> Result<()> {
        for row in &mut self.rows[..self.len] {
            let node = survey.rows[row.at].node as usize;
            store(match mem::replace(&mut row.series, Ok(None))? {
                Some(series) => Taken::Other(series),
                None => Taken::Node(node, &mut row.numbers),
            });
        }
        Ok(())
    }
}

impl TileRow {
    fn new() -> Self {
        let (place, numbers) = (Place::default(), Numbers::default());
        Self { at: 0, text: 0..0, place, series: Ok(None), numbers }
    }

    fn read(&mut self, text: &[u8], dialect: Dialect, survey: &Survey, progress: &Progress) {
        // Threads that cannot have a low priority yield here. A cancellation is reported when the next line is taken.
        let _ = progress.check();
        let cells = Cells::new(Line { bytes: &text[self.text.clone()], place: self.place, dialect });
        let row = &survey.rows[self.at];
        self.series = labelled(cells, survey, row).and_then(|mut cells| match row.node {
            NONE => other_row(&mut cells, survey, row).map(Some),
            _ => self.numbers.read(&mut cells, survey).map(|()| None),
        });
    }
}

/// The cells after the labels of a row. It must be `row`, as found in the first pass.
fn labelled<'a>(mut cells: Cells<'a>, survey: &Survey, row: &Row) -> Result<Cells<'a>> {
    if survey.key.take(&mut cells)?.label != survey.label(row) {
        return Err(Error::bad(CHANGED, cells.place()));
    }
    Ok(cells)
}

impl Numbers {
    fn read(&mut self, cells: &mut Cells<'_>, survey: &Survey) -> Result<()> {
        self.line.resize(survey.columns.len(), 0.0);
        self.flows.clear();
        self.flows.resize(survey.labels.len(), 0.0);
        (self.negative, self.unreadable) = (0, Vec::new());
        let mut other = 0;
        for (slot, &j) in self.line.iter_mut().zip(&survey.columns) {
            if j == NONE {
                *slot = lenient(cells)?.unwrap_or_else(|error| {
                    self.unreadable.push((other, error));
                    0.0
                });
                other += 1;
            } else {
                let value = cells.number(Blank::Zero)?;
                *slot = value;
                self.flows[j as usize] += value;
                self.negative += u64::from(value < 0.0);
            }
        }
        end(cells)
    }
}

fn other_row(cells: &mut Cells<'_>, survey: &Survey, row: &Row) -> Result<Series> {
    let mut series = Series::new(survey.labels.len(), row.line, &row.label, row.is_named_total);
    for &j in &survey.columns {
        match j {
            // Value added of final demand is not used.
            NONE => _ = cells.raw()?.ok_or_else(|| cells.missing())?,
            j => series.add(j as usize, lenient(cells)?),
        }
    }
    end(cells)?;
    Ok(series)
}

/// A cell that may be irrelevant: the error for an invalid number is kept instead of returned.
fn lenient(cells: &mut Cells<'_>) -> Result<Result<f64>> {
    let before = cells.place().column;
    match cells.number(Blank::Zero) {
        // The cell was read, and it was not a number.
        Err(error @ Error::BadInput { .. }) if cells.place().column > before => Ok(Err(error)),
        Err(error) => Err(error),
        cell => Ok(cell),
    }
}

/// Fails unless the cells after the last labelled column are blank.
fn end(cells: &mut Cells<'_>) -> Result<()> {
    if cells.all_empty() { Ok(()) } else { cells.end() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::LoadOptions;
    use crate::io::formats::icio::header::Key;

    const NODES: usize = 150;

    /// A table of [`NODES`] nodes with two columns of final demand and a row of value added in the middle.
    fn table(cell: impl Fn(usize, usize) -> String) -> String {
        let label = |i: usize| format!("R{}_S{}", i / 10, i % 10);
        let names: Vec<String> = (0..NODES).map(label).chain(["HFCE".to_owned(), "GGFC".to_owned()]).collect();
        let mut text = format!("V1,{}\n", names.join(","));
        for i in 0..NODES {
            let cells: Vec<String> = (0..names.len()).map(|j| cell(i, j)).collect();
            text.push_str(&format!("{},{}\n", names[i], cells.join(",")));
            if i == NODES / 2 {
                text.push_str(&format!("VALU,{}\n\n", vec!["1"; names.len()].join(",")));
            }
        }
        text
    }

    /// All rows as they are stored, on a number of threads.
    fn rows(text: &str, threads: usize) -> Result<Vec<(usize, Vec<f64>, usize)>> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let progress = Progress::default();
            let lines = || Lines::of_bytes(text.as_bytes(), &progress);
            let survey = Survey::take(&mut lines()?, Key::Cell(0), &LoadOptions::default())?;
            let mut stored = Vec::new();
            Rows::new(&mut lines()?, &survey, &progress)?.each(|row| {
                stored.push(match row {
                    Taken::Node(node, numbers) => (node, numbers.line.clone(), numbers.unreadable.len()),
                    Taken::Other(series) => (usize::MAX, series.values, 0),
                });
            })?;
            Ok(stored)
        })
    }

    #[test]
    fn all_threads_read_the_same_rows_in_the_same_order() {
        let text = table(|i, j| match (i + j) % 7 {
            0 => String::new(),
            1 if j >= NODES => "unknown".to_owned(),
            at => format!("{}.{at}", i * j),
        });
        let one = rows(&text, 1).unwrap();
        assert_eq!(one.len(), NODES + 1);
        assert_eq!(one[NODES / 2 + 1].0, usize::MAX, "value added is stored in its place");
        assert_eq!(one[3].1[9], 27.5);
        assert!(one.iter().any(|row| row.2 > 0), "unknown");
        for threads in [2, 5] {
            assert_eq!(rows(&text, threads).unwrap(), one, "{threads} threads");
        }
    }

    /// Each later error is read before an earlier one with some luck, on another thread.
    #[test]
    fn the_first_error_of_the_file_is_reported() {
        for first in [0, 31, 32, 63, 64, 149] {
            let text = table(|i, j| if i >= first && j == (i * 7) % NODES { "x".to_owned() } else { "1".to_owned() });
            let one = rows(&text, 1).unwrap_err();
            let line = first + 2 + if first > NODES / 2 { 2 } else { 0 };
            assert!(one.to_string().contains(&format!("line {line}, column {}", first * 7 % NODES + 2)), "{one}");
            for _ in 0..20 {
                assert_eq!(rows(&text, 4), Err(one.clone()));
            }
        }
    }

    #[test]
    fn a_tile_with_an_error_precedes_the_end_of_the_file() {
        let text = table(|i, _| if i == 40 { "x".to_owned() } else { "1".to_owned() });
        let progress = Progress::default();
        let survey = Survey::take(
            &mut Lines::of_bytes(table(|_, _| "1".to_owned()).as_bytes(), &progress).unwrap(),
            Key::Cell(0),
            &LoadOptions::default(),
        )
        .unwrap();
        let cut = text.lines().take(50).collect::<Vec<_>>().join("\n");
        let mut lines = Lines::of_bytes(cut.as_bytes(), &progress).unwrap();
        let error = Rows::new(&mut lines, &survey, &progress).unwrap().each(|_| ()).unwrap_err();
        assert!(error.to_string().contains("line 42, column 2"), "{error}");
    }
}
