//! Reads the attributes of a tree ensemble: parallel lists of nodes and of weights, with references by number.
//!
//! References are followed breadth first from the root, and a node that is reached twice is an error, so cycles and shared
//! branches are found in linear time. Nodes that are never reached are left out, as onnxruntime does.

use std::collections::HashMap;

use super::super::bad;
use super::super::message::Attributes;
use super::super::scores::Transform;
use super::super::texts::Texts;
use super::lists::{Grown, numbers};
use super::weights::{Seen, weigh};
use super::{
    Aggregate, Classes, Column, EQUAL, MAX_DEPTH, MAX_NODES, MAX_TARGETS, MAX_TREES, MISSING, Node, Tree, Trees,
};
use crate::{Progress, Result};

/// Reads a `TreeEnsembleRegressor` for rows with this number of inputs.
pub(in super::super) fn regressor(
    attributes: &Attributes<'_>,
    inputs: usize,
    texts: &mut Texts,
    progress: &Progress,
) -> Result<Trees> {
    let targets = attributes.integer("n_targets")?.unwrap_or(1);
    let targets = usize::try_from(targets).ok().filter(|targets| (1..=MAX_TARGETS).contains(targets));
    let targets = targets.ok_or_else(|| attributes.wrong("n_targets"))?;
    let aggregate = match attributes.text("aggregate_function")? {
        None | Some("SUM") => Aggregate::Sum,
        Some("AVERAGE") => Aggregate::Average,
        Some("MIN") => Aggregate::Min,
        Some("MAX") => Aggregate::Max,
        Some(_) => return Err(attributes.wrong("aggregate_function")),
    };
    let (mut trees, _) = read(attributes, "target", inputs, targets, texts, progress)?;
    trees.aggregate = aggregate;
    if !trees.base.is_empty() && trees.base.len() != targets {
        return Err(attributes.wrong("base_values"));
    }
    if matches!(aggregate, Aggregate::Min | Aggregate::Max) && trees.has_leaf(|weights| weights < targets) {
        return Err(bad("a leaf of a tree ensemble of MIN or MAX has no weight"));
    }
    if targets == 1 && trees.has_leaf(|weights| weights > 1) {
        return Err(bad("a leaf of a tree ensemble of one target has several weights"));
    }
    trees.simplify();
    Ok(trees)
}

/// Reads a `TreeEnsembleClassifier` of this number of classes. `are_counted` says that labels are the numbers 0 and 1, or
/// texts.
pub(in super::super) fn classifier(
    attributes: &Attributes<'_>,
    inputs: usize,
    classes: usize,
    are_counted: bool,
    texts: &mut Texts,
    progress: &Progress,
) -> Result<Trees> {
    let (mut trees, seen) = read(attributes, "class", inputs, classes, texts, progress)?;
    let is_binary = classes == 2 && seen.has_first != seen.has_second;
    if classes == 2 && !is_binary && !are_counted {
        return Err(bad(
            "the tree ensemble has weights for both of two classes whose labels are not 0 and 1: onnxruntime answers with 0 and \
             1, whatever the labels are",
        ));
    }
    let fits = match (classes, trees.base.len()) {
        (_, 0) => true,
        (2, 1) => is_binary,
        (classes, base) => base == classes,
    };
    if !fits {
        return Err(attributes.wrong("base_values"));
    }
    if classes == 2 && trees.transform == Transform::Probit {
        return Err(bad(
            "post_transform PROBIT of two classes is not supported: onnxruntime leaves one of them undefined",
        ));
    }
    trees.classes = Some(Classes { is_binary, are_weights_positive: !seen.has_negative });
    trees.simplify();
    Ok(trees)
}

/// A node of the file.
struct Part {
    id: i64,
    input: u32,
    mode: Mode,
    tracks_missing: bool,
    value: f64,
    /// The numbers of the nodes for true and for false.
    children: [i64; 2],
}

/// How a node compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Leaf,
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    Unequal,
}

impl Mode {
    fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"LEAF" => Self::Leaf,
            b"BRANCH_LEQ" => Self::AtMost,
            b"BRANCH_LT" => Self::Below,
            b"BRANCH_GTE" => Self::AtLeast,
            b"BRANCH_GT" => Self::Above,
            b"BRANCH_EQ" => Self::Equal,
            b"BRANCH_NEQ" => Self::Unequal,
            _ => return None,
        })
    }
}

/// The largest number below `x`; NaN if there is none, which no number is below.
fn below(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { f64::NAN } else { x.next_down() }
}

