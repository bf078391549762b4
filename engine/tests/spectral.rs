//! The spectral check: whether the production layers converge.

#[expect(dead_code, reason = "other tests use the rest")]
mod fixtures;

use assess_engine::io::{Table, spectral_check};
use assess_engine::{Error, Progress};
use proptest::prelude::*;

fn table(n: usize, a: impl Fn(usize, usize) -> f64) -> Table {
    let names: Vec<String> = (0..n).map(|i| format!("s{i}")).collect();
    let nodes: Vec<(&str, &str)> = names.iter().map(|name| ("R", name.as_str())).collect();
    fixtures::table(&nodes, a)
}

fn passes(table: &Table) -> bool {
    match spectral_check(table, &Progress::default()) {
        Ok(()) => true,
        Err(Error::BadInput { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

fn square<const N: usize>(a: [[f64; N]; N]) -> Table {
    table(N, |i, j| a[i][j])
}

#[test]
fn the_radius_decides_and_not_the_sums_of_columns() {
    let cases = [
        // Column sums below 1.
        (true, square([[0.2, 0.3], [0.4, 0.1]])),
        // Column sums of 1 and above, radius 0, 0.5 and 0.9.
        (true, square([[0.0, 50.0], [0.0, 0.0]])),
        (true, square([[0.5, 50.0], [0.0, 0.5]])),
        (true, square([[0.0, 8.1], [0.1, 0.0]])),
        // Radius exactly 1: one node, a cycle of two, one of two.
        (false, square([[1.0]])),
        (false, square([[0.0, 1.0], [1.0, 0.0]])),
        (false, square([[1.0, 0.1], [0.0, 0.5]])),
        (false, square([[0.5, 0.1], [0.0, 1.0]])),
        // Above.
        (false, square([[0.0, 12.1], [0.1, 0.0]])),
        (false, square([[0.5, 0.0, 0.0], [0.3, 0.6, 0.6], [0.0, 0.6, 0.6]])),
        (false, square([[1e300, 0.0], [0.0, 0.1]])),
        (false, square([[0.0, 1e300], [1e300, 0.0]])),
    ];
    for (i, (expected, table)) in cases.iter().enumerate() {
        assert_eq!(passes(table), *expected, "case {i}");
    }
}

#[test]
fn radii_just_below_and_just_above_one_are_distinguished() {
    for distance in [1e-3, 1e-6, 1e-9] {
        for n in [1, 2, 30] {
            for (expected, radius) in [(true, 1.0 - distance), (false, 1.0 + distance)] {
                // A cycle with uneven weights whose product is radius^n, and a sum above 1 somewhere.
                let weight = |j: usize| if j == 0 { 4.0 } else { (0.25f64).powf(1.0 / (n as f64 - 1.0)) };
                let cycle = table(n, |i, j| {
                    let weight = if n == 1 { 1.0 } else { weight(j) };
                    if i == (j + 1) % n { radius * weight } else { 0.0 }
                });
                assert_eq!(passes(&cycle), expected, "cycle of {n}, {radius}");
                // The same cycle, joined to a part with a small radius.
                let joined = table(n + 2, |i, j| match (i < n, j < n) {
                    (true, true) => cycle.coefficients.get(i, j),
                    (true, false) => 3.0,
                    (false, true) => 0.0,
                    (false, false) => 0.4,
                });
                assert_eq!(passes(&joined), expected, "joined to a cycle of {n}, {radius}");
            }
        }
    }
}

#[test]
fn groups_of_equal_radius_that_feed_each_other_are_distinguished() {
    // Rows approach their limit only as 1/k here, so the equations must decide.
    for (expected, radius) in [(true, 0.9999), (false, 1.0001)] {
        let chain = table(3, |i, j| {
            if i == j {
                radius
            } else if i + 1 == j {
                5.0
            } else {
                0.0
            }
        });
        assert_eq!(passes(&chain), expected);
    }
}

#[test]
fn negative_coefficients_count_with_their_sign() {
    // |A| diverges, A does not: its eigenvalues are 0.6 +- 0.6 i.
    assert!(passes(&square([[0.6, -0.6], [0.6, 0.6]])));
    assert!(!passes(&square([[0.9, -0.9], [0.9, 0.9]])));
    assert!(!passes(&square([[-1.5]])));
    assert!(passes(&square([[-0.5]])));
    assert!(passes(&square([[1.0, -1.0], [1.0, -1.0]])));
}

#[test]
fn the_error_names_the_node_that_is_the_cause() {
    let error = |coefficients| spectral_check(&square(coefficients), &Progress::default()).unwrap_err().to_string();
    let own = error([[0.5, 0.2], [0.4, 1.5]]);
    assert!(own.ends_with("R s1 needs as much of its own output as it makes (1.5)"), "{own}");
    let sum = error([[0.5, 0.9], [0.8, 0.6]]);
    assert!(sum.ends_with("R s1 has the largest sum of inputs per unit of output (1.5)"), "{sum}");
}

#[test]
fn the_check_can_be_cancelled() {
    let progress = Progress::default();
    progress.cancel();
    assert_eq!(spectral_check(&square([[0.5]]), &progress), Err(Error::Cancelled));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A similar matrix `D^-1 A D` has the same radius, whatever its column sums.
    #[test]
    fn scaling_nodes_changes_sums_and_not_the_result(
        a in proptest::collection::vec(0.0..1.0f64, 36),
        scales in proptest::collection::vec(0.01..100.0f64, 6),
        radius in prop_oneof![Just(0.99), Just(1.01)],
    ) {
        // Columns with one common sum have it as their radius.
        let sum = |j: usize| (0..6).map(|i| a[j * 6 + i]).sum::<f64>().max(1e-3);
        let scaled = table(6, |i, j| a[j * 6 + i] / sum(j) * radius * scales[j] / scales[i]);
        let whole = (0..6).all(|j| sum(j) > 1e-3);
        prop_assume!(whole);
        prop_assert_eq!(passes(&scaled), radius < 1.0);
    }
}
