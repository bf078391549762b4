//! Analyses that are refused, and those next to them that are not.

use assess_engine::io::{IoModel, LeontiefMode, Precision, Table};
use assess_engine::model::{Identity, Query};
use assess_engine::{Error, Progress};

use crate::fixtures::{close, derived, indicator, items, matrix, number, table};
use crate::what_if;

const MODES: [LeontiefMode; 2] = [LeontiefMode::Full, LeontiefMode::Lazy];

/// Two regions with one sector each.
fn two(a: [[f64; 2]; 2], mode: LeontiefMode) -> IoModel {
    let table = table(&[("A", "s"), ("B", "s")], |i, j| a[i][j]);
    derived(Table { leontief: Some(mode), ..table }, [indicator("risk", [1.0, 2.0])])
}

/// The spectral radius of this table is 0.5.
fn half(mode: LeontiefMode) -> IoModel {
    two([[0.2, 0.3], [0.4, 0.1]], mode)
}

fn total(model: &IoModel, changes: &str) -> Result<f64, Error> {
    what_if(model, ("A", "s"), changes, &Query::default()).map(|document| number(&document["changed"]["total"]))
}

fn diverges(result: Result<f64, Error>) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    assert!(error.to_string().contains("the changed table does not converge"), "{error}");
}

#[test]
fn changes_after_which_the_layers_do_not_converge_are_refused() {
    for mode in MODES {
        let model = half(mode);
        // The radius is 0.5 times the factor. The inverse is finite for a factor of 3, and its numbers mean nothing.
        for factor in ["2", "2.0000001", "3", "100", "1e300", "1.7e308"] {
            diverges(total(&model, &format!("SCALE * * * * {factor}")));
        }
        diverges(total(&model, "SCALE A s A s 4.9999"));
        diverges(total(&model, "SCALE A s A s 1e308 SCALE A s A s 1e308"));
        diverges(total(&model, "SCALE A s A s 1e308 SCALE A s A s 1e308 SCALE A s A s 0"));
        // (I - 1.9 A) m = r by hand.
        close(total(&model, "SCALE * * * * 1.9").unwrap(), (0.81 + 2.0 * 0.76) / (0.62 * 0.81 - 0.57 * 0.76), 1e-12);
        close(
            total(&model, "SCALE * * * * 1.99").unwrap(),
            {
                let (a, b, c, d) = (1.0 - 0.398, -0.597, -0.796, 1.0 - 0.199);
                (d - 2.0 * c) / (a * d - b * c)
            },
            1e-11,
        );
    }
}

#[test]
fn a_replacement_may_raise_the_radius() {
    for mode in MODES {
        // All input of B from A, 2 per unit of output, comes from B itself.
        let model = two([[0.0, 2.0], [0.1, 0.0]], mode);
        diverges(total(&model, "REPLACE A s B 1"));
        diverges(total(&model, "REPLACE A s B 0.5"));
        // [[0, 1.6], [0.1, 0.4]]: determinant of I - A is 0.6 - 0.16.
        close(total(&model, "REPLACE A s B 0.2").unwrap(), (0.6 + 2.0 * 0.1) / 0.44, 1e-12);
    }
}

#[test]
fn an_extraction_of_everything_leaves_the_direct_part() {
    for mode in MODES {
        let document =
            what_if(&half(mode), ("B", "s"), "EXTRACT * *", &Query { layers: 2, ..Query::default() }).unwrap();
        let changed = &document["changed"];
        assert_eq!(number(&changed["total"]), 2.0);
        assert_eq!(number(&changed["upstream"]), 0.0);
        assert_eq!(number(&changed["mean"]), 2.0);
        assert_eq!(number(&changed["foreign_share"]), 0.0);
        assert_eq!(changed["layers"], serde_json::json!([2.0, 0.0, 0.0]));
        close(number(&document["base"]["total"]), 19.0 / 6.0, 1e-14);
        close(number(&document["difference"]["total"]), 2.0 - 19.0 / 6.0, 1e-14);
        close(number(&document["difference"]["share"]), (2.0 - 19.0 / 6.0) / (19.0 / 6.0), 1e-14);
        assert_eq!(items(&document["difference"]["suppliers"]).len(), 2);
    }
}

