//! Writes a comparison as a JSON document.

use super::difference::Comparison;
use super::union::Shared;
use crate::io::assess::{Assessment, Item};
use crate::io::document::{figures, kind, named, number, number_or_null};
use crate::json::json_string;
use crate::model::Identity;

/// The maximum number of labels listed that one table lacks.
const SHOWN: usize = 100;

/// Appends the document.
pub(super) fn write(
    out: &mut Vec<u8>,
    identities: [&Identity<'_>; 2],
    indicator: (&str, &str),
    comparison: &Comparison<'_>,
) {
    let union = &comparison.union;
    identities[0].open_comparison(identities[1], out);
    kind(out);
    out.push(b',');
    named(out, indicator);
    out.extend_from_slice(b",\"subject\":{");
    node(out, comparison.subject);
    out.push(b'}');
    for (name, assessment) in ["base", "changed"].iter().zip(&comparison.figures) {
        one_side(out, name, assessment);
    }
    out.extend_from_slice(b",\"difference\":{\"total\":");
    number(out, comparison.difference);
    out.extend_from_slice(b",\"share\":");
    number_or_null(out, comparison.share(comparison.difference));
    list(out, "by_region", &comparison.by_region, comparison, |out, i| {
        out.extend_from_slice(b"\"region\":");
        json_string(union.regions[i].name, out);
    });
    list(out, "by_sector", &comparison.by_sector, comparison, |out, i| {
        out.extend_from_slice(b"\"sector\":");
        json_string(union.sectors[i].name, out);
    });
    for (name, items) in [("contributors", &comparison.contributors), ("suppliers", &comparison.suppliers)] {
        list(out, name, items, comparison, |out, i| node(out, union.nodes[i].name));
    }
    out.extend_from_slice(b"},\"effects\":{\"indicator\":");
    number(out, comparison.of_indicator);
    out.extend_from_slice(b",\"structure\":");
    number(out, comparison.of_structure);
    out.extend_from_slice(b"},\"only_in\":[");
    let only_in_a = only_in(out, &union.nodes, 0);
    out.push(b',');
    let only_in_b = only_in(out, &union.nodes, 1);
    out.extend_from_slice(format!("],\"only_in_total\":[{only_in_a},{only_in_b}]}}").as_bytes());
}

fn one_side(out: &mut Vec<u8>, name: &str, assessment: &Assessment<'_>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":{");
    figures(out, assessment);
    out.push(b'}');
}

fn list(
    out: &mut Vec<u8>,
    name: &str,
    items: &[Item],
    comparison: &Comparison<'_>,
    label: impl Fn(&mut Vec<u8>, usize),
) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":[");
    for (k, &(value, i)) in items.iter().enumerate() {
        out.extend_from_slice(if k > 0 { b",{" } else { b"{" });
        label(out, i as usize);
        out.extend_from_slice(b",\"value\":");
        number(out, value);
        out.extend_from_slice(b",\"share\":");
        number_or_null(out, comparison.share(value));
        out.push(b'}');
    }
    out.push(b']');
}

/// Appends the first nodes that only the table `side` has, in the order of their labels; returns how many there are.
fn only_in(out: &mut Vec<u8>, nodes: &[Shared<(&str, &str)>], side: usize) -> usize {
    let mut count = 0;
    out.push(b'[');
    for shared in nodes.iter().filter(|shared| shared.numbers[1 - side].is_none()) {
        if count < SHOWN {
            out.extend_from_slice(if count > 0 { b",{" } else { b"{" });
            node(out, shared.name);
            out.push(b'}');
        }
        count += 1;
    }
    out.push(b']');
    count
}

fn node(out: &mut Vec<u8>, (region, sector): (&str, &str)) {
    out.extend_from_slice(b"\"region\":");
    json_string(region, out);
    out.extend_from_slice(b",\"sector\":");
    json_string(sector, out);
}
