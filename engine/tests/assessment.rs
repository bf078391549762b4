//! One assessment computed by hand, and the behaviour of a model around it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixtures;

use std::time::Duration;

use assess_engine::io::rank::{By, Ranking};
use assess_engine::io::{IoModel, LeontiefMode, Precision, Table};
use assess_engine::model::{Field, Identity, LabelSet, Model, Query};
use assess_engine::{Budget, Error, Progress};
use fixtures::{assess, close, derived, indicator, items, number, table};

/// `A = [[.2, .3], [.4, .1]]`, whose inverse is `[[1.5, .5], [2/3, 4/3]]`.
fn hand() -> Table {
    table(&[("USA", "C10T12"), ("DEU", "C\"1\"")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j])
}

fn risk() -> assess_engine::io::Indicator {
    indicator("risk", [1.0, 2.0])
}

fn text(model: &IoModel, subject: [&str; 2], query: &Query<'_>) -> Result<String, Error> {
    let mut out = b"before".to_vec();
    let subject = subject.map(str::as_bytes);
    let result = model.assess(&Identity { name: b"icio", version: 3 }, &subject, query, &mut out);
    let checked = model.check(&subject, query);
    match result {
        Ok(()) => {
            checked.unwrap();
            Ok(String::from_utf8(out.split_off(6)).unwrap())
        }
        Err(error) => {
            assert_eq!(out, b"before", "a failure leaves the output unchanged");
            assert_eq!(checked, Err(error.clone()));
            Err(error)
        }
    }
}

#[test]
fn the_example_has_the_figures_computed_by_hand() {
    let model = derived(hand(), [risk()]);
    let document = assess(&model, 0, &Query { layers: 3, ..Query::default() });
    for (k, layer) in [1.0, 1.0, 0.4, 0.22].into_iter().enumerate() {
        close(number(&document["layers"][k]), layer, 1e-12);
    }
    let total = 17.0 / 6.0;
    close(number(&document["total"]), total, 1e-14);
    close(number(&assess(&model, 1, &Query::default())["total"]), 19.0 / 6.0, 1e-14);
    close(number(&document["upstream"]), total - 1.0, 1e-14);
    close(number(&document["mean"]), total / (1.5 + 2.0 / 3.0), 1e-14);
    close(number(&document["coverage"]), 2.62 / total, 1e-14);
    close(number(&document["residual"]), total - 2.62, 1e-13);
    close(number(&document["foreign_share"]), 4.0 / 3.0 / total, 1e-14);
    let (own, other) = (1.5 / total, 4.0 / 3.0 / total);
    close(number(&document["concentration"]["hhi"]), own * own + other * other, 1e-14);
    assert_eq!(document["concentration"]["nodes_80"], 2);
    let contributors = items(&document["contributors"]);
    assert_eq!(contributors[0].0, "USA.C10T12");
    close(contributors[0].1, 1.5, 1e-14);
    close(contributors[1].1, 4.0 / 3.0, 1e-14);
    let suppliers = items(&document["suppliers"]);
    assert_eq!(suppliers[0].0, "DEU.C\"1\"");
    close(suppliers[0].1, 19.0 / 6.0 * 0.4, 1e-14);
    close(suppliers[1].1, total * 0.2, 1e-14);
}

#[test]
fn the_document_has_the_fields_of_the_contract_in_their_order() {
    let isolated = table(&[("USA", "C10T12"), ("DEU", "C\"1\"")], |_, _| 0.0);
    let model = derived(isolated, [indicator("wgi", [0.5, 0.0])]);
    let query = Query { layers: 1, top: 1, ..Query::default() };
    assert_eq!(
        text(&model, ["USA", "C10T12"], &query).unwrap(),
        r#"{"model":"icio","version":3,"kind":"io","indicator":"wgi","unit":"","#.to_owned()
            + r#""subject":{"region":"USA","sector":"C10T12"},"direct":0.5,"layers":[0.5,0.0],"upstream":0.0,"total":0.5,"#
            + r#""mean":0.5,"coverage":1.0,"residual":0.0,"foreign_share":0.0,"concentration":{"hhi":1.0,"nodes_80":1},"#
            + r#""by_region":[{"region":"USA","value":0.5,"share":1.0}],"by_sector":[{"sector":"C10T12","value":0.5,"share":1.0}],"#
            + r#""contributors":[{"region":"USA","sector":"C10T12","value":0.5,"share":1.0}],"#
            + r#""suppliers":[{"region":"DEU","sector":"C\"1\"","value":0.0,"share":0.0}]}"#
    );
    assert_eq!(
        text(&model, ["DEU", "C\"1\""], &Query { layers: 0, top: 2, ..Query::default() }).unwrap(),
        r#"{"model":"icio","version":3,"kind":"io","indicator":"wgi","unit":"","#.to_owned()
            + r#""subject":{"region":"DEU","sector":"C\"1\""},"direct":0.0,"layers":[0.0],"upstream":0.0,"total":0.0,"#
            + r#""mean":0.0,"coverage":1.0,"residual":0.0,"foreign_share":null,"concentration":{"hhi":null,"nodes_80":0},"#
            + r#""by_region":[{"region":"DEU","value":0.0,"share":null},{"region":"USA","value":0.0,"share":null}],"#
            + r#""by_sector":[{"sector":"C\"1\"","value":0.0,"share":null},{"sector":"C10T12","value":0.0,"share":null}],"#
            + r#""contributors":[{"region":"DEU","sector":"C\"1\"","value":0.0,"share":null},"#
            + r#"{"region":"USA","sector":"C10T12","value":0.0,"share":null}],"#
            + r#""suppliers":[{"region":"DEU","sector":"C\"1\"","value":0.0,"share":null},"#
            + r#"{"region":"USA","sector":"C10T12","value":0.0,"share":null}]}"#
    );
}

