//! A tree of an XGBoost file: its arrays, and the categories of its splits.

use super::super::column::{Column, Form, MOST_CATEGORY, Missing, NumericSplit};
use super::super::grow::Growing;
use super::super::sets::Sets;
use super::super::shape::{Part, plant};
use super::super::{MAX_CLASSES, Refused};

/// The arrays of a tree.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// The place of the tree in the model.
    pub(super) id: Option<i64>,
    pub(super) left: Vec<i32>,
    /// For a leaf of several values, its number among the leaves.
    pub(super) right: Vec<i32>,
    pub(super) features: Vec<u32>,
    pub(super) conditions: Vec<f64>,
    pub(super) default_left: Vec<u8>,
    pub(super) kinds: Vec<u8>,
    pub(super) weights: Vec<f64>,
    pub(super) categories: CategoryLists,
    /// The values of leaves that have several, leaf by leaf.
    pub(super) leaf_values: Vec<f64>,
    pub(super) deleted: String,
    pub(super) leaf_size: String,
}

const WRONG_CATEGORIES: Refused = "the categories of a tree and its splits by category do not fit together";

/// The categories of the splits by category of a tree.
#[derive(Debug, Default)]
pub(super) struct CategoryLists {
    /// The lists, one after another.
    pub(super) all: Vec<u32>,
    /// The node of each list, in ascending order.
    pub(super) nodes: Vec<usize>,
    /// Where each list begins.
    pub(super) starts: Vec<usize>,
    pub(super) sizes: Vec<usize>,
}

impl Nodes {
    /// The number of values of a leaf.
    pub(super) fn leaf_size(&self) -> Result<usize, Refused> {
        let size = if self.leaf_size.is_empty() { Ok(0) } else { self.leaf_size.parse::<usize>() };
        let size = size.ok().filter(|&size| size <= MAX_CLASSES);
        size.map(|size| size.max(1)).ok_or("size_leaf_vector is not a count up to 1024")
    }

    /// Whether the file says how many training rows reached the nodes.
    pub(super) fn has_weights(&self) -> bool {
        self.weights.iter().any(|&weight| weight > 0.0)
    }

    /// Adds the tree; one for each value of its leaves if they have several.
    pub(super) fn plant(&self, growing: &mut Growing) -> Result<(), Refused> {
        let count = self.left.len();
        let lengths = [self.right.len(), self.features.len(), self.conditions.len(), self.default_left.len()];
        if lengths != [count; 4] {
            return Err("the arrays of a tree do not have the same length");
        }
        if ![0, count].contains(&self.kinds.len()) {
            return Err("split_type must have a kind for each node");
        }
        let size = self.leaf_size()?;
        if size <= 1 && !self.leaf_values.is_empty() {
            return Err(
                "leaf_weights are for leaves with several values, and size_leaf_vector says that there are none",
            );
        }
        if size > 1 && self.leaf_values.is_empty() {
            return Err(
                "leaves with several values (size_leaf_vector) have no leaf_weights, which XGBoost writes from 3.2 on: train the \
                 model with a later version",
            );
        }
        if ![0, count].contains(&self.weights.len()) || self.weights.iter().any(|w| !w.is_finite()) {
            return Err("sum_hessian must have a finite number for each node");
        }
        let deleted = if self.deleted.is_empty() { Ok(0) } else { self.deleted.parse::<usize>() };
        let expected =
            deleted.ok().and_then(|deleted| count.checked_sub(deleted)).ok_or("num_deleted is not a count")?;
        self.categories.check()?;
        let mut parts = Vec::with_capacity(count);
        for i in 0..count {
            parts.push(self.part(i, growing.sets())?);
        }
        if size == 1 {
            return plant(&parts, expected, growing).map(|_| ());
        }
        for value in 0..size {
            for (part, &leaf) in parts.iter_mut().zip(&self.right) {
                if let Part::Leaf { value: of_leaf, .. } = part {
                    *of_leaf = self.leaf_value(leaf, size, value)?;
                }
            }
            plant(&parts, expected, growing)?;
        }
        Ok(())
    }

