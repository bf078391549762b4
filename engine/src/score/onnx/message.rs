//! The messages of an ONNX file, as far as they are read. Texts and lists are borrowed from the file and read when they are
//! used.

use std::cell::Cell;

use super::tensor::Tensor;
use super::texts::Texts;
use super::wire::{Content, Fields, damaged, each, floats, integers};
use super::{bad, shown};
use crate::Result;

/// The most nodes, initializers and inputs of a graph, each.
const MAX_ITEMS: usize = 100_000;

/// The model: what is outside of its graph.
#[derive(Debug, Default)]
pub(super) struct Model<'a> {
    pub(super) graph: &'a [u8],
    /// Domain and version.
    pub(super) opsets: Vec<(&'a str, i64)>,
    /// Keys and values.
    pub(super) metadata: Vec<(&'a str, &'a str)>,
}

impl<'a> Model<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut model = Self::default();
        for field in Fields(bytes) {
            match field? {
                (7, content) => model.graph = content.bytes()?,
                (8, content) => {
                    let (mut domain, mut version) = ("", 0);
                    for field in Fields(content.bytes()?) {
                        match field? {
                            (1, content) => domain = content.text()?,
                            (2, content) => version = content.integer()?,
                            _ => {}
                        }
                    }
                    push(&mut model.opsets, (domain, version))?;
                }
                (14, content) => push(&mut model.metadata, entry(content)?)?,
                (20, _) => return Err(bad("an ONNX model with training_info cannot be used")),
                (25, _) => return Err(bad("an ONNX model with functions of its own cannot be used")),
                _ => {}
            }
        }
        if model.graph.is_empty() {
            return Err(bad("the ONNX model has no graph"));
        }
        Ok(model)
    }
}

fn entry(content: Content<'_>) -> Result<(&str, &str)> {
    let (mut key, mut value) = ("", "");
    for field in Fields(content.bytes()?) {
        match field? {
            (1, content) => key = content.text()?,
            (2, content) => value = content.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// Appends to a list of bounded length.
fn push<T>(list: &mut Vec<T>, item: T) -> Result<()> {
    if list.len() >= MAX_ITEMS {
        return Err(bad("the ONNX graph has more than 100000 nodes, initializers or inputs"));
    }
    list.push(item);
    Ok(())
}

/// A graph.
#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    /// Messages of tensors.
    pub(super) initializers: Vec<&'a [u8]>,
    pub(super) inputs: Vec<Port<'a>>,
    pub(super) outputs: Vec<Port<'a>>,
}

impl<'a> Graph<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut graph = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, content) => push(&mut graph.nodes, Node::read(content.bytes()?)?)?,
                (5, content) => push(&mut graph.initializers, content.bytes()?)?,
                (11, content) => push(&mut graph.inputs, Port::read(content.bytes()?)?)?,
                (12, content) => push(&mut graph.outputs, Port::read(content.bytes()?)?)?,
                (15, _) => return Err(bad("sparse initializers of ONNX cannot be used")),
                _ => {}
            }
        }
        Ok(graph)
    }
}

/// A node: one use of an operator.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) operator: &'a str,
    pub(super) domain: &'a str,
    body: &'a [u8],
}

impl<'a> Node<'a> {
    fn read(body: &'a [u8]) -> Result<Self> {
        let mut node = Self { operator: "", domain: "", body };
        for field in Fields(body) {
            match field? {
                (4, content) => node.operator = content.text()?,
                (7, content) => node.domain = content.text()?,
                _ => {}
            }
        }
        Ok(node)
    }

    /// The names of the inputs; a name may be empty.
    pub(super) fn inputs(&self) -> impl Iterator<Item = Result<&'a str>> + use<'a> {
        each(self.body, 1).map(|name| std::str::from_utf8(name?).map_err(|_| damaged()))
    }

    /// The names of the outputs; a name may be empty.
    pub(super) fn outputs(&self) -> impl Iterator<Item = Result<&'a str>> + use<'a> {
        each(self.body, 2).map(|name| std::str::from_utf8(name?).map_err(|_| damaged()))
    }

    /// The attributes.
    pub(super) fn attributes(&self) -> Result<Attributes<'a>> {
        let mut all: Vec<(&str, &[u8], Cell<bool>)> = Vec::new();
        for body in each(self.body, 5) {
            let body = body?;
            let mut name = "";
            for field in Fields(body) {
                if let (1, content) = field? {
                    name = content.text()?;
                }
            }
            if all.len() >= 64 || all.iter().any(|(other, ..)| *other == name) {
                return Err(bad(format!("the operator {} has an attribute twice, or too many", shown(self.operator))));
            }
            all.push((name, body, Cell::new(false)));
        }
        Ok(Attributes { operator: self.operator, all })
    }
}

