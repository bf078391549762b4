//! Reads a `LightGBM` model text: lines `key=value`, first for the model, then for each tree.
//!
//! In a tree with n leaves, splits are numbered from 0 upwards and leaves from -1 downwards. The line of the objective
//! has its parameters after the name. Sections that are not trees (importances, training parameters) are ignored.

mod linear;
mod pandas;

use std::str::FromStr;

use self::linear::LinearParts;
use super::column::{Column, Form, Missing, NumericSplit};
use super::grow::Growing;
use super::objective::{Library, Objective};
use super::shape::{Part, plant};
use super::{Forest, ForestFile, MAX_CLASSES, MAX_FEATURES, MAX_NODES, Meaning, Refused, bad};
use crate::{Error, Place, Progress, Result};

/// Reads a model.
///
/// # Errors
/// [`Error::BadInput`] for a file that cannot be evaluated exactly, [`Error::Cancelled`].
pub(in super::super) fn read(bytes: &[u8], progress: &Progress) -> Result<ForestFile> {
    let text = std::str::from_utf8(bytes).map_err(|_| bad("the model is not UTF-8"))?;
    let mut lines = Lines { rest: text, line: 0 };
    let head = lines.head()?;
    let mut growing = Growing::new();
    while lines.is_at_tree()? {
        progress.step(1.0 - lines.rest.len() as f64 / text.len() as f64)?;
        let line = lines.line;
        let fields = lines.tree()?;
        let refuse = |reason| Error::bad(reason, Place { line, ..Place::default() });
        fields.plant(&mut growing).map_err(refuse)?;
    }
    let Head { objective, steepness, is_mean, groups, features, by_category, notes } = head;
    let trees = growing.trees();
    if !trees.is_multiple_of(groups) {
        return Err(bad("the last iteration does not have a tree for each class"));
    }
    let group_of = (0..trees).map(|tree| (tree % groups) as u16).collect();
    let grown = growing.finish().map_err(bad)?;
    let categories = pandas::categories(&mut lines, &by_category, features.len())?;
    let divisor = if is_mean { (trees / groups).max(1) as f64 } else { 1.0 };
    let meaning = Meaning { steepness, divisor, ..Meaning::of(objective) };
    let forest = Forest::assemble(meaning, features, vec![0.0; groups], group_of, grown).map_err(bad)?;
    Ok(ForestFile { forest, categories, warnings: notes })
}

/// The data before the first tree.
#[derive(Debug)]
struct Head {
    objective: &'static Objective,
    steepness: f64,
    /// A random forest: the output is that of the mean of its trees.
    is_mean: bool,
    groups: usize,
    features: Vec<Box<str>>,
    /// The features that are split by category, with the number of categories that the training data had at least.
    by_category: Vec<(usize, usize)>,
    notes: Vec<String>,
}

/// The lines that are not yet read.
#[derive(Debug)]
struct Lines<'a> {
    rest: &'a str,
    /// The number of lines read.
    line: u64,
}

impl<'a> Lines<'a> {
    /// The next line, which stays unread.
    fn peek(&self) -> Option<&'a str> {
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let line = &self.rest[..end];
        (!self.rest.is_empty()).then(|| line.strip_suffix('\r').unwrap_or(line))
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        let end = memchr::memchr(b'\n', self.rest.as_bytes()).map_or(self.rest.len(), |end| end + 1);
        self.rest = &self.rest[end..];
        self.line += 1;
        Some(line)
    }

    /// Reads all lines before the first tree.
    fn head(&mut self) -> Result<Head> {
        if self.next() != Some("tree") {
            return Err(bad("a LightGBM model begins with the line tree"));
        }
        let mut head = Fields::default();
        while let Some(line) = self.peek().filter(|line| !line.starts_with("Tree=") && *line != "end of trees") {
            match line.split_once('=') {
                Some((key, value)) => head.add(key, value).map_err(bad)?,
                None if line == "average_output" => head.add("average_output", "").map_err(bad)?,
                None => {}
            }
            self.next();
        }
        head.head()
    }

    /// Whether a tree comes next; fails if the text ends without its last line.
    fn is_at_tree(&mut self) -> Result<bool> {
        while self.peek() == Some("") {
            self.next();
        }
        match self.peek() {
            Some(line) if line.starts_with("Tree=") => Ok(true),
            Some("end of trees") => Ok(false),
            _ => Err(Error::bad(
                "a tree or the line \"end of trees\" is expected here: the model is cut off",
                Place { line: self.line + 1, ..Place::default() },
            )),
        }
    }

    /// Reads the fields of a tree.
    fn tree(&mut self) -> Result<Fields<'a>> {
        self.next();
        let mut fields = Fields::default();
        while let Some((key, value)) = self.peek().and_then(|line| line.split_once('=')) {
            if key == "Tree" {
                break;
            }
            self.next();
            let place = Place { line: self.line, ..Place::default() };
            fields.add(key, value).map_err(|reason| Error::bad(reason, place))?;
        }
        Ok(fields)
    }
}

