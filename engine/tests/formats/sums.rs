//! Totals and balance of wide tables: sums are recognised by their figures, under any name and in any place, and a
//! table whose figures disagree is never read without a warning.

use std::fmt::Write as _;

use assess_engine::io::Table;

use crate::reading::{bytes, bytes_with, rowsum};

const REGIONS: [&str; 3] = ["AA", "BB", "CC"];
const SECTORS: [&str; 4] = ["agri", "manu", "serv", "trad"];
const CATEGORIES: [&str; 3] = ["HFCE", "GFCF", "INVNT"];
const N: usize = 12;

/// A balanced table that can be changed: cells by the labels of row and column.
#[derive(Clone)]
struct Sample {
    columns: Vec<String>,
    rows: Vec<(String, Vec<f64>)>,
}

impl Sample {
    /// Twelve nodes and nine columns of final demand; `value added` last among the rows.
    fn new() -> Self {
        // Numbers without a pattern, the same in each run.
        let mut state = 7_u64;
        let mut draw = |from: f64, to: f64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            from + (to - from) * ((state >> 40) as f64 / f64::from(1 << 24))
        };
        let node = |i: usize| format!("{}_{}", REGIONS[i / 4], SECTORS[i % 4]);
        let demand = REGIONS.iter().flat_map(|region| CATEGORIES.map(|category| format!("{region}_{category}")));
        let columns: Vec<String> = (0..N).map(node).chain(demand).collect();
        let cell = |column: usize, draw: &mut dyn FnMut(f64, f64) -> f64| match column {
            0..N => draw(1.0, 30.0),
            _ if (column - N) % 3 == 2 => draw(-5.0, 9.0),
            _ => draw(5.0, 80.0),
        };
        let mut rows: Vec<(String, Vec<f64>)> =
            (0..N).map(|i| (node(i), (0..columns.len()).map(|j| cell(j, &mut draw)).collect())).collect();
        let output: Vec<f64> = rows.iter().map(|(_, cells)| cells.iter().sum()).collect();
        let added = (0..N).map(|j| output[j] - rows.iter().map(|(_, cells)| cells[j]).sum::<f64>());
        let added: Vec<f64> = added.chain([0.0; 9]).collect();
        assert!(added.iter().all(|value| *value >= 0.0), "{added:?}");
        rows.push(("VA".to_owned(), added));
        Self { columns, rows }
    }

    /// For each row, its sum over the columns that `counts` selects.
    fn sums(&self, counts: impl Fn(&str) -> bool) -> Vec<f64> {
        let at: Vec<usize> = (0..self.columns.len()).filter(|&at| counts(&self.columns[at])).collect();
        self.rows.iter().map(|(_, cells)| at.iter().map(|&at| cells[at]).sum()).collect()
    }

    fn column(mut self, at: usize, label: &str, values: &[f64]) -> Self {
        self.columns.insert(at, label.to_owned());
        for (row, (_, cells)) in self.rows.iter_mut().enumerate() {
            cells.insert(at, values.get(row).copied().unwrap_or(0.0));
        }
        self
    }

    fn row(mut self, at: usize, label: &str, values: &[f64]) -> Self {
        let mut cells = values.to_vec();
        cells.resize(self.columns.len(), 0.0);
        self.rows.insert(at, (label.to_owned(), cells));
        self
    }

    fn without_row(mut self, label: &str) -> Self {
        self.rows.retain(|(row, _)| row != label);
        self
    }

    /// Adds a node that is the sum of others, as a column at `at` and as a row.
    fn node(self, at: usize, label: &str, counts: impl Fn(&str) -> bool) -> Self {
        let values = self.sums(|column| is_node(column) && counts(column));
        let sample = self.column(at, label, &values);
        let parts = sample.rows.iter().filter(|(row, _)| is_node(row) && counts(row));
        let sums = parts.fold(vec![0.0; sample.columns.len()], |sums, (_, cells)| {
            sums.iter().zip(cells).map(|(sum, cell)| sum + cell).collect()
        });
        sample.row(0, label, &sums)
    }

    fn scaled(mut self, by: f64) -> Self {
        self.rows.iter_mut().flat_map(|(_, cells)| cells).for_each(|cell| *cell *= by);
        self
    }

    fn text(&self) -> String {
        let mut text = format!("V1,{}\n", self.columns.join(","));
        for (label, cells) in &self.rows {
            text.push_str(label);
            cells.iter().for_each(|cell| write!(text, ",{cell}").unwrap());
            text.push('\n');
        }
        text
    }

    fn read(&self) -> Table {
        bytes(self.text().as_bytes()).unwrap()
    }

    fn refused(&self) -> String {
        bytes(self.text().as_bytes()).unwrap_err().to_string()
    }
}