#[test]
fn the_document_has_the_fields_of_the_contract_in_their_order() {
    let none = table(&[("A", "s"), ("B", "\"t\"")], |_, _| 0.0);
    let model = derived(none, [indicator("wgi", [0.5, 0.0])]);
    let words: Vec<&[u8]> = vec![
        b"stress", b"A", b"*", b"2.50", b"Scale", b"*", b"s", b"B", b"\"t\"", b"1", b"REPLACE", b"A", b"s", b"A", b"1",
    ];
    let query = Query { layers: 1, top: 1, ..Query::default() };
    let mut out = Vec::new();
    let identity = Identity { name: b"icio", version: 3 };
    model.what_if(&identity, &[b"A", b"s"], &words, &query, &Progress::default(), &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"model":"icio","version":3,"kind":"io","indicator":"wgi","unit":"","subject":{"region":"A","sector":"s"},"#
            .to_owned()
            + r#""changes":[["STRESS","A","*",2.5],["SCALE","*","s","B","\"t\"",1.0],["REPLACE","A","s","A",1.0]],"#
            + r#""base":{"direct":0.5,"layers":[0.5,0.0],"upstream":0.0,"total":0.5,"mean":0.5,"foreign_share":0.0},"#
            + r#""changed":{"direct":1.25,"layers":[1.25,0.0],"upstream":0.0,"total":1.25,"mean":1.25,"foreign_share":0.0},"#
            + r#""difference":{"total":0.75,"share":1.5,"by_region":[{"region":"A","value":0.75,"share":1.5}],"#
            + r#""by_sector":[{"sector":"s","value":0.75,"share":1.5}],"#
            + r#""contributors":[{"region":"A","sector":"s","value":0.75,"share":1.5}],"#
            + r#""suppliers":[{"region":"A","sector":"s","value":0.0,"share":0.0}]}}"#
    );
    let zero = what_if(&model, ("B", "\"t\""), "STRESS * * 3", &query).unwrap();
    assert!(zero["difference"]["share"].is_null() && zero["changed"]["foreign_share"].is_null());
    assert!(zero["difference"]["by_region"][0]["share"].is_null());
}

#[test]
fn requests_that_are_not_valid_state_the_reason() {
    let model = half(LeontiefMode::Full);
    let ask = |subject, changes: &str, query: &Query<'_>| what_if(&model, subject, changes, query).unwrap_err();
    let default = Query::default();
    for (changes, expected) in [
        ("", "a what-if analysis needs a change: EXTRACT, SCALE, REPLACE or STRESS"),
        ("EXTRACT A", "EXTRACT needs region sector"),
        ("EXTRACT A s TOP 3", "a change is EXTRACT, SCALE, REPLACE or STRESS"),
        ("EXTRACT C s", "EXTRACT: unknown region C, see MODEL.LABELS key REGIONS"),
        ("REPLACE A s B 1.1", "the share of REPLACE is a number from 0 to 1"),
        ("SCALE A s B s NaN", "the factor of SCALE is a finite number that is not below 0"),
        ("STRESS A s -1", "the factor of STRESS is a finite number that is not below 0"),
        ("STRESS A s inf", "the factor of STRESS is a finite number that is not below 0"),
        ("STRESS * * 1e308 STRESS * * 1e308", "the factors of STRESS lead beyond the range of numbers"),
    ] {
        assert_eq!(ask(("A", "s"), changes, &default), Error::Invalid(expected.into()));
    }
    assert!(matches!(ask(("A", "s"), &"EXTRACT A s ".repeat(1001), &default), Error::Invalid(_)));
    assert!(what_if(&model, ("A", "s"), &"EXTRACT A s ".repeat(1000), &default).is_ok());
    assert!(matches!(ask(("X", "s"), "EXTRACT A s", &default), Error::NoSubject(_)));
    assert_eq!(ask(("A", "s"), "EXTRACT A s", &Query { indicator: Some(b"x"), ..default }), Error::NoIndicator);
    let deep = Query { layers: 33, ..default };
    assert_eq!(ask(("A", "s"), "EXTRACT A s", &deep), Error::Invalid("LAYERS is a number from 0 to 32".into()));
    let large = ask(("A", "s"), "STRESS * * 1.7e308", &default);
    assert!(large.to_string().contains("beyond the range of numbers"), "{large}");
}