/// Lines by key; keys that are not used are left out.
#[derive(Debug, Default)]
struct Fields<'a>(Vec<(&'a str, &'a str)>);

/// All keys that are used, of models and of trees.
const KEYS: [&str; 24] = [
    "version",
    "num_class",
    "num_tree_per_iteration",
    "max_feature_idx",
    "objective",
    "feature_names",
    "feature_infos",
    "average_output",
    "num_leaves",
    "num_cat",
    "split_feature",
    "threshold",
    "decision_type",
    "left_child",
    "right_child",
    "leaf_value",
    "leaf_count",
    "cat_boundaries",
    "cat_threshold",
    "is_linear",
    "leaf_const",
    "num_features",
    "leaf_features",
    "leaf_coeff",
];

impl<'a> Fields<'a> {
    fn add(&mut self, key: &'a str, value: &'a str) -> Result<(), Refused> {
        if !KEYS.contains(&key) {
            return Ok(());
        }
        if self.get(key).is_some() {
            return Err("a field occurs twice");
        }
        self.0.push((key, value));
        Ok(())
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == key).map(|&(_, value)| value)
    }

    fn number<T: FromStr>(&self, key: &str, missing: Refused) -> Result<T, Refused> {
        self.get(key).and_then(|value| value.trim().parse().ok()).ok_or(missing)
    }

    /// A list of exactly `count` numbers.
    fn numbers<T: FromStr>(&self, key: &str, count: usize, missing: Refused) -> Result<Vec<T>, Refused> {
        let value = self.get(key).ok_or(missing)?;
        let mut numbers = Vec::new();
        for word in value.split_ascii_whitespace() {
            if numbers.len() == count {
                return Err(missing);
            }
            numbers.push(word.parse().map_err(|_| missing)?);
        }
        if numbers.len() == count { Ok(numbers) } else { Err(missing) }
    }

    /// Reads the data of the model.
    fn head(&self) -> Result<Head> {
        if !matches!(self.get("version"), Some("v2" | "v3" | "v4")) {
            return Err(bad("only LightGBM models of versions v2, v3 and v4 can be read"));
        }
        let groups = self.number("num_tree_per_iteration", "the model has no num_tree_per_iteration").map_err(bad)?;
        let mut notes = Vec::new();
        let (objective, steepness) = match self.get("objective").filter(|line| *line != NO_OBJECTIVE) {
            Some(line) => objective(line, groups)?,
            None if groups == 1 => {
                notes.push(
                    "the file has no objective (the training had one of its own): the score is the raw sum of the trees, as \
                     predict of LightGBM gives it, without the function that the training applied"
                        .into(),
                );
                objective(NO_OBJECTIVE, groups)?
            }
            None => {
                return Err(bad(
                    "the model has several trees for each iteration and no objective: how classes follow from sums cannot be \
                     known; train with objective multiclass or multiclassova",
                ));
            }
        };
        let names = self.get("feature_names").ok_or_else(|| bad("the model has no feature_names"))?;
        let features: Vec<Box<str>> = names.split(' ').take(MAX_FEATURES + 1).map(Box::from).collect();
        let last: usize = self.number("max_feature_idx", "the model has no max_feature_idx").map_err(bad)?;
        if last >= MAX_FEATURES || last + 1 != features.len() {
            return Err(bad("feature_names and max_feature_idx do not fit together, or there are more than 4096"));
        }
        let by_category = pandas::by_category(self.get("feature_infos").unwrap_or_default());
        let is_mean = self.get("average_output").is_some();
        Ok(Head { objective, steepness, is_mean, groups, features, by_category, notes })
    }

    /// Adds the tree.
    fn plant(&self, growing: &mut Growing) -> Result<(), Refused> {
        let leaves: usize = self.number("num_leaves", "a tree has no num_leaves")?;
        if leaves == 0 || leaves > MAX_NODES {
            return Err("num_leaves is out of range");
        }
        let splits = leaves - 1;
        let values: Vec<f64> = self.numbers("leaf_value", leaves, "leaf_value must have a number for each leaf")?;
        let linear = match self.get("is_linear").map_or("0", str::trim) {
            "0" => None,
            "1" => Some(LinearParts::read(self, leaves)?),
            _ => return Err("is_linear must be 0 or 1"),
        };
        let counts = match self.get("leaf_count").is_some_and(|value| !value.trim().is_empty()) {
            true => self.numbers("leaf_count", leaves, "leaf_count must have a number >= 0 for each leaf")?,
            false => vec![0_u32; leaves],
        };
        let mut parts = Vec::with_capacity(splits + leaves);
        if splits > 0 {
            self.splits(splits, &mut parts, growing)?;
        }
        let leaf = |(&value, &count)| Part::Leaf { value, weight: f64::from(count) };
        let constants = linear.as_ref().map_or(&values, |linear| &linear.constants);
        parts.extend(constants.iter().zip(&counts).map(leaf));
        let root = growing.grown().nodes.len();
        let order = plant(&parts, splits + leaves, growing)?;
        if let Some(linear) = linear {
            linear.add(&order, (root, splits), &values, growing)?;
        }
        Ok(())
    }

    /// Reads the splits of a tree and adds its sets of categories.
    fn splits(&self, splits: usize, parts: &mut Vec<Part>, growing: &mut Growing) -> Result<(), Refused> {
        const EACH: Refused = "split_feature, threshold, decision_type, left_child and right_child must have a number \
                               for each split";
        let features: Vec<u32> = self.numbers("split_feature", splits, EACH)?;
        let thresholds: Vec<f64> = self.numbers("threshold", splits, EACH)?;
        let decisions: Vec<u8> = self.numbers("decision_type", splits, EACH)?;
        let left: Vec<i32> = self.numbers("left_child", splits, EACH)?;
        let right: Vec<i32> = self.numbers("right_child", splits, EACH)?;
        // In `parts` the leaves come after the splits, in their order.
        let place = |child: i32| if child < 0 { splits as u32 + !child as u32 } else { child as u32 };
        let sets = self.sets(growing)?;
        for i in 0..splits {
            let children = [place(left[i]), place(right[i])];
            if left[i].max(right[i]) >= splits as i32 {
                return Err("a tree refers to a node that it does not have");
            }
            let (threshold, decision) = (thresholds[i], decisions[i]);
            // An infinite threshold sends all numbers to the left: the split separates missing values from numbers.
            if threshold.is_nan() || threshold == f64::NEG_INFINITY {
                return Err("a threshold is not a number");
            }
            parts.push(match (decision & 1, decision >> 2) {
                (1, _) => {
                    let set = (threshold.fract() == 0.0 && threshold >= 0.0).then(|| sets.get(threshold as usize));
                    let set = *set.flatten().ok_or("a split refers to a set of categories that does not exist")?;
                    Part::Among { column: Column { feature: features[i], form: Form::Category }, set, children }
                }
                (_, missing @ 0..=2) => {
                    let missing = [Missing::None, Missing::Zero, Missing::Nan][usize::from(missing)];
                    let split = NumericSplit::at_most(features[i], threshold, missing, decision & 2 != 0);
                    Part::Split { split, children }
                }
                _ => return Err("a decision_type is not known"),
            });
        }
        Ok(())
    }

    /// Reads the sets of categories of a tree. Returns their numbers in the forest.
    fn sets(&self, growing: &mut Growing) -> Result<Vec<u32>, Refused> {
        const WRONG: Refused = "cat_boundaries and cat_threshold do not fit num_cat";
        let count: usize = self.get("num_cat").map_or(Ok(0), |value| value.trim().parse().map_err(|_| WRONG))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let bounds: Vec<usize> = self.numbers("cat_boundaries", count.saturating_add(1), WRONG)?;
        let words: Vec<u32> = self.numbers("cat_threshold", bounds[count], WRONG)?;
        let set = |bounds: &[usize]| growing.sets().add(words.get(bounds[0]..bounds[1]).ok_or(WRONG)?);
        bounds.windows(2).map(set).collect()
    }
}

