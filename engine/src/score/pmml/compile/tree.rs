//! `TreeModel`: nodes and their predicates as one graph of comparisons.

use std::collections::HashMap;

use super::super::element::{Element, shown};
use super::super::heads;
use super::super::program::{Body, Flattened, Method, Model, Trees};
use super::decisions::Decisions;
use super::{Compiled, Compiler};
use crate::score::MAX_CLASSES;
use crate::{Error, Result};

/// The children of a node.
const PARTS: &[&str] = &[
    "SimplePredicate",
    "CompoundPredicate",
    "SimpleSetPredicate",
    "True",
    "False",
    "Node",
    "Partition",
    "ScoreDistribution",
];

/// What happens when a predicate is unknown because a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    /// It counts as false.
    False,
    /// Nothing is predicted.
    Nothing,
    /// The score of the node.
    Last,
    /// The default child.
    Default,
}

/// Trees that are being compiled into one graph.
pub(super) struct Planted {
    to: Decisions,
    roots: Vec<u32>,
    weights: Vec<f64>,
    classes: Vec<Box<str>>,
    /// The number of each class.
    numbers: HashMap<Box<str>, u32>,
    entries: Vec<Entry>,
    method: Method,
    is_classification: bool,
    /// The leaf that predicts nothing.
    nothing: u32,
}

/// The class of a leaf, and the probabilities that it names.
struct Entry {
    class: u32,
    probabilities: Vec<(u32, f64)>,
}

/// How a tree treats what its predicates leave open.
#[derive(Clone, Copy)]
struct Strategy {
    unknown: Unknown,
    /// Whether a node without a true child predicts its own score.
    keeps_last: bool,
}

impl<'a> Compiler<'a> {
    /// A model that is a single tree.
    pub(super) fn tree(&mut self, element: &'a Element) -> Result<Compiled> {
        let is_classification = Self::is_classification(element)?;
        let classes = self.target_values(element).into_iter().map(Into::into).collect();
        // A tree that votes has the probability 1 for its class.
        let method = if self.is_voting && is_classification { Method::Vote } else { Method::Sum };
        let mut planted = Planted::new(method, is_classification, classes)?;
        self.plant(element, 1.0, &mut planted)?;
        self.trees(planted)
    }

    /// Adds a tree.
    pub(super) fn plant(&mut self, element: &'a Element, weight: f64, planted: &mut Planted) -> Result<()> {
        heads::check(element)?;
        heads::only(
            element,
            &[
                "modelName",
                "functionName",
                "algorithmName",
                "missingValueStrategy",
                "missingValuePenalty",
                "noTrueChildStrategy",
                "splitCharacteristic",
                "isScorable",
            ],
            &["Node"],
        )?;
        if Self::is_classification(element)? != planted.is_classification {
            return Err(Error::bad_whole("trees of the PMML predict classes and numbers"));
        }
        let unknown = match element.attribute("missingValueStrategy").unwrap_or("none") {
            "none" => Unknown::False,
            "nullPrediction" => Unknown::Nothing,
            "lastPrediction" => Unknown::Last,
            "defaultChild" => Unknown::Default,
            other => {
                let reason = format!("the missingValueStrategy {} of the PMML cannot be used", shown(other));
                return Err(Error::bad_whole(reason));
            }
        };
        let keeps_last = match element.attribute("noTrueChildStrategy").unwrap_or("returnNullPrediction") {
            "returnNullPrediction" => false,
            "returnLastPrediction" => true,
            _ => return Err(Error::bad_whole("a TreeModel of the PMML has an unknown noTrueChildStrategy")),
        };
        let root = element.needed_child("Node")?;
        let node = self.node(root, Strategy { unknown, keeps_last }, planted)?;
        let nothing = planted.nothing;
        let root = self.predicate(super::predicates::of(root)?, &mut planted.to, [node, nothing, nothing])?;
        planted.roots.push(root);
        planted.weights.push(weight);
        Ok(())
    }

    /// Adds what follows when a row is at this node.
    fn node(&mut self, element: &'a Element, strategy: Strategy, planted: &mut Planted) -> Result<u32> {
        element.only(&["id", "score", "recordCount", "defaultChild"], PARTS)?;
        let children: Vec<&'a Element> = element.children_called("Node").collect();
        if children.is_empty() {
            return planted.leaf(element);
        }
        let has_score = element.attribute("score").is_some();
        let is_last_needed = strategy.keeps_last || strategy.unknown == Unknown::Last;
        let last = if has_score && is_last_needed { planted.leaf(element)? } else { planted.nothing };
        let mut nodes = Vec::new();
        for child in &children {
            nodes.push(self.node(child, strategy, planted)?);
        }
        let default = element.attribute("defaultChild");
        let default =
            children.iter().zip(&nodes).find(|(child, _)| default.is_some() && child.attribute("id") == default);
        let mut next = if strategy.keeps_last { last } else { planted.nothing };
        for (child, &node) in children.iter().zip(&nodes).rev() {
            let unknown = match strategy.unknown {
                Unknown::False => next,
                Unknown::Nothing => planted.nothing,
                Unknown::Last => last,
                Unknown::Default => default.map_or(planted.nothing, |(_, &node)| node),
            };
            next = self.predicate(super::predicates::of(child)?, &mut planted.to, [node, next, unknown])?;
        }
        Ok(next)
    }

