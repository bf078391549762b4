//! The worked cases: each a document of one rule, a subject with its facts, the verdict and the figures it rests on.

use std::fs;

use serde_json::Value;

use super::{assess, model, text};
use crate::reference;

/// The assessment of each case, and the case.
fn cases(test: &str) -> Vec<(Value, Value)> {
    let Some(folder) = reference::find(test, "roo") else { return Vec::new() };
    let cases: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("worked_cases.json")).unwrap()).unwrap();
    assert_eq!(cases.len(), 23);
    let assessed = |case: Value| {
        let model = model(&[case["document"].to_string().as_bytes()]);
        let subject = &case["subject"];
        let facts = subject["facts"].to_string();
        let words = [text(subject, "hs"), text(subject, "origin"), text(subject, "destination"), &facts];
        (assess(&model, &words).unwrap(), case)
    };
    cases.into_iter().map(assessed).collect()
}

#[test]
fn every_case_has_its_verdict() {
    let wrong: Vec<_> = cases("every_case_has_its_verdict")
        .into_iter()
        .filter(|(document, case)| document["verdict"] != case["verdict"])
        .map(|(document, case)| format!("{}: {} is not {document}", case["id"], case["verdict"]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text between two others.
fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}

#[test]
fn every_figure_of_the_reasoning_is_in_the_trace() {
    let mut figures = 0;
    for (document, case) in cases("every_figure_of_the_reasoning_is_in_the_trace") {
        let leaves = document["trace"].as_array().unwrap();
        let has = |test: &dyn Fn(&Value) -> bool| leaves.iter().any(test);
        for why in case["why"].as_array().unwrap() {
            let why = why.as_str().unwrap();
            let share = |op: &str, shown: &str| {
                let expected: f64 = shown.parse().unwrap();
                has(&|leaf| {
                    leaf["op"] == op && leaf["share"].as_f64().is_some_and(|share| (share - expected).abs() < 0.0051)
                })
            };
            let is_there = if let Some(shown) = between(why, "=", "%").filter(|_| why.starts_with("VNM")) {
                share("maxnom", shown)
            } else if why.starts_with("RVC") {
                share("rvc", why.split_ascii_whitespace().nth(2).unwrap().trim_end_matches('%'))
            } else if why.starts_with("weight of") {
                share("maxwt", between(why, "] ", "%").unwrap())
            } else if why.starts_with("originating weight share") {
                share("minwt", between(why, "share ", "%").unwrap())
            } else if why.starts_with("tolerance") {
                share("tolerance", why.split_ascii_whitespace().nth(1).unwrap().trim_end_matches('%'))
            } else if let Some((_, codes)) = why.split_once("failing [").filter(|_| !why.contains("failing []")) {
                let codes: Vec<_> =
                    codes.trim_end_matches(']').split(", ").map(|code| code.trim_matches('\'')).collect();
                has(&|leaf| {
                    leaf["failing"]
                        .as_array()
                        .is_some_and(|failing| failing.iter().map(|f| f.as_str().unwrap()).eq(codes.iter().copied()))
                })
            } else {
                continue;
            };
            assert!(is_there, "{}: {why}: {document}", case["id"]);
            figures += 1;
        }
    }
    assert!(figures == 0 || figures == 30, "{figures}");
}
