//! Tables in the real layouts, compared with results computed by other software.

use std::path::Path;

use assess_engine::io::table::OutputSource;
use assess_engine::io::{Format, LoadOptions, Loaded, OutputRule, Precision, Table};
use serde_json::Value;

use crate::reading::{coefficient, nodes, path_with, rowsum};
use crate::reference;

fn close(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual} is not {expected}");
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Asserts that labels, output, column sums and the first row agree, all in the order of the expectation.
fn agrees(table: &Table, expected: &Value) {
    let labels: Vec<&str> =
        expected["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
    let mut found = nodes(table);
    let at: Vec<usize> =
        labels.iter().map(|label| found.iter().position(|node| node == label).expect("the node is there")).collect();
    found.sort();
    let mut sorted = labels.clone();
    sorted.sort_unstable();
    assert_eq!(found, sorted);

    let x = table.output.as_ref().unwrap();
    let n = table.labels.len();
    for (k, &j) in at.iter().enumerate() {
        close(x[j], numbers(&expected["x"])[k]);
        let sum: f64 = (0..n).map(|i| table.coefficients.get(i, j)).sum();
        close(sum, numbers(&expected["colsum_A"])[k]);
        close(table.coefficients.get(at[0], j), numbers(&expected["A_first_row"])[k]);
    }
}

fn mock(test: &str, name: &str, options: &LoadOptions) -> Option<(Loaded, Value)> {
    let mocks = reference::find(test, "mrio-mocks")?;
    let expected = std::fs::read(mocks.join("expected.json")).unwrap();
    Some((path_with(&mocks.join(name), options).unwrap(), serde_json::from_slice(&expected).unwrap()))
}

#[test]
fn icio_2016_is_read_with_the_parts_of_china_merged() {
    let test = "icio_2016_is_read_with_the_parts_of_china_merged";
    let Some((loaded, expected)) = mock(test, "oecd_mock/ICIO2016_2003.csv", &rowsum()) else { return };
    agrees(&loaded.table, &expected["oecd2016"]);
    assert_eq!(loaded.table.format, Format::Icio);
    assert_eq!(loaded.table.output_source, OutputSource::Rule(OutputRule::RowSum));
}

#[test]
fn icio_2018_is_read_with_the_parts_of_mexico_merged_as_a_file_and_zipped() {
    for name in ["oecd_mock/ICIO2018_2010.CSV", "oecd_mock/ICIO2018_2010.zip"] {
        let test = "icio_2018_is_read_with_the_parts_of_mexico_merged_as_a_file_and_zipped";
        let Some((loaded, expected)) = mock(test, name, &rowsum()) else { return };
        agrees(&loaded.table, &expected["oecd2018"]);
    }
}

#[test]
fn parts_of_countries_stay_apart_by_an_option() {
    let options = LoadOptions { split: assess_engine::io::Split::Keep, ..rowsum() };
    let test = "parts_of_countries_stay_apart_by_an_option";
    let Some((loaded, _)) = mock(test, "oecd_mock/ICIO2016_2003.csv", &options) else { return };
    let regions: Vec<&str> = loaded.table.labels.regions().iter().map(|region| &**region).collect();
    assert_eq!(regions, ["AUS", "NZL", "CHN", "PER", "CN1", "CN2"]);
}

#[test]
fn exiobase_3_solves_output_and_divides_stressors_by_it() {
    let test = "exiobase_3_solves_output_and_divides_stressors_by_it";
    let Some((loaded, expected)) = mock(test, "exio3_mock", &LoadOptions::default()) else { return };
    let table = &loaded.table;
    agrees(table, &expected["exio3"]);
    assert_eq!((table.format, table.output_source), (Format::Exiobase, OutputSource::Solved));
    assert_eq!(table.warnings, [""; 0]);

    let [one, two] = loaded.indicators.as_slice() else { panic!("two stressors") };
    assert_eq!((&*one.name, &*one.unit, &*two.name, &*two.unit), ("emission_type1", "kg", "emission_type2", "kg"));
    let x = table.output.as_ref().unwrap();
    assert_eq!(one.values[0], 1848064.8 / x[0]);
    assert_eq!(two.values.len(), 48);
}

#[test]
fn eora26_is_read_with_its_labels() {
    let test = "eora26_is_read_with_its_labels";
    let Some((loaded, expected)) = mock(test, "eora26_mock", &LoadOptions::default()) else { return };
    agrees(&loaded.table, &expected["eora26"]);
    assert_eq!((loaded.table.format, loaded.table.output_source), {
        (Format::Eora, OutputSource::Rule(OutputRule::RowSum))
    });
}

#[test]
fn wiod_2011_is_read_cell_by_cell() {
    let Some(path) = reference::find("wiod_2011_is_read_cell_by_cell", "wiod/WIOD_2011.csv") else { return };
    let table = path_with(&path, &LoadOptions::default()).unwrap().table;
    assert_eq!((table.labels.len(), table.labels.regions().len(), table.labels.sectors().len()), (1435, 41, 35));
    assert_eq!(table.output_source, OutputSource::Rule(OutputRule::Reported));
    let x = table.output.as_ref().unwrap();
    assert_eq!(x.iter().filter(|x| **x == 0.0).count(), 22);

    every_coefficient_is_a_flow_over_output(&path, &table, |quotient| quotient);
    let options = LoadOptions { precision: Precision::F32, ..LoadOptions::default() };
    let narrow = path_with(&path, &options).unwrap().table;
    every_coefficient_is_a_flow_over_output(&path, &narrow, |quotient| f64::from(quotient as f32));
    close(coefficient(&table, "AUS|c1", "AUS|c3"), 21337.0 / 83717.0);
}

/// Reads the file once more, in the simplest way.
fn every_coefficient_is_a_flow_over_output(path: &Path, table: &Table, store: impl Fn(f64) -> f64) {
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    let n = table.labels.len();
    let out = rows.iter().find(|row| row[0] == "OUT").unwrap();
    for i in 0..n {
        assert_eq!(rows[i + 1][0], rows[0][i + 1]);
        for j in 0..n {
            let (flow, output): (f64, f64) = (rows[i + 1][j + 1].parse().unwrap(), out[j + 1].parse().unwrap());
            let expected = if output == 0.0 { 0.0 } else { store(flow / output) };
            assert_eq!(table.coefficients.get(i, j), expected, "row {i} column {j}");
        }
    }
}
