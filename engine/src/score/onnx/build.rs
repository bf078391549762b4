//! From the messages of a file to a program: names are resolved, operators are checked, and each node becomes steps.

use std::collections::HashMap;

use super::building::{Building, Input, Named, Operation};
use super::message::{Graph, Model, Node};
use super::program::Program;
use super::tensor::{Kind, Tensor};
use super::texts::Texts;
use super::{bad, learned, plain, shapes, shown};
use crate::score::categories::MAX_CATEGORIES;
use crate::score::{MAX_FEATURES, MAX_NAME};
use crate::{Progress, Result};

/// The newest versions of the operators that are known.
const NEWEST: i64 = 26;
const NEWEST_LEARNED: i64 = 5;

impl<'a> Building<'a> {
    /// Reads a graph.
    pub(super) fn read(model: &Model<'a>, graph: &Graph<'a>, progress: &Progress) -> Result<Self> {
        let mut building = Self {
            program: Program::default(),
            texts: Texts::default(),
            names: HashMap::new(),
            version: version(model)?,
            inputs: Vec::new(),
            features: Vec::new(),
            labels: HashMap::new(),
            categories: Vec::new(),
            known: 0,
        };
        for &message in &graph.initializers {
            progress.check()?;
            let (name, tensor) = Tensor::read(message, &mut building.texts)?;
            let value = building.program.constant(tensor)?;
            building.name(name, Named { value, labels: None })?;
        }
        building.read_inputs(model, graph)?;
        for node in &graph.nodes {
            progress.check()?;
            building.node(node, progress)?;
        }
        building.end_of_categories()?;
        Ok(building)
    }

    /// Gives the inputs of texts the categories that operators know.
    fn end_of_categories(&mut self) -> Result<()> {
        let mut all = 0;
        for input in self.inputs.iter_mut().filter(|input| input.kind == Kind::Text) {
            for i in input.start..input.start + input.count {
                let mut known = self.categories.get(i).cloned().unwrap_or_default();
                known.sort_unstable();
                known.dedup();
                all += known.len();
                if known.is_empty() || all > MAX_CATEGORIES {
                    let name = self.features.get(i).map_or("", |name| name);
                    return Err(bad(format!(
                        "the feature {} of the ONNX model is a text, and no OneHotEncoder or LabelEncoder has its categories, or \
                         there are more than a million",
                        shown(name)
                    )));
                }
                input.texts.push(known);
            }
        }
        Ok(())
    }

    fn name(&mut self, name: &'a str, named: Named) -> Result<()> {
        if name.is_empty() || self.names.insert(name, named).is_some() {
            return Err(bad(format!("two values of the ONNX graph have the name {}, or one has none", shown(name))));
        }
        Ok(())
    }

    /// The inputs that are not constants: each becomes a slot, and its elements features.
    fn read_inputs(&mut self, model: &Model<'a>, graph: &Graph<'a>) -> Result<()> {
        // Older files list the constants among the inputs.
        let ports: Vec<_> = graph.inputs.iter().filter(|port| !self.names.contains_key(port.name)).collect();
        let mut start = 0;
        for port in &ports {
            let name = shown(port.name);
            let Some((code, shape)) = &port.tensor else {
                return Err(bad(format!("the input {name} of the ONNX model is no tensor")));
            };
            let kind = Kind::coded(*code)?;
            let Some(shape) = shape else {
                return Err(bad(format!(
                    "the input {name} of the ONNX model has no shape: convert with [None, number of columns]"
                )));
            };
            let is_row = matches!(shape.first(), None | Some(None | Some(0 | 1)));
            // A list of one dimension is one value for each row, unless its length is fixed.
            let width = match shape[..] {
                [] | [None | Some(0 | 1)] => Some(1),
                [Some(width)] => Some(width),
                [_, Some(width)] if is_row => Some(width),
                _ => None,
            };
            let width =
                width.and_then(|width| usize::try_from(width).ok()).filter(|width| (1..=MAX_FEATURES).contains(width));
            let width = width.ok_or_else(|| {
                bad(format!("the input {name} of the ONNX model must be of the shape [None, 1 to 4096]: convert with the number of columns"))
            })?;
            let shape = if shape.len() == 2 { vec![1, width] } else { vec![width] };
            let origins = (start..start + width).map(|feature| feature as u32).collect();
            let value = self.program.slot(kind, shape, origins, None)?;
            self.name(port.name, Named { value, labels: None })?;
            self.inputs.push(Input { kind, start, count: width, texts: Vec::new() });
            start += width;
            if start > MAX_FEATURES {
                return Err(bad("a model has 1 to 4096 features"));
            }
            for i in 0..width {
                self.features.push(if width == 1 { port.name.into() } else { format!("{}_{i}", port.name).into() });
            }
        }
        self.categories = vec![Vec::new(); start];
        if let [_] = ports[..] {
            self.features = names_of_columns(model, start)?;
        }
        if self
            .features
            .iter()
            .any(|name| name.is_empty() || name.len() > MAX_NAME || name.bytes().any(|byte| byte.is_ascii_control()))
        {
            return Err(bad("the name of a feature must be 1 to 256 bytes without control characters"));
        }
        Ok(())
    }

