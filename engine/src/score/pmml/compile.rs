//! Compiles a file into a program.
//!
//! Names are resolved from the inside out: derived fields of a model, outputs of the models before it in a chain, then
//! the same of the model around it, at last the features and the derived fields of the file. A derived field is compiled
//! when it is first used, into the list of the model that declares it, so a list is in the order of its computation.

mod decisions;
mod expressions;
mod features;
mod general;
mod mining;
mod outputs;
mod predicates;
mod regression;
mod results;
mod scorecard;
mod tables;
mod targets;
mod tree;
mod words;

use std::collections::HashMap;

use super::element::{Element, shown};
use super::heads;
use super::program::{Expression, Kind, MAX_SLOTS, Model, NO_FEATURE, Program};
use crate::score::features::{EXACT, Features};
use crate::{Error, Progress, Result};

pub(super) use results::is_isolation_forest;

use features::Feature;
use words::Words;

/// Maximum nesting depth of models.
const MAX_MODELS: usize = 8;
/// Maximum number of derived fields that are compiled inside each other.
const MAX_OPEN: usize = 64;
/// Maximum number of parts of all expressions: functions of the file are expanded where they are used.
const MAX_PARTS: usize = 1_000_000;

/// The models that can be compiled.
const MODELS: &[&str] = &["RegressionModel", "GeneralRegressionModel", "TreeModel", "Scorecard", "MiningModel"];

/// The slot of a field, and its type.
#[derive(Debug, Clone, Copy)]
struct Field {
    slot: u32,
    kind: Kind,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy)]
enum Known {
    Field(Field),
    /// A derived field that is being compiled: using it would be a cycle.
    Open,
    /// An output that is not computed here.
    Unsupported,
}

/// The names that a model knows beyond those around it.
#[derive(Debug, Default)]
struct Scope<'a> {
    known: HashMap<&'a str, Known>,
    /// Derived fields that the model declares.
    declared: HashMap<&'a str, &'a Element>,
    /// Those that are used, compiled.
    derived: Vec<(u32, Expression)>,
}

/// The features that a slot is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    None,
    One(u32),
    Many,
}

impl Origin {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (one, Self::None) | (Self::None, one) => one,
            (Self::One(a), Self::One(b)) if a == b => self,
            _ => Self::Many,
        }
    }
}

/// A model that was compiled.
struct Compiled {
    model: Model,
    /// The label of each class.
    classes: Vec<Box<str>>,
}

/// The state of a compilation.
struct Compiler<'a> {
    progress: &'a Progress,
    /// The fields of the data dictionary.
    data: HashMap<&'a str, &'a Element>,
    /// The functions that the file defines.
    functions: HashMap<&'a str, &'a Element>,
    /// The arguments of the functions that are being expanded.
    arguments: Vec<HashMap<&'a str, (Expression, Kind)>>,
    features: Vec<Feature<'a>>,
    words: Words,
    /// The first scope is that of the file.
    scopes: Vec<Scope<'a>>,
    /// The features that each slot depends on.
    origins: Vec<Origin>,
    parts: usize,
    /// The number of derived fields that are being compiled.
    open: usize,
    /// Whether the models that are being compiled vote: only their classes count.
    is_voting: bool,
}