/// The attributes of a node. An attribute that is not read is refused, since it could change the result.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    pub(super) operator: &'a str,
    all: Vec<(&'a str, &'a [u8], Cell<bool>)>,
}

impl<'a> Attributes<'a> {
    fn find(&self, name: &str) -> Option<&'a [u8]> {
        let (_, body, is_read) = self.all.iter().find(|(known, ..)| *known == name)?;
        is_read.set(true);
        Some(*body)
    }

    /// The last field with this tag in the attribute.
    fn field(&self, name: &str, tag: u32) -> Result<Option<Content<'a>>> {
        let Some(body) = self.find(name) else { return Ok(None) };
        let mut last = None;
        for field in Fields(body) {
            match field? {
                (21, _) => return Err(bad("an ONNX attribute that refers to another cannot be used")),
                (found, content) if found == tag => last = Some(content),
                _ => {}
            }
        }
        Ok(last)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all.iter().any(|(known, ..)| *known == name)
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>> {
        // Proto3 leaves out a zero.
        Ok(match self.field(name, 3)? {
            Some(content) => Some(content.integer()?),
            None => self.has(name).then_some(0),
        })
    }

    /// An attribute that is 0 or 1, 0 if it is absent.
    pub(super) fn flag(&self, name: &str, default: bool) -> Result<bool> {
        match self.integer(name)? {
            None => Ok(default),
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            Some(_) => Err(self.wrong(name)),
        }
    }

    pub(super) fn float(&self, name: &str) -> Result<Option<f32>> {
        Ok(match self.field(name, 2)? {
            Some(content) => Some(content.float()?),
            None => self.has(name).then_some(0.0),
        })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>> {
        self.field(name, 4)?.map(Content::text).transpose()
    }

    pub(super) fn tensor(&self, name: &str, texts: &mut Texts) -> Result<Option<Tensor>> {
        match self.field(name, 5)? {
            Some(content) => Tensor::read(content.bytes()?, texts).map(|(_, tensor)| Some(tensor)),
            None => Ok(None),
        }
    }

    pub(super) fn floats(&self, name: &str) -> impl Iterator<Item = Result<f32>> + use<'a> {
        floats(self.find(name).unwrap_or_default(), 7)
    }

    pub(super) fn integers(&self, name: &str) -> impl Iterator<Item = Result<i64>> + use<'a> {
        integers(self.find(name).unwrap_or_default(), 8)
    }

    /// Texts as bytes, which need not be UTF-8.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = Result<&'a [u8]>> + use<'a> {
        each(self.find(name).unwrap_or_default(), 9)
    }

    /// The error for an attribute whose value is not one that the operator can have.
    pub(super) fn wrong(&self, name: &str) -> crate::Error {
        bad(format!("the attribute {name} of the operator {} has a value that is not supported", shown(self.operator)))
    }

    /// Fails when an attribute was not read.
    pub(super) fn end(&self) -> Result<()> {
        match self.all.iter().find(|(.., is_read)| !is_read.get()) {
            None => Ok(()),
            Some((name, ..)) => Err(bad(format!(
                "the attribute {} of the operator {} is not supported",
                shown(name),
                shown(self.operator)
            ))),
        }
    }
}

/// An input or an output of a graph.
#[derive(Debug)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    /// The code of the elements' type, and the dimensions (`None` where they are not fixed); `None` if it is no tensor.
    pub(super) tensor: Option<(i64, Option<Vec<Option<i64>>>)>,
}

impl<'a> Port<'a> {
    fn read(body: &'a [u8]) -> Result<Self> {
        let mut port = Self { name: "", tensor: None };
        for field in Fields(body) {
            match field? {
                (1, content) => port.name = content.text()?,
                (2, content) => {
                    for field in Fields(content.bytes()?) {
                        if let (1, content) = field? {
                            port.tensor = Some(tensor_type(content.bytes()?)?);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(port)
    }
}

fn tensor_type(body: &[u8]) -> Result<(i64, Option<Vec<Option<i64>>>)> {
    let (mut code, mut shape) = (0, None);
    for field in Fields(body) {
        match field? {
            (1, content) => code = content.integer()?,
            (2, content) => {
                let mut dimensions = Vec::new();
                for field in Fields(content.bytes()?) {
                    let (1, content) = field? else { continue };
                    if dimensions.len() >= super::tensor::MAX_RANK {
                        return Err(bad("a tensor of the ONNX graph has more than 8 dimensions"));
                    }
                    let mut size = None;
                    for field in Fields(content.bytes()?) {
                        if let (1, content) = field? {
                            size = Some(content.integer()?);
                        }
                    }
                    dimensions.push(size);
                }
                shape = Some(dimensions);
            }
            _ => {}
        }
    }
    Ok((code, shape))
}
