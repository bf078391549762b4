//! The real table of the World Input-Output Database, 2011, compared with results computed with numpy.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
mod reference;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use assess_engine::io::dependents::Dependence;
use assess_engine::io::rank::{By, Ranking};
use assess_engine::io::{
    Indicator, Input, IoModel, Labels, LeontiefMode, LoadOptions, Precision, Table, load, spectral_check,
};
use assess_engine::model::DependentsBy;
use assess_engine::model::{Identity, Query};
use assess_engine::{Budget, Progress};
use fixtures::{assess_named, close, derived, items, number};
use serde_json::Value;

const TIGHT: f64 = 1e-9;

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// The table as the module reads it.
fn table(folder: &Path, precision: Precision, mode: LeontiefMode) -> Table {
    let options = LoadOptions { precision, leontief: Some(mode), ..LoadOptions::default() };
    let file = fs::File::open(folder.join("WIOD_2011.csv")).unwrap();
    load(Input::File(file), &options, &Budget::UNLIMITED, &Progress::default()).unwrap().table
}

/// `u(s)` of the references: FNV-1a, its upper 53 bits as a fraction.
fn u(text: &str) -> f64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

fn indicators(folder: &Path, labels: &Labels) -> Vec<Indicator> {
    let governance: HashMap<String, f64> = fs::read_to_string(folder.join("risk_wgi2022.csv"))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap())
        .map(|(region, value)| (region.to_owned(), value.parse().unwrap()))
        .collect();
    let country = |i: usize| u(&format!("country:{}", labels.names(i).0));
    let sector = |i: usize| u(&format!("sector:{}", labels.names(i).1));
    let nodes = 0..labels.len();
    vec![
        fixtures::indicator("syn_cs", nodes.clone().map(|i| (country(i) * sector(i)).sqrt())),
        fixtures::indicator("syn_country", nodes.clone().map(country)),
        fixtures::indicator("wgi", nodes.map(|i| governance[labels.names(i).0])),
    ]
}

fn model(folder: &Path, precision: Precision, mode: LeontiefMode) -> IoModel {
    let table = table(folder, precision, mode);
    let indicators = indicators(folder, &table.labels);
    derived(table, indicators)
}

/// The model of most tests, derived once.
fn full(folder: &Path) -> &'static IoModel {
    static MODEL: OnceLock<IoModel> = OnceLock::new();
    MODEL.get_or_init(|| model(folder, Precision::F64, LeontiefMode::Full))
}

/// The query of an indicator; the references call the indicator `output` `ones`.
fn ask(indicator: &str) -> Query<'_> {
    let name = if indicator == "ones" { "output" } else { indicator };
    Query { indicator: Some(name.as_bytes()), layers: 12, top: 1435, ..Query::default() }
}

fn assess(model: &IoModel, label: &str, query: &Query<'_>) -> Value {
    let (region, sector) = label.split_once('.').unwrap();
    assess_named(model, region, sector, query)
}

fn object(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value))
}

/// Compares a list of the document, from its beginning, with `[label, value]` pairs; labels of equal values may differ.
fn same_list(mine: &[(String, f64)], reference: &Value, tolerance: f64) {
    let reference = reference.as_array().unwrap();
    assert!(mine.len() >= reference.len());
    for (mine, pair) in mine.iter().zip(reference) {
        let value = number(&pair[1]);
        close(mine.1, value, tolerance);
        assert!(value == 0.0 || mine.0 == pair[0].as_str().unwrap(), "{mine:?} {pair}");
    }
}

