//! Reads an XGBoost model that was saved as JSON or UBJSON.
//!
//! The parser builds no document: visitors store every value directly, and each tree is added to the forest when its
//! object ends, so in addition to the forest only one tree is in memory. The data of the model may come before or after
//! its trees, so checks that need both come last.

mod booster;
mod json;
mod names;
mod outputs;
mod tree;
mod ubjson;

pub(in super::super) use ubjson::begins as is_ubjson;

use self::booster::Booster;
use self::tree::Nodes;
use super::grow::Growing;
use super::lightgbm::unknown_objective;
use super::objective::{Library, Objective};
use super::{Forest, ForestFile, MAX_CLASSES, MAX_FEATURES, Meaning, Refused, bad};
use crate::score::categories::Categories;
use crate::score::options::Trees;
use crate::{Error, Place, Progress, Result};

/// Reads a model.
///
/// # Errors
/// [`Error::BadInput`] for a file that cannot be evaluated exactly, [`Error::Cancelled`].
pub(in super::super) fn read(bytes: &[u8], trees: Option<Trees>, progress: &Progress) -> Result<ForestFile> {
    let mut file = File::new(progress);
    json::read(bytes, &mut file)?;
    file.check_ends()?;
    file.check_version()?;
    file.check_booster()?;
    if trees == Some(Trees::Best) {
        file.keep_best()?;
    }
    let mut warnings = std::mem::take(&mut file.unknown);
    warnings.extend(file.notes(trees));
    let categories = std::mem::take(&mut file.categories);
    let forest = file.finish()?;
    if !categories.is_empty() && categories.len() != forest.features().len() {
        return Err(bad("the lists of categories (cats) do not fit the features"));
    }
    Ok(ForestFile { forest, categories, warnings })
}

/// The warning that the number for missing values is not known.
pub(in super::super) const MISSING_IS_OPEN: &str = "saved by the scikit-learn interface of XGBoost: the file does not hold the \
                                                    estimator's parameter missing; load with MISSING and that number, or \
                                                    with MISSING nan if it was left out";

/// The data read so far.
#[derive(Debug)]
struct File<'a> {
    progress: &'a Progress,
    growing: Growing,
    /// The error that stopped the reading, if it is not an error of the parser.
    refused: Option<Error>,
    version: Vec<u64>,
    booster: String,
    objective: String,
    features: Vec<String>,
    base_score: String,
    classes: String,
    targets: String,
    /// The list of `quantile_alpha`.
    quantiles: String,
    width: String,
    group_of: Vec<u16>,
    has_trees: bool,
    /// The number of trees in the file. A tree whose leaves have several values becomes as many trees.
    trees: usize,
    /// The number of values of a leaf; 0 before the first tree.
    leaf_size: usize,
    /// Whether a tree does not say how many training rows reached its nodes, which matters if its leaves have several values.
    has_no_weights: bool,
    /// The attribute `best_iteration`, which early stopping writes.
    best_iteration: Option<String>,
    /// The number of trees before each iteration and after the last, from XGBoost 2 on.
    ends: Vec<u32>,
    /// `num_parallel_tree`.
    parallel: String,
    /// Whether the scikit-learn interface of XGBoost saved the file.
    of_estimator: bool,
    /// The categories of each feature that has names for them (`cats`, from XGBoost 3.1 on).
    categories: Vec<Option<Categories>>,
    /// The weight of each tree of `dart`.
    tree_weights: Vec<f64>,
    /// The weights of `gblinear`.
    weights: Vec<f64>,
    /// Whether a node has a negative `sum_hessian`.
    has_negative_hessians: bool,
    /// Warnings about unknown fields.
    unknown: Vec<String>,
}

impl<'a> File<'a> {
    fn new(progress: &'a Progress) -> Self {
        Self {
            progress,
            growing: Growing::new(),
            refused: None,
            version: Vec::new(),
            booster: String::new(),
            objective: String::new(),
            features: Vec::new(),
            base_score: String::new(),
            classes: String::new(),
            targets: String::new(),
            quantiles: String::new(),
            width: String::new(),
            group_of: Vec::new(),
            has_trees: false,
            trees: 0,
            leaf_size: 0,
            has_no_weights: false,
            best_iteration: None,
            ends: Vec::new(),
            parallel: String::new(),
            of_estimator: false,
            categories: Vec::new(),
            tree_weights: Vec::new(),
            weights: Vec::new(),
            has_negative_hessians: false,
            unknown: Vec::new(),
        }
    }

    /// Adds a tree to the forest.
    fn plant(&mut self, nodes: &Nodes) -> Result<()> {
        self.progress.check()?;
        // XGBoost orders the trees by their ids.
        if nodes.id.is_some_and(|id| usize::try_from(id) != Ok(self.trees)) {
            return Err(bad("the trees of the model are not in the order of their ids"));
        }
        let size = nodes.leaf_size().map_err(bad)?;
        if self.trees > 0 && size != self.leaf_size {
            return Err(bad("the trees have leaves with different numbers of values (size_leaf_vector)"));
        }
        self.leaf_size = size;
        self.has_no_weights |= size > 1 && !nodes.has_weights();
        self.has_negative_hessians |= nodes.weights.iter().any(|&weight| weight < 0.0);
        let place = self.trees + 1;
        self.trees = place;
        nodes.plant(&mut self.growing).map_err(|reason| Error::bad_whole(format!("{reason} (tree {place})")))
    }

