//! Codes, countries, editions and everyday words as users write them (`data/reported/origin`). Each case is tested with
//! the other cases of its kind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod reference;

use std::fs;
use std::path::PathBuf;

use assess_engine::model::{Identity, Model, Query};
use assess_engine::origin::{FindFilter, FindKind, LoadOptions, OriginModel, Relation, RuleFilter, load};
use assess_engine::{Budget, Day, Error, Progress};
use serde_json::Value;

/// The nomenclature of 2022 and the agreement of the European Union with the United Kingdom, written in HS 2017.
struct Real {
    model: OriginModel,
    cases: PathBuf,
}

fn real(test: &str) -> Option<Real> {
    let cases = reference::find(test, "reported/origin")?;
    let (hs, rules) = (reference::find(test, "hs")?, reference::find(test, "roo")?);
    let progress = Progress::default();
    let mut model = OriginModel::empty();
    for file in [hs.join("harmonized-system.csv"), rules.join("eu.json")] {
        let part = load(&fs::read(file).unwrap(), &LoadOptions::default(), &progress).unwrap();
        model = model.with(part).unwrap();
    }
    model.derive(&Budget::UNLIMITED, &progress).unwrap();
    Some(Real { model, cases })
}

const FACTS: &str = r#"{"exw":100,"fob":100,"bom":[{"hs":"8507.60","origin":"CN","value":20}]}"#;

impl Real {
    fn expected(&self, case: &str) -> Value {
        serde_json::from_slice(&fs::read(self.cases.join(case).join("expected.json")).unwrap()).unwrap()
    }

    fn assess(&self, code: &str, from: &str, to: &str, facts: &str) -> assess_engine::Result<Value> {
        let words = [code, from, to, facts].map(str::as_bytes);
        let query = Query { today: Day::parse(b"2026-08-01").unwrap(), ..Query::default() };
        let mut out = Vec::new();
        self.model.assess(&Identity { name: b"h", version: 1 }, &words, &query, &mut out)?;
        Ok(serde_json::from_slice(&out).unwrap())
    }

    fn hs(&self, code: &str) -> assess_engine::Result<Vec<Vec<u8>>> {
        self.model.hs(code.as_bytes(), Relation::Alone)
    }

    fn rules(&self, code: &str) -> assess_engine::Result<Vec<Vec<u8>>> {
        self.model.rules(&RuleFilter { hs: Some(code.as_bytes()), ..RuleFilter::default() })
    }

