//! Everyday words for goods that a search did not find in the nomenclature (`data/reported/origin/h03`).

mod reference;

use std::fs;

use assess_engine::model::Model;
use assess_engine::origin::{FindFilter, FindKind, LoadOptions, OriginModel, load};
use assess_engine::{Budget, Progress};
use serde_json::Value;

#[test]
fn everyday_words_find_their_goods_among_the_first_ten() {
    let Some(folder) = reference::find("everyday words", "reported/origin") else { return };
    let Some(hs) = reference::find("everyday words", "hs") else { return };
    let progress = Progress::default();
    let table = fs::read(hs.join("harmonized-system.csv")).unwrap();
    let part = load(&table, &LoadOptions::default(), &progress).unwrap();
    let model = OriginModel::empty().with(part).unwrap();
    model.derive(&Budget::UNLIMITED, &progress).unwrap();
    let expected = fs::read(folder.join("h03-find-everyday/expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let filter = FindFilter { kind: FindKind::Hs, section: None, chapter: None, level: None, limit: 10 };
    let mut missing = Vec::new();
    for (words, code) in expected["goods"].as_object().unwrap() {
        let code = code.as_str().unwrap();
        let hits = OriginModel::find(&model, words.as_bytes(), &filter).unwrap();
        let found: Vec<String> = hits
            .iter()
            .map(|hit| serde_json::from_slice::<Value>(hit).unwrap()["code"].as_str().unwrap().to_owned())
            .collect();
        if !found.iter().any(|found| found.starts_with(code) || code.starts_with(found)) {
            missing.push(format!("{words} ({code}): {found:?}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
