//! Search in the real Harmonized System.

#[path = "../../../tests/reference/mod.rs"]
mod reference;

use std::time::Instant;

use super::super::synonyms::built_in_keys;
use super::*;

/// The nomenclature with its index; `None` where the data are absent, which has been reported.
fn real(test: &str) -> Option<(Nomenclature, Index)> {
    let bytes = std::fs::read(reference::find(test, "hs/harmonized-system.csv")?).unwrap();
    let nomenclature = Nomenclature::read(&bytes, &Progress::default()).unwrap();
    let index = index_of(&nomenclature, &Progress::default()).unwrap();
    Some((nomenclature, index))
}

fn found((nomenclature, index): &(Nomenclature, Index), text: &str, limit: usize) -> Vec<CodeHit> {
    let filter = Filter { limit, ..Filter::default() };
    find(nomenclature, index, &Synonyms::default(), text.as_bytes(), &filter).unwrap()
}

#[test]
fn look() {
    let Some(real) = real("look") else { return };
    for text in std::env::var("LOOK").unwrap_or_default().split('|').filter(|t| !t.is_empty()) {
        println!("== {text}");
        for hit in found(&real, text, 8) {
            println!("{} {:.4} {}", hit.code, hit.score, real.0.description(&hit.code).unwrap());
        }
    }
    for key in built_in_keys() {
        let synonyms = Synonyms::default();
        let words: Vec<&str> = key.split(' ').collect();
        for phrase in synonyms.of(&words).unwrap_or_else(|| panic!("{key}")) {
            let text = phrase.join(" ");
            let mut hits: Vec<f32> = Vec::new();
            let mut sheet = Sheet::new(&real.1);
            let mut quality = vec![0.0; real.1.len()];
            if sheet.phrase(phrase.iter().map(AsRef::as_ref), Likeness::Same, &mut quality) > 0.0 {
                hits.extend(quality.iter().filter(|q| **q > 0.0).copied());
            }
            if hits.is_empty() { println!("NOTHING {key}: {text}"); }
        }
        let hits = found(&real, &key, 3);
        println!("{key}: {}", hits.iter().map(|hit| format!("{} {:.2} {}", hit.code, hit.score, real.0.description(&hit.code).unwrap().chars().take(60).collect::<String>())).collect::<Vec<_>>().join(" | "));
    }
}

#[test]
fn times() {
    let Some(real) = real("times") else { return };
    let started = Instant::now();
    let index = index_of(&real.0, &Progress::default()).unwrap();
    println!("index built in {:?}, {} bytes, nomenclature {} bytes", started.elapsed(), index.bytes(), real.0.bytes());
    for text in ["horses", "coffee roasted", "automatic data processing machines", "notebok", "refridgerator", "elecrtical mahcines", "laptop", "mobile phone", "of", "co", "ing", "8471", "live animals other than cattle", "a b c d e f g h i j k l m n o p", "computer laptop notebook pc server keyboard scanner modem tv router bus truck van lorry fridge battery", "machnies elctric instrumants aparatus artcles materals prepartions contaning vegtable woven fabics plastcs mineral aluminum synthtic phtographic"] {
        let rounds = 200;
        let started = Instant::now();
        let mut count = 0;
        for _ in 0..rounds { count = found(&real, text, 10).len(); }
        println!("{:9.1} us  {count:3} hits  {text}", started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds));
    }
}
