//! Detecting the layout of an input.

use super::members::{is_metadata, several};
use super::source::Package;
use super::triples;
use super::{Job, eora, exiobase, icio};
use crate::io::Format;
use crate::io::text::Cells;
use crate::{Error, Result};

/// A layout and its files in the package.
pub(super) enum Layout {
    /// The part that holds the table.
    Icio(usize),
    /// The part that holds the table.
    Triples(usize),
    /// The parts that hold the files of the account.
    Exiobase(exiobase::Files),
    /// The parts that hold the files of the table.
    Eora(eora::Files),
}

/// Detects the layout from the structure. If the options request a format, only this format is considered.
pub(super) fn layout(package: &mut Package<'_>, job: &Job<'_>) -> Result<Layout> {
    if let Some(layout) = of_package(package, job)? {
        return Ok(layout);
    }
    let wanted = job.options.format;
    let names = package.names().iter().enumerate();
    let parts: Vec<usize> = names.filter(|(_, name)| !is_metadata(name)).map(|(part, _)| part).collect();
    if let [part] = parts[..] {
        // The only file must be the table, so errors in it are reported with their place.
        let format = match (wanted, first_line(package, part, job)?) {
            (_, None) => return Err(Error::bad_whole("the input is empty")),
            (Some(format), _) => Some(format),
            (None, Some(guess)) => guess.likely(),
        };
        return format.and_then(|format| one_part(format, part)).ok_or_else(|| {
            Error::bad_whole(
                "the layout is not known; expected a csv whose first line and first column hold the labels of the \
                 nodes, or lines of from_region,from_sector,to_region,to_sector,value",
            )
        });
    }
    one_among(package, parts, job)
}

/// Finds a layout that consists of several files.
fn of_package(package: &mut Package<'_>, job: &Job<'_>) -> Result<Option<Layout>> {
    let wanted = job.options.format;
    let at_top = job.options.member.as_deref() == Some(".");
    if at_top
        && wanted.is_none_or(|format| format == Format::Exiobase)
        && let Some(files) = exiobase::Files::find(package.names(), true)?
    {
        return Ok(Some(Layout::Exiobase(files)));
    }
    if let Some(member) = &job.options.member {
        package.restrict(member)?;
    }
    if wanted.is_none_or(|format| format == Format::Exiobase)
        && let Some(files) = exiobase::Files::find(package.names(), false)?
    {
        return Ok(Some(Layout::Exiobase(files)));
    }
    if wanted == Some(Format::Exiobase) {
        return Err(Error::bad_whole("no A.txt or Z.txt found; EXIOBASE is a folder or an archive with one of them"));
    }
    if wanted.is_none_or(|format| format == Format::Eora)
        && let Some(files) = eora::Files::find(package.names())?
    {
        return Ok(Some(Layout::Eora(files)));
    }
    if wanted == Some(Format::Eora) {
        return Err(Error::bad_whole(
            "no ..._T.txt with labels_T.txt found; EORA26 is a folder or an archive with both",
        ));
    }
    if eora::lacks_labels(package, job)? {
        return Err(Error::bad_whole(
            "labels_T.txt is missing: EORA26's ..._T.txt holds bare numbers, whose labels are in a file beside it; \
             with MEMBER, name the folder of both",
        ));
    }
    Ok(None)
}

