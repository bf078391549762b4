//! The real rule sets over every code of six digits, with four bills of materials: the counts of verdicts are pinned. A
//! change of these numbers is a change of verdicts, and needs a reason.

use std::collections::BTreeMap;
use std::fs;

use assess_engine::origin::OriginModel;
use serde_json::Value;

use super::{assess, model, text, texts};
use crate::reference;

const AGREEMENTS: [(&str, &str, &str); 3] = [("eu", "GB", "EU"), ("cptpp", "GB", "JP"), ("india", "GB", "IN")];

/// Every code of six digits.
fn codes(table: &[u8]) -> Vec<String> {
    let table = String::from_utf8(table.to_vec()).unwrap();
    let code = |line: &str| {
        let code = line.split(',').nth(1)?;
        (code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())).then(|| code.to_owned())
    };
    table.lines().skip(1).filter_map(code).collect()
}

/// Bills of materials by name.
fn bills(code: &str) -> [(&'static str, String); 4] {
    let product = r#""exw":100,"fob":110,"tv":110,"net_cost":90,"weight":10"#;
    [
        // Foreign plastics and own steel; processes are not stated.
        (
            "typical",
            format!(
                r#"{{"bom":[{{"hs":"392690","origin":"CN","value":30,"weight":3}},{{"hs":"732690","origin":"GB","originating":true,"value":40,"weight":5}}],{product}}}"#
            ),
        ),
        // A foreign material with the code of the product, and no process.
        (
            "same",
            format!(r#"{{"bom":[{{"hs":"{code}","origin":"CN","value":60,"weight":9}}],"processes":[],{product}}}"#),
        ),
        (
            "own",
            format!(
                r#"{{"bom":[{{"hs":"{code}","origin":"GB","originating":true,"value":60,"weight":9}}],{product}}}"#
            ),
        ),
        // Like typical, without any value or weight.
        (
            "no values",
            r#"{"bom":[{"hs":"392690","origin":"CN"},{"hs":"732690","origin":"GB","originating":true}]}"#.to_owned(),
        ),
    ]
}

type Counts = BTreeMap<String, usize>;

/// The number of each verdict, and of each reason and missing fact where information is insufficient.
fn count(model: &OriginModel, codes: &[String], origin: &str, destination: &str, bill: usize) -> Counts {
    let mut counts = Counts::new();
    let mut add = |name: String| *counts.entry(name).or_default() += 1;
    for code in codes {
        let facts = &bills(code)[bill].1;
        let document = assess(model, &[code, origin, destination, facts]).unwrap();
        let verdict = text(&document, "verdict");
        add(verdict.to_owned());
        if verdict == "insufficient_information" {
            texts(&document, "reasons").into_iter().for_each(|reason| add(format!("- {reason}")));
            texts(&document, "missing").into_iter().for_each(|fact| add(format!("- missing {fact}")));
        } else if texts(&document, "reasons").contains(&"tolerance".to_owned()) {
            add("- tolerance".to_owned());
        }
    }
    counts
}

fn shown(counts: &Counts) -> String {
    counts.iter().map(|(name, n)| format!("{name} {n}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn verdicts_over_every_code_are_pinned() {
    let test = "verdicts_over_every_code_are_pinned";
    let (Some(roo), Some(hs)) = (reference::find(test, "roo"), reference::find(test, "hs")) else { return };
    let table = fs::read(hs.join("harmonized-system.csv")).unwrap();
    let codes = codes(&table);
    assert_eq!(codes.len(), 5_613);
    let mut found = Vec::new();
    for (agreement, origin, destination) in AGREEMENTS {
        let rules = fs::read(roo.join(agreement).with_extension("json")).unwrap();
        let model = model(&[&table, &rules]);
        for (bill, (name, _)) in bills("000000").iter().enumerate() {
            let counts = count(&model, &codes, origin, destination, bill);
            found.push(format!("{agreement}, {name}: {}", shown(&counts)));
        }
    }
    let pinned: Vec<_> = include_str!("counts.txt").lines().collect();
    assert_eq!(found, pinned, "\n{}\n", found.join("\n"));
}

#[test]
fn every_rule_set_loads() {
    let test = "every_rule_set_loads";
    let Some(roo) = reference::find(test, "roo") else { return };
    for (agreement, rules, unparsed) in [("eu", 352, 86), ("cptpp", 1_239, 117), ("india", 313, 152)] {
        let document: Value =
            serde_json::from_slice(&fs::read(roo.join(agreement).with_extension("json")).unwrap()).unwrap();
        let model = model(&[document.to_string().as_bytes()]);
        let info = assess_engine::model::Model::info(&model);
        let list = info.iter().find(|(name, _)| *name == "agreements").unwrap();
        let expected = format!("{agreement}: {rules} rules, {unparsed} unparsed");
        assert_eq!(list.1, assess_engine::model::Field::List(vec![expected]));
    }
}