/// Compiles a file whose root was checked.
#[expect(clippy::too_many_lines, reason = "the parts of a file, in their order")]
pub(super) fn compile(
    root: &Element,
    model: &Element,
    warnings: &mut Vec<String>,
    progress: &Progress,
) -> Result<(Features, Program)> {
    let dictionary = root.child("TransformationDictionary");
    let mut file = Scope::default();
    let mut functions = HashMap::new();
    for part in dictionary.iter().flat_map(|dictionary| dictionary.parts()) {
        let list = match &*part.name {
            "DerivedField" => &mut file.declared,
            "DefineFunction" => &mut functions,
            other => {
                return Err(Error::bad_whole(format!(
                    "the PMML has {} in its dictionary, which is not known here",
                    shown(other)
                )));
            }
        };
        if list.insert(part.needed("name")?, part).is_some() {
            return Err(Error::bad_whole("two fields of the TransformationDictionary have the same name"));
        }
    }
    let mut data = HashMap::new();
    for field in root.child("DataDictionary").iter().flat_map(|dictionary| dictionary.children_called("DataField")) {
        if data.insert(field.needed("name")?, field).is_some() {
            return Err(Error::bad_whole("two fields of the DataDictionary have the same name"));
        }
    }
    let mut compiler = Compiler {
        progress,
        data,
        functions,
        arguments: Vec::new(),
        features: Vec::new(),
        words: Words::default(),
        scopes: vec![file],
        origins: Vec::new(),
        parts: 0,
        open: 0,
        is_voting: false,
    };
    compiler.declare_features(model)?;
    let mut whole = compiler.model(model, 0)?;
    let score = compiler.score(model, &mut whole)?;
    let Compiled { model: compiled, classes } = whole;
    let labels = compiler.labels(model, &compiled, &classes);
    let order =
        labels.iter().filter_map(|label| classes.iter().position(|class| class == label)).map(|i| i as u32).collect();
    let names: Vec<Box<str>> = compiler.features.iter().map(|feature| feature.name.into()).collect();
    let (inputs, categories) = compiler.inputs()?;
    let slots = compiler.origins.len() as u32;
    let derived = std::mem::take(&mut compiler.scopes[0].derived);
    let program = Program { inputs, slots, derived, model: compiled, score, labels, order };
    let program = program.stored().map_err(|error| match error {
        Error::TooBig { .. } => error,
        _ => Error::bad_whole(
            "the PMML contradicts itself: a number is not finite, a label is repeated, or it is too deep",
        ),
    })?;
    if !program.is_explained() && program.card().is_none() {
        warnings.push(
            match program.trees() {
                0 => "assessments of this PMML have no contributions: its terms depend on several features",
                _ => {
                    "assessments of this PMML have no contributions: it has trees, and PMML does not say reliably how \
                     many training rows reached their nodes"
                }
            }
            .into(),
        );
    }
    let decimals = vec![EXACT; names.len()];
    let mut features = Features::new(names, decimals).map_err(Error::bad_whole)?;
    features.set_categories(categories).map_err(Error::bad_whole)?;
    Ok((features, program))
}

impl<'a> Compiler<'a> {
    /// A new slot for a value that depends on these features.
    fn slot(&mut self, origin: Origin) -> Result<u32> {
        self.slots_for(1, origin)
    }

    /// The first of several new slots.
    fn slots_for(&mut self, count: usize, origin: Origin) -> Result<u32> {
        let first = self.origins.len();
        if first + count > MAX_SLOTS as usize {
            return Err(Error::TooBig {
                what: "the number of fields and results of the PMML",
                limit: u64::from(MAX_SLOTS),
            });
        }
        self.origins.resize(first + count, origin);
        Ok(first as u32)
    }

    fn origin(&self, slot: u32) -> Origin {
        self.origins.get(slot as usize).copied().unwrap_or(Origin::Many)
    }

    /// The features that an expression depends on.
    fn origin_of(&self, expression: &Expression) -> Origin {
        let mut origin = Origin::None;
        expression.slots(&mut |slot| origin = origin.and(self.origin(slot)));
        origin
    }

    /// The feature that a contribution belongs to.
    fn feature_of(&self, slots: impl IntoIterator<Item = u32>) -> u32 {
        match slots.into_iter().fold(Origin::None, |origin, slot| origin.and(self.origin(slot))) {
            Origin::One(feature) => feature,
            Origin::None | Origin::Many => NO_FEATURE,
        }
    }

    /// Counts a part of an expression.
    fn count(&mut self) -> Result<()> {
        self.count_all(1)
    }

