//! Reads a CatBoost model that was saved as JSON.
//!
//! An *oblivious* tree has one split for each of its levels; a leaf's number has a bit for each split, the first lowest.
//! It becomes a binary tree like all others, one for each class. The file is parsed twice: first everything but the
//! trees, which refer to the features by number, then the trees, of which one at a time is in memory.

mod features;
mod trees;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use self::features::{Features, FeaturesInfo};
use super::grow::Growing;
use super::lightgbm::unknown_objective;
use super::objective::{Library, Objective};
use super::{Forest, ForestFile, MAX_CLASSES, Meaning, bad};
use crate::score::json::bad_form;
use crate::{Error, Progress, Result};

/// The file without its trees.
#[derive(Debug, Deserialize)]
struct Document {
    features_info: FeaturesInfo,
    model_info: ModelInfo,
    scale_and_bias: ScaleAndBias,
    oblivious_trees: Option<IgnoredAny>,
    trees: Option<IgnoredAny>,
    /// The tables of features that are statistics of categories.
    ctr_data: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct ModelInfo {
    params: Params,
    class_params: Option<ClassParams>,
}

/// The parameters of the training: an object, or the text of one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Params {
    Object(Training),
    Text(String),
}

#[derive(Debug, Deserialize)]
struct Training {
    loss_function: Loss,
}

#[derive(Debug, Deserialize)]
struct Loss {
    r#type: String,
    params: Option<LossParams>,
}

#[derive(Debug, Deserialize)]
struct LossParams {
    /// The quantiles between commas, of a loss function that has several.
    alpha: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct ClassParams {
    #[serde(default, deserialize_with = "list")]
    class_names: Vec<serde_json::Value>,
}

/// A factor of the sum of the trees, and what is added to the product: a number, or one for each class or target.
#[derive(Debug, Deserialize)]
struct ScaleAndBias(f64, Numbers);

/// A number, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Numbers {
    One(f64),
    Several(Vec<f64>),
}

impl Numbers {
    fn list(&self) -> &[f64] {
        match self {
            Self::One(number) => std::slice::from_ref(number),
            Self::Several(numbers) => numbers,
        }
    }
}

/// Reads a model.
///
/// # Errors
/// [`Error::BadInput`] for a file that cannot be evaluated exactly, [`Error::Cancelled`].
pub(in super::super) fn read(bytes: &[u8], progress: &Progress) -> Result<ForestFile> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| form(&error))?;
    progress.check()?;
    if document.ctr_data.is_some() {
        return Err(features::ctr());
    }
    let loss = loss(document.model_info.params)?;
    let objective = Objective::find(Library::Catboost, &loss.r#type).ok_or_else(|| unknown_objective(&loss.r#type))?;
    let ScaleAndBias(scale, bias) = &document.scale_and_bias;
    let bias = bias.list();
    if bias.is_empty() || bias.len() > MAX_CLASSES {
        return Err(bad("scale_and_bias must have a bias for each of 1 to 1024 classes or targets"));
    }
    if !bias.iter().chain([scale]).all(|number| number.is_finite()) {
        return Err(bad("scale_and_bias has a number that is not finite"));
    }
    let fits = if bias.len() > 1 { objective.has_several_outputs() } else { !objective.has_classes() };
    if !fits {
        return Err(bad("the number of classes or targets (scale_and_bias) does not fit the loss function"));
    }
    let features = Features::new(document.features_info)?;
    let mut growing = Growing::new();
    let mut read = trees::Trees::new(&features, bias.len(), *scale, &mut growing, progress);
    read.read(bytes, document.oblivious_trees.is_some(), document.trees.is_some())?;
    let has_weights = read.has_weights();
    let group_of = (0..growing.trees()).map(|tree| (tree % bias.len()) as u16).collect();
    let mut meaning = Meaning { has_contributions: has_weights, ..Meaning::of(objective) };
    meaning.labels = match objective.name {
        "MultiQuantile" if bias.len() > 1 => quantiles(&loss, bias.len())?,
        _ => labels(document.model_info.class_params, objective, bias.len())?,
    };
    let mut notes = features.notes();
    if !has_weights {
        notes.push(
            "the file has no weights of leaves: scores are not affected, but the means of nodes are not known, so no \
             contributions are given"
                .into(),
        );
    }
    let grown = growing.finish().map_err(bad)?;
    let (names, categories) = features.into_parts();
    let forest = Forest::assemble(meaning, names, bias.to_vec(), group_of, grown).map_err(bad)?;
    Ok(ForestFile { forest, categories, warnings: notes })
}

/// The loss function, which determines what `predict` of CatBoost answers.
fn loss(params: Params) -> Result<Loss> {
    let training = match params {
        Params::Object(training) => training,
        Params::Text(text) => serde_json::from_str::<Training>(&text)
            .map_err(|_| bad("the params of the model (model_info) have no loss_function"))?,
    };
    Ok(training.loss_function)
}

/// The quantiles, as the names of the outputs; none if the file does not have them.
fn quantiles(loss: &Loss, groups: usize) -> Result<Vec<Box<str>>> {
    let alpha = loss.params.as_ref().and_then(|params| params.alpha.as_ref()?.as_str());
    let Some(text) = alpha else { return Ok(Vec::new()) };
    let names: Vec<Box<str>> = text.split(',').take(groups + 1).map(|name| name.trim().into()).collect();
    if names.len() == groups {
        Ok(names)
    } else {
        Err(bad("the loss function must have a quantile (alpha) for each bias (scale_and_bias)"))
    }
}

/// The labels of the classes; none if the file has none, and classes are numbered.
fn labels(params: Option<ClassParams>, objective: &Objective, groups: usize) -> Result<Vec<Box<str>>> {
    let names = params.map_or_else(Vec::new, |params| params.class_names);
    if names.is_empty() || !objective.gives_classes() {
        return Ok(Vec::new());
    }
    if names.len() != groups.max(2) {
        return Err(bad("class_names must have a name for each class"));
    }
    let label = |name: &serde_json::Value| match name {
        serde_json::Value::String(text) => Ok(text.as_str().into()),
        serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Ok(name.to_string().into()),
        _ => Err(bad("a name of a class (class_names) is not a text, a number or a boolean")),
    };
    names.iter().map(label).collect()
}

/// A list that can be absent, for which CatBoost writes `null` too.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The error for a failure of the parser. Its own message may quote the file, so it is left out.
fn form(error: &serde_json::Error) -> Error {
    bad_form(error, "a model that CatBoost saved as JSON")
}
