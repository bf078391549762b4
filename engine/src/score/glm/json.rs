//! Files of the format `glm/1`.
//!
//! `{"format":"glm/1","name":..,"link":"identity|log|logit|softmax|inverse|..","features":[{"name":..,"mean":..,"scale":..,
//! "decimals":..}],"outputs":[{"label":..,"intercept":..,"coef":[..]}],"classes":[..],"family":..}`. The default mean
//! is 0, the default scale 1. `classes` are the two labels of a model of two classes (logit, probit, cloglog), by default `0` and `1`. The classes of a
//! softmax model are the labels of its outputs; if an output has no label, all classes are numbered. Models of several targets
//! have several outputs too, with every link that is not of two classes.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::coarse::close_steps;
use super::super::features::{Features, declared};
use super::super::json::bad_form;
use super::{Glm, Link};
use crate::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    #[serde(rename = "name", default)]
    _name: IgnoredAny,
    #[serde(rename = "family", default)]
    _family: IgnoredAny,
    link: String,
    features: Vec<Feature>,
    outputs: Vec<Output>,
    classes: Option<Vec<Box<str>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Feature {
    name: Box<str>,
    #[serde(default)]
    mean: f64,
    #[serde(default = "one")]
    scale: f64,
    decimals: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    label: Option<Box<str>>,
    #[serde(default)]
    intercept: f64,
    coef: Vec<f64>,
}

fn one() -> f64 {
    1.0
}

/// Reads a file: features, the model, and the scale of each feature.
pub(in crate::score) fn read(bytes: &[u8]) -> Result<(Features, Glm, Vec<f64>)> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| bad_form(&error, "glm/1"))?;
    if file.format != "glm/1" {
        return Err(Error::bad_whole("the field format is not glm/1"));
    }
    // A linear model is a model with the link identity: both words are in use.
    let name = if file.link == "linear" { Link::Identity.name() } else { &*file.link };
    let link = Link::ALL.into_iter().find(|link| link.name() == name);
    let link = link.ok_or_else(|| {
        Error::bad_whole(
            "link must be linear (identity), log, logit, softmax, inverse, inverse_squared, probit, cloglog or sqrt",
        )
    })?;
    let n = file.features.len();
    if let Some(i) = file.features.iter().position(|f| !(f.scale > 0.0 && f.scale.is_finite())) {
        return Err(Error::bad_whole(format!("the scale of feature number {} is not a number above 0", i + 1)));
    }
    let scales: Vec<f64> = file.features.iter().map(|feature| feature.scale).collect();
    let mut numbers: Vec<f64> = file.features.iter().map(|feature| feature.mean).collect();
    numbers.extend(file.outputs.iter().map(|output| output.intercept));
    for (k, output) in file.outputs.iter().enumerate() {
        if output.coef.len() != n {
            let reason = format!("output number {} has {} coefficients for {n} features", k + 1, output.coef.len());
            return Err(Error::bad_whole(reason));
        }
        numbers.extend(output.coef.iter().zip(&scales).map(|(coefficient, scale)| coefficient / scale));
    }
    let outputs = file.outputs.len();
    let labels = match (link, file.classes) {
        (_, classes) if link.is_binary() => classes.unwrap_or_else(|| numbered(2)),
        (_, Some(_)) => {
            return Err(Error::bad_whole(
                "classes are for links logit, probit and cloglog; softmax labels its outputs",
            ));
        }
        (_, None) if outputs > 1 => {
            let given: Option<Vec<_>> = file.outputs.into_iter().map(|output| output.label).collect();
            given.unwrap_or_else(|| numbered(outputs))
        }
        (_, None) => Vec::new(),
    };
    let decimals = file.features.iter().map(|feature| declared(feature.decimals)).collect::<Result<_>>()?;
    let names = file.features.into_iter().map(|feature| feature.name).collect();
    let features = Features::new(names, decimals).map_err(Error::bad_whole)?;
    let glm = Glm::new(link, n, outputs, numbers, labels).map_err(Error::bad_whole)?;
    Ok((features, glm, scales))
}

/// Labels for classes or outputs without labels: their numbers.
pub(in crate::score) fn numbered(classes: usize) -> Vec<Box<str>> {
    (0..classes).map(|class| class.to_string().into()).collect()
}

/// Warnings about features whose decimals are too few for their spread.
pub(in crate::score) fn coarse(features: &Features, scales: &[f64]) -> Vec<String> {
    close_steps(features, |i, step| step > scales[i] / 500.0, "one step of its decimals is more than scale / 500")
}
