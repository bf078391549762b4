//! The trees of a CatBoost model: oblivious ones, and those of the grow policies Depthwise and Lossguide.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::grow::Growing;
use super::super::shape::{Part, plant};
use super::super::{Refused, bad};
use super::features::Features;
use super::{Numbers, form};
use crate::{Error, Progress, Result};

/// An oblivious tree in the file.
#[derive(Debug, Deserialize)]
struct Oblivious {
    /// A number for each leaf and class, those of a leaf side by side.
    leaf_values: Vec<f64>,
    /// The weight of the training rows of each leaf.
    #[serde(default, deserialize_with = "super::list")]
    leaf_weights: Vec<f64>,
    splits: Option<Vec<Split>>,
}

/// A node of another tree in the file.
#[derive(Debug, Deserialize)]
struct Nested {
    left: Option<Box<Nested>>,
    right: Option<Box<Nested>>,
    split: Option<Split>,
    value: Option<Numbers>,
    weight: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "split_type")]
enum Split {
    FloatFeature {
        float_feature_index: usize,
        border: f64,
    },
    OneHotFeature {
        cat_feature_index: usize,
        value: i64,
    },
    OnlineCtr {},
    #[serde(other)]
    Unknown,
}

/// The most levels of an oblivious tree in CatBoost.
const MOST_LEVELS: usize = 16;

/// Reads the trees.
#[derive(Debug)]
pub(super) struct Trees<'a> {
    features: &'a Features,
    groups: usize,
    scale: f64,
    growing: &'a mut Growing,
    progress: &'a Progress,
    has_weights: bool,
    /// The set of one category, by its code.
    sets: HashMap<u32, u32>,
    /// The error that stopped the reading, if it is not an error of the parser.
    refused: Option<Error>,
}

impl<'a> Trees<'a> {
    pub(super) fn new(
        features: &'a Features,
        groups: usize,
        scale: f64,
        growing: &'a mut Growing,
        progress: &'a Progress,
    ) -> Self {
        Self { features, groups, scale, growing, progress, has_weights: true, sets: HashMap::new(), refused: None }
    }

    /// Whether every leaf has the weight of its training rows.
    pub(super) fn has_weights(&self) -> bool {
        self.has_weights
    }

    /// Reads the list of trees that the file has.
    pub(super) fn read(&mut self, bytes: &[u8], has_oblivious: bool, has_others: bool) -> Result<()> {
        if has_oblivious == has_others {
            return Err(bad("the model must have either oblivious_trees or trees"));
        }
        let mut parser = serde_json::Deserializer::from_slice(bytes);
        let result = parser.deserialize_map(Root(self));
        result.map_err(|error| self.refused.take().unwrap_or_else(|| form(&error)))
    }

    /// Adds a tree for each class.
    fn plant(&mut self, tree: &Tree) -> Result<()> {
        self.progress.check()?;
        let refuse =
            |growing: &Growing, reason: Refused| Error::bad_whole(format!("{reason} (tree {})", growing.trees()));
        let shape = match tree {
            Tree::Oblivious(tree) => self.oblivious(tree),
            Tree::Nested(tree) => self.nested(tree),
        };
        let Shape { mut parts, values } = shape.map_err(|reason| refuse(self.growing, reason))?;
        for group in 0..self.groups {
            for (at, leaf) in &values {
                let Some(Part::Leaf { value, .. }) = parts.get_mut(*at) else { continue };
                *value = leaf[group] * self.scale;
            }
            plant(&parts, parts.len(), self.growing).map_err(|reason| refuse(self.growing, reason))?;
        }
        Ok(())
    }

    /// The split of a node with these children: for numbers up to the border or other categories, and for the others.
    fn split(&mut self, split: &Split, [left, right]: [u32; 2]) -> Result<Part, Refused> {
        match *split {
            Split::FloatFeature { float_feature_index, border } => {
                let split = self.features.above(float_feature_index, border)?;
                Ok(Part::Split { split, children: [left, right] })
            }
            Split::OneHotFeature { cat_feature_index, value } => {
                let (column, code) = self.features.equal(cat_feature_index, value)?;
                let set = match self.sets.get(&code) {
                    Some(&set) => set,
                    None => {
                        let mut words = vec![0_u32; code as usize / 32 + 1];
                        words[code as usize / 32] = 1 << (code % 32);
                        let set = self.growing.sets().add(&words)?;
                        self.sets.insert(code, set);
                        set
                    }
                };
                Ok(Part::Among { column, set, children: [right, left] })
            }
            Split::OnlineCtr {} => Err(CTR),
            Split::Unknown => Err("a split is of a type that is not known"),
        }
    }

