//! Which layout an input has.

use super::cells::Cells;
use super::source::Package;
use super::triples;
use super::{Job, exiobase, icio};
use crate::io::Format;
use crate::{Error, Result};

/// A layout and where its files are in the package.
pub(super) enum Layout {
    /// The part with the table.
    Icio(usize),
    /// The part with the table.
    Triples(usize),
    /// The parts with the account's files.
    Exiobase(exiobase::Files),
}

/// Finds the layout by structure, within what the options ask for.
pub(super) fn layout(package: &mut Package<'_>, job: &Job<'_>) -> Result<Layout> {
    let wanted = job.options.format;
    if wanted.is_none_or(|format| format == Format::Exiobase)
        && let Some(files) = exiobase::Files::find(package.names())?
    {
        return Ok(Layout::Exiobase(files));
    }
    if wanted == Some(Format::Exiobase) {
        return Err(Error::bad_whole("no A.txt or Z.txt found; EXIOBASE is a folder or an archive with one of them"));
    }
    let names = package.names().iter().enumerate();
    let parts: Vec<usize> = names.filter(|(_, name)| !is_litter(name)).map(|(part, _)| part).collect();
    if let [part] = parts[..] {
        // The only file is the table: whatever is wrong with it is worth an exact place.
        let format = match (wanted, first_line(package, part, job)?) {
            (_, None) => return Err(Error::bad_whole("the input is empty")),
            (Some(format), _) => Some(format),
            (None, Some(guess)) => guess.likely(),
        };
        return format.and_then(|format| one_part(format, part)).ok_or_else(|| {
            Error::bad_whole(
                "the layout is not known; expected a csv whose first line and first column hold the labels of the nodes, or \
                 lines of from_region,from_sector,to_region,to_sector,value",
            )
        });
    }
    let mut found = None;
    let mut missing = Error::bad_whole("no table found among the files; expected one csv, or A.txt or Z.txt");
    for part in parts {
        let format = match first_line(package, part, job) {
            Ok(guess) => guess.and_then(Guess::certain),
            // A file that cannot be read may be anything; it matters where there is no table.
            Err(error @ Error::BadInput { .. }) => {
                missing = error;
                None
            }
            Err(error) => return Err(error),
        };
        let Some(format) = format.filter(|format| wanted.is_none_or(|wanted| wanted == *format)) else { continue };
        if found.replace((format, part)).is_some() {
            return Err(Error::bad_whole("there are several tables; name one of them, or pack it alone"));
        }
    }
    found.and_then(|(format, part)| one_part(format, part)).ok_or(missing)
}

fn one_part(format: Format, part: usize) -> Option<Layout> {
    match format {
        Format::Icio => Some(Layout::Icio(part)),
        Format::Triples => Some(Layout::Triples(part)),
        _ => None,
    }
}

/// What the first line of a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guess {
    Triples,
    /// Most of the cells after the first are of the form `X_Y`, and all are text.
    Icio,
    /// Some are.
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
            Self::Icio => Some(Format::Icio),
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
    // A quote that is never closed is for the reader to complain about.
    let mut first = true;
    while let Ok(Some(cell)) = cells.raw() {
        if !std::mem::take(&mut first) {
            all += 1;
            nodes += usize::from(cell.contains(&b'_'));
        }
    }
    drop(lines);
    if all > 0 && text && icio::is_wide(&mut package.lines(part, "", job)?) {
        return Ok(Some(Guess::Icio));
    }
    Ok(Some(match nodes {
        0 => Guess::Other,
        _ if 2 * nodes >= all && text => Guess::Icio,
        _ => Guess::PerhapsIcio,
    }))
}

/// Folders, and what file managers leave in archives.
fn is_litter(name: &str) -> bool {
    name.ends_with('/') || name.split('/').any(|piece| piece.starts_with('.') || piece == "__MACOSX")
}
