//! Properties of any rule and any product.

use std::sync::LazyLock;

use assess_engine::model::{Model, Query};
use assess_engine::origin::OriginModel;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{agreement, assess, model, query, text};

/// Rules with conditions of every kind.
static MODELS: LazyLock<Vec<OriginModel>> = LazyLock::new(|| {
    [
        r#"{"ctc":"CTH","except":["8473","72-73"],"allow":["847350"]}"#,
        r#"{"any":[{"ctc":"CC"},{"maxnom":40}]}"#,
        r#"{"all":[{"ctc":"CTSH"},{"maxwt":20,"of":["84","01"]}]}"#,
        r#"{"any":[{"rvc":40,"method":"build_down"},{"rvc":35,"method":"build_up","base":"exw|fob"}]}"#,
        r#"{"all":[{"wo":["01","84"]},{"any":[{"process":["a"]},{"rvc":60,"method":"net_cost"}]}]}"#,
        r#"{"any":[{"minwt":60,"of":["84","72"]},{"all":[{"wo":true},{"rvc":50,"method":"tv"}]}]}"#,
        r#"{"all":[{"any":[{"ctc":"CTH"},{"from":["72","01"],"scope":["84","85"]}]},{"any":[{"ctc":"CC"},{"ctc":"CTSH","outside":["same:4"]}]}]}"#,
        r#"{"any":[{"rvc":45,"method":"focused","of":["8473"]},{"originating":["01"]},null]}"#,
        r#"{"all":[{"originating":["84"]},{"process":["a","b"]}]}"#,
    ]
    .iter()
    .map(|expr| model(&[&agreement(expr)]))
    .collect()
});

/// The rule with the base `exw|fob`.
const EITHER_BASE: usize = 3;

fn number() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![1 => Just(None), 4 => (0u32..100).prop_map(Some)]
}

/// A material from CN or from one of the two parties.
fn line() -> impl Strategy<Value = Value> {
    let code = prop_oneof![
        Just("847130"),
        Just("847350"),
        Just("8473"),
        Just("847190"),
        Just("84"),
        Just("720851"),
        Just("010121"),
        Just("853400")
    ];
    let origin = prop_oneof![2 => Just("CN"), 1 => Just("AA"), 1 => Just("BB")];
    (code, origin, number(), number(), any::<bool>(), any::<bool>()).prop_map(
        |(hs, origin, value, weight, originating, proof)| {
            let mut line = json!({"hs": hs, "origin": origin, "originating": originating, "proof": proof});
            set(&mut line, "value", value);
            set(&mut line, "weight", weight);
            line
        },
    )
}

fn set(object: &mut Value, name: &str, value: Option<u32>) {
    if let Some(value) = value {
        object[name] = value.into();
    }
}

fn facts() -> impl Strategy<Value = Value> {
    let bases = [number(), number(), number(), number(), number()];
    let bom = prop::option::weighted(0.9, prop::collection::vec(line(), 1..6));
    let processes = prop_oneof![Just(None), Just(Some(json!([]))), Just(Some(json!(["a"])))];
    (bom, bases, processes).prop_map(|(bom, bases, processes)| {
        let mut facts = json!({});
        if let Some(bom) = bom {
            facts["bom"] = bom.into();
        }
        for (name, value) in ["exw", "fob", "tv", "net_cost", "weight"].iter().zip(bases) {
            set(&mut facts, name, value.map(|value| value * 3));
        }
        if let Some(processes) = processes {
            facts["processes"] = processes;
        }
        facts
    })
}

fn document(rule: usize, facts: &Value) -> Value {
    let facts = facts.to_string();
    assess(&MODELS[rule], &["847130", "AA", "BB", &facts]).unwrap()
}

fn verdict(rule: usize, facts: &Value) -> String {
    text(&document(rule, facts), "verdict").to_owned()
}

