//! XML as a tree of elements. Text is kept of elements without children: constants, arrays and cells of tables.

use std::collections::HashMap;
use std::rc::Rc;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::{Error, Place, Progress, Result};

/// Maximum nesting depth: nodes of trees are nested, and forests of scikit-learn have trees of any depth.
const MAX_DEPTH: usize = 256;
/// Maximum number of elements: a forest has three or four for each node.
const MAX_ELEMENTS: usize = 4_000_000;
/// Maximum number of attributes of one element.
const MAX_ATTRIBUTES: usize = 64;
/// Maximum number of different names of elements and attributes; the standard has fewer than 600.
const MAX_NAMES: usize = 4_096;

/// An element, with its name without the prefix. The attributes of the PMML standard have no prefix.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: Rc<str>,
    attributes: Box<[(Rc<str>, Box<str>)]>,
    pub(super) children: Vec<Element>,
    /// The text before the first child.
    text: String,
}

impl Element {
    /// The first child with this name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children_called(name).next()
    }

    /// All children with this name.
    pub(super) fn children_called(&self, name: &str) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(move |child| &*child.name == name)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| &**known == name).map(|(_, value)| &**value)
    }

    /// Refuses unknown attributes and children, because one that is ignored could change a score.
    ///
    /// The standard reserves extensions, attributes that begin with `x-` and attributes with a prefix for other
    /// programs; these are accepted.
    pub(super) fn only(&self, attributes: &[&str], children: &[&str]) -> Result<()> {
        let is_own = |name: &str| !name.starts_with("x-") && name != "xmlns" && !name.contains(':');
        if let Some((name, _)) = self.attributes.iter().find(|(name, _)| is_own(name) && !attributes.contains(&&**name))
        {
            let reason = format!("the attribute {} of {} is not known here", shown(name), shown(&self.name));
            return Err(Error::bad_whole(reason));
        }
        if let Some(child) =
            self.children.iter().find(|child| &*child.name != "Extension" && !children.contains(&&*child.name))
        {
            let reason =
                format!("the PMML has {} in {}, which cannot be evaluated here", shown(&child.name), shown(&self.name));
            return Err(Error::bad_whole(reason));
        }
        Ok(())
    }

    /// The children that are not extensions.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Self> {
        self.children.iter().filter(|child| &*child.name != "Extension")
    }

    /// The text of an element without children.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A required child.
    pub(super) fn needed_child(&self, name: &'static str) -> Result<&Self> {
        self.child(name).ok_or_else(|| Error::bad_whole(format!("{} of the PMML has no {name}", shown(&self.name))))
    }

    /// A required attribute.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str> {
        self.attribute(name)
            .ok_or_else(|| Error::bad_whole(format!("an element of the PMML lacks its attribute {name}")))
    }

    /// An optional attribute that must be a finite number.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<f64>> {
        let Some(text) = self.attribute(name) else { return Ok(None) };
        let number = text.trim().parse().ok().filter(|number: &f64| number.is_finite());
        number
            .map(Some)
            .ok_or_else(|| Error::bad_whole(format!("an attribute {name} of the PMML is not a finite number")))
    }

    /// A required attribute that must be a finite number.
    pub(super) fn needed_number(&self, name: &'static str) -> Result<f64> {
        self.needed(name)?;
        Ok(self.number(name)?.unwrap_or_default())
    }
}

/// Parses a document and returns its root.
pub(super) fn parse(bytes: &[u8], progress: &Progress) -> Result<Element> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + memchr::memchr_iter(b'\n', &bytes[..error.valid_up_to()]).count() as u64;
        Error::bad("the XML is not UTF-8", Place { line, ..Place::default() })
    })?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut names = Names::default();
    let mut elements = 0;
    loop {
        let at = |reader: &Reader<&[u8]>| {
            let before = bytes.get(..reader.buffer_position() as usize).unwrap_or(bytes);
            Place { line: 1 + memchr::memchr_iter(b'\n', before).count() as u64, ..Place::default() }
        };
        let event = reader.read_event().map_err(|_| Error::bad("the XML is damaged", at(&reader)))?;
        if matches!(event, Event::Start(_) | Event::Empty(_)) {
            elements += 1;
            if elements > MAX_ELEMENTS {
                return Err(Error::TooBig { what: "the number of XML elements", limit: MAX_ELEMENTS as u64 });
            }
            if elements % 1024 == 0 {
                progress.check()?;
            }
        }
        let closed = match event {
            Event::Start(start) => {
                if open.len() == MAX_DEPTH {
                    return Err(Error::bad("the XML is nested more than 256 deep", at(&reader)));
                }
                open.push(names.element(&start).map_err(|reason| Error::bad(reason, at(&reader)))?);
                None
            }
            Event::Empty(start) => Some(names.element(&start).map_err(|reason| Error::bad(reason, at(&reader)))?),
            // The reader has checked that this tag closes the open element.
            Event::End(_) => open.pop(),
            Event::DocType(_) => return Err(Error::bad("XML with a DOCTYPE is not read", at(&reader))),
            Event::Text(text) => {
                append(&mut open, &text.xml10_content());
                None
            }
            Event::CData(text) => {
                append(&mut open, &text.xml10_content());
                None
            }
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().ok().flatten().map(String::from);
                let text = character.or_else(|| resolve_xml_entity(&reference).map(str::to_owned));
                let text = text.ok_or_else(|| Error::bad("a text of the XML has an unknown entity", at(&reader)))?;
                append(&mut open, &text);
                None
            }
            Event::Eof => return Err(Error::bad("the XML ends too early", at(&reader))),
            _ => None,
        };
        let Some(closed) = closed else { continue };
        match open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => return Ok(closed),
        }
    }
}

/// A name from the file in a form that is safe for an error text: plain characters only, with a maximum length.
pub(super) fn shown(name: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || " _.:@()-".contains(character);
    name.chars().take(64).map(|character| if plain(character) { character } else { '?' }).collect()
}

/// Appends text to the open element, as long as it has no children. The space between elements is not kept.
fn append(open: &mut [Element], text: &str) {
    let Some(element) = open.last_mut().filter(|element| element.children.is_empty()) else { return };
    if !element.text.is_empty() || !text.trim_ascii().is_empty() {
        element.text.push_str(text);
    }
}

/// Names of elements and attributes, each stored once.
#[derive(Default)]
struct Names {
    known: HashMap<Box<str>, Rc<str>>,
}

impl Names {
    fn name(&mut self, name: &str) -> Result<Rc<str>, &'static str> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        if self.known.len() == MAX_NAMES {
            return Err("the XML has more than 4096 different names");
        }
        let shared: Rc<str> = name.into();
        self.known.insert(name.into(), shared.clone());
        Ok(shared)
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<Element, &'static str> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| "an attribute of the XML is damaged or repeated")?;
            if attributes.len() == MAX_ATTRIBUTES {
                return Err("an element of the XML has more than 64 attributes");
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|_| "an attribute of the XML has an unknown entity")?;
            attributes.push((self.name(attribute.key.as_ref())?, value.into()));
        }
        let name = self.name(local(start.name().as_ref()))?;
        Ok(Element { name, attributes: attributes.into(), children: Vec::new(), text: String::new() })
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}
