//! Warnings about features whose decimals are too few for the model.

use super::features::Features;

/// Maximum number of warnings of one kind; the others are only counted.
const MAX_WARNINGS: usize = 20;

/// Warnings about features whose decimals are too few. `is_coarse` gets a feature and the step between its values.
pub(super) fn close_steps(features: &Features, is_coarse: impl Fn(usize, f64) -> bool, why: &str) -> Vec<String> {
    let coarse = |&i: &usize| features.step(i).is_some_and(|step| is_coarse(i, step));
    let found: Vec<usize> = (0..features.len()).filter(coarse).collect();
    let mut warnings: Vec<String> =
        found.iter().take(MAX_WARNINGS).map(|&i| format!("feature {}: {why}", features.shown(i))).collect();
    if found.len() > MAX_WARNINGS {
        warnings.push(format!("{} more features: {why}", found.len() - MAX_WARNINGS));
    }
    warnings
}
