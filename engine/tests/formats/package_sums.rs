//! Packages whose files contradict each other: the files of pymrio, EXIOBASE and EORA26 are compared with each other,
//! as wide tables are.

use assess_engine::Result;
use assess_engine::io::{LoadOptions, Loaded, Table};

use crate::reading::{bytes_with, coefficient, nodes, rowsum, zip};

pub(crate) const NODES: [&str; 6] = ["AA\tagri", "AA\tmanu", "AA\tserv", "BB\tagri", "BB\tmanu", "BB\tserv"];
pub(crate) const Z: [[f64; 6]; 6] = [
    [12.0, 30.0, 4.0, 2.0, 5.0, 1.0],
    [9.0, 60.0, 22.0, 3.0, 14.0, 6.0],
    [7.0, 41.0, 55.0, 1.0, 6.0, 9.0],
    [3.0, 8.0, 1.0, 20.0, 25.0, 3.0],
    [2.0, 12.0, 5.0, 11.0, 80.0, 19.0],
    [1.0, 4.0, 8.0, 6.0, 33.0, 70.0],
];
pub(crate) const Y: [[f64; 2]; 6] =
    [[20.0, 6.0], [70.0, 33.0], [120.0, 10.0], [4.0, 40.0], [21.0, 150.0], [12.0, 160.0]];
pub(crate) const X: [f64; 6] = [80.0, 217.0, 249.0, 104.0, 300.0, 294.0];

/// Rows of numbers, each changed.
pub(crate) fn changed<const N: usize>(rows: &[[f64; N]], change: impl Fn(f64) -> f64) -> Vec<Vec<f64>> {
    rows.iter().map(|row| row.iter().map(|value| change(*value)).collect()).collect()
}

pub(crate) fn flows() -> Vec<Vec<f64>> {
    changed(&Z, |value| value)
}

pub(crate) fn demand() -> Vec<Vec<f64>> {
    changed(&Y, |value| value)
}

fn coefficients() -> Vec<Vec<f64>> {
    Z.iter().map(|row| row.iter().zip(X).map(|(value, x)| value / x).collect()).collect()
}

fn joined(values: impl IntoIterator<Item = impl ToString>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join("\t")
}

/// A frame in the format of pymrio; labels are pairs separated by a tab, or single names of rows.
pub(crate) fn frame(values: &[Vec<f64>], rows: &[&str], columns: &[&str]) -> String {
    let pad = "\t".repeat(rows[0].matches('\t').count() + 1);
    let level = |k: usize| joined(columns.iter().map(|column| column.split('\t').nth(k).unwrap()));
    let index = if pad.len() == 2 { "region\tsector" } else { "stressor" };
    let mut text = format!("region{pad}{}\nsector{pad}{}\n{index}{}\n", level(0), level(1), "\t".repeat(columns.len()));
    for (row, values) in rows.iter().zip(values) {
        text.push_str(&format!("{row}\t{}\n", joined(values)));
    }
    text
}

pub(crate) fn z(values: &[Vec<f64>]) -> (&'static str, String) {
    ("Z.txt", frame(values, &NODES, &NODES))
}

fn a(values: &[Vec<f64>]) -> (&'static str, String) {
    ("A.txt", frame(values, &NODES, &NODES))
}

pub(crate) fn y(values: &[Vec<f64>]) -> (&'static str, String) {
    ("Y.txt", frame(values, &NODES, &["AA\tfd", "BB\tfd"]))
}

pub(crate) fn x(factor: f64) -> (&'static str, String) {
    let rows = NODES.iter().zip(X).map(|(node, x)| format!("{node}\t{}\n", x * factor));
    ("x.txt", rows.fold("region\tsector\tindout\n".to_owned(), |text, row| text + &row))
}

pub(crate) fn read_with(files: &[(&str, String)], options: &LoadOptions) -> Result<Loaded> {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    bytes_with(&zip(&files), options)
}

pub(crate) fn read(files: &[(&str, String)]) -> Result<Table> {
    read_with(files, &LoadOptions::default()).map(|loaded| loaded.table)
}

pub(crate) fn refused(files: &[(&str, String)]) -> String {
    read(files).unwrap_err().to_string()
}

fn is_right(table: &Table) {
    assert_eq!(nodes(table).len(), 6);
    assert!((coefficient(table, "AA|manu", "BB|manu") - 14.0 / 300.0).abs() < 1e-15);
}

#[test]
fn files_that_agree_are_read_without_a_warning() {
    let all = [a(&coefficients()), z(&flows()), y(&demand()), x(1.0)];
    for files in [&all[..], &all[1..], &all[1..3], &[all[0].clone(), all[2].clone(), all[3].clone()]] {
        let table = read(files).unwrap();
        assert_eq!(table.warnings, [""; 0]);
        is_right(&table);
    }
}

