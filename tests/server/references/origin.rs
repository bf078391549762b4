//! Rules of origin: 23 cases worked out by hand, each loaded as a document and queried through Redis; real agreements.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Client, Server, document, reference};

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

fn file(folder: &Path, name: &str) -> Value {
    parsed(&fs::read(folder.join(name)).expect("a file of the reference data"))
}

/// The verdict on a subject in the form of the cases.
fn assess(client: &mut Client, model: &str, subject: &Value) -> Value {
    let text = |name: &str| subject[name].as_str().expect("a code or country").to_owned();
    let facts = subject["facts"].to_string();
    let words = ["ASSESS.GET".to_owned(), model.to_owned(), text("hs"), text("origin"), text("destination"), facts];
    document::parsed(client.call(&words).good().bytes())
}

#[test]
fn every_worked_case_has_its_verdict() {
    let Some(folder) = reference::folder("every_worked_case_has_its_verdict", "roo") else { return };
    let server = Server::start();
    let mut client = server.client();
    let cases = file(&folder, "worked_cases.json");
    let cases = cases.as_array().expect("cases");
    assert_eq!(cases.len(), 23);
    for case in cases {
        let (id, document) = (case["id"].as_str().expect("an id"), case["document"].to_string());
        client.ask("DEL roo").integer();
        client.call(&["MODEL.SET", "roo", "ORIGIN", &document]).good();
        let found = assess(&mut client, "roo", &case["subject"]);
        assert_eq!(found["verdict"], case["verdict"], "{id}: {found:#}");
        // The second query is a hit, with the same document.
        assert_eq!(assess(&mut client, "roo", &case["subject"]), found, "{id}");
        // Every share in the reasoning is a figure of the trace.
        for share in shares(&case["why"]) {
            let leaves = found["trace"].as_array().expect("a trace");
            let near = |leaf: &Value| leaf["share"].as_f64().is_some_and(|found| (found - share).abs() < 0.005_001);
            assert!(leaves.iter().any(near), "{id}: no leaf with {share} %: {found:#}");
        }
    }
}

/// Percentages that are compared with a limit: `VNM 450/exw 1000=45.00% <= 50%` has 45.
fn shares(why: &Value) -> Vec<f64> {
    let lines = why.as_array().expect("reasons").iter().filter_map(Value::as_str);
    let share = |line: &str| {
        let (before, _) = line.split_once('%')?;
        let start = before.rfind(|c: char| !c.is_ascii_digit() && c != '.').map_or(0, |at| at + 1);
        before[start..].parse().ok()
    };
    lines.filter_map(share).collect()
}

#[test]
fn real_agreements_share_one_model() {
    let Some(roo) = reference::folder("real_agreements_share_one_model", "roo") else { return };
    let data = roo.parent().expect("the reference data");
    let server = Server::with(&[&format!("assess.data-dir {}", data.display())]);
    let mut client = server.client();
    for file in ["hs/harmonized-system.csv", "hs/sections.csv", "roo/eu.json", "roo/cptpp.json", "roo/india.json"] {
        client.call(&["MODEL.LOAD", "roo", "ORIGIN", "FILE", file]).good();
    }
    client.await_ready("roo");
    assert_eq!(client.ask("MODEL.LABELS roo AGREEMENTS").texts(), ["cptpp", "eu", "india"]);
    assert_eq!(client.model_number("roo", "codes"), 6939);
    assert_eq!(client.model_number("roo", "rules"), 352 + 1239 + 313);
    let facts = r#"{"date":"2026-08-01","bom":[{"hs":"847330","origin":"CN","value":300}],"exw":1000,"fob":1100}"#;
    for (destination, agreement, verdict) in
        [("DE", "eu", "qualified"), ("JP", "cptpp", "qualified"), ("US", "", "not_qualified")]
    {
        let found = client.call(&["ASSESS.GET", "roo", "8471.30", "GB", destination, facts]).good();
        let found = parsed(found.bytes());
        assert_eq!(found["verdict"], verdict, "{destination}: {found:#}");
        assert_eq!(found["agreement"].as_str().unwrap_or(""), agreement);
    }
    // A rule that could not be parsed, with texts as all its alternatives, gives no verdict.
    let rules = client.ask("MODEL.RULES roo AGREEMENT india LIMIT 1000").good();
    let unparsed: Vec<Value> = rules
        .array()
        .iter()
        .map(|rule| parsed(rule.bytes()))
        .filter(|rule| rule["alternatives"].as_array().expect("alternatives").iter().all(|way| way["parsed"] == false))
        .collect();
    assert!(!unparsed.is_empty());
    for rule in unparsed {
        let hs = rule["from"].as_str().expect("a code");
        let facts = r#"{"date":"2026-08-01","bom":[{"hs":"010121","origin":"CN","value":9}],"exw":10,"fob":11}"#;
        let found = parsed(client.call(&["ASSESS.GET", "roo", hs, "GB", "IN", facts, "NOCACHE"]).good().bytes());
        assert_eq!(found["verdict"], "insufficient_information", "{hs}: {found:#}");
    }
}

#[test]
fn codes_and_descriptions_are_found() {
    let Some(folder) = reference::folder("codes_and_descriptions_are_found", "hs") else { return };
    let server = Server::with(&[&format!("assess.data-dir {}", folder.display())]);
    let mut client = server.client();
    client.ask("MODEL.LOAD hs ORIGIN FILE harmonized-system.csv").good();
    client.ask("MODEL.LOAD hs ORIGIN FILE sections.csv FORMAT sections").good();
    let found = |client: &mut Client, words: &[&str]| -> Vec<Value> {
        client.call(words).good().array().iter().map(|hit| parsed(hit.bytes())).collect()
    };
    let codes = |hits: &[Value]| -> Vec<String> {
        hits.iter().map(|hit| hit["code"].as_str().expect("a code").to_owned()).collect()
    };
    // This query waits for the index.
    let hits = found(&mut client, &["MODEL.FIND", "hs", "laptop"]);
    assert_eq!(codes(&hits)[0], "847130");
    for (text, code) in [
        ("horses", "0101"),
        ("automatic data processing machines", "8471"),
        ("refridgerators", "8418"),
        ("8471.30", "847130"),
        ("COFFEE roasted", "090121"),
    ] {
        let hits = codes(&found(&mut client, &["MODEL.FIND", "hs", text]));
        assert!(hits.iter().any(|hit| hit.starts_with(code)), "{text}: {hits:?}");
    }
    let chapter =
        codes(&found(&mut client, &["MODEL.FIND", "hs", "machines", "CHAPTER", "84", "LEVEL", "4", "LIMIT", "50"]));
    assert!(chapter.len() > 5 && chapter.iter().all(|code| code.starts_with("84") && code.len() == 4), "{chapter:?}");
    let code = &found(&mut client, &["MODEL.HS", "hs", "84.71.30.00"])[0];
    assert_eq!((&code["level"], &code["section"], &code["parent"]), (&6.into(), &"XVI".into(), &"8471".into()));
    let parents = codes(&found(&mut client, &["MODEL.HS", "hs", "847130", "PARENTS"]));
    assert_eq!(parents, ["8471", "84"]);
    assert_eq!(found(&mut client, &["MODEL.HS", "hs", "0101", "CHILDREN"]).len(), 4);
}
