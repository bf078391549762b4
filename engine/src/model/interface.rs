//! The trait that every kind of model implements.

use std::time::Duration;

use super::find::FindFilter;
use super::kind::Kind;
use super::query::{Identity, Query};
use crate::history::Record;
use crate::{Budget, Error, Progress, Result};

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

/// What every kind of model answers. A model is an immutable value: a change makes a new one that shares what did not
/// change. Data derived from it (the inverse, row series) are filled in once, by [`Model::derive`], on whatever thread.
pub trait Model: Send + Sync {
    /// The kind.
    fn kind(&self) -> Kind;

    /// The options of [`Query`] that the kind knows, of `INDICATOR`, `LAYERS` and `TOP`.
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// How many of `args` (the arguments after the model's name) are the subject. With `is_alone` the rest of `args` is
    /// options; without, other subjects follow, so a subject must be known by its beginning to end where it ends.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when there are too few.
    fn subject_len(&self, args: &[&[u8]], is_alone: bool) -> Result<usize>;

    /// Appends the canonical name of subject and query: what follows `assessment:{tag}:` in the cache key. Equal
    /// queries have equal names, different ones different names. Labels are not looked up: a name of a subject that
    /// the model lacks is never stored, so nobody finds anything under it.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the kind does not know an option, or its value is out of range.
    fn canonical(&self, subject: &[&[u8]], query: &Query<'_>, key: &mut Vec<u8>) -> Result<()>;

    /// Appends the assessment document (JSON, fixed field order) to `out`.
    ///
    /// # Errors
    /// [`crate::Error::NoSubject`], [`crate::Error::NoIndicator`], [`crate::Error::NotReady`] before [`Model::derive`]
    /// has succeeded. `out` is unchanged then.
    fn assess(&self, identity: &Identity<'_>, subject: &[&[u8]], query: &Query<'_>, out: &mut Vec<u8>) -> Result<()> {
        self.assess_while_wanted(identity, subject, query, &Progress::default(), out)
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
        query: &Query<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()>;

    /// Fails as [`Model::assess`] would for this subject and query, in what [`Model::canonical`] has not looked at,
    /// without computing.
    fn check(&self, subject: &[&[u8]], query: &Query<'_>) -> Result<()>;

    /// About how long one assessment takes: decides whether it may run on the server's main thread.
    fn estimate(&self, subject: &[&[u8]], query: &Query<'_>) -> Duration;

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

    /// Frame `index` of the encoded model: self-contained pieces of at most [`super::codec::MAX_FRAME`] bytes, to be
    /// pushed into a [`Decoder`](super::codec::Decoder) in order. Takes no lock, allocates only the frame: safe in a
    /// forked child.
    fn frame(&self, index: u64) -> Vec<u8>;
}