    /// The nodes of an oblivious tree, level by level. The last split is the root: the leaf is the same in any order, but what a
    /// feature contributes is not, and CatBoost's SHAP values are of this order.
    fn oblivious<'t>(&mut self, tree: &'t Oblivious) -> Result<Shape<'t>, Refused> {
        let splits = tree.splits.as_deref().unwrap_or_default();
        if splits.len() > MOST_LEVELS {
            return Err("a tree has more than 16 levels");
        }
        let leaves = 1_usize << splits.len();
        if leaves.checked_mul(self.groups) != Some(tree.leaf_values.len()) {
            return Err("leaf_values must have a number for each leaf and class");
        }
        if !weights_are_fine(&tree.leaf_weights) || ![0, leaves].contains(&tree.leaf_weights.len()) {
            return Err("leaf_weights must have a finite number >= 0 for each leaf");
        }
        self.has_weights &= !tree.leaf_weights.is_empty();
        let mut parts = Vec::with_capacity(2 * leaves - 1);
        for (level, split) in splits.iter().rev().enumerate() {
            let width = 1 << level;
            let next = 2 * width - 1;
            // All nodes of a level have the same split, so it is made once.
            let model = self.split(split, [0, 0])?;
            for at in 0..width {
                let children = [next + 2 * at, next + 2 * at + 1].map(|child| child as u32);
                parts.push(match model {
                    Part::Split { split, .. } => Part::Split { split, children },
                    Part::Among { column, set, .. } => {
                        Part::Among { column, set, children: [children[1], children[0]] }
                    }
                    leaf @ Part::Leaf { .. } => leaf,
                });
            }
        }
        let first = parts.len();
        let weight = |leaf: usize| tree.leaf_weights.get(leaf).copied().unwrap_or_default();
        parts.extend((0..leaves).map(|leaf| Part::Leaf { value: 0.0, weight: weight(leaf) }));
        let values = tree.leaf_values.chunks_exact(self.groups).enumerate();
        Ok(Shape { parts, values: values.map(|(leaf, values)| (first + leaf, values)).collect() })
    }

    /// The nodes of a tree of nested objects. The parser bounds the depth.
    fn nested<'t>(&mut self, tree: &'t Nested) -> Result<Shape<'t>, Refused> {
        let (mut parts, mut values) = (vec![Part::Leaf { value: 0.0, weight: 0.0 }], Vec::new());
        let mut open = vec![(0, tree)];
        while let Some((at, node)) = open.pop() {
            let weight = node.weight.unwrap_or_default();
            parts[at] = match (&node.left, &node.right, &node.split, &node.value) {
                (Some(left), Some(right), Some(split), None) => {
                    let first = parts.len();
                    parts.extend([Part::Leaf { value: 0.0, weight: 0.0 }; 2]);
                    open.extend([(first, &**left), (first + 1, &**right)]);
                    self.split(split, [first as u32, first as u32 + 1])?
                }
                (None, None, None, Some(value)) => {
                    if value.list().len() != self.groups {
                        return Err("the value of a leaf must have a number for each class");
                    }
                    if !weights_are_fine(&[weight]) {
                        return Err("the weight of a leaf is not a finite number >= 0");
                    }
                    self.has_weights &= node.weight.is_some();
                    values.push((at, value.list()));
                    Part::Leaf { value: 0.0, weight }
                }
                _ => return Err("a node must have a split and two children, or a value"),
            };
        }
        Ok(Shape { parts, values })
    }
}

const CTR: Refused = "a split is of a statistic of categories (CTR), which is not supported";

fn weights_are_fine(weights: &[f64]) -> bool {
    weights.iter().all(|&weight| weight >= 0.0 && weight.is_finite())
}

/// A tree in the form of [`plant`], the leaves without values, and the values of the leaves by part.
struct Shape<'t> {
    parts: Vec<Part>,
    values: Vec<(usize, &'t [f64])>,
}

enum Tree {
    Oblivious(Oblivious),
    Nested(Nested),
}

/// The document: all fields but the trees are ignored.
struct Root<'r, 'a>(&'r mut Trees<'a>);

impl<'de> Visitor<'de> for Root<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match &key[..] {
                "oblivious_trees" => map.next_value_seed(List { trees: self.0, are_oblivious: true })?,
                "trees" => map.next_value_seed(List { trees: self.0, are_oblivious: false })?,
                _ => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(())
    }
}

/// A list of trees.
struct List<'r, 'a> {
    trees: &'r mut Trees<'a>,
    are_oblivious: bool,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("trees")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        loop {
            let tree = match self.are_oblivious {
                true => list.next_element()?.map(Tree::Oblivious),
                false => list.next_element()?.map(Tree::Nested),
            };
            let Some(tree) = tree else { return Ok(()) };
            if let Err(error) = self.trees.plant(&tree) {
                self.trees.refused = Some(error);
                return Err(A::Error::custom("refused"));
            }
        }
    }
}