    fn find(&self, words: &str, limit: usize) -> Vec<String> {
        let filter = FindFilter { kind: FindKind::Hs, section: None, chapter: None, level: None, limit };
        let hits = OriginModel::find(&self.model, words.as_bytes(), &filter).unwrap();
        let code = |hit: &Vec<u8>| serde_json::from_slice::<Value>(hit).unwrap()["code"].as_str().unwrap().to_owned();
        hits.iter().map(code).collect()
    }
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// h01 and b-18.
#[test]
fn every_spelling_of_a_code_is_the_same_code_everywhere() {
    let Some(real) = real("spellings of codes") else { return };
    let (short, long) = (real.expected("h01-code-spellings"), real.expected("b-18-hs-spelling"));
    let usual = real.assess("847130", "GB", "DE", FACTS).unwrap();
    let others = ["HS 8471.30", "hs8471-30", "8471\u{a0}30", " 8471.30 ", "847130000000"];
    for code in [texts(&short["847130"]), texts(&long["same_as_847130"]), others.to_vec()].concat() {
        assert_eq!(real.hs(code), real.hs("847130"), "{code}");
        assert_eq!(real.rules(code), real.rules("847130"), "{code}");
        assert_eq!(real.assess(code, "GB", "DE", FACTS).unwrap(), usual, "{code}");
        let facts = FACTS.replace("8507.60", code);
        let plain = FACTS.replace("8507.60", "847130");
        assert_eq!(real.assess("851770", "GB", "DE", &facts), real.assess("851770", "GB", "DE", &plain), "{code}");
        assert_eq!(real.find(code, 1), ["847130"], "{code}");
    }
    for code in texts(&long["refused"]) {
        assert!(matches!(real.hs(code), Err(Error::BadSubject(_))), "{code}");
        assert!(real.assess(code, "GB", "DE", FACTS).is_err(), "{code}");
        assert!(real.rules(code).is_err(), "{code}");
    }
    for code in texts(&long["not_in_HS_2022"]) {
        assert!(matches!(real.hs(code), Err(Error::NoSubject(_))), "{code}");
        let reasons = real.assess(code, "GB", "DE", FACTS).unwrap()["reasons"].to_string();
        assert!(reasons.contains("unknown_code"), "{code}: {reasons}");
    }
}

/// h02: every code of the chapters 01 to 09, as a spreadsheet writes it.
#[test]
fn a_code_that_lost_its_zero_is_named_in_full() {
    let Some(real) = real("lost zeros") else { return };
    for code in ["010121", "01012100", "0101", "01", "0902", "090240", "0406901000"] {
        let lost = &code[1..];
        for error in [
            real.hs(lost).unwrap_err(),
            real.rules(lost).unwrap_err(),
            real.assess(lost, "GB", "DE", FACTS).unwrap_err(),
            real.assess("847130", "GB", "DE", &FACTS.replace("8507.60", lost)).unwrap_err(),
        ] {
            assert!(error.to_string().ends_with(&format!(" seems to have lost a leading zero: {code}?")), "{error}");
        }
    }
    let found = real.find("1012", 10);
    assert!(!found.is_empty() && found.iter().all(|code| code.starts_with("01012")), "{found:?}");
    assert_eq!(real.find("10121", 10), ["010121"]);
}

/// b-20 and h05.
#[test]
fn all_codes_of_a_country_are_one_country_and_others_give_no_certain_verdict() {
    let Some(real) = real("codes of countries") else { return };
    let of = |from: &str, to: &str| real.assess("851713", from, to, FACTS);
    let usual = of("GB", "FR").unwrap();
    for (from, to) in [("UK", "FR"), ("uk", "fr"), ("GBR", "FRA"), ("GB", "FRA")] {
        assert_eq!(of(from, to).unwrap(), usual, "{from} {to}");
    }
    for to in ["EL", "GRC"] {
        assert_eq!(of("GB", to).unwrap(), of("GB", "GR").unwrap());
    }
    let expected = real.expected("b-20-origin-country-codes");
    for pair in expected["refused"].as_array().unwrap() {
        let [from, to] = texts(pair)[..] else { panic!("a pair") };
        // The case refuses three letters too; they are read as the same country.
        assert!(matches!(of(from, to), Err(Error::BadSubject(_))) || of(from, to).unwrap() == usual, "{from} {to}");
    }
    for pair in texts(&real.expected("h05-party-aliases")["pairs"]) {
        let (from, to) = pair.split_once(' ').unwrap();
        let answer = of(from, to).unwrap();
        let is_certain = answer["verdict"] == "not_qualified" && answer["confidence"].as_f64().unwrap() > 0.5;
        assert!(!is_certain, "{pair}: {answer}");
    }
    // Countries that exist and that the agreement does not know, and codes that no country has.
    for country in ["US", "XI", "CHN", "NZ"] {
        let answer = of(country, "FR").unwrap();
        assert_eq!((&answer["reasons"][0], &answer["confidence"]), (&"unknown_party".into(), &0.5.into()), "{country}");
    }
    for code in ["ZZ", "XX", "ABC", "QQQ", "GERMANY"] {
        assert!(matches!(of(code, "FR"), Err(Error::BadSubject(_))), "{code}");
        let facts = FACTS.replace("CN", code);
        assert!(matches!(real.assess("851713", "GB", "FR", &facts), Err(Error::BadSubject(_))), "bom {code}");
    }
}

/// h06.
#[test]
fn a_code_that_came_or_went_is_a_reason_and_lowers_the_confidence() {
    let Some(real) = real("editions") else { return };
    let expected = real.expected("h06-edition");
    let reported = expected["today"].as_object().unwrap().keys().map(String::as_str);
    let unchanged = ["870390", "621210", "854390", "621111"];
    let with = |code: &str, facts: &str| {
        let answer = real.assess(code, "GB", "DE", facts).unwrap();
        let is_doubted = texts(&answer["reasons"]).contains(&"hs_edition");
        (is_doubted, answer["confidence"].as_f64().unwrap())
    };
    for code in reported.chain(["841470", "030910", "850740", "620111", "620120"]) {
        let (is_doubted, confidence) = with(code, FACTS);
        assert!(is_doubted && confidence < 0.8, "{code}");
        // Also where no rule is needed.
        assert_eq!(with(code, r#"{"wholly_obtained":true}"#), (true, 0.792), "{code}");
    }
    for code in unchanged {
        assert_eq!(with(code, r#"{"wholly_obtained":true}"#), (false, 0.99), "{code}");
    }
}

/// h03 and b-19; `everyday_goods.rs` has their places.
#[test]
fn everyday_words_find_their_goods_among_the_first_ten() {
    let Some(real) = real("everyday words") else { return };
    let expected = real.expected("h03-find-everyday");
    let mut missing = Vec::new();
    for (words, code) in expected["goods"].as_object().unwrap() {
        let (code, found) = (code.as_str().unwrap(), real.find(words, 10));
        if !found.iter().any(|found| found.starts_with(code) || code.starts_with(found)) {
            missing.push(format!("{words} ({code}): {found:?}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
