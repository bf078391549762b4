//! Reading a table in any layout.

use super::source::Package;
use super::{Input, Job, Loaded, detect, eora, exiobase, icio, triples};
use crate::io::LoadOptions;
use crate::io::options::{Duplicates, Split};
use crate::{Budget, Error, Progress, Result};

/// Reads a table and the indicators in the same input.
///
/// # Errors
/// [`crate::Error::BadInput`] with file, line and column; [`crate::Error::NoRoom`] before large memory is allocated;
/// [`crate::Error::TooBig`] for more nodes than [`crate::io::labels::MAX_NODES`] or an archive that expands too much;
/// [`crate::Error::Cancelled`].
pub fn load(input: Input<'_>, options: &LoadOptions, budget: &Budget, progress: &Progress) -> Result<Loaded> {
    let mut package = Package::open(input)?;
    let job = Job { options, budget, progress };
    let plain = |table| Loaded { table, indicators: Vec::new() };
    match detect::layout(&mut package, &job)? {
        detect::Layout::Icio(part) => icio::read(&mut package, part, &job)
            .map(plain)
            .map_err(|error| detect::instead_of_frame(&mut package, part, &job).unwrap_or(error)),
        detect::Layout::Triples(part) => triples::read(&mut package, part, &job).map(plain),
        detect::Layout::Exiobase(files) => {
            without_effect(options, true)?;
            exiobase::read(&mut package, &files, &job)
        }
        detect::Layout::Eora(files) => {
            without_effect(options, false)?;
            eora::read(&mut package, &files, &job).map(plain)
        }
    }
}

/// Rejects options that do not apply to a package: an option must not be ignored silently.
fn without_effect(options: &LoadOptions, has_order: bool) -> Result<()> {
    let given = [
        ("REGION", options.region.is_some()),
        ("SEPARATOR", options.separator.is_some()),
        ("ORDER", options.order.is_some() && !has_order),
        ("DUPLICATES", options.duplicates != Duplicates::default()),
        ("SPLIT", options.split != Split::default()),
    ];
    match given.iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((name, _)) => Err(Error::Invalid(
            format!("{name} does not apply to this table, whose files have regions and sectors apart").into(),
        )),
    }
}

/// The bytes of an input that is one file, possibly compressed by gzip or zstd or as the only member of an archive.
///
/// # Errors
/// [`crate::Error::BadInput`] if the input has several files or is damaged, [`crate::Error::TooBig`] if it expands to
/// more than `limit` bytes, [`crate::Error::Cancelled`].
pub fn read_whole(input: Input<'_>, limit: u64, progress: &Progress) -> Result<Vec<u8>> {
    Package::open(input)?.whole(limit, progress)
}
