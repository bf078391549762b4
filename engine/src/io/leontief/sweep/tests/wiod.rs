//! The real table of the World Input-Output Database, 2011, compared with results computed with numpy.

use super::*;
use crate::io::{Input, LoadOptions, Precision, Table, load};
use crate::{Budget, reference};

fn table(folder: &std::path::Path, precision: Precision) -> Table {
    let options = LoadOptions { precision, ..LoadOptions::default() };
    let file = std::fs::File::open(folder.join("WIOD_2011.csv")).unwrap();
    load(Input::File(file), &options, &Budget::UNLIMITED, &Progress::default()).unwrap().table
}

/// A column of `wiod_2011_vectors.csv`.
fn vector(folder: &std::path::Path, name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.join("wiod_2011_vectors.csv")).unwrap();
    let at = text.lines().next().unwrap().split(',').position(|cell| cell == name).unwrap();
    text.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().parse().unwrap()).collect()
}

#[test]
fn multipliers_and_columns_by_sweeps_agree_with_numpy() {
    let Some(folder) = reference::find("multipliers_and_columns_by_sweeps_agree_with_numpy", "wiod") else { return };
    let vector = |name: &str| vector(&folder, name);
    let right = [vector("r_syn_cs"), vector("r_syn_country"), vec![1.0; 1435]];
    let expected = [vector("m_syn_cs"), vector("m_syn_country"), vector("L_colsum")];
    let diagonal = vector("L_diag");
    for (precision, tolerance) in [(Precision::F64, 1e-9), (Precision::F32, 1e-6)] {
        let table = table(&folder, precision);
        let blocks = blocks(table.labels.nodes().iter().map(|node| node.0));
        assert_eq!(blocks.len(), 41);
        for threads in 1..=2 {
            let rows = solved(&table.coefficients, &blocks, &right, threads).unwrap().rows.unwrap();
            rows.iter().zip(&expected).for_each(|(mine, theirs)| same(mine, theirs, tolerance));
            for j in [0, 700, 1434] {
                let unit: Vec<f64> = (0..1435).map(|i| if i == j { 1.0 } else { 0.0 }).collect();
                let column = solved(&table.coefficients, &blocks, &[unit], threads).unwrap().columns.unwrap().remove(0);
                same(&[column[j]], &[diagonal[j]], tolerance);
                for (right, expected) in right.iter().zip(&expected) {
                    let total: f64 = right.iter().zip(&column).map(|(r, l)| r * l).sum();
                    same(&[total], &[expected[j]], tolerance);
                }
            }
        }
    }
}
