//! Writes an assessment as a JSON document, with the fields in the order of `docs/assessment-io.schema.json`.

use super::assess::{Assessment, Item};
use super::printed::Printed;
use super::table::Table;
use crate::json::json_string;
use crate::model::{Identity, Kind};

/// Appends the document.
pub(crate) fn write(
    out: &mut Vec<u8>,
    identity: &Identity<'_>,
    indicator: (&str, &str),
    assessment: &Assessment<'_>,
    table: &Table,
    printed: &Printed,
) {
    let nodes = table.labels.nodes();
    identity.open_document(out);
    kind(out);
    out.push(b',');
    named(out, indicator);
    out.push(b',');
    subject(out, printed, nodes[assessment.node]);
    out.extend_from_slice(b",\"direct\":");
    number(out, assessment.layers[0]);
    out.extend_from_slice(b",\"layers\":[");
    for (k, &layer) in assessment.layers.iter().enumerate() {
        if k > 0 {
            out.push(b',');
        }
        number(out, layer);
    }
    out.push(b']');
    let numbers = [
        ("upstream", Some(assessment.upstream)),
        ("total", Some(assessment.total)),
        ("mean", assessment.mean()),
        ("coverage", assessment.coverage()),
        ("residual", Some(assessment.residual)),
        ("foreign_share", assessment.share(assessment.foreign)),
    ];
    fields(out, &numbers);
    out.extend_from_slice(b",\"concentration\":{\"hhi\":");
    number_or_null(out, assessment.hhi());
    out.extend_from_slice(b",\"nodes_80\":");
    match assessment.nodes_80 {
        Some(nodes) => out.extend_from_slice(nodes.to_string().as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
    out.push(b'}');
    let share = |value| assessment.share(value);
    list(out, "by_region", &assessment.by_region, share, |out, region| {
        out.extend_from_slice(b"\"region\":");
        out.extend_from_slice(printed.region(region));
    });
    list(out, "by_sector", &assessment.by_sector, share, |out, sector| {
        out.extend_from_slice(b"\"sector\":");
        out.extend_from_slice(printed.sector(sector));
    });
    for (name, items) in [("contributors", &assessment.contributors), ("suppliers", &assessment.suppliers)] {
        list(out, name, items, share, |out, i| node(out, printed, nodes[i as usize]));
    }
    out.push(b'}');
}

/// `"kind":"io"`.
pub(super) fn kind(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\"kind\":\"");
    out.extend_from_slice(Kind::Io.name().as_bytes());
    out.push(b'"');
}

/// `"indicator":..,"unit":..`.
pub(super) fn named(out: &mut Vec<u8>, (indicator, unit): (&str, &str)) {
    out.extend_from_slice(b"\"indicator\":");
    json_string(indicator, out);
    out.extend_from_slice(b",\"unit\":");
    json_string(unit, out);
}

/// `"subject":{"region":..,"sector":..}`.
pub(super) fn subject(out: &mut Vec<u8>, printed: &Printed, labels: (u32, u32)) {
    out.extend_from_slice(b"\"subject\":{");
    node(out, printed, labels);
    out.push(b'}');
}

/// `"direct":..,"upstream":..,"total":..,"mean":..,"foreign_share":..`.
pub(super) fn figures(out: &mut Vec<u8>, assessment: &Assessment<'_>) {
    out.extend_from_slice(b"\"direct\":");
    number(out, assessment.layers[0]);
    let numbers = [
        ("upstream", Some(assessment.upstream)),
        ("total", Some(assessment.total)),
        ("mean", assessment.mean()),
        ("foreign_share", assessment.share(assessment.foreign)),
    ];
    fields(out, &numbers);
}

/// Named numbers, each with a comma before it.
pub(super) fn fields(out: &mut Vec<u8>, numbers: &[(&str, Option<f64>)]) {
    for &(name, value) in numbers {
        out.extend_from_slice(b",\"");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        number_or_null(out, value);
    }
}

/// `,"name":[..]` of items with their label, `value` and `share`.
pub(super) fn list(
    out: &mut Vec<u8>,
    name: &str,
    items: &[Item],
    share: impl Fn(f64) -> Option<f64>,
    label: impl Fn(&mut Vec<u8>, u32),
) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (k, &(value, i)) in items.iter().enumerate() {
        out.extend_from_slice(if k > 0 { b",{" } else { b"{" });
        label(out, i);
        out.extend_from_slice(b",\"value\":");
        number(out, value);
        out.extend_from_slice(b",\"share\":");
        number_or_null(out, share(value));
        out.push(b'}');
    }
    out.push(b']');
}

/// `"region":..,"sector":..`.
pub(super) fn node(out: &mut Vec<u8>, printed: &Printed, (region, sector): (u32, u32)) {
    out.extend_from_slice(b"\"region\":");
    out.extend_from_slice(printed.region(region));
    out.extend_from_slice(b",\"sector\":");
    out.extend_from_slice(printed.sector(sector));
}

/// As [`number`]; `null` for `None`.
pub(super) fn number_or_null(out: &mut Vec<u8>, value: Option<f64>) {
    match value {
        Some(value) => number(out, value),
        None => out.extend_from_slice(b"null"),
    }
}

/// The shortest text that reads back as the same number; zero has no sign; `null` for a number that JSON cannot
/// represent.
pub(super) fn number(out: &mut Vec<u8>, value: f64) {
    serde_json::to_writer(out, &(value + 0.0)).expect("writing a number to memory cannot fail");
}