    /// A value of a leaf that has several.
    fn leaf_value(&self, leaf: i32, size: usize, value: usize) -> Result<f64, Refused> {
        let place = usize::try_from(leaf).ok().and_then(|leaf| leaf.checked_mul(size)?.checked_add(value));
        let value = place.and_then(|place| self.leaf_values.get(place)).map(|&value| f64::from(value as f32));
        value.ok_or("leaf_weights has no values for a leaf")
    }

    fn part(&self, i: usize, sets: &mut Sets) -> Result<Part, Refused> {
        // The nearest f32, which is the number that XGBoost wrote.
        let condition = self.conditions[i] as f32;
        if !condition.is_finite() {
            return Err("a threshold or a leaf is not a finite number");
        }
        match (self.left[i], self.right[i]) {
            // The value of a leaf that has several comes later.
            (-1, right) if right == -1 || !self.leaf_values.is_empty() => {
                // Also an f32: JSON has its shortest decimals.
                // A negative one is used for no mean.
                let weight = self.weights.get(i).map_or(0.0, |&weight| f64::from((weight as f32).max(0.0)));
                Ok(Part::Leaf { value: f64::from(condition), weight })
            }
            (left, right) => {
                let child = |child: i32| u32::try_from(child).map_err(|_| "a node has one child");
                match self.kinds.get(i) {
                    None | Some(0) => {}
                    Some(1) => {
                        let set = self.categories.of(i, self.default_left[i] == 0, sets)?;
                        let column = Column { feature: self.features[i], form: Form::CategoryOrMissing };
                        // In XGBoost, the categories of a split go to the right.
                        return Ok(Part::Among { column, set, children: [child(right)?, child(left)?] });
                    }
                    Some(_) => return Err("a split_type is not known"),
                }
                // In f32, x < t equals x <= t' for any t' from the f32 before t to the f64 before t.
                let threshold = f64::from(condition).next_down();
                let is_left = self.default_left[i] != 0;
                let split = NumericSplit::at_most(self.features[i], threshold, Missing::Nan, is_left);
                Ok(Part::Split { split, children: [child(left)?, child(right)?] })
            }
        }
    }
}

impl CategoryLists {
    /// Checks that the lists follow one another and do not overlap, as XGBoost writes them: each is read once.
    fn check(&self) -> Result<(), Refused> {
        let mut end = 0;
        let follow = self.starts.iter().zip(&self.sizes).all(|(&start, &size)| {
            let follows = start == end;
            end = start.saturating_add(size);
            follows
        });
        let lengths = [self.starts.len(), self.sizes.len()];
        let are_ascending = self.nodes.windows(2).all(|pair| pair[0] < pair[1]);
        if follow && end == self.all.len() && lengths == [self.nodes.len(); 2] && are_ascending {
            Ok(())
        } else {
            Err(WRONG_CATEGORIES)
        }
    }

    /// Adds the set of a node: bit 0 for missing values, then a bit for each category.
    fn of(&self, node: usize, has_missing: bool, sets: &mut Sets) -> Result<u32, Refused> {
        let list = self.nodes.binary_search(&node).map_err(|_| WRONG_CATEGORIES)?;
        let (&start, &size) = self.starts.get(list).zip(self.sizes.get(list)).ok_or(WRONG_CATEGORIES)?;
        let categories = start.checked_add(size).and_then(|end| self.all.get(start..end)).ok_or(WRONG_CATEGORIES)?;
        let largest = categories.iter().copied().max().map_or(0, |largest| largest.saturating_add(1));
        if largest > MOST_CATEGORY {
            return Err("a category is not below 16777216");
        }
        let mut words = vec![0_u32; largest as usize / 32 + 1];
        words[0] = u32::from(has_missing);
        for category in categories {
            let bit = category + 1;
            words[bit as usize / 32] |= 1 << (bit % 32);
        }
        sets.add(&words)
    }
}
