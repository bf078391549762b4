//! What every kind of model answers, and how it is written as bytes.
//!
//! An assessment is a pure function of a model and a subject. Caching, batching, warming and statistics are written
//! once, over the trait [`Model`]; a kind of model is one implementation of it.

pub mod codec;
pub mod load;

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crate::history::Record;
use crate::io::IoModel;
use crate::origin::OriginModel;
use crate::score::ScoreModel;
use crate::{Budget, Day, Error, Progress, Result};

/// The kinds of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An input-output table ([`IoModel`]).
    Io,
    /// A score model: a regression, a scorecard, a forest.
    Score,
    /// A nomenclature and the rules of origin of agreements.
    Origin,
}

impl Kind {
    /// The kind's name in documents and replies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Score => "score",
            Self::Origin => "origin",
        }
    }
}

/// What a question asks besides its subject. Which options a kind knows, [`Model::options`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// The indicator by name; `None` is the model's default.
    pub indicator: Option<&'a [u8]>,
    /// The deepest production layer K, 0..=[`Question::MAX_LAYERS`]; K gives K + 1 values.
    pub layers: u32,
    /// The bound of every list in the document.
    pub top: u32,
    /// The day that a subject is asked about that names none.
    pub today: Day,
}

impl Question<'_> {
    /// The deepest production layer that is precomputed.
    pub const MAX_LAYERS: u32 = 32;
}

impl Default for Question<'_> {
    fn default() -> Self {
        Self { indicator: None, layers: 5, top: 10, today: Day::default() }
    }
}

/// Who answers: what a document says of its origin.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The model's name; any bytes, shown with replacement characters where they are not UTF-8.
    pub name: &'a [u8],
    /// The version of the model's content.
    pub version: u64,
}

impl Identity<'_> {
    /// Writes `{"model":"NAME","version":V,`: the beginning of every document, by which a cached document of
    /// another version is told apart without parsing it.
    pub fn open_document(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"model\":");
        codec::json_string(&String::from_utf8_lossy(self.name), out);
        out.extend_from_slice(b",\"version\":");
        write!(out, "{},", self.version).expect("writing to memory cannot fail");
    }
}

/// A field of [`Model::info`].
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// A count or a size.
    Integer(u64),
    /// A text.
    Text(String),
    /// Texts, in order.
    List(Vec<String>),
}

/// What [`Model::labels`] can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSet {
    /// Regions, in the order of the table.
    Regions,
    /// Sectors, in the order of the table.
    Sectors,
    /// Region and sector of every node, as `region|sector`, in the order of the table.
    Nodes,
    /// Indicators in the order they were set, the built-in `output` last.
    Indicators,
    /// Input features of a score model.
    Features,
    /// Agreements of a rules-of-origin model.
    Agreements,
}

/// Where to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FindIn {
    /// Regions and sectors of an input-output model.
    Sectors,
    /// The nomenclature of an origin model.
    Hs,
    /// The texts of rules of an origin model.
    Rules,
}

/// What to find, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindFilter {
    /// Where; `None` is the kind's own default.
    pub place: Option<FindIn>,
    /// Only codes of this section.
    pub section: Option<Vec<u8>>,
    /// Only codes of this chapter.
    pub chapter: Option<Vec<u8>>,
    /// Only codes of so many digits.
    pub level: Option<u8>,
    /// The most hits, 1 to 1000.
    pub limit: usize,
}

impl Default for FindFilter {
    fn default() -> Self {
        Self { place: None, section: None, chapter: None, level: None, limit: 10 }
    }
}

/// What every kind of model answers. A model is an immutable value: a change makes a new one that shares what did not
/// change. Data derived from it (the inverse, row series) are filled in once, by [`Model::derive`], on whatever thread.
pub trait Model: Send + Sync {
    /// The kind.
    fn kind(&self) -> Kind;

    /// The options of [`Question`] that the kind knows, of `INDICATOR`, `LAYERS` and `TOP`.
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// How many of `args` (the arguments after the model's name) are the subject. With `is_alone` the rest of `args` is
    /// options; without, other subjects follow, so a subject must be known by its beginning to end where it ends.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when there are too few.
    fn subject_len(&self, args: &[&[u8]], is_alone: bool) -> Result<usize>;

