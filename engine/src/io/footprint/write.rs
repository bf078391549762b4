//! Writes a footprint as a JSON document, with the fields in the order of `docs/assessment-io-footprint.schema.json`.

use super::{Arising, Bought, Footprint};
use crate::io::assess::Basis;
use crate::io::document::{fields, kind, list, named, node, number};
use crate::json::json_string;
use crate::model::Identity;

/// Appends the document.
pub(super) fn write(
    out: &mut Vec<u8>,
    identity: &Identity<'_>,
    indicator: (&str, &str),
    bought: &Bought<'_>,
    footprint: &Footprint,
    basis: &Basis<'_>,
) {
    let (printed, nodes) = (basis.printed, basis.table.labels.nodes());
    identity.open_document(out);
    kind(out);
    out.push(b',');
    named(out, indicator);
    write_demand(out, bought);
    out.extend_from_slice(b",\"total\":");
    number(out, footprint.total);
    let split = footprint.split.as_ref();
    let territorial = split.and_then(|split| split.territorial);
    // What the other categories of the region cause is no export.
    let whole = split.filter(|_| !matches!(bought, Bought::Region { category: Some(_), .. }));
    let numbers = [
        ("domestic", split.map(|split| split.domestic)),
        ("imports", split.map(|split| split.imports)),
        ("territorial", territorial),
        ("exports", territorial.zip(whole).map(|(territorial, split)| territorial - split.domestic)),
    ];
    fields(out, &numbers);
    let share =
        |is_mixed: bool| move |value: f64| (footprint.total != 0.0 && !is_mixed).then(|| value / footprint.total);
    let Arising { by_region, by_sector, contributors, is_mixed } = &footprint.arising;
    list(out, "by_region", by_region, share(*is_mixed), |out, region| {
        out.extend_from_slice(b"\"region\":");
        out.extend_from_slice(printed.region(region));
    });
    list(out, "by_sector", by_sector, share(*is_mixed), |out, sector| {
        out.extend_from_slice(b"\"sector\":");
        out.extend_from_slice(printed.sector(sector));
    });
    let by_node = |out: &mut Vec<u8>, i: u32| node(out, printed, nodes[i as usize]);
    list(out, "contributors", contributors, share(*is_mixed), by_node);
    list(out, "products", &footprint.products, share(footprint.are_products_mixed), by_node);
    if !footprint.warnings.is_empty() {
        out.extend_from_slice(b",\"warnings\":[");
        for (k, warning) in footprint.warnings.iter().enumerate() {
            out.extend_from_slice(if k > 0 { b"," } else { b"" });
            json_string(warning, out);
        }
        out.push(b']');
    }
    out.push(b'}');
}

/// `,"region":..` and `,"category":..`, or `,"demand":{..}`.
fn write_demand(out: &mut Vec<u8>, bought: &Bought<'_>) {
    match bought {
        Bought::Region { region, category, .. } => {
            out.extend_from_slice(b",\"region\":");
            json_string(region, out);
            if let Some(category) = category {
                out.extend_from_slice(b",\"category\":");
                json_string(category, out);
            }
        }
        Bought::Own { document, .. } => {
            out.extend_from_slice(b",\"demand\":");
            out.extend_from_slice(document);
        }
    }
}
