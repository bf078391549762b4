//! The states of a model while it is derived: it answers after the first step, and equally in all of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
#[expect(dead_code, reason = "other tests use the rest")]
mod random_tables;

use assess_engine::io::rank::{By, Ranking};
use assess_engine::io::{IoModel, LeontiefMode, Precision, Table};
use assess_engine::model::{Field, Identity, Model, Query};
use assess_engine::{Budget, Error, Progress};
use fixtures::{assess, assess_named, close, derived, indicator, number, table};
use proptest::prelude::*;
use random_tables::tables;
use serde_json::Value;

const IDENTITY: Identity<'static> = Identity { name: b"icio", version: 3 };

fn step(model: &IoModel) -> bool {
    model.derive_next(&Budget::UNLIMITED, &Progress::default()).unwrap()
}

/// What `MODEL.INFO` tells.
fn state(model: &IoModel) -> String {
    let info = model.info();
    match &info.iter().find(|(name, _)| *name == "derived").unwrap().1 {
        Field::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// Checks that documents agree: numbers to a tolerance. Lists may order equal values in another way.
fn agree(a: &Value, b: &Value, tolerance: f64) {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            let (x, y) = (x.as_f64().unwrap(), y.as_f64().unwrap());
            assert!((x - y).abs() <= tolerance * x.abs().max(y.abs()).max(1e-4), "{x} and {y}");
        }
        (Value::Object(x), Value::Object(y)) => {
            assert_eq!(x.keys().collect::<Vec<_>>(), y.keys().collect::<Vec<_>>());
            x.iter().for_each(|(name, value)| agree(value, &y[name], tolerance));
        }
        (Value::Array(x), Value::Array(y)) => {
            assert_eq!(x.len(), y.len());
            x.iter().zip(y).for_each(|(x, y)| agree(x, y, tolerance));
        }
        (Value::String(_), Value::String(_)) => {}
        _ => assert_eq!(a, b),
    }
}

/// In double precision there is no number for it: the model does not claim to have its factors.
#[test]
fn a_table_beyond_double_precision_is_refused() {
    let chain = [("A", "a"), ("A", "b"), ("A", "c")];
    let model = IoModel::new(table(&chain, |i, j| if j == i + 1 { 1e200 } else { 0.0 }));
    let refused = model.derive(&Budget::UNLIMITED, &Progress::default());
    assert!(matches!(refused, Err(Error::BadInput { .. })), "{refused:?}");
}