/// A split as it is stored: whether the column is negated, the bits of the column, the threshold, and whether the first
/// child is the one for false.
fn split(mode: Mode, tracks_missing: bool, value: f64) -> (bool, u32, f64, bool) {
    match (mode, tracks_missing) {
        // NaN goes to the second child: to the one for false, or, if it is tracked, to the one for true, and then the
        // comparison is the opposite one.
        (Mode::AtMost, false) => (false, 0, value, false),
        (Mode::AtMost, true) => (true, 0, below(-value), true),
        (Mode::Below, false) => (false, 0, below(value), false),
        (Mode::Below, true) => (true, 0, -value, true),
        (Mode::AtLeast, false) => (true, 0, -value, false),
        (Mode::AtLeast, true) => (false, 0, below(value), true),
        (Mode::Above, false) => (true, 0, below(-value), false),
        (Mode::Above, true) => (false, 0, value, true),
        (Mode::Equal, false) => (false, EQUAL, value, false),
        (Mode::Equal, true) => (false, EQUAL | MISSING, value, false),
        // NaN is unequal to every number.
        (Mode::Unequal, _) => (false, EQUAL, value, true),
        (Mode::Leaf, _) => (false, 0, f64::INFINITY, false),
    }
}

fn read(
    attributes: &Attributes<'_>,
    what: &str,
    inputs: usize,
    targets: usize,
    texts: &mut Texts,
    progress: &Progress,
) -> Result<(Trees, Seen)> {
    let transform = attributes.text("post_transform")?.unwrap_or("NONE");
    let transform = Transform::named(transform).ok_or_else(|| attributes.wrong("post_transform"))?;
    // Hitrates tell how many training rows reached a node; no converter writes them.
    numbers(attributes, "nodes_hitrates", texts)?;
    let mut trees = Trees {
        nodes: Vec::new(),
        ends: Vec::new(),
        weights: Vec::new(),
        only: Vec::new(),
        only_target: 0,
        trees: Vec::new(),
        columns: vec![Column { input: 0, is_negated: false }],
        has_equal: false,
        aggregate: Aggregate::Sum,
        transform,
        base: numbers(attributes, "base_values", texts)?,
        targets,
        classes: None,
    };
    if trees.base.iter().any(|base| !base.is_finite()) {
        return Err(attributes.wrong("base_values"));
    }
    let mut grown: HashMap<i64, Grown> = HashMap::new();
    let mut columns = HashMap::new();
    let mut parts = Vec::new();
    let mut current = None;
    let mut grow = |id: i64, parts: &mut Vec<Part>| -> Result<()> {
        progress.check()?;
        let tree = plant(parts, inputs, &mut trees, &mut columns)?;
        if grown.len() >= MAX_TREES {
            return Err(bad("a tree ensemble of the ONNX model has more than 100000 trees"));
        }
        if grown.insert(id, tree).is_some() {
            return Err(bad("the nodes of a tree of the ONNX model are not next to each other"));
        }
        parts.clear();
        Ok(())
    };
    let mut count = 0;
    for part in each_part(attributes, texts)? {
        let (tree, part) = part?;
        if current.is_some_and(|current| current != tree) {
            grow(current.unwrap_or_default(), &mut parts)?;
        }
        current = Some(tree);
        parts.push(part);
        count += 1;
        if count > MAX_NODES {
            return Err(bad("a tree ensemble of the ONNX model has more than 10 million nodes"));
        }
    }
    let Some(last) = current else { return Err(bad("a tree ensemble of the ONNX model has no nodes")) };
    grow(last, &mut parts)?;
    let seen = weigh(attributes, what, &grown, &mut trees, texts, progress)?;
    trees.nodes.shrink_to_fit();
    Ok((trees, seen))
}