/// Compares all the figures of assessments in `wiod_2011_ref.json` and `wiod_2011_more.json`.
fn same_as_references(folder: &Path, model: &IoModel, tolerance: f64) {
    let (reference, more) = (json(folder, "wiod_2011_ref.json"), json(folder, "wiod_2011_more.json"));
    let mut compared = 0;
    for (name, subjects) in object(&reference["assess"]) {
        for (label, expected) in object(subjects) {
            let document = assess(model, label, &ask(name));
            for (mine, theirs) in
                [("direct", "direct"), ("total", "total"), ("upstream", "upstream"), ("mean", "weighted_mean_risk")]
            {
                close(number(&document[mine]), number(&expected[theirs]), tolerance);
            }
            let layers = document["layers"].as_array().unwrap();
            let activity = &assess(model, label, &ask("ones"));
            close(number(&activity["total"]), number(&expected["total_activity"]), tolerance);
            for k in 0..=12 {
                close(number(&layers[k]), number(&expected["tiers"][k]), tolerance);
                close(number(&activity["layers"][k]), number(&expected["tier_activity"][k]), tolerance);
                let document = assess(model, label, &Query { layers: k as u32, top: 0, ..ask(name) });
                close(number(&document["coverage"]), number(&expected["coverage_at"][k]), tolerance);
            }
            for (list, theirs) in [("by_region", "by_country"), ("by_sector", "by_sector")] {
                let mine: HashMap<String, f64> = items(&document[list]).into_iter().collect();
                for (group, value) in object(&expected[theirs]) {
                    close(mine[group], number(value), tolerance);
                }
            }
            let direct = number(&document["direct"]);
            let mut upstream = items(&document["contributors"]);
            let own = upstream.iter_mut().find(|item| item.0 == label).unwrap();
            own.1 -= direct;
            upstream.sort_by(|a, b| b.1.total_cmp(&a.1));
            // The node's own part is a difference: only the direct part is available for comparison.
            for (mine, pair) in upstream.iter().zip(expected["top_upstream"].as_array().unwrap()) {
                assert!((mine.1 - number(&pair[1])).abs() <= tolerance * (number(&pair[1]) + direct));
                assert!(number(&pair[1]) == 0.0 || mine.0 == pair[0].as_str().unwrap());
            }

            let more = &more["assess"][name][label];
            close(number(&document["total"]), number(&more["total"]), tolerance);
            close(number(&document["concentration"]["hhi"]), number(&more["hhi"]), tolerance);
            assert_eq!(document["concentration"]["nodes_80"], more["nodes_80"]);
            close(number(&document["foreign_share"]), number(&more["foreign_share"]), tolerance);
            for (k, residual) in [(5, "residual_5"), (10, "residual_10")] {
                let document = assess(model, label, &Query { layers: k, ..ask(name) });
                close(number(&document["residual"]), number(&more[residual]), tolerance);
            }
            same_list(&items(&document["suppliers"]), &more["suppliers"], tolerance);
            same_list(&items(&document["contributors"]), &more["contributors"], tolerance);
            compared += 1;
        }
    }
    assert_eq!(compared, 27);
}

#[test]
fn assessments_agree_with_numpy() {
    let Some(folder) = reference::find("assessments_agree_with_numpy", "wiod") else { return };
    same_as_references(&folder, full(&folder), TIGHT);
}

#[test]
fn assessments_in_f32_agree_with_numpy_to_a_millionth() {
    let Some(folder) = reference::find("assessments_in_f32_agree_with_numpy_to_a_millionth", "wiod") else { return };
    same_as_references(&folder, &model(&folder, Precision::F32, LeontiefMode::Full), 1e-6);
}

#[test]
fn assessments_without_the_inverse_agree_with_numpy() {
    let Some(folder) = reference::find("assessments_without_the_inverse_agree_with_numpy", "wiod") else { return };
    same_as_references(&folder, &model(&folder, Precision::F64, LeontiefMode::Lazy), TIGHT);
}

#[test]
fn governance_risk_agrees_with_numpy() {
    let Some(folder) = reference::find("governance_risk_agrees_with_numpy", "wiod") else { return };
    for (label, expected) in object(&json(&folder, "wiod_2011_wgi_ref.json")) {
        let document = assess(full(&folder), label, &ask("wgi"));
        for (mine, theirs) in [("total", "total"), ("mean", "mean_risk"), ("foreign_share", "foreign_share")] {
            close(number(&document[mine]), number(&expected[theirs]), TIGHT);
        }
        for (mine, theirs) in document["layers"].as_array().unwrap().iter().zip(expected["tiers"].as_array().unwrap()) {
            close(number(mine), number(theirs), TIGHT);
        }
        let mine: HashMap<String, f64> = items(&document["by_region"]).into_iter().collect();
        for (region, value) in object(&expected["by_country"]) {
            close(mine[region], number(value), TIGHT);
        }
    }
}

