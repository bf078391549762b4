//! The categories of a model that was trained on a pandas `DataFrame`.
//!
//! The last line of the file, `pandas_categorical`, has a list for each column of the type category, in the order of the
//! columns; trees have the places in the lists. The file does not say which columns these are. A column with ordered
//! categories also has a list, but `LightGBM` splits it as a number.

use super::super::bad;
use super::Lines;
use crate::score::categories::{Categories, Category, Unseen};
use crate::{Error, Result};

/// The features that are split by category, from the line `feature_infos`: an interval `[least:most]` for a number, the
/// places `1:0:2` (-1 for missing values) for a category, `none` for a feature that no split can use. Each comes with the number of
/// categories that its list must have at least.
pub(super) fn by_category(infos: &str) -> Vec<(usize, usize)> {
    let least = |info: &str| {
        let places = info.split(':').map(|place| place.parse::<i64>().ok()).collect::<Option<Vec<_>>>()?;
        places.into_iter().max().map(|place| usize::try_from(place.saturating_add(1)).unwrap_or(0))
    };
    infos.split(' ').enumerate().filter_map(|(i, info)| Some((i, least(info)?))).collect()
}

/// Reads the rest of the file and returns the categories of each feature, or nothing if it has none.
///
/// # Errors
/// [`Error::BadInput`] when it cannot be known to which feature a list belongs.
pub(super) fn categories(
    lines: &mut Lines<'_>,
    by_category: &[(usize, usize)],
    features: usize,
) -> Result<Vec<Option<Categories>>> {
    let mut declared = None;
    while let Some(line) = lines.next() {
        if let Some(indices) = line.strip_prefix("[categorical_feature: ").and_then(|line| line.strip_suffix(']')) {
            declared = indices.split(',').map(|index| index.trim().parse().ok()).collect::<Option<Vec<usize>>>();
        }
        let Some(json) = line.strip_prefix("pandas_categorical:") else { continue };
        let lists: Option<Vec<Vec<serde_json::Value>>> =
            serde_json::from_str(json).map_err(|_| bad("pandas_categorical is not a list of lists of categories"))?;
        let lists = lists.unwrap_or_default();
        if lists.is_empty() {
            return Ok(Vec::new());
        }
        return assign(lists, declared.as_deref(), by_category, features);
    }
    Ok(Vec::new())
}

/// Gives each list to its feature: to those that the parameters of the training declare, which include columns that no
/// split can use, else to those that the trees split by category.
fn assign(
    lists: Vec<Vec<serde_json::Value>>,
    declared: Option<&[usize]>,
    by_category: &[(usize, usize)],
    features: usize,
) -> Result<Vec<Option<Categories>>> {
    let split: Vec<usize> = by_category.iter().map(|&(feature, _)| feature).collect();
    let fits = |places: &[usize]| {
        places.len() == lists.len()
            && places.is_sorted_by(|a, b| a < b)
            && places.last().is_some_and(|&last| last < features)
            && split.iter().all(|feature| places.contains(feature))
            && by_category.iter().all(|(feature, least)| {
                places.iter().position(|place| place == feature).is_some_and(|at| lists[at].len() >= *least)
            })
    };
    let places = declared.filter(|places| fits(places)).unwrap_or(&split);
    if !fits(places) {
        return Err(Error::bad_whole(format!(
            "pandas_categorical has {} lists of categories and the trees split {} features by category, so that it cannot \
             be known which list belongs to which feature (a column with ordered categories?): train on codes \
             (df[c].cat.codes) with categorical_feature and save again",
            lists.len(),
            split.len()
        )));
    }
    let mut of_features = vec![None; features];
    for (&feature, list) in places.iter().zip(lists) {
        if list.is_empty() {
            continue;
        }
        let names = list.into_iter().map(name).collect::<Result<_>>()?;
        // LightGBM takes a category that is not in its list for a missing value.
        of_features[feature] = Some(Categories::new(names, Unseen::Missing).map_err(bad)?);
    }
    Ok(of_features)
}

fn name(value: serde_json::Value) -> Result<Category> {
    match value {
        serde_json::Value::String(text) => Ok(Category::Text(text.into())),
        serde_json::Value::Bool(truth) => Ok(Category::Number(f64::from(truth))),
        serde_json::Value::Number(number) if let Some(number) = number.as_f64() => Ok(Category::Number(number)),
        _ => Err(bad("pandas_categorical has a category that is neither a text nor a number")),
    }
}