    /// The model of all trees.
    pub(super) fn trees(&mut self, planted: Planted) -> Result<Compiled> {
        let Planted { to, roots, weights, classes, entries, method, is_classification, .. } = planted;
        if classes.len() > MAX_CLASSES {
            return Err(Error::TooBig { what: "the number of classes of the PMML", limit: MAX_CLASSES as u64 });
        }
        let used = used_classes(&entries, classes.len());
        let width = if method.is_vote() { 1 } else { 1 + used.len() };
        let mut leaves = Vec::new();
        let place = |class: u32| used.binary_search(&class).unwrap_or_default();
        for entry in entries {
            self.count()?;
            let start = leaves.len();
            leaves.resize(start + width, 0.0);
            leaves[start] = place(entry.class) as f64;
            if !method.is_vote() {
                for (class, probability) in entry.probabilities {
                    leaves[start + 1 + place(class)] = probability;
                }
            }
        }
        let classes: Vec<Box<str>> = used.iter().filter_map(|&class| classes.get(class as usize).cloned()).collect();
        let count = if is_classification { classes.len() as u32 } else { 0 };
        if is_classification && count < 2 {
            return Err(Error::bad_whole("the trees of the PMML predict fewer than two classes"));
        }
        let result = self.slots_for(1 + count as usize, super::Origin::Many)?;
        let graph = to.finish_all();
        let trees = Trees { graph, roots, weights, method, classes: count, leaves, flat: Flattened::default() };
        let body = Body::Trees(trees);
        let model = Model { derived: Vec::new(), body, target: None, result, classes: count, outputs: Vec::new() };
        Ok(Compiled { model, classes })
    }
}

/// The classes that leaves name, ascending.
fn used_classes(entries: &[Entry], classes: usize) -> Vec<u32> {
    let mut is_used = vec![false; classes];
    for entry in entries {
        let named = entry.probabilities.iter().map(|(class, _)| *class).chain([entry.class]);
        named.for_each(|class| is_used[class as usize] = true);
    }
    is_used.iter().enumerate().filter(|(_, is)| **is).map(|(class, _)| class as u32).collect()
}

impl Planted {
    /// No trees, of a target with these values.
    pub(super) fn new(method: Method, is_classification: bool, classes: Vec<Box<str>>) -> Result<Self> {
        let mut to = Decisions::of_trees();
        let nothing = to.leaf(f64::NAN)?;
        let numbers = classes.iter().zip(0..).map(|(class, number)| (class.clone(), number)).collect();
        Ok(Self {
            to,
            roots: Vec::new(),
            weights: Vec::new(),
            classes,
            numbers,
            entries: Vec::new(),
            method,
            is_classification,
            nothing,
        })
    }

    /// The number of a class.
    fn class(&mut self, label: &str) -> Result<u32> {
        if let Some(&known) = self.numbers.get(label) {
            return Ok(known);
        }
        if self.classes.len() == MAX_CLASSES {
            return Err(Error::TooBig { what: "the number of classes of the PMML", limit: MAX_CLASSES as u64 });
        }
        let number = self.classes.len() as u32;
        self.numbers.insert(label.into(), number);
        self.classes.push(label.into());
        Ok(number)
    }

    /// Adds the leaf with the score of a node.
    fn leaf(&mut self, element: &Element) -> Result<u32> {
        if !self.is_classification {
            return match element.attribute("score") {
                None => Ok(self.nothing),
                Some(_) => self.to.leaf(element.needed_number("score")?),
            };
        }
        let mut probabilities: Vec<(u32, f64)> = Vec::new();
        let (mut counts, mut has_all) = (0.0, true);
        for distribution in element.children_called("ScoreDistribution") {
            distribution.only(&["value", "recordCount", "confidence", "probability"], &[])?;
            let class = self.class(distribution.needed("value")?)?;
            let count = distribution.needed_number("recordCount")?;
            counts += count;
            let probability = distribution.number("probability")?;
            has_all &= probability.is_some();
            probabilities.push((class, probability.unwrap_or(count)));
        }
        let is_mixed =
            !has_all && element.children_called("ScoreDistribution").any(|one| one.attribute("probability").is_some());
        if is_mixed {
            return Err(Error::bad_whole("a Node of the PMML has probabilities for some classes only"));
        }
        if !has_all {
            probabilities.iter_mut().for_each(|(_, probability)| *probability /= counts);
        }
        if probabilities.iter().any(|(_, probability)| !probability.is_finite()) {
            return Err(Error::bad_whole("the ScoreDistributions of a Node of the PMML have no records"));
        }
        if probabilities.is_empty() && !self.method.is_vote() {
            return Err(Error::bad_whole("a Node of the PMML has no ScoreDistribution, so it gives no probabilities"));
        }
        let class = match element.attribute("score") {
            Some(label) => self.class(label)?,
            None => {
                let most = probabilities.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best });
                let Some((class, _)) = most else { return Ok(self.nothing) };
                class
            }
        };
        probabilities.sort_unstable_by_key(|(class, _)| *class);
        if probabilities.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::bad_whole("a Node of the PMML has two ScoreDistributions of one value"));
        }
        if self.method.is_vote() {
            probabilities = Vec::new();
        }
        self.entries.push(Entry { class, probabilities });
        self.to.leaf((self.entries.len() - 1) as f64)
    }
}