/// The facts, each time with one more value filled in.
fn gaps(rule: usize, facts: &Value) -> Vec<Value> {
    let mut filled = Vec::new();
    // A value of zero is treated as unknown.
    let is_open = |name: &str| facts[name].is_null() || facts[name] == 0;
    for name in ["exw", "fob", "tv", "net_cost", "weight"] {
        // `exw|fob` uses the first known value: fob replaces exw until exw is known.
        let is_replaced = rule == EITHER_BASE && name == "exw" && !is_open("fob");
        if is_open(name) && !is_replaced {
            for value in [1, 60, 1_000_000] {
                let mut more = facts.clone();
                more[name] = value.into();
                filled.push(more);
            }
        }
    }
    for (place, line) in facts["bom"].as_array().into_iter().flatten().enumerate() {
        for name in ["value", "weight"] {
            if line[name].is_null() {
                for value in [0, 7, 1_000_000] {
                    let mut more = facts.clone();
                    more["bom"][place][name] = value.into();
                    filled.push(more);
                }
            }
        }
        for code in [["8473", "847330"], ["84", "847130"], ["84", "842911"]] {
            if line["hs"] == code[0] {
                let mut more = facts.clone();
                more["bom"][place]["hs"] = code[1].into();
                filled.push(more);
            }
        }
    }
    if facts["processes"].is_null() {
        for processes in [json!([]), json!(["a"])] {
            let mut more = facts.clone();
            more["processes"] = processes;
            filled.push(more);
        }
    }
    if facts["bom"].is_null() {
        for origin in ["AA", "CN"] {
            let mut more = facts.clone();
            more["bom"] = json!([{"hs": "847130", "origin": origin, "originating": true, "value": 9, "weight": 9}]);
            filled.push(more);
        }
    }
    filled
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// A certain verdict stays the same when more facts become known.
    #[test]
    fn filling_in_missing_facts_never_changes_a_verdict(rule in 0..9usize, facts in facts()) {
        let before = verdict(rule, &facts);
        if before != "insufficient_information" {
            for more in gaps(rule, &facts) {
                prop_assert_eq!(&before, &verdict(rule, &more), "{} {}", rule, more);
            }
        }
    }

    /// One more originating material makes nothing worse: it has a value, and the product is worth no less.
    #[test]
    fn another_originating_material_never_makes_a_verdict_worse(rule in 0..9usize, facts in facts(), value in 0..50u32) {
        let rank = |verdict: &str| ["not_qualified", "insufficient_information", "qualified"].iter().position(|v| *v == verdict);
        if let Some(lines) = facts["bom"].as_array() {
            let mut more = facts.clone();
            let mut lines = lines.clone();
            lines.push(json!({"hs": "847130", "origin": "AA", "originating": true, "value": value, "weight": value}));
            more["bom"] = lines.into();
            prop_assert!(rank(&verdict(rule, &more)) >= rank(&verdict(rule, &facts)), "{rule} {facts}");
        }
    }

    /// The order of a bill of materials affects neither the verdict nor the name.
    #[test]
    fn the_order_of_materials_changes_nothing(rule in 0..9usize, facts in facts(), turn in 0..5usize) {
        if let Some(lines) = facts["bom"].as_array() {
            let mut lines = lines.clone();
            let turn = turn % lines.len();
            lines.rotate_left(turn);
            let mut turned = facts.clone();
            turned["bom"] = lines.into();
            prop_assert_eq!(document(rule, &turned), document(rule, &facts));
            let name = |facts: &Value| {
                let (facts, mut name) = (facts.to_string(), Vec::new());
                let words = [&b"847130"[..], b"AA", b"BB", facts.as_bytes()];
                MODELS[rule].canonical(&words, &query(), &mut name).unwrap();
                name
            };
            prop_assert_eq!(name(&turned), name(&facts));
        }
    }

    /// Facts that a document names as missing are absent, and some are named whenever missing facts are the reason.
    #[test]
    fn facts_that_are_named_as_missing_are_missing(rule in 0..9usize, facts in facts()) {
        let document = document(rule, &facts);
        let missing = super::texts(&document, "missing");
        let reasons = super::texts(&document, "reasons");
        prop_assert!(missing.is_sorted());
        prop_assert_eq!(missing.is_empty(), document["verdict"] != "insufficient_information" || !reasons.contains(&"missing_facts".to_owned()));
        for name in missing {
            let is_there = match name.split_once('.') {
                None => facts[&name].as_f64() > Some(0.0) || facts[&name].as_array().is_some_and(|list| !list.is_empty()),
                Some(("bom", "hs")) => facts["bom"].as_array().unwrap().iter().all(|line| text(line, "hs").len() == 6),
                Some((_, field)) => facts["bom"].as_array().unwrap().iter().all(|line| !line[field].is_null()),
            };
            prop_assert!(!is_there, "{name}: {facts}");
        }
    }

    /// Any bytes may come as facts.
    #[test]
    fn any_bytes_as_facts_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let facts = [&b"{"[..], &bytes].concat();
        let words = [&b"847130"[..], b"AA", b"BB", &facts];
        let _ = MODELS[0].canonical(&words, &Query::default(), &mut Vec::new());
    }
}