    fn check_version(&self) -> Result<()> {
        match self.version[..] {
            [1, 0..=3, ..] if self.objective == "binary:logitraw" => Err(bad(
                "base_score of binary:logitraw was another number before XGBoost 1.4: save the model with a later one",
            )),
            [1..=3, ..] => Ok(()),
            [] => Err(bad("the model has no version: it is not a model that XGBoost saved as JSON")),
            _ => Err(bad("only XGBoost models of versions 1 to 3 can be read; save the model with one")),
        }
    }

    /// Checks that the file has what its booster needs and nothing else, and multiplies trees by their weights.
    fn check_booster(&mut self) -> Result<()> {
        let booster = Booster::named(&self.booster)?;
        let has_other = match booster {
            Booster::Trees => !self.tree_weights.is_empty() || !self.weights.is_empty(),
            Booster::Dart => !self.weights.is_empty(),
            Booster::Linear => self.growing.trees() > 0 || !self.tree_weights.is_empty(),
        };
        if has_other {
            return Err(booster::contradiction());
        }
        if booster == Booster::Dart {
            booster::weigh(&mut self.growing, &std::mem::take(&mut self.tree_weights))?;
        }
        Ok(())
    }

    fn is_linear(&self) -> bool {
        Booster::named(&self.booster) == Ok(Booster::Linear)
    }

    /// Checks that the iterations have all trees: XGBoost begins with the first tree of the first one.
    fn check_ends(&self) -> Result<()> {
        let is_whole = self.ends.first() == Some(&0)
            && self.ends.is_sorted()
            && self.ends.last().map(|&end| end as usize) == Some(self.trees);
        if self.ends.is_empty() || is_whole {
            Ok(())
        } else {
            Err(bad("iteration_indptr does not divide the trees of the model into iterations"))
        }
    }

    /// The number of trees of an iteration, from the parameters: a tree for each class or target, and several in a random
    /// forest.
    fn per_iteration(&self) -> Result<usize> {
        let groups = if self.leaf_size > 1 { 1 } else { self.groups()? };
        Ok(groups.saturating_mul(count(&self.parallel, 1)?.max(1)))
    }

    /// The number of iterations, if the file contains it.
    fn iterations(&self) -> Option<usize> {
        if !self.ends.is_empty() {
            return self.ends.len().checked_sub(1);
        }
        let (trees, each) = (self.trees, self.per_iteration().ok()?);
        trees.is_multiple_of(each).then_some(trees / each)
    }

    fn best(&self) -> Option<usize> {
        self.best_iteration.as_ref()?.trim().parse().ok()
    }

    /// Drops the trees after the best iteration.
    fn keep_best(&mut self) -> Result<()> {
        if self.is_linear() {
            return Err(bad("TREES best: the booster gblinear has no trees; all its rounds are in its weights"));
        }
        let best = match (&self.best_iteration, self.best()) {
            (None, _) => return Err(bad("TREES best: the file has no best_iteration, which early stopping writes")),
            (Some(_), None) => {
                return Err(bad("TREES best: best_iteration of the file is not a whole number from 0 on"));
            }
            (Some(_), Some(best)) => best,
        };
        let after = best.saturating_add(1);
        let end = match self.ends.get(after) {
            Some(&end) => Some(end as usize),
            None if self.ends.is_empty() => after.checked_mul(self.per_iteration()?),
            None => None,
        };
        let count = end.ok_or_else(|| bad("best_iteration and iteration_indptr of the file do not fit together"))?;
        if count == 0 || count > self.trees || self.group_of.len() != self.trees {
            return Err(bad("best_iteration and the trees of the file do not fit together"));
        }
        self.growing.truncate(count * self.leaf_size);
        self.group_of.truncate(count);
        Ok(())
    }

    /// Warnings about facts that affect scores and that the file leaves open.
    fn notes(&self, trees: Option<Trees>) -> Vec<String> {
        let mut notes = Vec::new();
        if self.best_iteration.is_some() && trees.is_none() && !self.is_linear() {
            let best = self.best();
            let has_more = best.zip(self.iterations()).is_none_or(|(best, all)| best.checked_add(1) != Some(all));
            if has_more {
                let shown = best.map_or_else(|| "of the file".to_owned(), |best| best.to_string());
                let all =
                    self.iterations().map_or_else(String::new, |all| format!(" of {all} iterations counted from 0"));
                notes.push(format!(
                    "the model stopped early: best_iteration {shown}{all}; all trees are used, as Booster.predict does, \
                     while predict of the scikit-learn interface uses those up to best_iteration; load with TREES best \
                     to use only those, with TREES all to use all without this warning"
                ));
            }
        }
        let is_by_code = |feature: u32| self.categories.get(feature as usize).is_none_or(Option::is_none);
        let columns = &self.growing.grown().columns;
        let by_code = columns.iter().filter(|column| column.form.is_category() && is_by_code(column.feature)).count();
        if by_code > 0 {
            notes.push(format!(
                "the model splits {by_code} features by category and the file does not have their names (XGBoost before \
                 3.1, or trained without names): give each as its code in the training (pandas: .cat.codes); other \
                 numbers are unseen categories"
            ));
        }
        if self.has_negative_hessians {
            notes.push(
                "some nodes have a negative sum_hessian (XGBoost grows them for survival:cox with min_child_weight 0): scores \
                 are not affected, but the means of such nodes are not defined, so no contributions are given"
                    .into(),
            );
        }
        notes.extend(self.note_on_leaves());
        if self.of_estimator {
            notes.push(MISSING_IS_OPEN.into());
        }
        notes
    }

