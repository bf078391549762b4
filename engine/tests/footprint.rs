//! Footprints of a demand, compared with the inverse of small random tables and with the figures of a real table.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;
mod random_tables;
mod reference;

use std::collections::HashMap;
use std::fs;

use assess_engine::io::footprint::DemandOf;
use assess_engine::io::matrix::Matrix;
use assess_engine::io::{FinalDemand, Indicator, Input, IoModel, LeontiefMode, LoadOptions, Precision, Table, load};
use assess_engine::model::{Identity, LabelSet, Model};
use assess_engine::{Budget, Error, Progress, Result};
use fixtures::{close, derived, indicator, items, number};
use proptest::prelude::*;
use random_tables::{RandomTable, tables};
use serde_json::Value;

const ALL: usize = usize::MAX;
const MODES: [LeontiefMode; 2] = [LeontiefMode::Full, LeontiefMode::Lazy];

fn text(model: &IoModel, of: &DemandOf<'_>, indicator: &str, top: usize) -> Result<String> {
    let mut out = Vec::new();
    let indicator = Some(indicator.as_bytes());
    model.check_footprint(of, indicator)?;
    model.footprint(&Identity { name: b"icio", version: 3 }, of, indicator, top, &Progress::default(), &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

fn ask(model: &IoModel, of: &DemandOf<'_>, indicator: &str) -> Value {
    serde_json::from_str(&text(model, of, indicator, ALL).unwrap()).unwrap()
}

fn region<'a>(region: &'a str, category: Option<&'a str>) -> DemandOf<'a> {
    DemandOf::Region { region: region.as_bytes(), category: category.map(str::as_bytes) }
}

/// Final demand given by region, category and values of each column.
fn final_demand(n: usize, columns: &[(String, &str, Vec<f64>)]) -> FinalDemand {
    let mut matrix = Matrix::rectangle(n, columns.len(), Precision::F64);
    if let Matrix::F64(matrix) = &mut matrix {
        columns.iter().enumerate().for_each(|(j, (.., values))| matrix.column_mut(j).copy_from_slice(values));
    }
    FinalDemand::new(columns.iter().map(|(region, category, _)| (region.as_str(), *category)), matrix).unwrap()
}

/// A random table, the demand of each of its regions in two categories, and of a region without nodes.
#[derive(Debug, Clone)]
struct Case {
    table: RandomTable,
    columns: Vec<(String, &'static str, Vec<f64>)>,
}

impl Case {
    fn regions(&self) -> Vec<String> {
        let mut regions: Vec<String> = self.columns.iter().map(|(region, ..)| region.clone()).collect();
        regions.dedup();
        regions
    }

    fn of(&self, region: &str, category: Option<&str>) -> Vec<f64> {
        let mut sums = vec![0.0; self.table.n()];
        let is_it = |own: &str, of: &str| own == region && category.is_none_or(|category| category == of);
        for (_, _, values) in self.columns.iter().filter(|(own, of, _)| is_it(own, of)) {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        }
        sums
    }

    /// Output that delivers all final demand.
    fn output(&self, inverse: &[Vec<f64>]) -> Vec<f64> {
        let n = self.table.n();
        let mut all = vec![0.0; n];
        self.columns.iter().for_each(|(_, _, values)| all.iter_mut().zip(values).for_each(|(sum, y)| *sum += y));
        inverse.iter().map(|row| row.iter().zip(&all).map(|(l, y)| l * y).sum()).collect()
    }

    fn model(&self, mode: LeontiefMode) -> IoModel {
        let demand = Some(final_demand(self.table.n(), &self.columns));
        let table = Table { demand, ..self.table.table(mode) };
        let table = fixtures::with_output(table, self.output(&self.table.inverse()));
        derived(table, [indicator("risk", self.table.r.clone()), indicator("change", self.table.signed.clone())])
    }
}

fn cases(least: f64) -> impl Strategy<Value = Case> {
    tables().prop_flat_map(move |table| {
        let mut regions: Vec<String> = table.nodes.iter().map(|(region, _)| region.clone()).collect();
        regions.push("Z".to_owned());
        regions.sort();
        regions.dedup();
        let value = prop_oneof![1 => Just(0.0), 3 => least..100.0f64];
        let values = proptest::collection::vec(value, table.n() * regions.len() * 2);
        (Just(table), Just(regions), values).prop_map(|(table, regions, values)| {
            let mut values = values.chunks(table.n());
            let mut columns = Vec::new();
            for region in &regions {
                for category in ["home", "stocks"] {
                    columns.push((region.clone(), category, values.next().unwrap().to_vec()));
                }
            }
            Case { table, columns }
        })
    })
}

/// A document as numbers by list and label.
fn lists(document: &Value) -> HashMap<String, f64> {
    let names = ["by_region", "by_sector", "contributors", "products"];
    let of = |name: &'static str| items(&document[name]).into_iter().map(move |(l, v)| (format!("{name} {l}"), v));
    names.into_iter().flat_map(of).collect()
}

#[track_caller]
fn near(a: f64, b: f64, scale: f64) {
    assert!((a - b).abs() <= 1e-10 * scale.max(1e-300), "{a} and {b}");
}

/// Compares a document with the inverse.
fn agrees(case: &Case, inverse: &[Vec<f64>], document: &Value, r: &[f64], d: &[f64], own: Option<&str>) {
    let n = case.table.n();
    let contribution = |i: usize| r[i] * (0..n).map(|j| inverse[i][j] * d[j]).sum::<f64>();
    let product = |j: usize| d[j] * (0..n).map(|i| r[i] * inverse[i][j]).sum::<f64>();
    let size = |i: usize| r[i].abs() * (0..n).map(|j| inverse[i][j] * d[j].abs()).sum::<f64>();
    let scale: f64 = (0..n).map(size).sum();
    let lists = lists(document);
    let mut regions: HashMap<&str, f64> = HashMap::new();
    for (i, (region, sector)) in case.table.nodes.iter().enumerate() {
        near(lists[&format!("contributors {region}.{sector}")], contribution(i), scale);
        near(lists[&format!("products {region}.{sector}")], product(i), scale);
        *regions.entry(region).or_default() += contribution(i);
    }
    near(number(&document["total"]), (0..n).map(product).sum(), scale);
    for (region, sum) in &regions {
        near(lists[&format!("by_region {region}")], *sum, scale);
    }
    for list in ["by_region", "by_sector", "contributors", "products"] {
        near(items(&document[list]).iter().map(|(_, value)| value).sum(), number(&document["total"]), scale);
    }
    let Some(&domestic) = own.and_then(|own| regions.get(own)) else {
        ["domestic", "imports", "territorial", "exports"].iter().for_each(|name| assert!(document[name].is_null()));
        return;
    };
    near(number(&document["domestic"]), domestic, scale);
    near(number(&document["imports"]), number(&document["total"]) - domestic, scale);
    let x = case.output(inverse);
    let of_region = (0..n).filter(|&i| case.table.nodes[i].0 == own.unwrap());
    let (territorial, size) =
        of_region.fold((0.0, 0.0), |(sum, size), i| (sum + r[i] * x[i], size + (r[i] * x[i]).abs()));
    near(number(&document["territorial"]), territorial, size);
    if document.get("category").is_some() {
        // What the other categories of the region cause is no export.
        assert!(document["exports"].is_null(), "{document}");
    } else {
        near(number(&document["exports"]), territorial - domestic, size + scale);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn footprints_equal_those_of_the_inverse_in_both_modes_with_stocks_that_shrink(case in cases(-20.0)) {
        let inverse = case.table.inverse();
        for mode in MODES {
            let model = case.model(mode);
            for name in case.regions() {
                for category in [None, Some("home"), Some("stocks")] {
                    let d = case.of(&name, category);
                    for (indicator, r) in [("risk", &case.table.r), ("change", &case.table.signed)] {
                        let document = ask(&model, &region(&name, category), indicator);
                        agrees(&case, &inverse, &document, r, &d, Some(&name));
                        prop_assert_eq!(document["category"].as_str(), category);
                    }
                }
            }
        }
    }

    #[test]
    fn footprints_of_all_regions_sum_to_the_territorial_totals_of_all(case in cases(0.0)) {
        for mode in MODES {
            let model = case.model(mode);
            let documents: Vec<Value> = case.regions().iter().map(|r| ask(&model, &region(r, None), "risk")).collect();
            let totals: f64 = documents.iter().map(|document| number(&document["total"])).sum();
            let territorial: f64 = documents.iter().filter_map(|document| document["territorial"].as_f64()).sum();
            near(totals, territorial, totals);
            // What one region exports, others import.
            let exports: f64 = documents.iter().filter_map(|document| document["exports"].as_f64()).sum();
            let abroad = documents.iter().filter(|document| document["domestic"].is_null()).map(|d| &d["total"]);
            let imports = documents.iter().filter(|d| !d["domestic"].is_null()).map(|d| &d["imports"]);
            near(exports, imports.chain(abroad).map(number).sum(), totals);
        }
    }

    #[test]
    fn categories_sum_to_the_whole_and_a_demand_of_ones_own_gives_the_same_as_that_of_the_table(case in cases(-20.0)) {
        for mode in MODES {
            let model = case.model(mode);
            let name = &case.regions()[0];
            let whole = ask(&model, &region(name, None), "risk");
            let parts = ["home", "stocks"].map(|category| lists(&ask(&model, &region(name, Some(category)), "risk")));
            let scale: f64 = parts.iter().flat_map(HashMap::values).map(|value| value.abs()).sum();
            for (label, value) in lists(&whole) {
                near(value, parts.iter().map(|part| part[&label]).sum(), scale);
            }
            let mut own: HashMap<&str, HashMap<&str, f64>> = HashMap::new();
            for ((region, sector), value) in case.table.nodes.iter().zip(case.of(name, None)) {
                own.entry(region).or_default().insert(sector, value);
            }
            let document = serde_json::to_string(&own).unwrap();
            let of_own = ask(&model, &DemandOf::Own(document.as_bytes()), "risk");
            prop_assert_eq!(lists(&of_own), lists(&whole));
            prop_assert_eq!(&of_own["total"], &whole["total"]);
            prop_assert_eq!(&of_own["demand"], &serde_json::to_value(&own).unwrap());
            // Twice the demand has twice the footprint, exactly.
            own.values_mut().flat_map(HashMap::values_mut).for_each(|value| *value *= 2.0);
            let document = serde_json::to_string(&own).unwrap();
            let twice = ask(&model, &DemandOf::Own(document.as_bytes()), "risk");
            let halved: HashMap<String, f64> = lists(&twice).into_iter().map(|(label, value)| (label, value / 2.0)).collect();
            prop_assert_eq!(halved, lists(&whole));
        }
    }

    #[test]
    fn lists_are_sorted_and_shares_are_given_unless_both_signs_meet(case in cases(-20.0)) {
        let model = case.model(LeontiefMode::Full);
        for name in case.regions() {
            for indicator in ["risk", "change"] {
                let document = ask(&model, &region(&name, None), indicator);
                let total = number(&document["total"]);
                let has_both = |list: &str| {
                    let values = items(&document[list]);
                    values.iter().any(|(_, value)| *value > 0.0) && values.iter().any(|(_, value)| *value < 0.0)
                };
                for (list, mixed) in [
                    ("by_region", has_both("contributors")),
                    ("by_sector", has_both("contributors")),
                    ("contributors", has_both("contributors")),
                    ("products", has_both("products")),
                ] {
                    let values: Vec<f64> = items(&document[list]).into_iter().map(|(_, value)| value).collect();
                    let by_size = values.iter().any(|value| *value < 0.0);
                    let key = |value: f64| if by_size { value.abs() } else { value };
                    prop_assert!(values.windows(2).all(|pair| key(pair[0]) >= key(pair[1])), "{list} {values:?}");
                    for item in document[list].as_array().unwrap() {
                        if mixed || total == 0.0 {
                            prop_assert!(item["share"].is_null());
                        } else {
                            prop_assert_eq!(number(&item["share"]), number(&item["value"]) / total);
                        }
                    }
                }
                let short: Value = serde_json::from_str(&text(&model, &region(&name, None), indicator, 2).unwrap()).unwrap();
                for list in ["by_region", "by_sector", "contributors", "products"] {
                    let all = document[list].as_array().unwrap();
                    prop_assert_eq!(short[list].as_array().unwrap(), &all[..all.len().min(2)]);
                }
            }
        }
    }
}

/// Two regions of one sector; `A` buys for 10 and 2, `B` for 5.
fn pair() -> Table {
    let table = fixtures::table(&[("A", "x"), ("B", "x")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j]);
    let columns = [
        ("A".to_owned(), "home", vec![8.0, 2.0]),
        ("A".to_owned(), "state", vec![2.0, 0.0]),
        ("B".to_owned(), "home", vec![1.0, 4.0]),
    ];
    Table { demand: Some(final_demand(2, &columns)), ..table }
}

#[test]
fn the_document_has_its_fields_in_order() {
    // L = [[1.5, .5], [2/3, 4/3]], m = (17/6, 19/6); A buys (10, 2): L d = (16, 28/3).
    let table = fixtures::with_output(pair(), vec![20.0, 15.0]);
    let model = derived(table, [indicator("risk", [1.0, 2.0])]);
    let document = text(&model, &region("A", None), "risk", 1).unwrap();
    let names = [
        "model",
        "version",
        "kind",
        "indicator",
        "unit",
        "region",
        "total",
        "domestic",
        "imports",
        "territorial",
        "exports",
        "by_region",
        "by_sector",
        "contributors",
        "products",
    ];
    let places: Vec<usize> = names.iter().map(|name| document.find(&format!("\"{name}\":")).unwrap()).collect();
    assert!(places.is_sorted(), "{document}");
    let value: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value.as_object().unwrap().len(), names.len());
    for (name, expected) in
        [("total", 104.0 / 3.0), ("domestic", 16.0), ("imports", 56.0 / 3.0), ("territorial", 20.0), ("exports", 4.0)]
    {
        close(number(&value[name]), expected, 1e-14);
    }
    let document = text(&model, &DemandOf::Own(b"{\"B\":{\"x\":1},\"A\":{\"x\":2}}"), "risk", 1).unwrap();
    assert!(document.contains(r#""demand":{"A":{"x":2.0},"B":{"x":1.0}},"total":"#), "{document}");
    assert!(document.contains(r#""domestic":null,"imports":null,"territorial":null,"exports":null"#), "{document}");
}

#[test]
fn what_is_not_known_is_null_and_a_warning_says_why() {
    let model = derived(pair(), [indicator("risk", [1.0, 2.0])]);
    let document = ask(&model, &region("A", Some("state")), "risk");
    assert!(document["territorial"].is_null() && document["exports"].is_null());
    close(number(&document["domestic"]), 3.0, 1e-14);
    assert_eq!(
        document["warnings"],
        serde_json::json!(["the table has no output: territorial and exports are not known"])
    );
    // One region: a national table.
    let one = fixtures::table(&[("A", "x"), ("A", "y")], |i, j| [[0.2, 0.3], [0.4, 0.1]][i][j]);
    let one = Table { demand: Some(final_demand(2, &[("A".to_owned(), "", vec![8.0, 2.0])])), ..one };
    let national = derived(fixtures::with_output(one, vec![20.0, 15.0]), [indicator("risk", [1.0, 2.0])]);
    let document = ask(&national, &region("A", None), "risk");
    assert!(document["warnings"][0].as_str().unwrap().contains("may contain exports"), "{document}");
    assert_eq!(national.labels(LabelSet::Demand).unwrap(), ["A"]);
    assert_eq!(model.labels(LabelSet::Demand).unwrap(), ["A|home", "A|state", "B|home"]);
    let own = |amount: f64| ask(&model, &DemandOf::Own(format!("{{\"A\":{{\"x\":{amount}}}}}").as_bytes()), "risk");
    // All final demand of the table is 17.
    assert!(own(1700.0).get("warnings").is_none());
    let warned = own(-1701.0);
    assert!(warned["warnings"][0].as_str().unwrap().ends_with("is it in other units?"), "{warned}");
}

#[test]
fn requests_that_have_no_footprint_are_refused_and_write_nothing() {
    let model = derived(pair(), [indicator("risk", [1.0, 2.0])]);
    let refused = |model: &IoModel, of: &DemandOf<'_>, indicator: &str| {
        let mut out = b"before".to_vec();
        let identity = Identity { name: b"icio", version: 3 };
        let checked = model.check_footprint(of, Some(indicator.as_bytes())).unwrap_err();
        let error =
            model.footprint(&identity, of, Some(indicator.as_bytes()), 10, &Progress::default(), &mut out).unwrap_err();
        assert_eq!(error, checked);
        assert_eq!(out, b"before");
        error
    };
    assert!(matches!(refused(&model, &region("C", None), "risk"), Error::NoSubject(_)));
    assert!(matches!(refused(&model, &region("A", Some("stocks")), "risk"), Error::NoSubject(_)));
    // A category that only another region has.
    assert!(matches!(refused(&model, &region("B", Some("state")), "risk"), Error::NoSubject(_)));
    assert_eq!(refused(&model, &region("A", None), "none"), Error::NoIndicator);
    let error = refused(&model, &DemandOf::Own(b"{\"A\":{\"y\":1}}"), "risk");
    assert_eq!(error.to_string(), "DEMAND names A y, which is no node of the table");
    assert!(matches!(refused(&model, &DemandOf::Own(b"{}"), "risk"), Error::Invalid(_)));
    let without = derived(Table { demand: None, ..pair() }, [indicator("risk", [1.0, 2.0])]);
    let error = refused(&without, &region("A", None), "risk").to_string();
    assert!(error.contains("no final demand") && error.contains("DEMAND"), "{error}");
    assert!(ask(&without, &DemandOf::Own(b"{\"A\":{\"x\":1}}"), "risk").get("warnings").is_none());
    let deriving = IoModel::new(pair());
    assert_eq!(refused(&deriving, &region("A", None), "output"), Error::NotReady);
}

#[test]
fn results_beyond_the_range_of_numbers_are_an_error_and_a_cancelled_request_stops() {
    for mode in MODES {
        let model = derived(Table { leontief: Some(mode), ..pair() }, [indicator("risk", [1.0, 2.0])]);
        let large = DemandOf::Own(b"{\"A\":{\"x\":1.7e308},\"B\":{\"x\":1.7e308}}");
        assert!(matches!(text(&model, &large, "risk", 10), Err(Error::BadInput { .. })), "{mode:?}");
        let progress = Progress::default();
        progress.cancel();
        let mut out = Vec::new();
        let identity = Identity { name: b"icio", version: 3 };
        let stopped = model.footprint(&identity, &region("A", None), None, 10, &progress, &mut out);
        assert_eq!(stopped, Err(Error::Cancelled));
        assert!(out.is_empty());
    }
}

#[test]
fn a_lazy_model_and_a_long_demand_are_estimated_to_take_longer() {
    let n = 600;
    let names: Vec<(String, String)> = (0..n).map(|i| (format!("R{}", i % 20), format!("s{}", i / 20))).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
    let model = |mode| derived(Table { leontief: Some(mode), ..fixtures::table(&nodes, |_, _| 0.001) }, []);
    let [full, lazy] = MODES.map(model);
    let short = DemandOf::Own(b"{\"R0\":{\"s0\":1}}");
    assert!(full.footprint_cost(&short, 10) < full.footprint_cost(&region("R0", None), 10));
    assert!(full.footprint_cost(&short, 10) < lazy.footprint_cost(&short, 10));
    assert!(full.footprint_cost(&short, 10) < full.footprint_cost(&short, 500));
}

/// `u(s)` of the references: FNV-1a, its upper 53 bits as a fraction.
fn u(text: &str) -> f64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn footprints_of_the_real_table_agree_with_numpy() {
    let Some(data) = reference::find("footprints_of_the_real_table_agree_with_numpy", "wiod") else { return };
    let references: Value = serde_json::from_slice(&fs::read(data.join("wiod_2011_depth.json")).unwrap()).unwrap();
    for (mode, precision, tolerance) in [
        (LeontiefMode::Full, Precision::F64, 1e-9),
        (LeontiefMode::Lazy, Precision::F64, 1e-9),
        (LeontiefMode::Full, Precision::F32, 1e-6),
    ] {
        let options = LoadOptions { precision, leontief: Some(mode), ..LoadOptions::default() };
        let file = fs::File::open(data.join("WIOD_2011.csv")).unwrap();
        let table = load(Input::File(file), &options, &Budget::UNLIMITED, &Progress::default()).unwrap().table;
        let value = |i: usize| {
            let (region, sector) = table.labels.names(i);
            (u(&format!("country:{region}")) * u(&format!("sector:{sector}"))).sqrt()
        };
        let values = (0..table.labels.len()).map(value).collect();
        let model = derived(table, [Indicator { name: "syn_cs".into(), unit: "".into(), values }]);
        for expected in references["footprints"].as_array().unwrap() {
            let document = ask(&model, &region(expected["region"].as_str().unwrap(), None), "syn_cs");
            for name in ["total", "domestic", "imports", "territorial"] {
                close(number(&document[name]), number(&expected[name]), tolerance);
            }
            for (list, top) in [("by_region", "by_region_top"), ("products", "products_top")] {
                let found = items(&document[list]);
                for ((label, value), expected) in found.iter().zip(expected[top].as_array().unwrap()) {
                    let expected = expected.as_array().unwrap();
                    let (last, names) = expected.split_last().unwrap();
                    let names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
                    assert_eq!(*label, names.join("."));
                    close(*value, number(last), tolerance);
                }
            }
        }
        let expected = &references["footprint_of_demand"];
        let own = serde_json::to_vec(&expected["demand"]).unwrap();
        close(number(&ask(&model, &DemandOf::Own(&own), "syn_cs")["total"]), number(&expected["total"]), tolerance);
    }
}
