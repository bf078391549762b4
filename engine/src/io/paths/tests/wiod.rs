//! The real table of the World Input-Output Database, 2011, compared with paths found with numpy.

use std::fs;
use std::path::Path as FilePath;

use serde_json::Value;

use super::{above, basis, search, top};
use crate::io::paths::Wanted;
use crate::io::{Indicator, Input, IoModel, LeontiefMode, LoadOptions, Precision, load};
use crate::model::Model;
use crate::{Budget, Progress, reference};

/// `u(s)` of the references: FNV-1a, its upper 53 bits as a fraction.
fn u(text: &str) -> f64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    (text.bytes().fold(0xcbf2_9ce4_8422_2325u64, step) >> 11) as f64 / (1u64 << 53) as f64
}

/// The model with the indicator `syn_cs`.
fn model(folder: &FilePath, precision: Precision, mode: LeontiefMode) -> IoModel {
    let options = LoadOptions { precision, leontief: Some(mode), ..LoadOptions::default() };
    let file = fs::File::open(folder.join("WIOD_2011.csv")).unwrap();
    let table = load(Input::File(file), &options, &Budget::UNLIMITED, &Progress::default()).unwrap().table;
    let risk = |i: usize| {
        let (region, sector) = table.labels.names(i);
        (u(&format!("country:{region}")) * u(&format!("sector:{sector}"))).sqrt()
    };
    let values = (0..table.labels.len()).map(risk).collect();
    let indicator = Indicator { name: "syn_cs".into(), unit: "".into(), values };
    let model = IoModel::new(table).with_indicator(indicator).unwrap();
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    model
}

fn json(folder: &FilePath, name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn close(a: f64, b: f64, tolerance: f64) {
    assert!((a - b).abs() <= tolerance * a.abs().max(b.abs()), "{a} and {b}");
}

/// A path of a reference: value, share where it is given, nodes `region.sector` from the supplier to the subject.
struct Expected {
    value: f64,
    share: Option<f64>,
    order: u64,
    nodes: Vec<String>,
}

/// The paths of both references: the subject, and its 20 largest paths.
fn expected(folder: &FilePath) -> Vec<(String, Vec<Expected>)> {
    let (one, other) = (json(folder, "wiod_2011_spa.json"), json(folder, "wiod_2011_depth.json"));
    let joined = |node: &Value| format!("{}.{}", node[0].as_str().unwrap(), node[1].as_str().unwrap());
    let path = |path: &Value, nodes: Vec<String>| Expected {
        value: path["value"].as_f64().unwrap(),
        share: path["share"].as_f64(),
        order: path["order"].as_u64().unwrap(),
        nodes,
    };
    let labels = |item: &Value| item["path"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().into()).collect();
    let nodes = |item: &Value| item["nodes"].as_array().unwrap().iter().map(joined).collect();
    let first = one.as_object().unwrap().iter().filter_map(|(subject, figures)| {
        let paths = figures.get("paths")?.as_array().unwrap();
        Some((subject.clone(), paths.iter().map(|item| path(item, labels(item))).collect()))
    });
    let second = other["paths"].as_array().unwrap().iter().map(|entry| {
        let paths = entry["top"].as_array().unwrap();
        (joined(&entry["subject"]), paths.iter().map(|item| path(item, nodes(item))).collect())
    });
    first.chain(second).collect()
}

fn label(model: &IoModel, node: u32) -> String {
    let (region, sector) = model.table().labels.names(node as usize);
    format!("{region}.{sector}")
}

fn node(model: &IoModel, label: &str) -> usize {
    let (region, sector) = label.split_once('.').unwrap();
    model.table().labels.node(region.as_bytes(), sector.as_bytes()).unwrap()
}

fn same_as_references(folder: &FilePath, model: &IoModel, tolerance: f64) {
    let mut compared = 0;
    for (subject, expected) in expected(folder) {
        let j = node(model, &subject);
        let found = search(model, j, top(20)).unwrap();
        assert!(!found.is_truncated);
        assert_eq!(found.paths.len(), 20);
        assert_eq!(expected.len(), 20);
        for (path, expected) in found.paths.iter().zip(expected) {
            close(path.value, expected.value, tolerance);
            if let Some(share) = expected.share {
                close(path.value / basis(model).series.totals()[j], share, tolerance);
            }
            assert_eq!(path.nodes.len() as u64, expected.order + 1);
            let nodes: Vec<String> = path.nodes.iter().map(|&node| label(model, node)).collect();
            assert_eq!(nodes, expected.nodes);
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * 20 + 8 * 20);
}

#[test]
fn the_largest_paths_agree_with_numpy() {
    let Some(folder) = reference::find("the_largest_paths_agree_with_numpy", "wiod") else { return };
    let model = model(&folder, Precision::F64, LeontiefMode::Full);
    same_as_references(&folder, &model, 1e-9);

    // The counts of paths at or above a share, and the part of the total that these paths cover.
    let figures = json(&folder, "wiod_2011_spa.json");
    let mut compared = 0;
    for (subject, figures) in figures.as_object().unwrap() {
        let j = node(&model, subject.split_once('.').map_or("USA.c3", |_| subject));
        let total = basis(&model).series.totals()[j];
        let covered = |wanted| {
            let found = search(&model, j, wanted).unwrap();
            (found.paths.len() as u64, found.paths.iter().map(|path| path.value).sum::<f64>() / total)
        };
        for (name, share) in [("dfs_thr_0.01", 0.01), ("dfs_thr_0.001", 0.001), ("dfs_thr_0.0001", 0.0001)] {
            let Some(expected) = figures.get(name) else { continue };
            let (count, coverage) = covered(above(share, 100_000));
            assert_eq!(count, expected["paths"].as_u64().unwrap());
            close(coverage, expected["coverage"].as_f64().unwrap(), 1e-9);
            compared += 1;
        }
        for n in [20, 100, 1000] {
            let Some(expected) = figures.get(format!("top{n}")) else { continue };
            let (count, coverage) = covered(top(n));
            assert_eq!(count, n as u64);
            close(coverage, expected["coverage"].as_f64().unwrap(), 1e-9);
            compared += 1;
        }
    }
    assert_eq!(compared, 3 * 6);
}

#[test]
fn the_largest_paths_without_the_inverse_and_in_f32_agree_with_numpy() {
    let name = "the_largest_paths_without_the_inverse_and_in_f32_agree_with_numpy";
    let Some(folder) = reference::find(name, "wiod") else { return };
    same_as_references(&folder, &model(&folder, Precision::F64, LeontiefMode::Lazy), 1e-9);
    same_as_references(&folder, &model(&folder, Precision::F32, LeontiefMode::Lazy), 1e-6);
}

#[test]
fn a_long_list_begins_with_the_shorter_lists() {
    let Some(folder) = reference::find("a_long_list_begins_with_the_shorter_lists", "wiod") else { return };
    let model = model(&folder, Precision::F64, LeontiefMode::Lazy);
    for j in (0..1435).step_by(97) {
        let long = search(&model, j, top(5000)).unwrap();
        assert!(long.paths.windows(2).all(|pair| pair[0].value >= pair[1].value));
        for n in [1, 7, 300] {
            assert_eq!(search(&model, j, top(n)).unwrap().paths, long.paths[..n.min(long.paths.len())]);
            let truncated = search(&model, j, Wanted { top: 0, cutoff: Some(0.0), most: n }).unwrap();
            assert_eq!(truncated.paths, long.paths[..n.min(long.paths.len())]);
            assert_eq!(truncated.is_truncated, n < long.paths.len());
        }
    }
}