    /// Adds a warning about an unknown field in a place where a field could change scores.
    fn note_unknown(&mut self, key: &str) {
        const MOST: usize = 20;
        let is_plain = key.len() <= 64 && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let shown = if is_plain { key } else { "with a name of other characters" };
        let warning = format!("the field {shown} of the file is not known here; it is not evaluated");
        if self.unknown.len() < MOST && !self.unknown.contains(&warning) {
            self.unknown.push(warning);
        }
    }

    /// Returns the forest, after everything was read.
    fn finish(self) -> Result<Forest> {
        let objective =
            Objective::find(Library::Xgboost, &self.objective).ok_or_else(|| unknown_objective(&self.objective))?;
        let classes = count(&self.classes, 0)?;
        if classes > MAX_CLASSES
            || objective.has_classes() != (classes > 1) && !(objective.has_classes() && classes == 1)
        {
            return Err(bad("num_class does not fit the objective, or is over 1024"));
        }
        self.check_outputs(objective)?;
        let mut base = base(&self.base_score, self.groups()?, objective)?;
        let mut meaning = Meaning::of(objective);
        meaning.has_contributions = !self.has_negative_hessians && !self.has_no_weights;
        meaning.labels = self.labels(objective)?;
        let of_trees = self.groups_of_trees(base.len())?;
        let features = names(self.features, count(&self.width, 0)?)?;
        let (group_of, grown);
        if Booster::named(&self.booster)? == Booster::Linear {
            (grown, base) = booster::linear(&self.weights, features.len(), &base)?;
            group_of = (0..base.len() as u16).collect();
        } else {
            (grown, group_of) = (self.growing.finish().map_err(bad)?, of_trees);
        }
        Forest::assemble(meaning, features, base, group_of, grown).map_err(bad)
    }
}

/// Parses a count; an empty text gives the default.
fn count(text: &str, default: usize) -> Result<usize> {
    if text.is_empty() {
        return Ok(default);
    }
    text.parse().map_err(|_| bad("num_class, num_target and num_feature must be counts"))
}

/// The names of the features; if the model has none, the names that XGBoost gives them.
fn names(names: Vec<String>, width: usize) -> Result<Vec<Box<str>>> {
    if width == 0 || width > MAX_FEATURES {
        return Err(bad("a model has 1 to 4096 features (num_feature)"));
    }
    if names.is_empty() {
        return Ok((0..width).map(|i| format!("f{i}").into()).collect());
    }
    if names.len() != width {
        return Err(bad("feature_names and num_feature do not fit together"));
    }
    Ok(names.into_iter().map(Into::into).collect())
}

/// The base margin of each group. The base score is an output: one for all groups or one for each, with or without
/// brackets.
fn base(text: &str, groups: usize, objective: &Objective) -> Result<Vec<f64>> {
    const WRONG: Refused = "base_score must be a number, or one for each class or target";
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let mut base = Vec::new();
    for word in inner.split(',').take(groups + 1) {
        let score: f32 = word.trim().parse().map_err(|_| bad(WRONG))?;
        let margin = objective.margin_of(score);
        if !margin.is_finite() {
            return Err(bad("base_score is not an output that the objective can have"));
        }
        base.push(f64::from(margin));
    }
    match base[..] {
        [one] => Ok(vec![one; groups]),
        _ if base.len() == groups => Ok(base),
        _ => Err(bad(WRONG)),
    }
}

impl File<'_> {
    /// The error for a failure of the parser of UBJSON.
    fn fault(&mut self, fault: &ubjson::Fault) -> Error {
        self.refused.take().unwrap_or_else(|| match fault.is_of_form {
            true => bad("this is not of the form of a model of XGBoost"),
            false => bad("the model is not whole UBJSON"),
        })
    }

    /// The error for a failure of the parser. The parser's own message may quote the document, so it is left out.
    fn error(&mut self, error: &serde_json::Error) -> Error {
        let place = Place { line: error.line() as u64, column: error.column() as u64, ..Place::default() };
        self.refused.take().unwrap_or_else(|| match error.classify() {
            serde_json::error::Category::Data => Error::bad("this is not of the form of a model of XGBoost", place),
            _ => Error::bad("the model is not JSON; in Python, save_model needs a name that ends in .json", place),
        })
    }
}