#[test]
fn changes_that_touch_too_much_are_refused_and_a_cancelled_analysis_stops() {
    let nodes: Vec<(String, String)> = (0..200).map(|i| (format!("R{}", i / 10), format!("s{}", i % 10))).collect();
    let nodes: Vec<(&str, &str)> = nodes.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
    for (precision, mode) in [(Precision::F64, MODES[0]), (Precision::F64, MODES[1]), (Precision::F32, MODES[0])] {
        let coefficients = matrix(200, precision, |i, j| 0.5 / 200.0 * (0.5 + ((i * 7 + j * 3) % 11) as f64 / 11.0));
        let table = Table { coefficients, leontief: Some(mode), ..table(&nodes, |_, _| 0.0) };
        let model = derived(table, [indicator("risk", (0..200).map(|i| 1.0 + f64::from(i)))]);
        let ask = |changes: &str| what_if(&model, ("R1", "s1"), changes, &Query::default());
        let error = ask(&"SCALE * * * * 1 ".repeat(1000)).unwrap_err();
        assert!(error.to_string().contains("touch more coefficients"), "{error}");
        // More rows and columns than an update takes: 18 regions of 10 sectors.
        let many: String = (2..20).map(|r| format!("EXTRACT R{r} * ")).collect();
        let all_at_once = ask(&many).unwrap();
        // The same by two changes with few columns each.
        let few = ask("SCALE R0 * R1 * 1 SCALE R1 * R0 * 1 EXTRACT R2 *").unwrap();
        assert!(number(&all_at_once["changed"]["total"]) < number(&few["changed"]["total"]));
        let alone = ["R0", "R1"]
            .map(|own| (2..20).map(|r| format!("SCALE {own} * R{r} * 0 SCALE R{r} * {own} * 0 ")).collect::<String>());
        let same = ask(&alone.concat()).unwrap();
        close(number(&all_at_once["changed"]["total"]), number(&same["changed"]["total"]), 1e-6);

        let progress = Progress::default();
        progress.cancel();
        let words: [&[u8]; 3] = [b"EXTRACT", b"R2", b"*"];
        let identity = Identity { name: b"icio", version: 3 };
        let mut out = Vec::new();
        let cancelled = model.what_if(&identity, &[b"R1", b"s1"], &words, &Query::default(), &progress, &mut out);
        assert_eq!(cancelled, Err(Error::Cancelled));
    }
}

#[test]
fn the_estimate_grows_with_the_work() {
    let (full, lazy) = (half(MODES[0]), half(MODES[1]));
    let of = |model: &IoModel, words: &[&[u8]]| model.what_if_estimate(words);
    let one: [&[u8]; 3] = [b"EXTRACT", b"A", b"s"];
    let all: [&[u8]; 3] = [b"EXTRACT", b"*", b"*"];
    assert!(of(&full, &one) < of(&full, &all));
    assert!(of(&full, &one) > std::time::Duration::ZERO && of(&lazy, &one) > std::time::Duration::ZERO);
    assert!(of(&full, &[b"EXTRACT"]) > std::time::Duration::ZERO);
    // A growing change needs a proof, and many changes are looked up one by one.
    let scale = |factor| -> [&[u8]; 6] { [b"SCALE", b"A", b"s", b"A", b"s", factor] };
    assert!(of(&full, &scale(b"2")) > of(&full, &scale(b"0.5")));
    assert!(of(&full, &one.repeat(1000)) > of(&full, &one.repeat(10)));
}
