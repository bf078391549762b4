//! The features of a CatBoost model, and the categories that its trees compare with.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::column::{Column, Form, Missing, NumericSplit};
use super::super::{MAX_FEATURES, Refused, bad};
use crate::score::categories::{Categories, Category, Unseen};
use crate::{Error, Result};

/// The features in the file.
#[derive(Debug, Deserialize)]
pub(super) struct FeaturesInfo {
    #[serde(default, deserialize_with = "super::list")]
    float_features: Vec<FloatFeature>,
    #[serde(default, deserialize_with = "super::list")]
    categorical_features: Vec<CategoricalFeature>,
    #[serde(default, deserialize_with = "super::list")]
    cat_features_hash: Vec<Hashed>,
    #[serde(default, deserialize_with = "super::list")]
    text_features: Vec<IgnoredAny>,
    #[serde(default, deserialize_with = "super::list")]
    embedding_features: Vec<IgnoredAny>,
    #[serde(default, deserialize_with = "super::list")]
    ctrs: Vec<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
struct FloatFeature {
    feature_index: usize,
    flat_feature_index: usize,
    #[serde(default)]
    feature_id: String,
    feature_name: Option<String>,
    nan_value_treatment: String,
}

#[derive(Debug, Deserialize)]
struct CategoricalFeature {
    feature_index: usize,
    flat_feature_index: usize,
    #[serde(default)]
    feature_id: String,
    feature_name: Option<String>,
    /// The hashes of the categories that trees compare with.
    #[serde(default, deserialize_with = "super::list")]
    values: Vec<i64>,
}

/// The text of a category, by its hash.
#[derive(Debug, Deserialize)]
struct Hashed {
    hash: u32,
    value: String,
}

/// The error for a model with statistics of categories.
pub(super) fn ctr() -> Error {
    bad(
        "features that are statistics of categories (CTR) are not supported: train with one_hot_max_size at least the number of \
         categories, so that the trees split by the categories themselves",
    )
}

/// A numeric feature.
#[derive(Debug, Clone, Copy)]
struct Numeric {
    /// Its index in a row.
    feature: u32,
    /// Whether missing values go to the side of small values.
    missing_left: bool,
}

/// A feature whose values are categories.
#[derive(Debug)]
struct Categorical {
    feature: u32,
    /// The place of each category that trees compare with, by its hash; `None` if the file has no text for it.
    places: HashMap<u32, Option<u32>>,
}

/// The features of the model.
#[derive(Debug)]
pub(super) struct Features {
    names: Vec<Box<str>>,
    numeric: HashMap<usize, Numeric>,
    categorical: HashMap<usize, Categorical>,
    /// The categories of each feature that has them.
    lists: Vec<Option<Categories>>,
}

impl Features {
    pub(super) fn new(info: FeaturesInfo) -> Result<Self> {
        if !info.ctrs.is_empty() {
            return Err(ctr());
        }
        if !info.text_features.is_empty() {
            return Err(bad("text features are not supported"));
        }
        if !info.embedding_features.is_empty() {
            return Err(bad("embedding features are not supported"));
        }
        let count = info.float_features.len() + info.categorical_features.len();
        if count == 0 || count > MAX_FEATURES {
            return Err(bad("a model has 1 to 4096 features"));
        }
        let mut names: Vec<Option<Box<str>>> = vec![None; count];
        let mut name = |flat: usize, name: Option<String>, id: String| -> Result<u32> {
            let place = names.get_mut(flat).filter(|place| place.is_none());
            let place = place.ok_or_else(|| bad("the features of the file are not numbered from 0 on without gaps"))?;
            // The names that CatBoost gives to features without a name.
            let named = name.filter(|name| !name.is_empty()).unwrap_or(id);
            *place = Some(if named.is_empty() { flat.to_string().into() } else { named.into() });
            Ok(flat as u32)
        };
        let mut numeric = HashMap::new();
        for float in info.float_features {
            let feature = name(float.flat_feature_index, float.feature_name, float.feature_id)?;
            let missing_left = match &float.nan_value_treatment[..] {
                // NaN is above no border.
                "AsIs" | "AsFalse" => true,
                "AsTrue" => false,
                _ => return Err(bad("a nan_value_treatment is not known")),
            };
            if numeric.insert(float.feature_index, Numeric { feature, missing_left }).is_some() {
                return Err(bad("two features have the same feature_index"));
            }
        }
        let texts: HashMap<u32, &str> = info.cat_features_hash.iter().map(|of| (of.hash, &of.value[..])).collect();
        let mut categorical = HashMap::new();
        let mut lists = vec![None; count];
        for of in info.categorical_features {
            let feature = name(of.flat_feature_index, of.feature_name, of.feature_id)?;
            let (places, list) = places(&of.values, &texts).map_err(bad)?;
            lists[feature as usize] = list;
            if categorical.insert(of.feature_index, Categorical { feature, places }).is_some() {
                return Err(bad("two features have the same feature_index"));
            }
        }
        // Every place is filled: there are as many features as places, each with a place of its own.
        let names = names.into_iter().flatten().collect();
        Ok(Self { names, numeric, categorical, lists })
    }

