//! Tables of several panels and blocks: factors, row exchanges, threads, cancellation during the work.

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;

use std::sync::atomic::{AtomicBool, Ordering};

use assess_engine::io::rank::Ranking;
use assess_engine::io::{IoModel, LeontiefMode, Table, spectral_check};
use assess_engine::model::{Model, Query};
use assess_engine::{Budget, Error, Progress};
use fixtures::{assess, close, indicator, items};

const N: usize = 700;

/// A fixed number in 0..1.
fn noise(i: usize) -> f64 {
    (i as f64 * 0.754_877_666_246_692_8).fract()
}

/// Nodes are scaled by `scale`: the spectral radius stays the same, the column sums do not.
fn table(scale: impl Fn(usize) -> f64) -> Table {
    let names: Vec<(String, String)> = (0..N).map(|i| (format!("R{}", i / 35), format!("s{}", i % 35))).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|(r, s)| (r.as_str(), s.as_str())).collect();
    fixtures::table(&nodes, |i, j| {
        let unscaled = noise(i * N + j).powi(4) * if i / 35 == j / 35 { 0.04 } else { 0.004 };
        unscaled * scale(j) / scale(i)
    })
}

fn model(table: Table) -> IoModel {
    IoModel::new(table).with_indicator(indicator("risk", (0..N).map(noise))).expect("the indicator fits")
}

fn query() -> Query<'static> {
    Query { top: N as u32, ..Query::default() }
}

/// Multipliers of all nodes, each checked against `m = r + m A`.
fn totals(model: &IoModel) -> Vec<f64> {
    let mut ranked = model.rank(&Ranking { limit: N, ..Ranking::default() }).expect("it is derived");
    ranked.sort_unstable_by_key(|ranked| ranked.0);
    let totals: Vec<f64> = ranked.into_iter().map(|ranked| ranked.1).collect();
    let a = &model.table().coefficients;
    for j in 0..N {
        let upstream: f64 = (0..N).map(|i| totals[i] * a.get(i, j)).sum();
        close(totals[j], noise(j) + upstream, 1e-12);
    }
    totals
}

#[test]
fn multipliers_are_right_with_and_without_row_exchanges() {
    let plain = |_: usize| 1.0;
    // From 1 to a million, so that pivots are far from the diagonal.
    let scaled = |i: usize| 10f64.powf(6.0 * noise(i * 7 + 3));
    for (table, above) in [(table(plain), false), (table(scaled), true)] {
        let sum = |j: usize| (0..N).map(|i| table.coefficients.get(i, j)).sum::<f64>();
        assert_eq!((0..N).any(|j| sum(j) > 1.0), above);
        spectral_check(&table, &Progress::default()).expect("the radius is below 1");
        let full = model(table.clone());
        full.derive(&Budget::UNLIMITED, &Progress::default()).expect("it derives");
        let lazy = model(Table { leontief: Some(LeontiefMode::Lazy), ..table });
        lazy.derive(&Budget::UNLIMITED, &Progress::default()).expect("it derives");
        for (a, b) in totals(&full).into_iter().zip(totals(&lazy)) {
            close(a, b, 1e-12);
        }
        for j in [0, 300, 699] {
            let (a, b) = (assess(&full, j, &query()), assess(&lazy, j, &query()));
            for list in ["contributors", "suppliers", "by_region", "by_sector"] {
                let (a, b) = (items(&a[list]), items(&b[list]));
                let total: f64 = a.iter().map(|item| item.1).sum();
                assert_eq!(a.len(), b.len());
                a.iter().zip(&b).for_each(|(a, b)| assert!((a.1 - b.1).abs() <= 1e-12 * total, "{a:?} {b:?}"));
            }
            assert_eq!(a["concentration"]["nodes_80"], b["concentration"]["nodes_80"]);
        }
    }
}

#[test]
fn several_threads_give_the_same_result() {
    let alone = model(table(|_| 1.0));
    alone.derive(&Budget::UNLIMITED, &Progress::default()).expect("it derives");
    let shared = model(table(|_| 1.0));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("threads start");
    pool.install(|| shared.derive(&Budget::UNLIMITED, &Progress::default())).expect("it derives");
    for (a, b) in totals(&alone).into_iter().zip(totals(&shared)) {
        close(a, b, 1e-13);
    }
}

#[test]
fn derivation_stops_early_when_it_is_cancelled() {
    for mode in [LeontiefMode::Full, LeontiefMode::Lazy] {
        let model = model(Table { leontief: Some(mode), ..table(|_| 1.0) });
        let (progress, done) = (Progress::default(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // As soon as any part of the work is done.
                while progress.percent() < 2 && !done.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                progress.cancel();
            });
            let result = model.derive(&Budget::UNLIMITED, &progress);
            done.store(true, Ordering::Relaxed);
            // A machine too busy to cancel in time is no failure.
            assert!(matches!(result, Ok(()) | Err(Error::Cancelled)));
            assert_eq!(model.ready(), result.is_ok());
        });
        model.derive(&Budget::UNLIMITED, &Progress::default()).expect("it can be derived again");
        assert!(model.ready());
    }
}
