//! A program that is being built from a graph, and one operation of it.

use std::collections::HashMap;
use std::rc::Rc;

use super::message::Attributes;
use super::program::{Program, Source, Value};
use super::tensor::{Data, Kind};
use super::texts::Texts;
use super::{bad, shown};
use crate::score::categories::MAX_CATEGORIES;
use crate::{Progress, Result};

/// Which part of a row an input takes.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) kind: Kind,
    /// The features from here on.
    pub(super) start: usize,
    pub(super) count: usize,
    /// Of an input of texts: the places of the categories of each feature among all texts.
    pub(super) texts: Vec<Vec<u32>>,
}

/// A name of the graph: a tensor, or a map of the probabilities in a tensor.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) value: Value,
    /// The labels of the classes of a map.
    pub(super) labels: Option<Rc<Data>>,
}

/// A program that is being built.
#[derive(Debug)]
pub(super) struct Building<'a> {
    pub(super) program: Program,
    pub(super) texts: Texts,
    pub(super) names: HashMap<&'a str, Named>,
    /// The version of the operators of ONNX, and of those of `ai.onnx.ml`.
    pub(super) version: i64,
    pub(super) inputs: Vec<Input>,
    pub(super) features: Vec<Box<str>>,
    /// The texts that operators know, by feature.
    pub(super) categories: Vec<Vec<u32>>,
    /// Their number.
    pub(super) known: usize,
    /// The labels that classifiers have, by the slot of their label.
    pub(super) labels: HashMap<u32, Rc<Data>>,
}

/// A node with its operands.
pub(super) struct Operation<'n, 'a> {
    pub(super) operator: &'a str,
    pub(super) attributes: &'n Attributes<'a>,
    /// `None` for an optional input that is absent.
    pub(super) inputs: Vec<Option<Named>>,
    pub(super) progress: &'n Progress,
}

impl Operation<'_, '_> {
    /// The error for an operator with other operands than it takes.
    pub(super) fn misused(&self) -> crate::Error {
        bad(format!(
            "the operands of the operator {} do not fit together, or are of a type that is not supported",
            shown(self.operator)
        ))
    }

    /// The error for a form of an operator.
    pub(super) fn unsupported(&self, what: &str) -> crate::Error {
        bad(format!("the operator {} {what}", shown(self.operator)))
    }

    /// An input that must be there.
    pub(super) fn input(&self, i: usize) -> Result<&Value> {
        match self.inputs.get(i) {
            Some(Some(Named { value, labels: None })) => Ok(value),
            _ => Err(self.misused()),
        }
    }

    /// An input that may be absent.
    pub(super) fn optional(&self, i: usize) -> Result<Option<&Value>> {
        match self.inputs.get(i) {
            Some(Some(_)) => self.input(i).map(Some),
            _ => Ok(None),
        }
    }

    /// Fails when there are more or fewer inputs.
    pub(super) fn counts(&self, least: usize, most: usize) -> Result<()> {
        if (least..=most).contains(&self.inputs.len()) { Ok(()) } else { Err(self.misused()) }
    }
}

impl Building<'_> {
    /// The integers of a constant.
    pub(super) fn integers(&self, operation: &Operation<'_, '_>, value: &Value) -> Result<Vec<i64>> {
        let known = self.program.known(value).and_then(Data::integers);
        known
            .map(<[i64]>::to_vec)
            .ok_or_else(|| operation.unsupported("has dimensions or places that depend on the row"))
    }

    /// Remembers that an operator knows these texts as values of `x`.
    pub(super) fn know(&mut self, x: &Value, texts: &[u32]) -> Result<()> {
        for &feature in self.program.origins(x) {
            if let Some(known) = self.categories.get_mut(feature as usize) {
                self.known += texts.len();
                if self.known > 4 * MAX_CATEGORIES {
                    return Err(bad("the encoders of the ONNX model have more than 4 million categories"));
                }
                known.extend_from_slice(texts);
            }
        }
        Ok(())
    }

    /// Remembers the labels of a classifier.
    pub(super) fn remember(&mut self, label: &Value, labels: Rc<Data>) {
        if let Source::Slot(slot) = label.source {
            self.labels.insert(slot, labels);
        }
    }
}

/// One result that is a tensor.
pub(super) fn one(value: Value) -> Vec<Named> {
    vec![Named { value, labels: None }]
}