/// In single precision the coefficients of this table can be stored, and the product of two of them cannot.
#[test]
fn an_inverse_that_cannot_be_stored_leaves_the_factors() {
    let chain = [("A", "a"), ("A", "b"), ("A", "c")];
    let large = |i: usize, j: usize| if j == i + 1 { 1e30 } else { 0.0 };
    for mode in [None, Some(LeontiefMode::Full)] {
        let coefficients = fixtures::matrix(3, Precision::F32, large);
        let model = IoModel::new(Table { coefficients, leontief: mode, ..table(&chain, |_, _| 0.0) });
        model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
        assert_eq!(state(&model), "factors");
        assert!(model.is_complete());
        let Some((_, Field::List(warnings))) = model.info().into_iter().find(|(name, _)| *name == "warnings") else {
            panic!("no warnings");
        };
        assert!(warnings.iter().any(|warning| warning.contains("beyond the range of f32")), "{warnings:?}");
        // 1 + a + a^2, with a in single precision.
        let a = f64::from(1e30f32);
        close(number(&assess(&model, 2, &Query::default())["total"]), 1.0 + a + a * a, 1e46);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn answers_are_equal_in_all_states(case in tables(), signed: bool, f32: bool, lazy: bool) {
        let mode = if lazy { LeontiefMode::Lazy } else { LeontiefMode::Full };
        let precision = if f32 { Precision::F32 } else { Precision::F64 };
        let nodes: Vec<(&str, &str)> = case.nodes.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
        let coefficients = fixtures::matrix(case.n(), precision, |i, j| case.a(i, j));
        let table = Table { leontief: Some(mode), coefficients, ..table(&nodes, |_, _| 0.0) };
        let sign = |i: usize| if signed && i % 3 == 1 { -1.0 } else { 1.0 };
        let values: Vec<f64> = (0..case.n()).map(|i| sign(i) * (0.25 + (i % 5) as f64)).collect();
        let complete = derived(table.clone(), [indicator("r", values.clone())]);
        let model = IoModel::new(table).with_indicator(indicator("r", values)).unwrap();
        // In f32 the inverse is rounded.
        let tolerance = if f32 { 1e-5 } else { 1e-9 };
        let mut seen = Vec::new();
        loop {
            let more = step(&model);
            prop_assert!(model.ready());
            seen.push(state(&model));
            for node in 0..case.n() {
                let query = Query { layers: 8, top: case.n() as u32, ..Query::default() };
                agree(&assess(&model, node, &query), &assess(&complete, node, &query), tolerance);
            }
            if !more {
                break;
            }
        }
        seen.dedup();
        let expected: &[&str] = if lazy { &["series", "factors"] } else { &["series", "factors", "inverse"] };
        prop_assert_eq!(seen, expected);
        let deep = Query { layers: 32, ..Query::default() };
        let document = assess(&model, 0, &deep);
        prop_assert_eq!(document["layers"].as_array().unwrap().len(), 33);
    }
}

#[test]
fn deep_layers_and_ranks_by_foreign_share_wait_until_they_are_derived() {
    let model = IoModel::new(table(&[("A", "x"), ("B", "x")], |i, j| if i == j { 0.3 } else { 0.2 }));
    assert_eq!(state(&model), "none");
    assert!(step(&model), "more steps are left");
    assert_eq!((model.ready(), model.is_complete()), (true, false));
    let deep = Query { layers: 9, ..Query::default() };
    let subject: &[&[u8]] = &[b"A", b"x"];
    assert_eq!(model.check(subject, &deep), Err(Error::NotReady));
    assert_eq!(model.assess(&IDENTITY, subject, &deep, &mut Vec::new()), Err(Error::NotReady));
    assert_eq!(model.check(subject, &Query { layers: 8, ..deep }), Ok(()));
    let by_foreign = Ranking { by: By::Foreign, ..Ranking::default() };
    assert_eq!(model.check_ranking(&by_foreign), Err(Error::NotReady));
    assert!(model.rank(&Ranking::default()).is_ok());
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert!(model.is_complete());
    assert_eq!(model.check(subject, &deep), Ok(()));
    let ranked = model.rank(&by_foreign).unwrap();
    let shares: Vec<f64> = ["A", "B"].map(|r| number(&assess_named(&model, r, "x", &deep)["foreign_share"])).to_vec();
    ranked.iter().for_each(|&(node, share)| close(share, shares[node], 1e-14));
}

#[test]
fn a_new_indicator_answers_from_what_is_derived_and_is_completed_in_its_own_steps() {
    let ready = derived(table(&[("A", "x"), ("B", "x")], |i, j| if i == j { 0.3 } else { 0.2 }), []);
    let model = ready.with_indicator(indicator("second", [2.0, 1.0])).unwrap();
    assert_eq!((model.ready(), state(&model)), (false, "inverse".to_owned()));
    assert!(step(&model));
    assert!(model.ready() && !model.is_complete());
    let query = Query { indicator: Some(b"second"), ..Query::default() };
    let early = assess(&model, 0, &query);
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    agree(&early, &assess(&model, 0, &query), 1e-9);
}

/// A model of 200 nodes, derived up to the factors.
fn with_factors(mode: Option<LeontiefMode>) -> IoModel {
    let names: Vec<String> = (0..200).map(|i| format!("s{i}")).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|name| ("R", name.as_str())).collect();
    let model = IoModel::new(Table { leontief: mode, ..table(&nodes, |_, _| 0.001) });
    while state(&model) != "factors" {
        assert!(step(&model));
    }
    model
}

#[test]
fn memory_that_becomes_short_before_the_inverse_leaves_the_factors_or_is_an_error() {
    let little = Budget::new(100_000);
    let model = with_factors(None);
    while model.derive_next(&little, &Progress::default()).unwrap() {}
    assert_eq!((state(&model).as_str(), model.is_complete()), ("factors", true));
    let model = with_factors(Some(LeontiefMode::Full));
    let failed = loop {
        if let Err(error) = model.derive_next(&little, &Progress::default()) {
            break error;
        }
    };
    assert!(matches!(failed, Error::NoRoom { .. }), "{failed}");
    assert_eq!((model.ready(), model.is_complete()), (true, false));
    assert_eq!(model.check(&[b"R", b"s0"], &Query::default()), Ok(()));
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert_eq!(state(&model), "inverse");
}
