//! Operators of `ai.onnx.ml`: linear models, tree ensembles, and the preparation of features.

use std::collections::HashMap;
use std::rc::Rc;

use super::building::{Building, Named, Operation, one};
use super::kernel::Kernel;
use super::labels::Labels;
use super::linear::Linear;
use super::plain::convert;
use super::preparation::{Encoder, Imputer, Normalizer, OneHot};
use super::program::Value;
use super::scores::Transform;
use super::shapes::{concatenate, extract};
use super::tensor::{Data, Kind, Tensor, elements};
use super::{bad, trees};
use crate::Result;
use crate::score::MAX_CLASSES;

/// The most categories and keys of a table.
const MAX_KEYS: usize = 1 << 20;

/// Adds a node; `None` if the operator is none of these.
#[expect(clippy::too_many_lines, reason = "one arm for each operator")]
pub(super) fn add(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Option<Vec<Named>>> {
    let value = match op.operator {
        "LinearRegressor" => linear_regressor(building, op)?,
        "LinearClassifier" => return linear_classifier(building, op).map(Some),
        "TreeEnsembleRegressor" => {
            op.counts(1, 1)?;
            let (x, width) = row(op)?;
            let trees = trees::regressor(op.attributes, width, &mut building.texts, op.progress)?;
            let shape = vec![1, trees.targets()];
            let kernel = Kernel::Trees(Box::new(trees), Labels(Data::I64(Vec::new())));
            building.program.step(kernel, &[x], Kind::F32, shape)?
        }
        "TreeEnsembleClassifier" => {
            op.counts(1, 1)?;
            let (x, width) = row(op)?;
            let x = x.clone();
            let labels = labels(building, op, "classlabels_strings", "classlabels_int64s")?;
            let classes = labels.len();
            let are_counted = match &labels {
                Data::I64(list) => list[..] == [0, 1],
                _ => true,
            };
            let trees =
                trees::classifier(op.attributes, width, classes, are_counted, &mut building.texts, op.progress)?;
            let kernel = Kernel::Trees(Box::new(trees), Labels(labels.clone()));
            return classified(building, kernel, &x, labels).map(Some);
        }
        "Scaler" => scaler(building, op)?,
        "Normalizer" => {
            op.counts(1, 1)?;
            let (x, width) = row(op)?;
            let norm = match op.attributes.text("norm")? {
                None | Some("MAX") => Normalizer::Max,
                Some("L1") => Normalizer::L1,
                Some("L2") => Normalizer::L2,
                Some(_) => return Err(op.attributes.wrong("norm")),
            };
            building.program.step(Kernel::Normalize(norm, width), &[x], Kind::F32, x.shape.clone())?
        }
        "Imputer" => imputer(building, op)?,
        "Binarizer" => {
            op.counts(1, 1)?;
            let x = op.input(0)?;
            if !x.kind.is_number() {
                return Err(op.misused());
            }
            let threshold = op.attributes.float("threshold")?.unwrap_or(0.0);
            building.program.step(Kernel::Binarize(threshold), &[x], x.kind, x.shape.clone())?
        }
        "OneHotEncoder" => one_hot(building, op)?,
        "LabelEncoder" => label_encoder(building, op)?,
        "FeatureVectorizer" => {
            let widths: Vec<i64> =
                op.attributes.integers("inputdimensions").take(op.inputs.len() + 1).collect::<Result<_>>()?;
            let mut values = Vec::new();
            for (i, width) in widths.iter().enumerate() {
                let x = op.input(i)?;
                let count = elements(&x.shape)?;
                if *width != count as i64 {
                    return Err(op.attributes.wrong("inputdimensions"));
                }
                let x = Value { shape: vec![1, count], ..x.clone() };
                values.push(convert(building, op, &x, Kind::F32)?);
            }
            if values.len() != op.inputs.len() {
                return Err(op.misused());
            }
            concatenate(building, op, &values.iter().collect::<Vec<_>>(), 1)?
        }
        "ArrayFeatureExtractor" => extract(building, op)?,
        "ZipMap" => {
            op.counts(1, 1)?;
            let value = op.input(0)?.clone();
            let labels = labels(building, op, "classlabels_strings", "classlabels_int64s")?;
            if elements(&value.shape)? != labels.len() || !value.kind.is_float() {
                return Err(op.misused());
            }
            return Ok(Some(vec![Named { value, labels: Some(Rc::new(labels)) }]));
        }
        _ => return Ok(None),
    };
    Ok(Some(one(value)))
}

/// The input of an operator that takes one row of numbers, and its width.
fn row<'o>(op: &'o Operation<'_, '_>) -> Result<(&'o Value, usize)> {
    let x = op.input(0)?;
    match x.shape[..] {
        [width] | [1, width] if x.kind.is_number() && width > 0 => Ok((x, width)),
        _ => Err(op.misused()),
    }
}