    /// The split of a numeric feature at a border: numbers above it go to the second child.
    pub(super) fn above(&self, index: usize, border: f64) -> Result<NumericSplit, Refused> {
        let feature = self.numeric.get(&index).ok_or("a split is of a feature that the model does not have")?;
        // The nearest f32, which is the number that CatBoost wrote.
        let border = border as f32;
        if !border.is_finite() {
            return Err("a border is not a finite number");
        }
        Ok(NumericSplit::at_most(feature.feature, f64::from(border), Missing::Nan, feature.missing_left))
    }

    /// The column of a categorical feature, and the place of the category with this hash.
    pub(super) fn equal(&self, index: usize, hash: i64) -> Result<(Column, u32), Refused> {
        let feature = self.categorical.get(&index).ok_or("a split is of a feature that the model does not have")?;
        let place = feature
            .places
            .get(&(hash as u32))
            .ok_or("a split is by a category that is not among the values of its feature")?;
        let place = place.ok_or(
            "the file has hashes of categories without their texts: in Python, \
             model.save_model(\"model.json\", format=\"json\", pool=the Pool of the training)",
        )?;
        Ok((Column { feature: feature.feature, form: Form::WholeCategory }, place))
    }

    /// Warnings about how categories are taken.
    pub(super) fn notes(&self) -> Vec<String> {
        let used = self.lists.iter().flatten().count();
        if used == 0 {
            return Vec::new();
        }
        vec![format!(
            "the model has {used} features of categories: a missing value of them is a category that it has not seen, while \
             CatBoost refuses it"
        )]
    }

    /// The names, in the order of a row, and the categories of each feature that has them.
    pub(super) fn into_parts(self) -> (Vec<Box<str>>, Vec<Option<Categories>>) {
        (self.names, self.lists)
    }
}

type Places = (HashMap<u32, Option<u32>>, Option<Categories>);

/// The place of each category by its hash, and the list of the categories. CatBoost hashes the text of a category; a whole
/// number has the text of its digits.
fn places(hashes: &[i64], texts: &HashMap<u32, &str>) -> Result<Places, Refused> {
    let mut places = HashMap::new();
    let mut list = Vec::new();
    for &hash in hashes {
        let hash = hash as u32;
        let place = texts.get(&hash).map(|_| list.len() as u32);
        if places.insert(hash, place).is_none()
            && let Some(&text) = texts.get(&hash)
        {
            list.push(Category::Text(text.into()));
        }
    }
    // A category that is in no list equals none that a tree compares with.
    let list = if list.is_empty() { None } else { Some(Categories::new(list, Unseen::Other)?) };
    Ok((places, list))
}
