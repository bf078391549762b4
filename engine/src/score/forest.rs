//! Stand-in for forests of decision trees: replaced by the branch `trees`. Nothing can be loaded into it.

use crate::{Error, Progress, Result};

#[expect(dead_code, reason = "the stand-in makes none")]
/// What a forest answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A number.
    Value,
    /// The probability of the second of two classes.
    Binary,
    /// The probability of each of so many classes.
    Multi(usize),
}

/// A forest; there is none yet.
#[derive(Debug)]
pub(super) enum Forest {}

pub(super) fn xgboost(_: &[u8], _: &Progress) -> Result<Forest> {
    Err(Error::bad_whole("XGBoost models cannot be read yet"))
}

pub(super) fn lightgbm(_: &[u8], _: &Progress) -> Result<Forest> {
    Err(Error::bad_whole("LightGBM models cannot be read yet"))
}

impl Forest {
    pub(super) fn features(&self) -> &[Box<str>] {
        match *self {}
    }

    pub(super) fn task(&self) -> Task {
        match *self {}
    }

    pub(super) fn groups(&self) -> usize {
        match *self {}
    }

    pub(super) fn outputs(&self) -> usize {
        match *self {}
    }

    pub(super) fn trees(&self) -> usize {
        match *self {}
    }

    pub(super) fn objective(&self) -> &str {
        match *self {}
    }

    pub(super) fn margins_of_row(&self, _: &[f64], _: &mut [f64]) {
        match *self {}
    }

    pub(super) fn margins(&self, _: &[f64], _: &mut [f64], _: &Progress) -> Result<()> {
        match *self {}
    }

    pub(super) fn outputs_of(&self, _: &[f64], _: &mut [f64]) {
        match *self {}
    }

    pub(super) fn contributions(&self, _: &[f64], _: usize, _: &mut [f64]) {
        match *self {}
    }

    pub(super) fn thresholds(&self) -> impl Iterator<Item = (usize, Vec<f64>)> {
        match *self {}
        #[expect(unreachable_code, reason = "names the type")]
        std::iter::empty()
    }

    pub(super) fn bytes(&self) -> u64 {
        match *self {}
    }

    pub(super) fn encode(&self) -> Vec<Vec<u8>> {
        match *self {}
    }
}

/// A forest in the making.
#[derive(Debug, Default)]
pub(super) struct Decoder;

impl Decoder {
    pub(super) fn push(&mut self, _: &[u8]) -> Result<()> {
        Err(Error::Corrupt("forests cannot be read yet"))
    }

    pub(super) fn finish(self) -> Result<Forest> {
        Err(Error::Corrupt("forests cannot be read yet"))
    }

    pub(super) fn bytes(&self) -> u64 {
        0
    }
}
