//! The real table of 2011 against numpy (`wiod_2011_depth.json`).

use std::fs;
use std::path::Path;

use assess_engine::io::{Input, IoModel, LeontiefMode, LoadOptions, Precision, load};
use assess_engine::model::Query;
use assess_engine::{Budget, Progress};
use serde_json::Value;

use crate::fixtures::{close, derived, indicator, number};
use crate::{reference, what_if};

/// `u(s)` of the references: FNV-1a, its upper 53 bits as a fraction.
fn u(text: &str) -> f64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

fn model(folder: &Path, precision: Precision, mode: LeontiefMode) -> IoModel {
    let options = LoadOptions { precision, leontief: Some(mode), ..LoadOptions::default() };
    let file = fs::File::open(folder.join("WIOD_2011.csv")).unwrap();
    let table = load(Input::File(file), &options, &Budget::UNLIMITED, &Progress::default()).unwrap().table;
    let risk = |i: usize| {
        let (region, sector) = table.labels.names(i);
        (u(&format!("country:{region}")) * u(&format!("sector:{sector}"))).sqrt()
    };
    let risk = indicator("syn_cs", (0..table.labels.len()).map(risk));
    derived(table, [risk])
}

/// The analyses of the references: subject, changes, figures.
fn analyses(folder: &Path) -> Vec<(Value, String, Value)> {
    let text = fs::read_to_string(folder.join("wiod_2011_depth.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["indicator"], "syn_cs");
    let entries = document["whatif"].as_array().unwrap();
    let words = |entry: &Value| {
        let words = entry["changes"].as_array().unwrap().iter();
        let words: Vec<String> = words.map(|w| w.as_str().map_or_else(|| w.to_string(), str::to_owned)).collect();
        words.join(" ")
    };
    entries.iter().map(|entry| (entry["subject"].clone(), words(entry), entry.clone())).collect()
}

fn same_as_references(folder: &Path, model: &IoModel, tolerance: f64) {
    let mut compared = 0;
    for (subject, changes, entry) in analyses(folder) {
        let subject = (subject[0].as_str().unwrap(), subject[1].as_str().unwrap());
        let document = what_if(model, subject, &changes, &Query::default()).unwrap();
        for part in ["base", "changed"] {
            for (figure, expected) in entry[part].as_object().unwrap() {
                close(number(&document[part][figure]), number(expected), tolerance);
                compared += 1;
            }
        }
    }
    assert!(compared >= 100, "{compared} figures");
}

#[test]
fn analyses_agree_with_numpy() {
    let Some(folder) = reference::find("analyses_agree_with_numpy", "wiod") else { return };
    let model = model(&folder, Precision::F64, LeontiefMode::Full);
    same_as_references(&folder, &model, 1e-9);
    for (j, (subject, other)) in [(("USA", "c3"), "IDN"), (("DEU", "c15"), "FRA")].into_iter().enumerate() {
        // Against the series, which does not use the inverse: more than 256 rows and columns are changed.
        let few = format!("EXTRACT RUS * REPLACE CHN * {other} 0.3 SCALE * c14 USA * 0.7 STRESS * c2 1.5");
        let idle = "SCALE * * * * 1 ".repeat(1 + j);
        let query = Query { layers: 7, top: 50, ..Query::default() };
        let update = what_if(&model, subject, &few, &query).unwrap();
        let series = what_if(&model, subject, &(few + " " + &idle), &query).unwrap();
        for part in ["changed", "difference"] {
            same(&update[part], &series[part]);
        }
    }
}

/// Compares numbers to 1e-9 and everything else exactly.
fn same(a: &Value, b: &Value) {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => close(number(a), number(b), 1e-9),
        (Value::Object(a), Value::Object(b)) => a.iter().for_each(|(key, a)| same(a, &b[key])),
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len());
            a.iter().zip(b).for_each(|(a, b)| same(a, b));
        }
        _ => assert_eq!(a, b),
    }
}

#[test]
fn analyses_in_f32_agree_with_numpy_to_a_millionth() {
    let Some(folder) = reference::find("analyses_in_f32_agree_with_numpy_to_a_millionth", "wiod") else { return };
    same_as_references(&folder, &model(&folder, Precision::F32, LeontiefMode::Full), 1e-6);
}

#[test]
fn analyses_without_the_inverse_agree_with_numpy() {
    let Some(folder) = reference::find("analyses_without_the_inverse_agree_with_numpy", "wiod") else { return };
    let model = model(&folder, Precision::F64, LeontiefMode::Lazy);
    same_as_references(&folder, &model, 1e-9);
}

/// Nanoseconds that this thread has run: other load of the machine does not count.
fn run_time() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

#[test]
#[ignore = "it measures: run it alone"]
fn durations_of_analyses() {
    let folder = reference::find("durations_of_analyses", "wiod").unwrap();
    for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
        let start = run_time();
        let model = model(&folder, Precision::F64, mode);
        println!("{mode:?}: load and derive {:.1} ms", (run_time() - start) as f64 / 1e6);
        for changes in [
            "STRESS USA c3 2",
            "EXTRACT CHN c14",
            "EXTRACT RUS *",
            "SCALE CHN * USA * 0.5",
            "REPLACE CHN c14 MEX 0.3",
            "STRESS USA * 2",
            "EXTRACT RUS * REPLACE CHN * MEX 0.3 SCALE * * USA * 0.9 SCALE DEU c15 * * 0.5",
        ] {
            for layers in [0, 5] {
                let query = Query { layers, ..Query::default() };
                // The kernel counts in steps of milliseconds: only many runs together are measured.
                let runs = if mode == LeontiefMode::Full { 100 } else { 5 };
                let start = run_time();
                for _ in 0..runs {
                    what_if(&model, ("USA", "c3"), changes, &query).unwrap();
                }
                let each = (run_time() - start) as f64 / f64::from(runs);
                println!("{mode:?}, {changes}, LAYERS {layers}: {:.2} ms", each / 1e6);
            }
        }
    }
}