    /// Appends the canonical name of subject and question: what follows `assessment:{tag}:` in the cache key. Equal
    /// questions have equal names, different ones different names. Labels are not looked up: a name of a subject that
    /// the model lacks is never stored, so nobody finds anything under it.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the kind does not know an option, or its value is out of range.
    fn canonical(&self, subject: &[&[u8]], question: &Question<'_>, key: &mut Vec<u8>) -> Result<()>;

    /// Appends the assessment document (JSON, fixed field order) to `out`.
    ///
    /// # Errors
    /// [`crate::Error::NoSubject`], [`crate::Error::NoIndicator`], [`crate::Error::NotReady`] before [`Model::derive`]
    /// has succeeded. `out` is unchanged then.
    fn assess(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        question: &Question<'_>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        self.assess_while_wanted(identity, subject, question, &Progress::default(), out)
    }

    /// The same for work that may be called off: where columns are solved on demand, one assessment of a large table
    /// takes seconds.
    ///
    /// # Errors
    /// Those of [`Model::assess`], and [`crate::Error::Cancelled`].
    fn assess_while_wanted(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        question: &Question<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()>;

    /// Fails as [`Model::assess`] would for this subject and question, in what [`Model::canonical`] has not looked at,
    /// without computing.
    fn check(&self, subject: &[&[u8]], question: &Question<'_>) -> Result<()>;

    /// About how long one assessment takes: decides whether it may run on the server's main thread.
    fn estimate(&self, subject: &[&[u8]], question: &Question<'_>) -> Duration;

    /// Whether equal words have equal names ([`Model::canonical`]) tomorrow.
    fn is_timeless(&self) -> bool {
        true
    }

    /// What the history of a model says of an assessment, beside the document itself.
    fn record(&self, subject: &[&[u8]], document: &[u8]) -> Record;

    /// Whether everything derived is there.
    fn ready(&self) -> bool;

    /// Computes what is derived and not there yet. May be called again after a failure; does nothing when ready.
    ///
    /// # Errors
    /// [`crate::Error::NoRoom`], [`crate::Error::Cancelled`].
    fn derive(&self, budget: &Budget, progress: &Progress) -> Result<()>;

    /// About how many texts [`Model::find`] looks through.
    fn searchable(&self) -> usize {
        0
    }

    /// Searches labels and descriptions: one JSON document for each hit, the best first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a text or filter that cannot be used, or when the kind has nothing to search there;
    /// [`Error::NotReady`] before [`Model::derive`] has succeeded.
    fn find(&self, text: &[u8], filter: &FindFilter) -> Result<Vec<Vec<u8>>> {
        let _ = (text, filter);
        Err(Error::Invalid("a model of this kind has nothing to search".into()))
    }

    /// Labels of one set, `None` when the kind has no such set.
    fn labels(&self, set: LabelSet) -> Option<Vec<String>>;

    /// Fields for `MODEL.INFO`, in the order they are shown. Cheap: nothing is computed.
    fn info(&self) -> Vec<(&'static str, Field)>;

    /// Bytes of memory held, derived data included.
    fn bytes(&self) -> u64;

    /// 128 bits over the content (not over derived data): equal on two servers when the models are. Computes it on
    /// the first call, which takes about a millisecond per MB; [`Model::derive`] has done so.
    fn digest(&self) -> [u8; 16];

    /// The digest, if it has been computed. Never waits, not even for somebody who is computing it.
    fn known_digest(&self) -> Option<[u8; 16]>;

    /// How many frames [`Model::frame`] can give.
    fn frames(&self) -> u64;

    /// Frame `index` of the encoded model: self-contained pieces of at most [`codec::MAX_FRAME`] bytes, to be pushed
    /// into a [`codec::Decoder`] in order. Takes no lock, allocates only the frame: safe in a forked child.
    fn frame(&self, index: u64) -> Vec<u8>;
}

/// A model of any kind, shared between the keyspace and the workers.
#[derive(Debug, Clone)]
pub enum AnyModel {
    /// An input-output table.
    Io(Arc<IoModel>),
    /// A score model.
    Score(Arc<ScoreModel>),
    /// A nomenclature and agreements.
    Origin(Arc<OriginModel>),
}

impl AnyModel {
    /// The model as an input-output model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is of another kind.
    pub fn as_io(&self) -> Result<&Arc<IoModel>> {
        match self {
            Self::Io(model) => Ok(model),
            Self::Score(_) | Self::Origin(_) => Err(Error::Invalid("the model is no IO model".into())),
        }
    }

    /// The model as a score model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is of another kind.
    pub fn as_score(&self) -> Result<&Arc<ScoreModel>> {
        match self {
            Self::Score(model) => Ok(model),
            Self::Io(_) | Self::Origin(_) => Err(Error::Invalid("the model is no SCORE model".into())),
        }
    }

    /// The model as an origin model.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is of another kind.
    pub fn as_origin(&self) -> Result<&Arc<OriginModel>> {
        match self {
            Self::Origin(model) => Ok(model),
            Self::Io(_) | Self::Score(_) => Err(Error::Invalid("the model is no ORIGIN model".into())),
        }
    }

    /// Whether both are one value, not only equal ones.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Io(one), Self::Io(other)) => Arc::ptr_eq(one, other),
            (Self::Score(one), Self::Score(other)) => Arc::ptr_eq(one, other),
            (Self::Origin(one), Self::Origin(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    /// Whether what is derived from one serves both.
    pub fn shares_derived_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Io(one), Self::Io(other)) => one.shares_table_with(other),
            _ => self.is_same(other),
        }
    }

    /// Whether loads of this kind add to what the key holds, and both are of it.
    pub fn adds_up_with(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Origin(_), Self::Origin(_)))
    }

    /// Whether nobody else has the value: letting go of this frees it.
    pub fn is_last(&self) -> bool {
        match self {
            Self::Io(model) => Arc::strong_count(model) == 1,
            Self::Score(model) => Arc::strong_count(model) == 1,
            Self::Origin(model) => Arc::strong_count(model) == 1,
        }
    }

    /// The model as the trait that the module is written over.
    pub fn as_model(&self) -> &dyn Model {
        match self {
            Self::Io(model) => model.as_ref(),
            Self::Score(model) => model.as_ref(),
            Self::Origin(model) => model.as_ref(),
        }
    }
}
