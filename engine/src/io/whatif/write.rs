//! Writes a what-if analysis as a JSON document.

use super::change::{Change, Nodes};
use super::figures::{Figures, WhatIf};
use crate::io::assess::Item;
use crate::io::document::{node, number, number_or_null};
use crate::io::printed::Printed;
use crate::io::table::Table;
use crate::json::json_string;
use crate::model::{Identity, Kind};

/// Appends the document.
pub(in crate::io) fn write(
    out: &mut Vec<u8>,
    identity: &Identity<'_>,
    (indicator, unit): (&str, &str),
    changes: &[Change],
    result: &WhatIf,
    table: &Table,
    printed: &Printed,
) {
    let nodes = table.labels.nodes();
    identity.open_document(out);
    out.extend_from_slice(b"\"kind\":\"");
    out.extend_from_slice(Kind::Io.name().as_bytes());
    out.extend_from_slice(b"\",\"indicator\":");
    json_string(indicator, out);
    out.extend_from_slice(b",\"unit\":");
    json_string(unit, out);
    out.extend_from_slice(b",\"subject\":{");
    node(out, printed, nodes[result.node]);
    out.extend_from_slice(b"},\"changes\":[");
    for (k, change) in changes.iter().enumerate() {
        out.extend_from_slice(if k > 0 { b",[" } else { b"[" });
        write_change(out, change, nodes, printed);
        out.push(b']');
    }
    out.push(b']');
    figures(out, "base", &result.base);
    figures(out, "changed", &result.changed);
    out.extend_from_slice(b",\"difference\":{\"total\":");
    number(out, result.difference);
    out.extend_from_slice(b",\"share\":");
    number_or_null(out, result.share(result.difference));
    list(out, "by_region", &result.by_region, result, |out, region| {
        out.extend_from_slice(b"\"region\":");
        out.extend_from_slice(printed.region(region));
    });
    list(out, "by_sector", &result.by_sector, result, |out, sector| {
        out.extend_from_slice(b"\"sector\":");
        out.extend_from_slice(printed.sector(sector));
    });
    for (name, items) in [("contributors", &result.contributors), ("suppliers", &result.suppliers)] {
        list(out, name, items, result, |out, i| node(out, printed, nodes[i as usize]));
    }
    out.extend_from_slice(b"}}");
}

/// A change as the words of the request: names and labels are strings, factors and shares are numbers.
fn write_change(out: &mut Vec<u8>, change: &Change, nodes: &[(u32, u32)], printed: &Printed) {
    let (name, selections, region, value) = match change {
        Change::Extract(selected) => ("\"EXTRACT\"", [Some(selected), None], None, None),
        Change::Scale { from, to, factor } => ("\"SCALE\"", [Some(from), Some(to)], None, Some(*factor)),
        Change::Replace { nodes, region, share } => ("\"REPLACE\"", [Some(nodes), None], Some(*region), Some(*share)),
        Change::Stress { nodes, factor } => ("\"STRESS\"", [Some(nodes), None], None, Some(*factor)),
    };
    out.extend_from_slice(name.as_bytes());
    for selection in selections.into_iter().flatten() {
        let (region, sector) = match *selection {
            Nodes::All => (None, None),
            Nodes::Region(region) => (Some(region), None),
            Nodes::Sector(sector) => (None, Some(sector)),
            Nodes::Node(i) => (Some(nodes[i as usize].0), Some(nodes[i as usize].1)),
        };
        out.push(b',');
        out.extend_from_slice(region.map_or(b"\"*\"", |region| printed.region(region)));
        out.push(b',');
        out.extend_from_slice(sector.map_or(b"\"*\"", |sector| printed.sector(sector)));
    }
    if let Some(region) = region {
        out.push(b',');
        out.extend_from_slice(printed.region(region));
    }
    if let Some(value) = value {
        out.push(b',');
        number(out, value);
    }
}

fn figures(out: &mut Vec<u8>, name: &str, figures: &Figures) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":{\"direct\":");
    number(out, figures.layers[0]);
    out.extend_from_slice(b",\"layers\":[");
    for (k, &layer) in figures.layers.iter().enumerate() {
        if k > 0 {
            out.push(b',');
        }
        number(out, layer);
    }
    out.extend_from_slice(b"],\"upstream\":");
    number(out, figures.upstream);
    out.extend_from_slice(b",\"total\":");
    number(out, figures.total);
    out.extend_from_slice(b",\"mean\":");
    number_or_null(out, figures.mean);
    out.extend_from_slice(b",\"foreign_share\":");
    number_or_null(out, figures.foreign_share);
    out.push(b'}');
}

fn list(out: &mut Vec<u8>, name: &str, items: &[Item], result: &WhatIf, label: impl Fn(&mut Vec<u8>, u32)) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (k, &(value, i)) in items.iter().enumerate() {
        out.extend_from_slice(if k > 0 { b",{" } else { b"{" });
        label(out, i);
        out.extend_from_slice(b",\"value\":");
        number(out, value);
        out.extend_from_slice(b",\"share\":");
        number_or_null(out, result.share(value));
        out.push(b'}');
    }
    out.push(b']');
}