#[test]
fn every_node_agrees_with_numpy() {
    let Some(folder) = reference::find("every_node_agrees_with_numpy", "wiod") else { return };
    let model = full(&folder);
    let text = fs::read_to_string(folder.join("wiod_2011_vectors.csv")).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 1435);
    for (i, row) in rows.iter().enumerate() {
        assert_eq!(model.table().labels.names(i), (row[0], row[1]));
        let label = format!("{}.{}", row[0], row[1]);
        let expected: Vec<f64> = row[2..].iter().map(|cell| cell.parse().unwrap()).collect();
        let [x, colsum, diagonal, activity, r_cs, m_cs, r_country, m_country] = expected[..] else { panic!() };
        close(model.table().output.as_ref().unwrap()[i], x, TIGHT);
        let ones = assess(model, &label, &ask("ones"));
        close(number(&ones["layers"][1]), colsum, TIGHT);
        close(number(&ones["total"]), activity, TIGHT);
        let own = items(&ones["contributors"]).into_iter().find(|item| item.0 == label).unwrap();
        close(own.1, diagonal, TIGHT);
        for (name, r, m) in [("syn_cs", r_cs, m_cs), ("syn_country", r_country, m_country)] {
            let document = assess(model, &label, &Query { top: 0, ..ask(name) });
            close(number(&document["direct"]), r, TIGHT);
            close(number(&document["total"]), m, TIGHT);
        }
    }
}

#[test]
fn coefficients_and_column_sums_agree_with_numpy() {
    let Some(folder) = reference::find("coefficients_and_column_sums_agree_with_numpy", "wiod") else { return };
    let reference = json(&folder, "wiod_2011_ref.json");
    let model = full(&folder);
    for (pair, value) in object(&reference["A_samples"]) {
        let (from, to) = pair.split_once("->").unwrap();
        let ((a, b), (c, d)) = (from.split_once('.').unwrap(), to.split_once('.').unwrap());
        let coefficient = model.coefficient(a.as_bytes(), b.as_bytes(), c.as_bytes(), d.as_bytes()).unwrap();
        close(coefficient, number(value), TIGHT);
    }
    for (label, value) in object(&reference["colsum_A"]) {
        close(number(&assess(model, label, &ask("ones"))["layers"][1]), number(value), TIGHT);
    }
}

#[test]
fn ranks_follow_the_vectors() {
    let Some(folder) = reference::find("ranks_follow_the_vectors", "wiod") else { return };
    let model = full(&folder);
    let text = fs::read_to_string(folder.join("wiod_2011_vectors.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    let mut totals: Vec<(f64, String)> =
        rows.map(|row| (row[7].parse().unwrap(), format!("{}.{}", row[0], row[1]))).collect();
    totals.sort_by(|a, b| b.0.total_cmp(&a.0));
    let ranked = model.rank(&Ranking { indicator: Some(b"syn_cs"), by: By::Total, ..Ranking::default() }).unwrap();
    assert_eq!(ranked.len(), 10);
    for ((node, value), (expected, label)) in ranked.into_iter().zip(totals) {
        close(value, expected, TIGHT);
        let (region, sector) = model.table().labels.names(node);
        assert_eq!(format!("{region}.{sector}"), label);
    }
}

#[test]
fn dependents_agree_with_numpy() {
    let Some(folder) = reference::find("dependents_agree_with_numpy", "wiod") else { return };
    let reference = json(&folder, "wiod_2011_depth.json");
    let indicator = reference["indicator"].as_str().unwrap();
    let lazy = model(&folder, Precision::F64, LeontiefMode::Lazy);
    let mut compared = 0;
    for model in [full(&folder), &lazy] {
        for expected in reference["dependents"].as_array().unwrap() {
            let supplier = &expected["supplier"];
            let supplier = (supplier[0].as_str().unwrap().as_bytes(), supplier[1].as_str().unwrap().as_bytes());
            let by_share = expected["by_share"].as_array().unwrap();
            let dependence =
                Dependence { indicator: Some(indicator.as_bytes()), by: DependentsBy::Share, limit: by_share.len() };
            let (mut out, identity) = (Vec::new(), Identity { name: b"wiod", version: 1 });
            model.dependents(&identity, supplier, &dependence, &Progress::default(), &mut out).unwrap();
            let document: Value = serde_json::from_slice(&out).unwrap();
            let mine = document["dependents"].as_array().unwrap();
            assert_eq!(mine.len(), by_share.len());
            // Region, sector, value, share.
            for (mine, theirs) in mine.iter().zip(by_share) {
                assert_eq!((&mine["region"], &mine["sector"]), (&theirs[0], &theirs[1]));
                close(number(&mine["value"]), number(&theirs[2]), TIGHT);
                close(number(&mine["share"]), number(&theirs[3]), TIGHT);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 2 * 3 * 15);
}

#[test]
fn the_real_table_passes_the_spectral_check() {
    let Some(folder) = reference::find("the_real_table_passes_the_spectral_check", "wiod") else { return };
    spectral_check(full(&folder).table(), &Progress::default()).unwrap();
}
