//! How many everyday goods the search finds under their headings, in the Harmonized System of 2022.
//!
//! `fixtures/everyday_goods.txt` lists 100 goods in the words of an importer with their headings. They were chosen
//! before the table of everyday words was extended. The other judge are the words that users reported as not found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use std::fs;
use std::path::Path;

use assess_engine::model::Model;
use assess_engine::origin::{FindFilter, FindKind, LoadOptions, OriginModel, load};
use assess_engine::{Budget, Progress};
use serde_json::Value;

const GOODS: &str = include_str!("fixtures/everyday_goods.txt");

/// Words, and the beginnings of the codes one of which should be found.
type Goods = Vec<(String, Vec<String>)>;

fn model(test: &str) -> Option<OriginModel> {
    let hs = reference::find(test, "hs")?;
    let progress = Progress::default();
    let table = fs::read(hs.join("harmonized-system.csv")).unwrap();
    let model = OriginModel::empty().with(load(&table, &LoadOptions::default(), &progress).unwrap()).unwrap();
    model.derive(&Budget::UNLIMITED, &progress).unwrap();
    Some(model)
}

fn goods() -> Goods {
    let line = |line: &str| {
        let (words, headings) = line.split_once(':').unwrap();
        (words.to_owned(), headings.split_whitespace().map(str::to_owned).collect())
    };
    GOODS.lines().map(line).collect()
}

/// The words of both reported cases.
fn reported(folder: &Path) -> Goods {
    let read = |case: &str| -> Value {
        serde_json::from_slice(&fs::read(folder.join(case).join("expected.json")).unwrap()).unwrap()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let short = read("h03-find-everyday");
    let long = read("b-19-hs-find-everyday");
    let short = short["goods"].as_object().unwrap().iter().map(|(words, code)| (words.clone(), vec![text(code)]));
    let long = long["want_heading_in_first_3"].as_object().unwrap().iter();
    short
        .chain(long.map(|(words, codes)| (words.clone(), codes.as_array().unwrap().iter().map(text).collect())))
        .collect()
}

/// The place of the first right code among the codes that are found, from 1.
fn place(model: &OriginModel, words: &str, right: &[String], limit: usize) -> (Option<usize>, Vec<String>) {
    let filter = FindFilter { kind: FindKind::Hs, section: None, chapter: None, level: None, limit };
    let hits = OriginModel::find(model, words.as_bytes(), &filter).unwrap();
    let code = |hit: &Vec<u8>| serde_json::from_slice::<Value>(hit).unwrap()["code"].as_str().unwrap().to_owned();
    let found: Vec<String> = hits.iter().map(code).collect();
    let is_right = |found: &String| {
        // A chapter says too little.
        found.len() >= 4
            && right.iter().any(|code| found.starts_with(code.as_str()) || code.starts_with(found.as_str()))
    };
    (found.iter().position(is_right).map(|place| place + 1), found)
}

/// The number of goods that are right within `limit` codes, the number that find nothing, and a line for each miss.
fn judge(model: &OriginModel, goods: &Goods, limit: usize) -> (usize, usize, Vec<String>) {
    let (mut right, mut nothing, mut misses) = (0, 0, Vec::new());
    for (words, codes) in goods {
        let (place, found) = place(model, words, codes, limit);
        nothing += usize::from(found.is_empty());
        match place {
            Some(_) => right += 1,
            None => misses.push(format!("{words} ({}): {}", codes.join(" "), found.join(" "))),
        }
    }
    (right, nothing, misses)
}

#[test]
fn ninety_five_of_a_hundred_everyday_goods_are_among_the_first_ten() {
    let Some(model) = model("everyday goods") else { return };
    let goods = goods();
    assert_eq!(goods.len(), 100);
    let (right, nothing, misses) = judge(&model, &goods, 10);
    let (first, ..) = judge(&model, &goods, 3);
    println!("{right} of 100 among the first ten, {first} among the first three, {nothing} find nothing");
    assert!(right >= 95, "{right}\n{}", misses.join("\n"));
}

#[test]
fn reported_words_are_among_the_first_three() {
    let Some(model) = model("reported words") else { return };
    let Some(folder) = reference::find("reported words", "reported/origin") else { return };
    let goods = reported(&folder);
    let (right, nothing, misses) = judge(&model, &goods, 3);
    println!("{right} of {} among the first three, {nothing} find nothing", goods.len());
    assert!(misses.is_empty(), "{right} of {}\n{}", goods.len(), misses.join("\n"));
}

/// Prints the time of a search. The national tariff is generated: the Harmonized System with 4 codes of 8 digits under
/// each code of 6 digits.
#[test]
#[ignore = "a measurement"]
fn speed_of_a_search() {
    let Some(model) = model("speed of a search") else { return };
    measure("the Harmonized System", &model);
    let hs = reference::find("speed of a search", "hs").unwrap();
    let table = fs::read_to_string(hs.join("harmonized-system.csv")).unwrap();
    let mut national = "code;description\n".to_owned();
    for line in table.lines() {
        let mut cells = line.splitn(3, ',').skip(1);
        let (Some(code), Some(rest)) = (cells.next(), cells.next()) else { continue };
        if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
            let text: String = rest.chars().filter(|letter| *letter != '"' && *letter != ';').collect();
            for (digits, kind) in [("10", "new"), ("20", "used"), ("30", "of a kind for retail sale"), ("90", "other")]
            {
                national.push_str(&format!("{code}{digits};{kind}, {text} {digits}x{code}\n"));
            }
        }
    }
    let progress = Progress::default();
    let part = load(national.as_bytes(), &LoadOptions::default(), &progress).unwrap();
    let entries = part.entries();
    let model = model.with(part).unwrap();
    model.derive(&Budget::UNLIMITED, &progress).unwrap();
    measure(&format!("with {entries} national codes"), &model);
}

fn measure(name: &str, model: &OriginModel) {
    let words: Vec<String> = goods().into_iter().map(|(words, _)| words).collect();
    let wrong = ["aluminimum foyle", "elecrtic motros", "qwertyuiop", "of", "machines parts thereof other", "cotton"];
    let words: Vec<&str> = words.iter().map(String::as_str).chain(wrong).collect();
    let (mut sum, mut most) = (0.0, (0.0, ""));
    for words in &words {
        // The least of some runs: other processes of the machine only add.
        let time = (0..20)
            .map(|_| {
                let begun = std::time::Instant::now();
                place(model, words, &[], 10);
                begun.elapsed().as_secs_f64() * 1e6
            })
            .fold(f64::MAX, f64::min);
        sum += time;
        if time > most.0 {
            most = (time, words);
        }
    }
    println!("{name}: {:.0} us on average, at most {:.0} us ({})", sum / words.len() as f64, most.0, most.1);
}
