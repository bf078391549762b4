//! The options of one assessment, and the identity of the model in its document.

use std::any::Any;
use std::io::Write;
use std::sync::Arc;

use crate::Day;
use crate::json::json_string;

/// The options of a query, without its subject. [`Model::options`](super::Model::options) lists the options that a kind
/// of model accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The indicator by name; `None` is the model's default.
    pub indicator: Option<&'a [u8]>,
    /// The deepest production layer K, 0..=[`Query::MAX_LAYERS`]; the document has K + 1 values.
    pub layers: u32,
    /// The largest length of every list in the document.
    pub top: u32,
    /// The number of structural paths in the document; 0: none, or with `cutoff` all that reach it.
    pub paths: u32,
    /// Only structural paths whose share of the total is at least this one.
    pub cutoff: Option<Share>,
    /// The most paths in a document.
    pub most_paths: u32,
    /// The current day: the day of a subject that does not name one.
    pub today: Day,
    /// How contributions of features are computed.
    pub attribution: Attribution,
    /// Which document of the subject.
    pub view: View<'a>,
}

/// How the contributions of the features of a forest are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attribution {
    /// Along the path of the row in each tree: fast.
    #[default]
    Path,
    /// SHAP values: exact, and much slower.
    Shap,
}

/// A document about a subject, and what only this document needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View<'a> {
    /// The assessment.
    #[default]
    Assessment,
    /// The assessment before and after changes of the model, given as words.
    WhatIf(&'a [&'a [u8]]),
    /// Who depends on the subject, in this order.
    Dependents(DependentsBy),
    /// The figures of several indicators: those named, or without names all.
    Profile(&'a [&'a [u8]]),
    /// The assessments in the model and in another one.
    Compare(Other<'a>),
    /// What a demand causes; of the final demand of a region, only this category.
    Footprint(Option<&'a [u8]>),
}

impl View<'_> {
    /// Writes the beginning of the document: the models and their versions.
    pub fn open_document(&self, identity: &Identity<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Compare(other) => identity.open_comparison(&other.identity, out),
            Self::Assessment | Self::WhatIf(_) | Self::Dependents(_) | Self::Profile(_) | Self::Footprint(_) => {
                identity.open_document(out);
            }
        }
    }
}

/// The model with which a model is compared.
#[derive(Debug, Clone, Copy)]
pub struct Other<'a> {
    /// The model, of any kind: that of the other model knows its own type.
    pub model: &'a Arc<dyn Any + Send + Sync>,
    /// The model as the document names it.
    pub identity: Identity<'a>,
}

impl PartialEq for Other<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.identity == other.identity && Arc::ptr_eq(self.model, other.model)
    }
}

impl Eq for Other<'_> {}

/// The order of dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DependentsBy {
    /// By their share in the total of the dependent node.
    #[default]
    Share,
    /// By their value.
    Value,
}

impl DependentsBy {
    /// All orders.
    pub const ALL: [Self; 2] = [Self::Share, Self::Value];

    /// The name used in options and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Value => "value",
        }
    }
}

/// A kind of document, without what only one request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViewKind {
    /// [`View::Assessment`].
    Assessment,
    /// [`View::WhatIf`].
    WhatIf,
    /// [`View::Dependents`].
    Dependents,
    /// [`View::Profile`].
    Profile,
    /// [`View::Compare`].
    Compare,
    /// [`View::Footprint`].
    Footprint,
}

/// A share in (0, 1].
#[derive(Debug, Clone, Copy)]
pub struct Share(f64);

impl Share {
    /// A share; `None` for a number that is not above 0 and at most 1.
    pub fn new(share: f64) -> Option<Self> {
        (share > 0.0 && share <= 1.0).then_some(Self(share))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Share {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Share {}

impl Query<'_> {
    /// The deepest production layer that is precomputed.
    pub const MAX_LAYERS: u32 = 32;

    /// The most paths in a document unless the caller says otherwise.
    pub const MOST_PATHS: u32 = 10_000;
}

impl Default for Query<'_> {
    fn default() -> Self {
        Self {
            indicator: None,
            layers: 5,
            top: 10,
            paths: 0,
            cutoff: None,
            most_paths: Self::MOST_PATHS,
            today: Day::default(),
            attribution: Attribution::Path,
            view: View::Assessment,
        }
    }
}

/// The model as a document names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The model's name, of any bytes. Bytes that are not UTF-8 are written as replacement characters.
    pub name: &'a [u8],
    /// The version of the model's content.
    pub version: u64,
}

impl Identity<'_> {
    /// Writes `{"model":"NAME","version":V,`, the beginning of every document. A cached document of another version is
    /// detected by it, without parsing.
    pub fn open_document(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"model\":");
        json_string(&String::from_utf8_lossy(self.name), out);
        out.extend_from_slice(b",\"version\":");
        write!(out, "{},", self.version).expect("writing to memory cannot fail");
    }

    /// Writes `{"models":["NAME","OTHER"],"versions":[V,W],`, the beginning of every comparison.
    pub fn open_comparison(&self, other: &Identity<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"models\":[");
        json_string(&String::from_utf8_lossy(self.name), out);
        out.push(b',');
        json_string(&String::from_utf8_lossy(other.name), out);
        write!(out, "],\"versions\":[{},{}],", self.version, other.version).expect("writing to memory cannot fail");
    }
}