#[test]
fn queries_that_cannot_be_answered_state_the_reason() {
    let model = derived(hand(), [risk()]);
    let default = Query::default();
    let cases = [
        (["USA", "C10T12"], Query { layers: 33, ..default }, Error::Invalid("LAYERS is a number from 0 to 32".into())),
        (["FRA", "C10T12"], default, Error::NoSubject("unknown region, see MODEL.LABELS key REGIONS")),
        (["USA", "C99"], default, Error::NoSubject("unknown sector, see MODEL.LABELS key SECTORS")),
        (["DEU", "C10T12"], default, Error::NoSubject("the region has no such sector, see MODEL.LABELS key NODES")),
        (["USA", "C10T12"], Query { indicator: Some(b"x"), ..default }, Error::NoIndicator),
    ];
    for (subject, query, error) in cases {
        assert_eq!(text(&model, subject, &query), Err(error));
    }
    assert!(model.subject_len(&[b"USA"], true).is_err());
    assert_eq!(model.subject_len(&[b"USA", b"C10T12", b"TOP"], true), Ok(2));
    assert_eq!(text(&IoModel::new(hand()), ["USA", "C10T12"], &default), Err(Error::NotReady));
}

#[test]
fn a_new_indicator_does_not_block_the_ready_ones() {
    let ready = derived(hand(), [risk()]);
    let model = ready.with_indicator(indicator("second", [0.5, 0.5])).unwrap();
    assert!(!model.ready());
    let ask = |name: &'static str| {
        text(&model, ["USA", "C10T12"], &Query { indicator: Some(name.as_bytes()), ..Query::default() })
    };
    let before = ask("risk").unwrap();
    assert_eq!(ask("second"), Err(Error::NotReady));
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert!(model.ready());
    assert_eq!(ask("risk").unwrap(), before);
    assert!(ask("second").unwrap().contains("\"indicator\":\"second\""));
    // A second derivation has nothing to do, even without any memory.
    model.derive(&Budget::new(0), &Progress::default()).unwrap();
}

#[test]
fn indicators_keep_their_places_and_the_first_is_the_default() {
    let names = |model: &IoModel| model.indicators().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let model = IoModel::new(hand()).with_indicator(risk()).unwrap();
    let model = model.with_indicator(indicator("b", [1.0, 1.0])).unwrap();
    let model = model.with_indicator(indicator("risk", [0.0, 4.0])).unwrap();
    assert_eq!(names(&model), ["risk", "b"]);
    assert_eq!(model.labels(LabelSet::Indicators).unwrap(), ["risk", "b", "output"]);
    let mut key = Vec::new();
    model.canonical(&[b"USA", b"C10T12"], &Query::default(), &mut key).unwrap();
    assert_eq!(key, b"USA:C10T12:indicator=risk");
    let without = model.without_indicator(b"risk").unwrap();
    assert_eq!(names(&without), ["b"]);
    assert!(without.without_indicator(b"risk").is_none());
    assert!(without.without_indicator(b"output").is_none());
    for (name, values) in
        [("output", vec![1.0, 1.0]), ("", vec![1.0, 1.0]), ("c", vec![1.0]), ("c", vec![1.0, f64::INFINITY])]
    {
        assert!(matches!(model.with_indicator(indicator(name, values)), Err(Error::Invalid(_))));
    }
}