/// A list of floats in an attribute.
fn floats(op: &Operation<'_, '_>, name: &str, most: usize) -> Result<Vec<f32>> {
    let list: Vec<f32> = op.attributes.floats(name).take(most + 1).collect::<Result<_>>()?;
    if list.len() > most || list.iter().any(|x| !x.is_finite()) { Err(op.attributes.wrong(name)) } else { Ok(list) }
}

/// The labels of classes: texts or integers.
fn labels(building: &mut Building<'_>, op: &Operation<'_, '_>, texts: &str, integers: &str) -> Result<Data> {
    let named: Vec<u32> = op
        .attributes
        .texts(texts)
        .take(MAX_CLASSES + 1)
        .map(|text| building.texts.place(text?))
        .collect::<Result<_>>()?;
    let counted: Vec<i64> = op.attributes.integers(integers).take(MAX_CLASSES + 1).collect::<Result<_>>()?;
    let labels = match (named.is_empty(), counted.is_empty()) {
        (false, true) => Data::Text(named),
        (true, false) => Data::I64(counted),
        _ => return Err(op.unsupported("needs the labels of its classes, as texts or as integers")),
    };
    if labels.len() > MAX_CLASSES || labels.len() < 2 {
        return Err(op.unsupported("must have 2 to 1024 classes"));
    }
    Ok(labels)
}

/// Adds a classifier: its results are the label and the scores.
fn classified(building: &mut Building<'_>, kernel: Kernel, x: &Value, labels: Data) -> Result<Vec<Named>> {
    let kind = if matches!(labels, Data::Text(_)) { Kind::Text } else { Kind::I64 };
    let shape = vec![1, labels.len()];
    let (scores, label) = building.program.steps_with(kernel, &[x], (Kind::F32, shape), Some(kind))?;
    let label = label.ok_or_else(|| bad("a classifier of the ONNX model has no label"))?;
    building.remember(&label, Rc::new(labels));
    Ok(vec![Named { value: label, labels: None }, Named { value: scores, labels: None }])
}

fn transform(op: &Operation<'_, '_>) -> Result<Transform> {
    let name = op.attributes.text("post_transform")?.unwrap_or("NONE");
    Transform::named(name).ok_or_else(|| op.attributes.wrong("post_transform"))
}

fn linear_regressor(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 1)?;
    let (x, width) = row(op)?;
    let targets = op.attributes.integer("targets")?.unwrap_or(1);
    let targets = usize::try_from(targets).ok().filter(|targets| (1..=MAX_CLASSES).contains(targets));
    let targets = targets.ok_or_else(|| op.attributes.wrong("targets"))?;
    let weights = floats(op, "coefficients", width * targets)?;
    let mut intercepts = floats(op, "intercepts", targets)?;
    if intercepts.is_empty() {
        intercepts = vec![0.0; targets];
    }
    if weights.len() != width * targets || intercepts.len() != targets {
        return Err(op.attributes.wrong("coefficients"));
    }
    let linear =
        Linear { weights: weights.into(), intercepts: intercepts.into(), transform: transform(op)?, labels: None };
    building.program.step(Kernel::Linear(linear), &[x], Kind::F32, vec![1, targets])
}