#[test]
fn output_in_another_unit_is_refused() {
    let error = refused(&[z(&flows()), y(&demand()), x(1000.0)]);
    assert!(error.contains("reported output is 1e3 times what the rows sum to"), "{error}");
    is_right(&read_with(&[z(&flows()), y(&demand()), x(1000.0)], &rowsum()).unwrap().table);
    let files = [a(&coefficients()), y(&demand()), x(0.001)];
    let error = refused(&files);
    assert!(error.contains("leaves for final demand is 1e-3 times final demand"), "{error}");
    let solved = read_with(&files, &rowsum()).unwrap().table.output.unwrap();
    assert!(solved.iter().zip(X).all(|(a, b)| (a - b).abs() < 1e-9), "{solved:?}");
}

#[test]
fn output_that_differs_from_sales_gives_a_warning() {
    let half = changed(&Y, |value| value * 0.5);
    let small: Vec<Vec<f64>> =
        coefficients().iter().map(|row| row.iter().map(|value| value / 1000.0).collect()).collect();
    for (files, words) in [
        (vec![z(&flows()), y(&demand()), x(1.5)], "differ by 33.33 % in the median, most at BB manu, 300 to 450"),
        (vec![z(&flows()), y(&half), x(1.0)], "differ by 26.10 % in the median, most at BB serv, 208 to 294"),
        (vec![a(&small), y(&demand()), x(1.0)], "the sums of rows and final demand are not the reported output"),
    ] {
        let warnings = read(&files).unwrap().warnings;
        assert!(warnings.iter().any(|warning| warning.contains(words)), "{warnings:?}");
    }
    let large = read(&[z(&flows()), y(&changed(&Y, |value| value * 1000.0))]).unwrap().warnings;
    assert_eq!(large, ["inputs are 0.098 % of output in the median: flows and output seem to have different units"]);
}

#[test]
fn final_demand_is_counted_once() {
    let total: Vec<Vec<f64>> = Y.iter().map(|row| vec![row[0], row[1], row[0] + row[1]]).collect();
    let total = ("Y.txt", frame(&total, &NODES, &["AA\tfd", "BB\tfd", "Total\tfd"]));
    for table in [z(&flows()), a(&coefficients())] {
        let table = read(&[table, total.clone()]).unwrap();
        assert_eq!(table.warnings, ["Total / fd is the sum of others and counts as a total"]);
        assert!(table.output.as_ref().unwrap().iter().zip(X).all(|(a, b)| (a - b).abs() < 1e-9));
        is_right(&table);
    }
    let twice: Vec<Vec<f64>> = Y.iter().map(|row| [*row, *row].concat()).collect();
    let twice = |labels: &[&str]| ("Y.txt", frame(&twice, &NODES, labels));
    let error = refused(&[z(&flows()), twice(&["AA\tfd", "BB\tfd", "AA\tfd", "BB\tfd"])]);
    assert_eq!(error, "the column AA / fd is there twice: take one out (Y.txt, line 2, column 5)");
    let warnings = read(&[z(&flows()), twice(&["AA\tfd", "BB\tfd", "AA\tall", "BB\tall"])]).unwrap().warnings;
    assert_eq!(warnings, ["the columns of final demand AA / fd and AA / all are equal: both were counted"]);
}

#[test]
fn a_total_among_the_nodes_is_refused() {
    let with_total = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let mut rows = rows.to_vec();
        rows.push((0..rows[0].len()).map(|j| rows.iter().map(|row| row[j]).sum()).collect());
        rows
    };
    let square: Vec<Vec<f64>> = Z.iter().map(|row| [&row[..], &[row.iter().sum()]].concat()).collect();
    for name in ["Total\tTotal", "World\tall"] {
        let labels = [&NODES[..], &[name]].concat();
        let z = ("Z.txt", frame(&with_total(&square), &labels, &labels));
        let y = ("Y.txt", frame(&with_total(&demand()), &labels, &["AA\tfd", "BB\tfd"]));
        let x = ("x.txt", format!("{}{name}\t{}\n", x(1.0).1, X.iter().sum::<f64>()));
        for files in [[z.clone(), y], [z, x]] {
            let error = refused(&files);
            assert!(
                error.contains(&name.replace('\t', " ")) && error.contains("take totals out of all files"),
                "{error}"
            );
        }
    }
}

