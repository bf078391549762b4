//! Small tables in the layouts of the real ones, compared by label with the values that another library reads.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Server, reference};

/// Loads a table and compares it with its expected figures.
fn assert_read_as_expected(test: &str, path: &str, options: &str, name: &str) {
    let Some(folder) = reference::folder(test, "mrio-mocks") else { return };
    let text = fs::read_to_string(folder.join("expected.json")).expect("the expected figures");
    let expected = &serde_json::from_str::<Value>(&text).expect("JSON")[name];
    let server = Server::with(&[&format!("assess.data-dir {}", folder.display())]);
    let mut client = server.client();
    client.ask(&format!("MODEL.LOAD table IO FILE {path} {options}")).good();
    client.await_ready("table");

    let labels: Vec<String> = strings(&expected["labels"]);
    assert_eq!(client.model_number("table", "nodes"), number(expected, "/n") as i64);
    let found: BTreeSet<String> = client.ask("MODEL.LABELS table NODES").texts().into_iter().collect();
    assert_eq!(found, labels.iter().cloned().collect());

    let mut sum_of_inverse = 0.0;
    let mut sum_of_coefficients = 0.0;
    for (place, label) in labels.iter().enumerate() {
        let document = document(&mut client, label, labels.len());
        let what = format!("{name} {label}");
        assert_close(&what, number(&document, "/layers/1"), number(&expected["colsum_A"][place], ""));
        let own = own_contribution(&document, label);
        assert_close(&what, own, number(&expected["L_diag"][place], ""));
        sum_of_inverse += number(&document, "/total");
        sum_of_coefficients += number(&document, "/layers/1");
        let coefficient = client.call(&[&["MODEL.COEF", "table"], &parts(&labels[0])[..], &parts(label)[..]].concat());
        assert_close(&what, coefficient.double(), number(&expected["A_first_row"][place], ""));
    }
    assert_close("the sum of the inverse", sum_of_inverse, number(expected, "/L_sum"));
    assert_close("the sum of coefficients", sum_of_coefficients, number(expected, "/A_sum"));
}

fn strings(list: &Value) -> Vec<String> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item.as_str().expect("a string").to_owned()).collect()
}

/// Region and sector of a label.
fn parts(label: &str) -> [&str; 2] {
    label.split_once('|').expect("region|sector").into()
}

fn document(client: &mut Client, label: &str, top: usize) -> Value {
    let top = top.to_string();
    let [region, sector] = parts(label);
    let words = ["ASSESS.GET", "table", region, sector, "INDICATOR", "output", "LAYERS", "1", "TOP", &top];
    crate::harness::document::parsed(client.call(&words).good().bytes())
}

fn own_contribution(document: &Value, label: &str) -> f64 {
    let [region, sector] = parts(label);
    let items = document["contributors"].as_array().expect("a list");
    let own = items.iter().find(|item| item["region"] == region && item["sector"] == sector);
    own.map_or(0.0, |item| number(item, "/value"))
}

#[test]
fn an_oecd_table_of_2016_is_read_as_expected() {
    let test = "an_oecd_table_of_2016_is_read_as_expected";
    assert_read_as_expected(test, "oecd_mock/ICIO2016_2003.csv", "OUTPUT rowsum", "oecd2016");
}

#[test]
fn an_oecd_table_of_2018_is_read_as_expected() {
    let test = "an_oecd_table_of_2018_is_read_as_expected";
    assert_read_as_expected(test, "oecd_mock/ICIO2018_2010.CSV", "FORMAT icio OUTPUT rowsum", "oecd2018");
}

#[test]
fn an_oecd_table_in_a_zip_is_read_as_expected() {
    let test = "an_oecd_table_in_a_zip_is_read_as_expected";
    assert_read_as_expected(test, "oecd_mock/ICIO2018_2010.zip", "OUTPUT rowsum", "oecd2018");
}

#[test]
fn an_exiobase_table_in_a_folder_is_read_as_expected() {
    assert_read_as_expected("an_exiobase_table_in_a_folder_is_read_as_expected", "exio3_mock", "", "exio3");
}
