//! What the tolerance allows, and what it does not.

use super::{agreement, assess, model, text, texts};

/// Verdict and confidence of a product 847130 with these materials.
fn verdict(expr: &str, lines: &[&str], more: &str) -> (String, f64) {
    let lines: Vec<_> = lines.iter().map(|line| format!(r#"{{"origin":"CN",{line}}}"#)).collect();
    let facts = format!(r#"{{"bom":[{}]{more}}}"#, lines.join(","));
    let document = assess(&model(&[&agreement(expr)]), &["847130", "AA", "BB", &facts]).unwrap();
    let is_tolerated = texts(&document, "reasons").contains(&"tolerance".to_owned());
    let leaf = document["trace"].as_array().unwrap().iter().find(|leaf| leaf["op"] == "tolerance");
    assert_eq!(is_tolerated, leaf.is_some_and(|leaf| leaf["ok"] == true), "{document}");
    (text(&document, "verdict").to_owned(), document["confidence"].as_f64().unwrap())
}

#[test]
fn shares_up_to_the_limit_pass() {
    const CTH: &str = r#"{"ctc":"CTH"}"#;
    const SAME: &str = r#""hs":"847130","value":10"#;
    let cases: &[(&str, &[&str], &str, &str)] = &[
        (CTH, &[SAME], r#","exw":100"#, "qualified"),
        (CTH, &[r#""hs":"847130","value":10.000001"#], r#","exw":100"#, "not_qualified"),
        (CTH, &[SAME, r#""hs":"8504""#], r#","exw":100"#, "qualified"),
        // Unknown until the value of the second material, or of the product, is known, unless the first is too much.
        (CTH, &[SAME, r#""hs":"847130""#], r#","exw":1000"#, "insufficient_information"),
        (CTH, &[SAME, r#""hs":"847130""#], r#","exw":99"#, "not_qualified"),
        (CTH, &[SAME], "", "insufficient_information"),
        (r#"{"wo":["84"]}"#, &[SAME], r#","exw":100"#, "qualified"),
        // The tolerance is for materials: it does not apply to a product that must be wholly obtained.
        (r#"{"wo":true}"#, &[SAME], r#","exw":100"#, "not_qualified"),
        (r#"{"wo":true}"#, &[r#""hs":"847130""#], "", "not_qualified"),
        (r#"{"all":[{"wo":true},{"ctc":"CTH"}]}"#, &[SAME], r#","exw":100"#, "not_qualified"),
        (r#"{"any":[{"wo":true},{"ctc":"CTH"}]}"#, &[SAME], r#","exw":100"#, "qualified"),
        // Limits of value and weight are never relaxed, alone or beside other conditions.
        (r#"{"maxnom":5}"#, &[SAME], r#","exw":100"#, "not_qualified"),
        (r#"{"all":[{"ctc":"CTH"},{"maxnom":5}]}"#, &[SAME], r#","exw":100"#, "not_qualified"),
        (r#"{"originating":["84"]}"#, &[SAME], r#","exw":100"#, "not_qualified"),
        // A material that fails two conditions counts once; materials that fail one of two conditions count together.
        (r#"{"all":[{"ctc":"CTH"},{"wo":["84"]}]}"#, &[SAME], r#","exw":100"#, "qualified"),
        (
            r#"{"all":[{"ctc":"CTH"},{"wo":["01"]}]}"#,
            &[SAME, r#""hs":"0101","value":1"#],
            r#","exw":100"#,
            "not_qualified",
        ),
        // Of several alternatives, the one with the smallest failing share is taken.
        (
            r#"{"all":[{"any":[{"ctc":"CTH","except":["85"]},{"ctc":"CTH"}]},{"any":[{"wo":["85"]},{"ah":true}]}]}"#,
            &[SAME, r#""hs":"850440","value":50"#],
            r#","exw":100"#,
            "qualified",
        ),
        (r#"{"any":[{"ctc":"CTH"},null]}"#, &[SAME], r#","exw":100"#, "qualified"),
        (r#"{"any":[{"ctc":"CTH"},null]}"#, &[SAME], r#","exw":10"#, "insufficient_information"),
    ];
    for (expr, lines, more, expected) in cases {
        assert_eq!(verdict(expr, lines, more).0, *expected, "{expr} {lines:?} {more}");
    }
}

#[test]
fn a_verdict_by_tolerance_near_its_limit_has_less_confidence() {
    let sure = |value: &str| verdict(r#"{"ctc":"CTH"}"#, &[value], r#","exw":100"#).1;
    // Parsed by machine; by tolerance; within one point of its limit.
    assert_eq!(sure(r#""hs":"850440","value":9"#), 0.792);
    assert_eq!(sure(r#""hs":"847130","value":8"#), 0.7128);
    assert_eq!(sure(r#""hs":"847130","value":9"#), 0.6415);
}

#[test]
fn chapters_may_be_excluded_or_measured_by_weight() {
    let document = String::from_utf8(agreement(r#"{"ctc":"CTH"}"#)).unwrap();
    let with = |words: &str| model(&[document.replacen(r#""pct":10"#, &format!(r#""pct":10,{words}"#), 1).as_bytes()]);
    let facts = r#"{"bom":[{"hs":"847130","origin":"CN","value":5,"weight":20}],"exw":100,"weight":100}"#;
    let verdict =
        |words: &str| text(&assess(&with(words), &["847130", "AA", "BB", facts]).unwrap(), "verdict").to_owned();
    assert_eq!(verdict(r#""not_chapters":["61"]"#), "qualified");
    assert_eq!(verdict(r#""not_chapters":["84"]"#), "not_qualified");
    assert_eq!(verdict(r#""weight_chapters":["84"],"weight_pct":15"#), "not_qualified");
    assert_eq!(verdict(r#""weight_chapters":["84"],"weight_pct":20"#), "qualified");
    assert_eq!(verdict(r#""weight_chapters":["04"],"weight_pct":15"#), "qualified");
}

/// A more precise code is requested only where the verdict depends on it.
#[test]
fn a_code_is_not_requested_for_a_material_that_is_tolerated_in_any_case() {
    let found = |expr: &str, lines: &[&str], more: &str| {
        let lines: Vec<_> = lines.iter().map(|line| format!(r#"{{"origin":"CN",{line}}}"#)).collect();
        let facts = format!(r#"{{"bom":[{}]{more}}}"#, lines.join(","));
        assess(&model(&[&agreement(expr)]), &["847130", "AA", "BB", &facts]).unwrap()
    };
    const CTH: &str = r#"{"ctc":"CTH"}"#;
    const WO: &str = r#"{"wo":["8473"]}"#;
    const FAILS: &str = r#""hs":"847130","value":6"#;
    const EXW: &str = r#","exw":100"#;
    let (open, at_limit, over, unknown) =
        (r#""hs":"84","value":3"#, r#""hs":"84","value":4"#, r#""hs":"84","value":4.1"#, r#""hs":"84""#);
    type Case<'a> = (&'a str, &'a [&'a str], &'a str, &'a str, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (CTH, &[FAILS, open], EXW, "qualified", &[]),
        (CTH, &[FAILS, at_limit], EXW, "qualified", &[]),
        (CTH, &[FAILS, over], EXW, "insufficient_information", &["bom.hs"]),
        (CTH, &[FAILS, unknown], EXW, "insufficient_information", &["bom.hs"]),
        (CTH, &[FAILS, open], "", "insufficient_information", &["bom.hs", "exw"]),
        (CTH, &[r#""hs":"847130","value":11"#, open], EXW, "not_qualified", &[]),
        // No material is known to fail, and the one that may fail is small.
        (CTH, &[open], EXW, "qualified", &[]),
        (CTH, &[r#""hs":"84","value":11"#], EXW, "insufficient_information", &["bom.hs"]),
        (CTH, &[open], "", "insufficient_information", &["bom.hs"]),
        (CTH, &[unknown], EXW, "insufficient_information", &["bom.hs"]),
        (WO, &[open], EXW, "qualified", &[]),
        // The tolerance applies only to a change of classification and to wholly obtained materials.
        (r#"{"originating":["8473"]}"#, &[open], EXW, "insufficient_information", &["bom.hs"]),
        (r#"{"all":[{"ctc":"CTH"},{"maxnom":2}]}"#, &[open], EXW, "not_qualified", &[]),
        (
            r#"{"all":[{"ctc":"CTH"},{"process":["a"]}]}"#,
            &[FAILS, open],
            EXW,
            "insufficient_information",
            &["processes"],
        ),
        // Each of the two conditions leaves a material open: both count.
        (r#"{"all":[{"ctc":"CTH"},{"wo":["8529"]}]}"#, &[at_limit, r#""hs":"85","value":6"#], EXW, "qualified", &[]),
        (
            r#"{"all":[{"ctc":"CTH"},{"wo":["8529"]}]}"#,
            &[at_limit, r#""hs":"85","value":6.1"#],
            EXW,
            "insufficient_information",
            &["bom.hs"],
        ),
    ];
    for (expr, lines, more, verdict, missing) in cases {
        let document = found(expr, lines, more);
        assert_eq!(
            (text(&document, "verdict"), &texts(&document, "missing")[..]),
            (*verdict, &missing.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..]),
            "{expr} {lines:?} {more}"
        );
    }
    let document = found(CTH, &[FAILS, open], EXW);
    let leaf = document["trace"].as_array().unwrap().iter().find(|leaf| leaf["op"] == "tolerance").unwrap();
    assert_eq!(texts(leaf, "failing"), ["84", "847130"]);
    assert_eq!((leaf["share"].as_f64(), &leaf["ok"]), (Some(9.0), &true.into()));
}
