//! Determining which of the two header lines holds the regions.

use std::collections::HashSet;

use super::{Files, Frame};
use crate::io::Order;
use crate::io::formats::Job;
use crate::io::formats::source::Package;
use crate::io::labels::{Labels, MAX_NODES};
use crate::{Error, Result};

/// Labels with regions and sectors exchanged if the package or `ORDER` states that sectors come first. Nodes keep their
/// numbers.
///
/// # Errors
/// The errors of reading the files again.
pub(super) fn settle(
    package: &mut Package<'_>,
    files: &Files,
    labels: Labels,
    warnings: &mut Vec<String>,
    job: &Job<'_>,
) -> Result<Labels> {
    let note = match job.options.order {
        Some(Order::RegionFirst) => return Ok(labels),
        Some(Order::SectorFirst) => None,
        None => match evidence(package, files, &labels, job)? {
            None => return Ok(labels),
            note => note,
        },
    };
    warnings.extend(note);
    let exchanged: Vec<(String, String)> = (0..labels.len())
        .map(|node| labels.names(node))
        .map(|(region, sector)| (sector.to_owned(), region.to_owned()))
        .collect();
    Labels::new(exchanged.iter().map(|(region, sector)| (region.as_str(), sector.as_str())))
        .map_err(|_| Error::TooBig { what: "the number of nodes", limit: MAX_NODES as u64 })
}

/// A message with the evidence that sectors come first; `None` if there is none.
fn evidence(package: &mut Package<'_>, files: &Files, labels: &Labels, job: &Job<'_>) -> Result<Option<String>> {
    let table = files.table;
    if Frame::open(package.lines(table.part, table.name, job)?, 2)?.is_sector_first() {
        return Ok(Some(format!(
            "the header of {} says that sectors come before regions: they were read so",
            table.name
        )));
    }
    let Some(demand) = files.y else { return Ok(None) };
    let frame = match package.lines(demand.part, demand.name, job).and_then(|lines| Frame::open(lines, 2)) {
        Err(Error::BadInput { .. }) => return Ok(None),
        frame => frame?,
    };
    let regions: HashSet<&str> =
        labels.nodes().iter().map(|&(region, _)| &*labels.regions()[region as usize]).collect();
    let sectors: HashSet<&str> =
        labels.nodes().iter().map(|&(_, sector)| &*labels.sectors()[sector as usize]).collect();
    let is_exchanged = |(region, _): &(Box<str>, Box<str>)| sectors.contains(&**region) && !regions.contains(&**region);
    Ok(frame.columns.iter().all(is_exchanged).then(|| {
        format!(
            "the regions of {} are in the second header line of {}: sectors were read from the first; ORDER \
             region-first reads them from the second",
            demand.name, table.name
        )
    }))
}