#[test]
fn coefficients_are_compared_with_the_flows_beside_them() {
    let half: Vec<Vec<f64>> = coefficients().iter().map(|row| row.iter().map(|value| value / 2.0).collect()).collect();
    let error = refused(&[a(&half), z(&flows()), x(1.0)]);
    assert!(error.contains("A is not Z.txt divided by output: 36 of 36 cells differ"), "{error}");
    let mut edited = flows();
    edited[4][4] = 20.0;
    let table = read(&[a(&coefficients()), z(&edited), x(1.0)]).unwrap();
    assert_eq!(
        table.warnings,
        ["A is not Z.txt divided by output: 1 of 36 cells differ; largest difference: from BB manu to BB manu, \
          0.266667 in A and 0.066667 from flows: A was used"]
    );
    let unknown = read(&[a(&coefficients()), z(&flows())]).unwrap().warnings;
    assert_eq!(unknown, ["Z.txt was not read: without output, A cannot be compared with it"]);
}

/// EORA26 with value added times `added`, and with these columns of final demand.
fn eora(demand: &[Vec<f64>], added: f64) -> Vec<(&'static str, String)> {
    let text = |rows: &[Vec<f64>]| rows.iter().map(|row| joined(row) + "\n").collect::<String>();
    let label = |node: &&str| format!("Country\t{}\tIndustries\t{}\t\n", &node[..2], &node[3..]);
    let value_added = (0..6).map(|j| added * (X[j] - Z.iter().map(|row| row[j]).sum::<f64>()));
    vec![
        ("E_T.txt", text(&flows())),
        ("E_FD.txt", text(demand)),
        ("E_VA.txt", text(&[value_added.collect()])),
        ("labels_T.txt", NODES.iter().map(label).collect()),
    ]
}

#[test]
fn value_added_shows_whether_final_demand_is_right() {
    let right = read(&eora(&demand(), 1.0)).unwrap();
    // There is no file with the labels of final demand.
    let no_region = "columns of final demand whose labels name no region were left out: final demand 1, final demand 2";
    assert_eq!(right.warnings, [no_region]);
    is_right(&right);
    let total: Vec<Vec<f64>> = Y.iter().map(|row| vec![row[0], row[1], row[0] + row[1]]).collect();
    let total = read(&eora(&total, 1.0)).unwrap();
    assert_eq!(total.warnings, ["final demand 3 is the sum of others and counts as a total", no_region]);
    is_right(&total);
    for files in [eora(&changed(&Y, |value| value * 1000.0), 1.0), eora(&demand(), 2.0)] {
        let warnings = read(&files).unwrap().warnings;
        let words = "the sums of columns and value added are not the sums of rows and final demand: they differ by";
        assert!(warnings.iter().any(|warning| warning.starts_with(words)), "{warnings:?}");
    }
}

#[test]
fn the_discrepancy_of_eora_is_left_out_with_a_warning() {
    let with = |values: &str, at: usize| {
        let line = |(i, line): (usize, &str)| -> String {
            let mut cells: Vec<&str> = line.split('\t').collect();
            cells.insert(at, if i % 2 == 0 { "2" } else { "-1" });
            cells.join("\t") + "\n"
        };
        values.lines().enumerate().map(line).collect::<String>()
    };
    // First, in the middle, and last among the nodes.
    for at in [0, 3, 6] {
        let mut files = eora(&demand(), 1.0);
        let insert = |text: &str, new: &str| {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.insert(at, new);
            lines.join("\n") + "\n"
        };
        files[0].1 = insert(&with(&files[0].1, at), "1\t1\t1\t1\t1\t1\t1");
        files[1].1 = insert(&files[1].1, "5\t5");
        files[2].1 = with(&files[2].1, at);
        files[3].1 = insert(&files[3].1, "CROW\tROW\tIndustries\tTOTAL\t");
        let read = read(&files).unwrap();
        assert_eq!(read.warnings.len(), 2, "{:?}", read.warnings);
        let words = "ROW TOTAL is the discrepancy between the countries' tables and was left out: it sells 7.0000 and \
                     buys 9.0000, ";
        assert!(read.warnings[0].starts_with(words), "{:?}", read.warnings);
        is_right(&read);
    }
}

#[test]
fn labels_of_eora_are_one_file() {
    let mut files = eora(&demand(), 1.0);
    files.push(("a/labels_T.txt", files[3].1.clone()));
    let error = refused(&files);
    assert!(error.contains("several files of labels, labels_T.txt, a/labels_T.txt"), "{error}");
    let region = LoadOptions { region: Some("XX".into()), ..LoadOptions::default() };
    let member = LoadOptions { member: Some("E_T.txt".into()), ..region.clone() };
    for (files, options) in [(&files[..3], &region), (&files[..4], &member), (&files[..1], &region)] {
        let error = read_with(files, options).unwrap_err().to_string();
        assert!(error.contains("labels_T.txt is missing"), "{error}");
    }
}