#[test]
fn indicators_are_carried_over_by_label() {
    let old = IoModel::new(hand()).with_indicator(risk()).unwrap();
    let swapped = IoModel::new(table(&[("DEU", "C\"1\""), ("USA", "C10T12")], |_, _| 0.1));
    let (kept, dropped) = swapped.with_indicators_of(&old);
    assert_eq!(dropped, Vec::<String>::new());
    kept.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert_eq!(number(&assess(&kept, 0, &Query::default())["direct"]), 2.0);
    for nodes in [&[("USA", "C10T12")][..], &[("USA", "C10T12"), ("DEU", "C\"1\""), ("FRA", "x")]] {
        let (kept, dropped) = IoModel::new(table(nodes, |_, _| 0.1)).with_indicators_of(&old);
        assert_eq!(dropped, ["risk"]);
        assert_eq!(kept.indicators().len(), 0);
    }
}

#[test]
fn cancelled_work_and_work_without_memory_change_nothing() {
    let model = IoModel::new(hand());
    let cancelled = Progress::default();
    cancelled.cancel();
    assert_eq!(model.derive(&Budget::UNLIMITED, &cancelled), Err(Error::Cancelled));
    assert!(matches!(model.derive(&Budget::new(10), &Progress::default()), Err(Error::NoRoom { .. })));
    assert!(!model.ready());
    let progress = Progress::default();
    model.derive(&Budget::UNLIMITED, &progress).unwrap();
    assert_eq!(progress.percent(), 100);
}

#[test]
fn memory_decides_how_the_inverse_is_kept_unless_an_option_does() {
    let mode = |model: &IoModel| {
        let info = model.info();
        let find = |name| info.iter().find(|(field, _)| *field == name).unwrap().1.clone();
        (find("leontief"), find("warnings"))
    };
    let n = 300;
    let names: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|name| ("R", name.as_str())).collect();
    let large = || table(&nodes, |i, j| if i == j { 0.5 } else { 0.0 });
    let model = IoModel::new(Table { leontief: None, ..large() });
    assert_eq!(mode(&model).0, Field::Text("auto".to_owned()));
    model.derive(&Budget::new(1_200_000), &Progress::default()).unwrap();
    let (lazy, Field::List(warnings)) = mode(&model) else { panic!() };
    assert_eq!(lazy, Field::Text("lazy".to_owned()));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].is_ascii());
    close(number(&assess(&model, 7, &Query::default())["total"]), 2.0, 1e-14);
    let solving = Duration::from_nanos(n * n);
    assert!(model.estimate(&[], &Query::default()) > solving, "a column is solved");
    // Memory that does not even suffice for the factors.
    let model = IoModel::new(Table { leontief: None, ..large() });
    model.derive(&Budget::new(700_000), &Progress::default()).unwrap();
    let (lazy, Field::List(warnings)) = mode(&model) else { panic!() };
    assert_eq!((lazy, warnings.len()), (Field::Text("lazy".to_owned()), 1));
    assert!(warnings[0].contains("factors"), "{warnings:?}");
    close(number(&assess(&model, 7, &Query::default())["total"]), 2.0, 1e-14);
    assert!(model.estimate(&[], &Query::default()) > 10 * solving, "a column is summed");
}

#[test]
fn a_series_that_converges_slowly_is_solved_with_the_factors() {
    let mut table = table(&[("A", "x")], |_, _| 0.9999);
    table.leontief = Some(LeontiefMode::Lazy);
    for mode in LeontiefMode::ALL {
        table.leontief = Some(mode);
        close(number(&assess(&derived(table.clone(), []), 0, &Query::default())["total"]), 1e4, 1e-9);
    }
}

#[test]
fn numbers_out_of_range_are_an_error_and_not_a_result() {
    let table = table(&[("A", "x"), ("A", "y")], |i, j| if i == j { 0.5 } else { 0.0 });
    let model = IoModel::new(table).with_indicator(indicator("big", [f64::MAX, 0.0])).unwrap();
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    let error = text(&model, ["A", "x"], &Query::default()).unwrap_err();
    assert!(matches!(error, Error::BadInput { .. }), "{error}");
    // The other indicators answer.
    let output = Query { indicator: Some(b"output"), ..Query::default() };
    assert!(text(&model, ["A", "x"], &output).is_ok());
}