fn linear_classifier(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Vec<Named>> {
    op.counts(1, 1)?;
    let (x, width) = row(op)?;
    let x = x.clone();
    // How the classes were trained; onnxruntime does not read it.
    op.attributes.integer("multi_class")?;
    let labels = labels(building, op, "classlabels_strings", "classlabels_ints")?;
    let intercepts = floats(op, "intercepts", MAX_CLASSES)?;
    let outputs = intercepts.len();
    let weights = floats(op, "coefficients", width * outputs)?;
    let transform = transform(op)?;
    if outputs == 1 && labels.len() == 2 && transform == Transform::Probit {
        return Err(op.unsupported(
            "with PROBIT and one score for two classes is not supported: onnxruntime leaves one undefined",
        ));
    }
    if weights.len() != width * outputs || outputs != labels.len() && (outputs, labels.len()) != (1, 2) {
        return Err(op.attributes.wrong("coefficients"));
    }
    let linear = Linear {
        weights: weights.into(),
        intercepts: intercepts.into(),
        transform,
        labels: Some(Labels(labels.clone())),
    };
    classified(building, Kernel::Linear(linear), &x, labels)
}

/// `(x - offset) * scale`, as two steps.
fn scaler(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    use super::arithmetic::{Binary, Index};
    op.counts(1, 1)?;
    let (x, width) = row(op)?;
    let x = if x.kind.is_float() { x.clone() } else { convert(building, op, x, Kind::F32)? };
    let mut value = x;
    for (name, function) in [("offset", Binary::Sub), ("scale", Binary::Mul)] {
        let list = floats(op, name, width)?;
        let index = match list.len() {
            1 => Index::One,
            count if count == width => Index::Same,
            _ => return Err(op.attributes.wrong(name)),
        };
        let shape = vec![list.len()];
        let data = if value.kind == Kind::F32 {
            Data::F32(list)
        } else {
            Data::F64(list.into_iter().map(f64::from).collect())
        };
        let by = building.program.constant(Tensor { kind: value.kind, shape, data })?;
        let shape = value.shape.clone();
        let kernel = Kernel::Binary(function, Index::Same, index);
        value = building.program.step(kernel, &[&value, &by], value.kind, shape)?;
    }
    convert(building, op, &value, Kind::F32)
}

fn imputer(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 1)?;
    let (x, width) = row(op)?;
    let imputer = if x.kind.is_float() {
        let by = floats(op, "imputed_value_floats", width)?;
        Imputer::Floats(op.attributes.float("replaced_value_float")?.unwrap_or(0.0), by.into())
    } else {
        let by: Vec<i64> = op.attributes.integers("imputed_value_int64s").take(width + 1).collect::<Result<_>>()?;
        Imputer::Integers(op.attributes.integer("replaced_value_int64")?.unwrap_or(0), by.into())
    };
    let count = match &imputer {
        Imputer::Floats(_, by) => by.len(),
        Imputer::Integers(_, by) => by.len(),
    };
    if count != 1 && count != width {
        return Err(op.misused());
    }
    building.program.step(Kernel::Impute(imputer), &[x], x.kind, x.shape.clone())
}

fn one_hot(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 1)?;
    let x = op.input(0)?.clone();
    let texts: Vec<u32> = op
        .attributes
        .texts("cats_strings")
        .take(MAX_KEYS + 1)
        .map(|text| building.texts.place(text?))
        .collect::<Result<_>>()?;
    let integers: Vec<i64> = op.attributes.integers("cats_int64s").take(MAX_KEYS + 1).collect::<Result<_>>()?;
    let categories = if x.kind == Kind::Text {
        building.know(&x, &texts)?;
        texts.into_iter().map(i64::from).collect()
    } else {
        integers
    };
    let count = categories.len();
    // Of equal categories, the last has the place.
    let places: HashMap<i64, u32> =
        categories.into_iter().enumerate().map(|(i, category)| (category, i as u32)).collect();
    if count == 0 || count > MAX_KEYS || places.len() != count || x.kind == Kind::Bool {
        return Err(op.misused());
    }
    let mut shape = x.shape.clone();
    shape.push(count);
    elements(&shape)?;
    let are_zeros_allowed = op.attributes.flag("zeros", true)?;
    let encoder = OneHot { places, count, are_zeros_allowed };
    building.program.step(Kernel::OneHot(encoder), &[&x], Kind::F32, shape)
}