    fn node(&mut self, node: &Node<'a>, progress: &Progress) -> Result<()> {
        let attributes = node.attributes()?;
        let mut inputs = Vec::new();
        for name in node.inputs() {
            let name = name?;
            inputs.push(match self.names.get(name) {
                _ if name.is_empty() => None,
                Some(named) => Some(named.clone()),
                None => {
                    return Err(bad(format!(
                        "the operator {} reads {}, which is computed later or not at all",
                        shown(node.operator),
                        shown(name)
                    )));
                }
            });
        }
        let outputs: Vec<&str> = node.outputs().collect::<Result<_>>()?;
        let operation = Operation { operator: node.operator, attributes: &attributes, inputs, progress };
        let results = match node.domain {
            "" | "ai.onnx" => match plain::add(self, &operation)? {
                Some(result) => Some(result),
                None => shapes::add(self, &operation)?,
            },
            "ai.onnx.ml" => learned::add(self, &operation)?,
            domain => {
                return Err(bad(format!(
                    "the operator {} of the domain {} is not supported",
                    shown(node.operator),
                    shown(domain)
                )));
            }
        };
        let Some(results) = results else {
            return Err(bad(format!("the operator {} is not supported", shown(node.operator))));
        };
        attributes.end()?;
        let mut results = results.into_iter();
        for name in outputs {
            let result = results.next();
            if !name.is_empty() {
                self.name(name, result.ok_or_else(|| operation.misused())?)?;
            }
        }
        Ok(())
    }
}

/// The version of the operators of ONNX. Both domains must be known.
fn version(model: &Model<'_>) -> Result<i64> {
    let mut found = None;
    for &(domain, version) in &model.opsets {
        let newest = match domain {
            "" | "ai.onnx" => NEWEST,
            "ai.onnx.ml" => NEWEST_LEARNED,
            // A domain that no node uses has no effect.
            _ => continue,
        };
        if !(1..=newest).contains(&version) {
            return Err(bad(format!(
                "the ONNX model uses version {version} of the operators of {}; up to {newest} are known: convert with target_opset",
                if newest == NEWEST { "ai.onnx" } else { "ai.onnx.ml" }
            )));
        }
        if newest == NEWEST {
            if found.is_some_and(|other| other != version) {
                return Err(bad("the ONNX model uses two versions of the same operators"));
            }
            found = Some(version);
        }
    }
    // Files with operators of `ai.onnx.ml` only need not name the others.
    Ok(found.unwrap_or(NEWEST))
}

/// The names of the columns of the only input: from the metadata `feature_names` (a JSON list, or names between commas), else
/// `f0`, `f1`, ..
fn names_of_columns(model: &Model<'_>, count: usize) -> Result<Vec<Box<str>>> {
    let Some((_, text)) = model.metadata.iter().find(|(key, _)| *key == "feature_names") else {
        return Ok((0..count).map(|i| format!("f{i}").into()).collect());
    };
    let names: Vec<Box<str>> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text)
            .map_err(|_| bad("feature_names in the metadata of the ONNX model is not a JSON list of texts"))?
    } else {
        text.split(',').take(count + 1).map(|name| name.trim().into()).collect()
    };
    if names.len() != count {
        return Err(bad(format!("feature_names in the metadata of the ONNX model must be {count} names")));
    }
    Ok(names)
}