/// The objective of files that have none: the training had its own.
const NO_OBJECTIVE: &str = "none";

/// Reads the objective and its parameters from its line.
fn objective(line: &str, groups: usize) -> Result<(&'static Objective, f64)> {
    let mut words = line.split_ascii_whitespace();
    let mut name = words.next().unwrap_or_default().to_owned();
    if words.clone().any(|word| word == "sqrt") {
        name.push_str(" sqrt");
    }
    let Some(objective) = Objective::find(Library::Lightgbm, &name) else {
        return Err(unknown_objective(&name));
    };
    let mut steepness = 1.0;
    for word in words {
        match word.split_once(':') {
            Some(("sigmoid", factor)) if objective.has_steepness() => {
                steepness = factor.parse().map_err(|_| bad("the sigmoid factor is not a number"))?;
            }
            Some(("num_class", classes)) if objective.has_classes() => {
                if classes.parse() != Ok(groups) {
                    return Err(bad("num_class and num_tree_per_iteration are not the same"));
                }
            }
            // Parameters of the training, which do not affect the evaluation.
            Some(("alpha" | "fair_c" | "tweedie_variance_power" | "poisson_max_delta_step", _)) => {}
            _ if word == "sqrt" => {}
            _ => return Err(bad("the objective has a parameter that is not known")),
        }
    }
    if groups == 0 || groups > MAX_CLASSES || (groups > 1) != objective.has_classes() {
        return Err(bad("the number of classes does not fit the objective, or is over 1024"));
    }
    Ok((objective, steepness))
}

/// The error for an unknown objective, with its name if the name has plain characters only.
pub(super) fn unknown_objective(name: &str) -> Error {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if name.len() <= 64 && !name.is_empty() && name.bytes().all(is_plain) {
        Error::bad_whole(format!("the objective {name} is not supported"))
    } else {
        bad("the objective is not supported")
    }
}
