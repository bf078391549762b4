//! Warnings about features whose decimals are too few for the model.

use super::features::Features;

/// The most warnings of one kind that are spelled out.
const MAX_WARNINGS: usize = 20;

/// Warnings about features whose decimals are too few: those that `is_coarse` says of, given the step between values.
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