/// The nodes of the file, each with the number of its tree.
fn each_part<'a>(
    attributes: &Attributes<'a>,
    texts: &mut Texts,
) -> Result<impl Iterator<Item = Result<(i64, Part)>> + use<'a>> {
    let unequal = || bad("the lists of nodes_ attributes of a tree ensemble differ in length");
    let values = numbers(attributes, "nodes_values", texts)?;
    let mut values = values.into_iter();
    let mut tracks = attributes.integers("nodes_missing_value_tracks_true");
    let tracks_missing = attributes.has("nodes_missing_value_tracks_true");
    let mut ids = attributes.integers("nodes_nodeids");
    let mut inputs = attributes.integers("nodes_featureids");
    let mut modes = attributes.texts("nodes_modes");
    let mut of_true = attributes.integers("nodes_truenodeids");
    let mut of_false = attributes.integers("nodes_falsenodeids");
    let mut trees = attributes.integers("nodes_treeids");
    // An empty list is an absent one.
    let has_tracks = tracks_missing && attributes.integers("nodes_missing_value_tracks_true").next().is_some();
    let mut next = move || -> Result<Option<(i64, Part)>> {
        let Some(tree) = trees.next() else {
            let is_end = ids.next().is_none()
                && inputs.next().is_none()
                && modes.next().is_none()
                && of_true.next().is_none()
                && of_false.next().is_none()
                && values.next().is_none()
                && tracks.next().is_none();
            return if is_end { Ok(None) } else { Err(unequal()) };
        };
        let tracks_missing = if has_tracks { tracks.next().ok_or_else(unequal)?? } else { 0 };
        let mode = modes.next().ok_or_else(unequal)??;
        let part = Part {
            id: ids.next().ok_or_else(unequal)??,
            input: u32::try_from(inputs.next().ok_or_else(unequal)??).unwrap_or(u32::MAX),
            mode: Mode::named(mode).ok_or_else(|| bad("a node of a tree ensemble has a mode that is not supported"))?,
            tracks_missing: tracks_missing == 1,
            value: values.next().ok_or_else(unequal)?,
            children: [of_true.next().ok_or_else(unequal)??, of_false.next().ok_or_else(unequal)??],
        };
        Ok(Some((tree?, part)))
    };
    Ok(std::iter::from_fn(move || next().transpose()))
}

/// Stores a tree: the first part is its root.
fn plant(parts: &[Part], inputs: usize, trees: &mut Trees, columns: &mut HashMap<Column, u32>) -> Result<Grown> {
    let mut grown = Grown::new(parts.iter().map(|part| part.id))?;
    let root = trees.nodes.len();
    // Breadth first: the children of the next split take the next two free places.
    let mut order = vec![0usize];
    grown.store(0, root as u32);
    let (mut at, mut depth, mut level) = (0, 0, 1);
    while at < order.len() {
        if at == level {
            depth += 1;
            level = order.len();
            if depth > MAX_DEPTH {
                return Err(bad("a tree of the ONNX model is deeper than 1024 splits"));
            }
        }
        let Some(part) = order.get(at).and_then(|&place| parts.get(place)) else { break };
        let here = (root + at) as u32;
        at += 1;
        let (is_negated, bits, threshold, is_swapped) = split(part.mode, part.tracks_missing, part.value);
        if part.mode == Mode::Leaf {
            trees.nodes.push(Node { threshold, column: 0, child: here });
            continue;
        }
        if part.value.is_nan() {
            return Err(bad("a split of a tree of the ONNX model compares with NaN"));
        }
        if part.input as usize >= inputs {
            return Err(bad("a tree of the ONNX model uses a feature that its input does not have"));
        }
        let count = columns.len() as u32 + 1;
        let column = *columns.entry(Column { input: part.input, is_negated }).or_insert(count);
        if column == count {
            trees.columns.push(Column { input: part.input, is_negated });
        }
        trees.has_equal |= bits & EQUAL != 0;
        trees.nodes.push(Node { threshold, column: column | bits, child: (root + order.len()) as u32 });
        let [of_true, of_false] = part.children;
        let children = if is_swapped { [of_false, of_true] } else { [of_true, of_false] };
        for child in children {
            let place = grown
                .find(child)
                .ok_or_else(|| bad("a tree of the ONNX model refers to a node that it does not have"))?;
            if !grown.store(place, (root + order.len()) as u32) {
                return Err(bad("a node of a tree of the ONNX model is reached on two paths"));
            }
            order.push(place);
        }
    }
    trees.trees.push(Tree { root: root as u32, depth });
    Ok(grown)
}

impl Trees {
    /// Makes the list of only weights.
    fn simplify(&mut self) {
        let Some(&(target, _)) = self.weights.first() else { return };
        let is_sum = matches!(self.aggregate, Aggregate::Sum | Aggregate::Average);
        if !is_sum || self.weights.iter().any(|&(other, _)| other != target) || self.has_leaf(|weights| weights != 1) {
            return;
        }
        // Splits have none.
        let of_node = self.ends.iter().map(|&end| end.checked_sub(1).map_or(0.0, |last| self.weights[last as usize].1));
        (self.only, self.only_target) = (of_node.collect(), target);
    }

    /// Whether there is a leaf with such a number of weights.
    fn has_leaf(&self, is_such: impl Fn(usize) -> bool) -> bool {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut nodes = starts.zip(&self.ends).zip(&self.nodes).enumerate();
        nodes.any(|(at, ((start, &end), node))| node.child as usize == at && is_such((start..end).len()))
    }
}
