//! Writes paths into the JSON document of an assessment.

use super::Paths;
use crate::io::assess::Assessment;
use crate::io::document::{number, number_or_null};
use crate::io::printed::Printed;
use crate::io::table::Table;

/// Appends `,"paths":[{"order":..,"value":..,"share":..,"nodes":[[region,sector],..]},..]`, and `,"truncated":true` if
/// the list is truncated. Nodes are in the order from the supplier to the subject.
pub(in crate::io) fn write(
    out: &mut Vec<u8>,
    found: &Paths,
    assessment: &Assessment<'_>,
    table: &Table,
    printed: &Printed,
) {
    let labels = table.labels.nodes();
    out.extend_from_slice(b",\"paths\":[");
    for (p, path) in found.paths.iter().enumerate() {
        out.extend_from_slice(if p > 0 { b",{\"order\":" } else { b"{\"order\":" });
        out.extend_from_slice((path.nodes.len() - 1).to_string().as_bytes());
        out.extend_from_slice(b",\"value\":");
        number(out, path.value);
        out.extend_from_slice(b",\"share\":");
        number_or_null(out, assessment.share(path.value));
        out.extend_from_slice(b",\"nodes\":[");
        for (k, &node) in path.nodes.iter().enumerate() {
            let (region, sector) = labels[node as usize];
            out.extend_from_slice(if k > 0 { b",[" } else { b"[" });
            out.extend_from_slice(printed.region(region));
            out.push(b',');
            out.extend_from_slice(printed.sector(sector));
            out.push(b']');
        }
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
    if found.is_truncated {
        out.extend_from_slice(b",\"truncated\":true");
    }
}