    /// Counts parts of expressions: those of a copy, or the comparisons of a decision.
    fn count_all(&mut self, parts: usize) -> Result<()> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MAX_PARTS {
            return Err(Error::TooBig {
                what: "the number of parts of expressions of the PMML",
                limit: MAX_PARTS as u64,
            });
        }
        if self.parts.is_multiple_of(1024) { self.progress.check() } else { Ok(()) }
    }

    /// The field with this name.
    fn field(&mut self, name: &'a str) -> Result<Field> {
        for level in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[level];
            match scope.known.get(name) {
                Some(Known::Field(field)) => return Ok(*field),
                Some(Known::Open) => {
                    return Err(Error::bad_whole(format!("the field {} of the PMML depends on itself", shown(name))));
                }
                Some(Known::Unsupported) => {
                    let reason = format!("the output {} of the PMML is used, which is not computed here", shown(name));
                    return Err(Error::bad_whole(reason));
                }
                None => {}
            }
            if let Some(&declared) = scope.declared.get(name) {
                return self.derive(level, name, declared);
            }
        }
        Err(Error::bad_whole(format!("the PMML uses {}, which is no active field", shown(name))))
    }

    /// Compiles a derived field of the scope with this number.
    fn derive(&mut self, level: usize, name: &'a str, element: &'a Element) -> Result<Field> {
        // A chain of fields, each of which uses the next one, is compiled in one recursion.
        if self.open == MAX_OPEN {
            return Err(Error::bad_whole("derived fields of the PMML use each other more than 64 deep"));
        }
        self.open += 1;
        let inner = self.scopes.split_off(level + 1);
        let arguments = std::mem::take(&mut self.arguments);
        self.scopes[level].known.insert(name, Known::Open);
        let compiled = self.derived_field(element);
        self.scopes.extend(inner);
        self.arguments = arguments;
        self.open -= 1;
        let (expression, kind) = compiled?;
        let origin = self.origin_of(&expression);
        let field = Field { slot: self.slot(origin)?, kind };
        self.scopes[level].known.insert(name, Known::Field(field));
        self.scopes[level].derived.push((field.slot, expression));
        Ok(field)
    }

    /// Compiles a model at this depth of models.
    fn model(&mut self, element: &'a Element, depth: usize) -> Result<Compiled> {
        self.progress.check()?;
        if depth == MAX_MODELS {
            return Err(Error::bad_whole("models of the PMML are nested more than 8 deep"));
        }
        heads::check(element)?;
        let mut scope = Scope::default();
        for part in element.children_called("LocalTransformations").flat_map(Element::parts) {
            if &*part.name != "DerivedField" || scope.declared.insert(part.needed("name")?, part).is_some() {
                return Err(Error::bad_whole(
                    "LocalTransformations of the PMML have an unknown part, or one name twice",
                ));
            }
        }
        if depth > 0 {
            self.check_schema(element)?;
        }
        self.scopes.push(scope);
        let compiled = self.body(element, depth);
        let scope = self.scopes.pop().unwrap_or_default();
        let mut compiled = compiled?;
        compiled.model.derived = scope.derived;
        Ok(compiled)
    }

    fn body(&mut self, element: &'a Element, depth: usize) -> Result<Compiled> {
        let mut compiled = match &*element.name {
            "RegressionModel" => self.regression(element)?,
            "GeneralRegressionModel" => self.general(element)?,
            "TreeModel" => self.tree(element)?,
            "Scorecard" => self.scorecard(element)?,
            "MiningModel" => self.mining(element, depth)?,
            name => {
                return Err(Error::bad_whole(format!(
                    "the PMML holds a {}; RegressionModel, GeneralRegressionModel, Scorecard, TreeModel and MiningModel \
                     can be used",
                    shown(name)
                )));
            }
        };
        compiled.model.target = self.target(element, compiled.model.classes > 0)?;
        Ok(compiled)
    }
}