/// Finds the only table among several files.
fn one_among(package: &mut Package<'_>, parts: Vec<usize>, job: &Job<'_>) -> Result<Layout> {
    let wanted = job.options.format;
    let mut found: Vec<(Guess, usize)> = Vec::new();
    let mut missing = Error::bad_whole(nothing(package.names()));
    for part in parts {
        let guess = match first_line(package, part, job) {
            Ok(guess) => guess,
            // A file that cannot be read may be anything. Its error is reported only if there is no table.
            Err(error @ Error::BadInput { .. }) => {
                missing = error;
                None
            }
            Err(error) => return Err(error),
        };
        let fits = |guess: &Guess| guess.certain().is_some_and(|format| wanted.is_none_or(|wanted| wanted == format));
        found.extend(guess.filter(fits).map(|guess| (guess, part)));
    }
    // The first line of a text file next to the table may look like labels. Only in a table do labels occur in the
    // first line and in the first column.
    if found.iter().any(|(guess, _)| *guess != Guess::Icio) {
        found.retain(|(guess, _)| *guess != Guess::Icio);
    }
    if found.len() > 1 {
        return Err(several(found.iter().map(|&(_, part)| package.names()[part].as_str())));
    }
    let only = found.first().and_then(|(guess, part)| guess.certain().and_then(|format| one_part(format, *part)));
    only.ok_or(missing)
}

/// The error text if no file is a table.
fn nothing(names: &[String]) -> String {
    if names.iter().any(|name| name.to_ascii_lowercase().ends_with(".parquet")) {
        return "parquet is not read: save the table as text (pymrio: save_all(path, table_format='txt'))".to_owned();
    }
    "no table found among the files; expected one csv, A.txt or Z.txt, or EORA26's ..._T.txt with labels_T.txt"
        .to_owned()
}

fn one_part(format: Format, part: usize) -> Option<Layout> {
    match format {
        Format::Icio => Some(Layout::Icio(part)),
        Format::Triples => Some(Layout::Triples(part)),
        _ => None,
    }
}

/// The information in the first line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    Triples,
    /// A label of the first line is also the label of a row.
    Wide,
    /// At least half of the cells after the first have the form `X_Y`, and the line is valid text.
    Icio,
    /// Some cells have the form `X_Y`.
    PerhapsIcio,
    Other,
}

impl Guess {
    fn likely(self) -> Option<Format> {
        if self == Self::PerhapsIcio { Some(Format::Icio) } else { self.certain() }
    }

    fn certain(self) -> Option<Format> {
        match self {
            Self::Triples => Some(Format::Triples),
            Self::Icio | Self::Wide => Some(Format::Icio),
            Self::PerhapsIcio | Self::Other => None,
        }
    }
}

fn first_line(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Result<Option<Guess>> {
    let mut lines = package.lines(part, "", job)?;
    let Some(line) = lines.next()? else { return Ok(None) };
    if triples::is_header(line) {
        return Ok(Some(Guess::Triples));
    }
    let text = std::str::from_utf8(line.bytes).is_ok();
    let mut cells = Cells::new(line);
    let (mut all, mut nodes) = (0, 0);
    // An unclosed quote is reported later, by the reader of the layout.
    let mut first = true;
    while let Ok(Some(cell)) = cells.raw() {
        if !std::mem::take(&mut first) {
            all += 1;
            nodes += usize::from(cell.contains(&b'_'));
        }
    }
    drop(lines);
    if all > 0 && text && icio::is_wide(&mut package.lines(part, "", job)?) {
        return Ok(Some(Guess::Wide));
    }
    Ok(Some(match nodes {
        0 => Guess::Other,
        _ if 2 * nodes >= all && text => Guess::Icio,
        _ => Guess::PerhapsIcio,
    }))
}

/// The error for one file of a package: it has two header lines that name their levels, and blanks above the index
/// columns.
pub(super) fn instead_of_frame(package: &mut Package<'_>, part: usize, job: &Job<'_>) -> Option<Error> {
    let mut lines = package.lines(part, "", job).ok()?;
    for _ in 0..2 {
        let mut cells = Cells::new(lines.next().ok()??);
        let labels: Vec<bool> = (0..3).map_while(|_| cells.raw().ok()?).map(|label| label.is_empty()).collect();
        if labels != [false, true, false] {
            return None;
        }
    }
    Some(Error::bad_whole(
        "this is one file of a package, with two header lines: give its folder or a zip of it, where flows (Z.txt) \
         have output (x.txt) or final demand (Y.txt) beside them; coefficients (A.txt) may be alone in a zip",
    ))
}
