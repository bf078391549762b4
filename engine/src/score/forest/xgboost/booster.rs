//! The boosters of XGBoost: trees (`gbtree`), trees with weights (`dart`) and a linear model (`gblinear`).

use super::super::column::single;
use super::super::grow::{Growing, Grown};
use super::super::linear::{LinearLeaf, Term};
use super::super::{Refused, bad};
use crate::{Error, Result};

/// What trained the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Booster {
    /// Trees.
    Trees,
    /// Trees that were dropped at random in the training, and have weights for that reason.
    Dart,
    /// Weights of features, without trees.
    Linear,
}

impl Booster {
    /// The booster with this name in a file.
    pub(super) fn named(name: &str) -> Result<Self> {
        match name {
            "gbtree" => Ok(Self::Trees),
            "dart" => Ok(Self::Dart),
            "gblinear" => Ok(Self::Linear),
            _ => Err(bad("the model has no booster gbtree, dart or gblinear")),
        }
    }
}

/// Multiplies the trees of `dart` by their weights. XGBoost multiplies each leaf by the weight in `f32` when it predicts,
/// so the product can be stored.
pub(super) fn weigh(growing: &mut Growing, weights: &[f64]) -> Result<()> {
    if weights.len() != growing.trees() {
        return Err(bad("weight_drop must have a weight for each tree"));
    }
    // The nearest f32, which is the number that XGBoost wrote.
    let weights: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
    if !weights.iter().all(|weight| weight.is_finite()) {
        return Err(bad("weight_drop has a weight that is not a finite number"));
    }
    growing.scale(&weights).map_err(bad)
}

/// The forest of a linear booster, and the start of each group's sum. `weights` are row-major: for each of `width`
/// features a weight for each group, then the bias of each group. All groups have the base score of the first, as in the
/// `predict` of XGBoost.
pub(super) fn linear(weights: &[f64], width: usize, base: &[f64]) -> Result<(Grown, Vec<f64>)> {
    const WRONG: Refused = "weights must have a number for each feature and class, and a bias for each class";
    let groups = base.len();
    if groups.checked_mul(width.saturating_add(1)) != Some(weights.len()) {
        return Err(bad(WRONG));
    }
    let (of_features, biases) = weights.split_at(groups * width);
    if !biases.iter().all(|&bias| single(bias).is_finite()) {
        return Err(bad("the bias of a class is not a finite number"));
    }
    let mut growing = Growing::new();
    for group in 0..groups {
        growing.leaf(0.0).map_err(bad)?;
        for (feature, weights) in of_features.chunks_exact(groups).enumerate() {
            let term = Term { feature: feature as u32, weight: single(weights[group]) };
            growing.linear().add_term(term).map_err(bad)?;
        }
        let end = growing.linear().terms.len() as u32;
        growing.make_linear(LinearLeaf { node: group as u32, end, if_missing: 0.0 }).map_err(bad)?;
    }
    let first = base.first().copied().unwrap_or_default();
    let starts = biases.iter().map(|&bias| single(single(bias) + first)).collect();
    Ok((growing.finish().map_err(bad)?, starts))
}

/// The error for a file that has both trees and linear weights, or weights of trees that it does not use.
pub(super) fn contradiction() -> Error {
    bad("the booster of the file and its trees, weights or weight_drop do not fit together")
}