fn is_node(label: &str) -> bool {
    label.split_once('_').is_some_and(|(_, sector)| SECTORS.contains(&sector))
}

fn is_demand(label: &str) -> bool {
    label.split_once('_').is_some_and(|(_, category)| CATEGORIES.contains(&category))
}

/// Asserts that two tables have the same outputs and coefficients, within rounding.
#[track_caller]
fn same(what: &str, one: &Table, other: &Table) {
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
    assert_eq!(one.labels.len(), other.labels.len(), "{what}");
    for j in 0..one.labels.len() {
        for i in 0..one.labels.len() {
            let (a, b) = (one.coefficients.get(i, j), other.coefficients.get(i, j));
            assert!(near(a, b), "{what}: row {i} column {j}: {a} {b}");
        }
    }
}

#[test]
fn sums_among_final_demand_are_left_out_under_any_name_and_in_any_place() {
    let plain = Sample::new();
    let whole = plain.read();
    assert_eq!(whole.warnings, [""; 0]);
    let (all, nodes) = (plain.sums(|_| true), plain.sums(is_node));
    let region = |region: &'static str| plain.sums(move |label| is_demand(label) && label.starts_with(region));
    let category = |category: &'static str| plain.sums(move |label| label.ends_with(category));
    let domestic = plain.sums(|label| is_node(label) || label.starts_with("AA"));
    let last = plain.columns.len();
    let (tfd, aa, bb, cc) = (plain.sums(is_demand), region("AA"), region("BB"), region("CC"));

    let regions_last = |sample: Sample| {
        let sample = sample.column(last, "AA_TFD", &aa).column(last + 1, "BB_TFD", &bb);
        sample.column(last + 2, "CC_TFD", &cc)
    };
    let regions_before = |sample: Sample| {
        let sample = sample.column(N, "AA_TFD", &aa).column(N + 4, "BB_TFD", &bb);
        sample.column(N + 8, "CC_TFD", &cc)
    };
    let of_categories = |sample: Sample| {
        let sample = sample.column(last, "WW_HFCE", &category("HFCE")).column(last + 1, "WW_GFCF", &category("GFCF"));
        sample.column(last + 2, "WW_INVNT", &category("INVNT"))
    };
    let many = "are sums of others and count as totals";
    let one = "is the sum of others and counts as a total";
    type Change<'a> = Box<dyn Fn(Sample) -> Sample + 'a>;
    let cases: [(Change<'_>, String); 9] = [
        (Box::new(|sample| sample.column(last, "TFD", &tfd)), format!("TFD {one}")),
        (Box::new(|sample| sample.column(N, "XX", &tfd)), format!("XX {one}")),
        (Box::new(|sample| sample.column(0, "ZZ", &tfd)), format!("ZZ {one}")),
        (Box::new(|sample| sample.column(N, "IUSE", &nodes)), format!("IUSE {one}")),
        (Box::new(|sample| sample.column(N + 3, "DUSE", &domestic)), format!("DUSE {one}")),
        (Box::new(regions_last), format!("AA_TFD, BB_TFD, CC_TFD {many}")),
        (Box::new(regions_before), format!("AA_TFD, BB_TFD, CC_TFD {many}")),
        (Box::new(of_categories), format!("WW_HFCE, WW_GFCF, WW_INVNT {many}")),
        (
            Box::new(|sample| of_categories(regions_last(sample))),
            format!("WW_HFCE, WW_GFCF, WW_INVNT, AA_TFD, BB_TFD, CC_TFD {many}"),
        ),
    ];
    let reported = plain.clone().column(last, "OUT", &all).row(N + 1, "OUT", &all[..N]);
    for (change, warning) in &cases {
        for scale in [1.0, 1e-6, 1e9] {
            let bare = plain.clone().without_row("VA");
            for sample in [plain.clone(), bare, reported.clone()] {
                let table = change(sample).scaled(scale).read();
                same(warning, &table, &whole);
                assert_eq!(table.warnings, std::slice::from_ref(warning), "scale {scale}");
            }
        }
    }
}

#[test]
fn a_total_by_name_that_is_a_part_of_output_is_not_output() {
    let plain = Sample::new();
    let whole = plain.read();
    let (demand, nodes) = (plain.sums(is_demand), plain.sums(is_node));
    let taken: Vec<f64> = (0..N).map(|j| plain.rows[..N].iter().map(|(_, cells)| cells[j]).sum()).collect();
    let added = plain.rows[N].1.clone();
    for (what, sample) in [
        ("final demand", plain.clone().column(21, "TOTAL", &demand)),
        ("final demand first", plain.clone().column(0, "TOTAL", &demand)),
        ("deliveries", plain.clone().column(N, "TOTAL", &nodes)),
        ("inputs", plain.clone().row(N, "TOTAL", &taken)),
        ("value added", plain.clone().row(N + 1, "TOTAL", &added)),
    ] {
        same(what, &sample.read(), &whole);
    }
    // All of final demand in one column: inputs and value added show that it is not output.
    let mut one = plain.clone().column(21, "TOTAL", &demand);
    one.rows.iter_mut().for_each(|(_, cells)| drop(cells.drain(N..21)));
    one.columns.drain(N..21);
    let table = one.read();
    same("one column", &table, &whole);
    let no_region = "columns of final demand whose labels name no region were left out: TOTAL";
    assert_eq!(table.warnings, ["the column TOTAL is final demand, not output", no_region]);
    // Nothing shows it: nodes would deliver more than they produce.
    let table = one.without_row("VA").read();
    assert!(table.warnings.iter().any(|warning| warning.contains("is it final demand?")), "{:?}", table.warnings);
}

#[test]
fn columns_of_one_proportion_are_no_evidence_of_sums() {
    let plain = Sample::new();
    let nodes = plain.sums(is_node);
    let base = plain.sums(|label| label == "AA_HFCE");
    let demand = [1.0, 2.0, 3.0].map(|k| base[..N].iter().map(|x| k * x).collect::<Vec<f64>>());
    let mut sample = plain;
    sample.rows.truncate(N);
    sample.rows.iter_mut().for_each(|(_, cells)| cells.truncate(N));
    sample.columns.truncate(N);
    for (k, values) in demand.iter().enumerate() {
        sample = sample.column(N + k, &format!("{}_FD", REGIONS[k]), values);
    }
    let output: Vec<f64> = (0..N).map(|i| nodes[i] + 6.0 * base[i]).collect();
    let table = sample.read();
    let x = table.output.as_ref().unwrap();
    assert!(x.iter().zip(&output).all(|(a, b)| (a - b).abs() < 1e-9 * b), "{x:?} {output:?}");
    assert_eq!(
        table.warnings,
        ["the column CC_FD may be the sum of others, all of one proportion: it was read as final demand"]
    );
    // The table itself shows that all three count.
    assert_eq!(sample.column(N + 3, "OUT", &output).read().warnings, [""; 0]);
}

#[test]
fn columns_that_occur_twice_or_are_empty_are_no_sums() {
    let plain = Sample::new().without_row("VA");
    let first = plain.sums(|label| label == "AA_HFCE");
    let mut rest = vec![0.0; N];
    rest[3] = 1e-3;
    let sample = plain.clone().column(21, "DD_A", &first).column(22, "DD_B", &rest).column(23, "DD_C", &[0.0; N]);
    let table = sample.read();
    let expected = plain.sums(|_| true);
    for (i, x) in table.output.as_ref().unwrap().iter().enumerate() {
        assert!((x - expected[i] - first[i] - rest[i]).abs() < 1e-9 * x, "{i}");
    }
    assert_eq!(table.warnings, ["regions of final demand that have no node: DD"]);
}

#[test]
fn totals_among_the_nodes_are_refused_by_name_in_any_place() {
    let plain = Sample::new();
    let all = plain.sums(|_| true);
    let reported = plain.clone().column(21, "OUT", &all);
    let bare = plain.clone().without_row("VA");
    for sample in [plain, reported, bare] {
        for at in [0, 4, 6, N] {
            for (label, counts) in [
                ("ZZ_TOT", (|_| true) as fn(&str) -> bool),
                ("AA_TOT", |label| label.starts_with("AA")),
                ("BB_TOT", |label| label.starts_with("BB")),
                ("WW_manu", |label| label.ends_with("manu")),
            ] {
                let error = sample.clone().node(at, label, counts).refused();
                let place = format!("(line 1, column {})", at + 2);
                assert!(error.starts_with(&format!("the column {label} is the sum of others")), "{error}");
                assert!(error.ends_with(&place), "{error}");
            }
        }
        // A part of a region, after its sectors.
        let error = sample.node(2, "AA_goods", |label| ["AA_agri", "AA_manu"].contains(&label)).refused();
        assert!(error.starts_with("the column AA_goods is the sum of others"), "{error}");
    }
}

#[test]
fn row_sums_are_compared_with_columns_and_value_added() {
    let plain = Sample::new();
    let mut short = plain.clone();
    short.columns.remove(N);
    short.rows.iter_mut().for_each(|(_, cells)| _ = cells.remove(N));
    let warning = |sample: &Sample| bytes_with(sample.text().as_bytes(), &rowsum()).unwrap().table.warnings.join("\n");
    assert_eq!(warning(&plain), "");
    let warnings = warning(&short);
    assert!(
        warnings.starts_with("the sums of columns and value added are not the sums of rows: they differ by"),
        "{warnings}"
    );
    assert_eq!(warning(&short.without_row("VA")), "");
}

#[test]
fn outputs_in_another_unit_are_refused_or_give_a_warning() {
    let plain = Sample::new();
    let output: Vec<f64> = plain.sums(|_| true);
    let nodes_only = |mut sample: Sample| {
        sample.columns.truncate(N);
        sample.rows.iter_mut().for_each(|(_, cells)| cells.truncate(N));
        sample
    };
    for (unit, power) in [(1e3, "1e3"), (1e-3, "1e-3"), (1e6, "1e6"), (10.0, "1e1")] {
        let other: Vec<f64> = output[..N].iter().map(|x| x * unit).collect();
        let error = plain.clone().row(N + 1, "OUT", &other).refused();
        assert!(error.contains(&format!("reported output is {power} times what the rows sum to")), "{error}");
        assert!(error.contains("OUTPUT rowsum"), "{error}");
        let error = nodes_only(plain.clone()).row(N + 1, "OUT", &other).column(N, "OUT", &other).refused();
        assert!(
            error.contains(&format!("reported output is {power} times what the columns and value added sum to")),
            "{error}"
        );
    }
    let other: Vec<f64> = output[..N].iter().map(|x| x * 1e3).collect();
    let table = nodes_only(plain.clone().without_row("VA")).row(N, "OUT", &other).read();
    let [warning] = &*table.warnings else { panic!("{:?}", table.warnings) };
    assert!(warning.contains("flows and output seem to have different units"), "{warning}");
    // Coefficients beside output are not flows.
    let mut coefficients = nodes_only(plain.without_row("VA"));
    for (_, cells) in &mut coefficients.rows {
        cells.iter_mut().zip(&output).for_each(|(cell, x)| *cell /= x);
    }
    let table = coefficients.row(N, "OUT", &output[..N]).read();
    let [warning] = &*table.warnings else { panic!("{:?}", table.warnings) };
    assert!(warning.contains("the cells seem to be technical coefficients"), "{warning}");
}