#[test]
fn nodes_are_ranked_by_any_figure() {
    let model = derived(hand(), [risk()]);
    let rank = |ranking: Ranking<'_>| model.rank(&ranking);
    let (m0, m1) = (17.0 / 6.0, 19.0 / 6.0);
    for (by, first, figure) in [
        (By::Total, 1, m1),
        (By::Mean, 1, m1 / (0.5 + 4.0 / 3.0)),
        (By::Upstream, 0, m0 - 1.0),
        (By::Direct, 1, 2.0),
        (By::Foreign, 0, 4.0 / 3.0 / m0),
    ] {
        let ranked = rank(Ranking { by, ..Ranking::default() }).unwrap();
        assert_eq!(ranked.len(), 2);
        assert_eq!(ranked[0].0, first, "{by:?}");
        close(ranked[0].1, figure, 1e-13);
    }
    assert_eq!(rank(Ranking { limit: 1, ..Ranking::default() }).unwrap().len(), 1);
    let usa = Ranking { region: Some(b"USA"), ..Ranking::default() };
    assert_eq!(rank(usa).unwrap()[0].0, 0);
    assert_eq!(rank(Ranking { sector: Some(b"C\"1\""), ..usa }), Ok(Vec::new()));
    assert!(matches!(rank(Ranking { region: Some(b"XXX"), ..usa }), Err(Error::NoSubject(_))));
    assert_eq!(rank(Ranking { indicator: Some(b"x"), ..usa }), Err(Error::NoIndicator));
    assert_eq!(IoModel::new(hand()).rank(&usa), Err(Error::NotReady));
    // Ties are ordered by label, and nodes without the figure are left out.
    let even = derived(table(&[("B", "y"), ("B", "x"), ("A", "z")], |_, _| 0.0), [indicator("r", [1.0, 1.0, 0.0])]);
    let ranked = |by| even.rank(&Ranking { by, ..Ranking::default() }).unwrap().into_iter().map(|(j, _)| j).collect();
    let by_total: Vec<usize> = ranked(By::Total);
    assert_eq!(by_total, [1, 0, 2]);
    let by_foreign: Vec<usize> = ranked(By::Foreign);
    assert_eq!(by_foreign, [1, 0]);
}

#[test]
fn coefficients_are_available_before_anything_is_derived() {
    let model = IoModel::new(hand());
    assert_eq!(model.coefficient(b"DEU", b"C\"1\"", b"USA", b"C10T12"), Ok(0.4));
    assert!(matches!(model.coefficient(b"DEU", b"C\"1\"", b"USA", b"C1"), Err(Error::NoSubject(_))));
}

#[test]
fn digests_distinguish_contents_and_nothing_else() {
    let base = IoModel::new(hand()).with_indicator(risk()).unwrap();
    let digest = base.digest();
    base.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert_eq!(base.digest(), digest);
    assert_eq!(IoModel::new(hand()).with_indicator(risk()).unwrap().digest(), digest);
    let mut changed = vec![
        IoModel::new(hand()).digest(),
        base.with_indicator(indicator("risk", [1.0, 2.5])).unwrap().digest(),
        base.with_indicator(indicator("risk2", [1.0, 2.0])).unwrap().digest(),
    ];
    let tables = [
        Table { warnings: vec!["one".to_owned()], ..hand() },
        Table { leontief: None, ..hand() },
        fixtures::with_output(hand(), vec![1.0, 1.0]),
        table(&[("USA", "C10T12"), ("DEU", "C2")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j]),
        table(&[("USA", "C10T12"), ("DEU", "C\"1\"")], |i, j| [[0.2, 0.3], [0.4, 0.2]][i][j]),
        Table { coefficients: fixtures::matrix(2, Precision::F32, |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j]), ..hand() },
    ];
    changed.extend(tables.map(|table| IoModel::new(table).with_indicator(risk()).unwrap().digest()));
    changed.push(digest);
    let count = changed.len();
    changed.sort_unstable();
    changed.dedup();
    assert_eq!(changed.len(), count);
}

#[test]
fn indicators_beyond_the_first_few_are_derived_on_request() {
    let model = derived(hand(), (0..12).map(|i| indicator(&format!("r{i}"), [f64::from(i), 2.0])));
    let of = |name: &'static str| Query { indicator: Some(name.as_bytes()), ..Query::default() };
    assert!(text(&model, ["USA", "C10T12"], &of("r7")).is_ok());
    assert_eq!(text(&model, ["USA", "C10T12"], &of("r11")), Err(Error::NotReady));
    assert!(!model.ready(), "a requested indicator is missing");
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    assert!(model.ready());
    let document = text(&model, ["USA", "C10T12"], &of("r11")).unwrap();
    assert!(document.contains("\"direct\":11.0"), "{document}");
    assert!(model.rank(&Ranking { indicator: Some(b"r10"), ..Ranking::default() }) == Err(Error::NotReady));
}

#[test]
fn an_assessment_whose_column_is_solved_on_demand_can_be_cancelled() {
    let table = Table { leontief: Some(LeontiefMode::Lazy), ..table(&[("A", "x"), ("A", "y")], |_, _| 0.25) };
    let model = IoModel::new(table);
    model.derive(&Budget::UNLIMITED, &Progress::default()).unwrap();
    let (progress, mut out) = (Progress::default(), Vec::new());
    progress.cancel();
    let (identity, query) = (Identity { name: b"icio", version: 3 }, Query::default());
    let result = model.assess_while_wanted(&identity, &[b"A", b"x"], &query, &progress, &mut out);
    assert_eq!((result, out.is_empty()), (Err(Error::Cancelled), true));
    model.assess(&identity, &[b"A", b"x"], &query, &mut out).unwrap();
}