/// A table from keys to values, each a list of an attribute.
fn label_encoder(building: &mut Building<'_>, op: &Operation<'_, '_>) -> Result<Value> {
    op.counts(1, 1)?;
    let x = op.input(0)?.clone();
    let keys = list(building, op, "keys")?.ok_or_else(|| op.unsupported("needs keys and values"))?;
    let values = list(building, op, "values")?.ok_or_else(|| op.unsupported("needs keys and values"))?;
    let (key_kind, keys) = keys;
    let (kind, values) = values;
    if keys.len() != values.len()
        || keys.len() == 0
        || key_kind != x.kind && !(key_kind == Kind::F32 && x.kind == Kind::F64)
    {
        return Err(op.misused());
    }
    let default = match kind {
        Kind::F32 => Data::F32(vec![op.attributes.float("default_float")?.unwrap_or(-0.0)]),
        Kind::I64 => Data::I64(vec![op.attributes.integer("default_int64")?.unwrap_or(-1)]),
        Kind::Text => {
            let text = op.attributes.text("default_string")?.unwrap_or("_Unused");
            Data::Text(vec![building.texts.place(text.as_bytes())?])
        }
        _ => Data::empty(kind),
    };
    // The defaults of the other types have no effect.
    op.attributes.float("default_float")?;
    op.attributes.integer("default_int64")?;
    op.attributes.text("default_string")?;
    let default = match op.attributes.tensor("default_tensor", &mut building.texts)? {
        Some(tensor) if tensor.kind == kind && tensor.data.len() == 1 => tensor.data,
        Some(_) => return Err(op.attributes.wrong("default_tensor")),
        None => default,
    };
    if default.len() != 1 {
        return Err(op.misused());
    }
    if let Data::Text(texts) = &keys {
        building.know(&x, texts)?;
    }
    let mut places = HashMap::with_capacity(keys.len());
    for i in 0..keys.len() {
        let key = match &keys {
            Data::I64(list) => list[i] as u64,
            Data::Text(list) => u64::from(list[i]),
            other if other.number(i).is_nan() => return Err(op.unsupported("with NaN as a key is not supported")),
            other => Encoder::key(other.number(i)),
        };
        // Of equal keys, the first counts.
        places.entry(key).or_insert(i as u32);
    }
    let encoder = Encoder { places, values, default };
    building.program.step(Kernel::Encode(encoder), &[&x], kind, x.shape.clone())
}

/// A list of an attribute, as integers, floats, texts or a tensor.
fn list(building: &mut Building<'_>, op: &Operation<'_, '_>, what: &str) -> Result<Option<(Kind, Data)>> {
    let [integers, floats_of, texts, tensor] =
        ["int64s", "floats", "strings", "tensor"].map(|kind| format!("{what}_{kind}"));
    if let Some(tensor) = op.attributes.tensor(&tensor, &mut building.texts)? {
        return Ok(Some((tensor.kind, tensor.data)));
    }
    let counted: Vec<i64> = op.attributes.integers(&integers).take(MAX_KEYS + 1).collect::<Result<_>>()?;
    let numbers: Vec<f32> = op.attributes.floats(&floats_of).take(MAX_KEYS + 1).collect::<Result<_>>()?;
    let named: Vec<u32> = op
        .attributes
        .texts(&texts)
        .take(MAX_KEYS + 1)
        .map(|text| building.texts.place(text?))
        .collect::<Result<_>>()?;
    let found: Vec<(Kind, Data)> =
        [(Kind::I64, Data::I64(counted)), (Kind::F32, Data::F32(numbers)), (Kind::Text, Data::Text(named))]
            .into_iter()
            .filter(|(_, data)| data.len() > 0)
            .collect();
    match <[_; 1]>::try_from(found) {
        Ok([one]) if one.1.len() <= MAX_KEYS => Ok(Some(one)),
        Ok(_) => Err(op.unsupported("has more than a million keys")),
        Err(found) if found.is_empty() => Ok(None),
        Err(_) => Err(op.unsupported("has keys or values of several types")),
    }
}
