//! The features of a CatBoost model, and the categories that its trees compare with.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::column::{Column, Form, MOST_CATEGORY, Missing, NumericSplit};
use super::super::{MAX_FEATURES, Refused, bad};
use crate::{Error, Result};

/// The features in the file.
#[derive(Debug, Deserialize)]
pub(super) struct FeaturesInfo {
    #[serde(default)]
    float_features: Vec<FloatFeature>,
    #[serde(default)]
    categorical_features: Vec<CategoricalFeature>,
    #[serde(default)]
    cat_features_hash: Vec<Hashed>,
    #[serde(default)]
    text_features: Vec<IgnoredAny>,
    #[serde(default)]
    embedding_features: Vec<IgnoredAny>,
    #[serde(default)]
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
    #[serde(default)]
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
    /// The code of each category that trees compare with, by its hash; `None` if the file has no text for it.
    codes: HashMap<u32, Option<u32>>,
    /// Whether the codes are the categories themselves, which are whole numbers; else they are places in the list.
    has_numbers: bool,
}

/// The features of the model.
#[derive(Debug)]
pub(super) struct Features {
    names: Vec<Box<str>>,
    numeric: HashMap<usize, Numeric>,
    categorical: HashMap<usize, Categorical>,
    /// The categories of each feature in the order of their codes, for features whose categories are texts.
    #[expect(dead_code, reason = "rows will give categories by these names")]
    lists: Vec<Vec<Box<str>>>,
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
        let mut lists = vec![Vec::new(); count];
        for of in info.categorical_features {
            let feature = name(of.flat_feature_index, of.feature_name, of.feature_id)?;
            let (codes, list) = codes(&of.values, &texts).map_err(bad)?;
            let has_numbers = list.is_empty();
            lists[feature as usize] = list;
            if categorical.insert(of.feature_index, Categorical { feature, codes, has_numbers }).is_some() {
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

    /// The column of a categorical feature, and the code of the category with this hash.
    pub(super) fn equal(&self, index: usize, hash: i64) -> Result<(Column, u32), Refused> {
        let feature = self.categorical.get(&index).ok_or("a split is of a feature that the model does not have")?;
        let code = feature
            .codes
            .get(&(hash as u32))
            .ok_or("a split is by a category that is not among the values of its feature")?;
        let code = code.ok_or(
            "the file has hashes of categories without their texts: in Python, \
             model.save_model(\"model.json\", format=\"json\", pool=the Pool of the training)",
        )?;
        Ok((Column { feature: feature.feature, form: Form::WholeCategory }, code))
    }

    /// Warnings about how categories must be given.
    pub(super) fn notes(&self) -> Vec<String> {
        let used = || self.categorical.values().filter(|feature| !feature.codes.is_empty());
        let (numbers, texts) =
            (used().filter(|of| of.has_numbers).count(), used().filter(|of| !of.has_numbers).count());
        let mut notes = Vec::new();
        if texts > 0 {
            notes.push(format!(
                "the model splits {texts} features by category: give each as its place in values of the file, counted from \
                 0; other numbers are unseen categories, and names cannot be given"
            ));
        }
        if numbers > 0 {
            notes.push(format!(
                "the model splits {numbers} features by categories that are whole numbers: a missing value or a fraction is \
                 an unseen category, while CatBoost refuses it"
            ));
        }
        notes
    }

    /// The names, in the order of a row.
    pub(super) fn into_names(self) -> Vec<Box<str>> {
        self.names
    }
}

type Codes = (HashMap<u32, Option<u32>>, Vec<Box<str>>);

/// The code of each category, and the list of the categories if they are texts. CatBoost hashes the text of a category,
/// and a whole number has the text of its digits: where all categories are such, a number in a row is the category.
fn codes(hashes: &[i64], texts: &HashMap<u32, &str>) -> Result<Codes, Refused> {
    let mut codes = HashMap::new();
    let (mut list, mut numbers) = (Vec::new(), 0);
    for &hash in hashes {
        let hash = hash as u32;
        let Some(&text) = texts.get(&hash) else {
            codes.insert(hash, None);
            continue;
        };
        let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
        if let Some(number) = number {
            let code = u32::try_from(number).ok().filter(|&code| code < MOST_CATEGORY);
            let code =
                code.ok_or("a category is a number that is negative or not below 16777216; train on codes from 0 on")?;
            codes.insert(hash, Some(code));
            numbers += 1;
        } else if codes.insert(hash, Some(list.len() as u32)).is_none() {
            list.push(text.into());
        }
    }
    if numbers > 0 && !list.is_empty() {
        return Err(
            "a feature has categories that are numbers and others that are not: which a number in a row is cannot be \
                    known; train on texts such as c1, or on codes from 0 on",
        );
    }
    Ok((codes, list))
}
