//! The trait that every kind of model implements.

use std::time::Duration;

use super::find::FindFilter;
use super::kind::Kind;
#[cfg(doc)]
use super::query::View;
use super::query::{Identity, Query, ViewKind};
use crate::history::Record;
use crate::{Budget, Error, Progress, Result};

/// A field of [`Model::info`].
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// A number or a size.
    Integer(u64),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

/// The sets of labels that [`Model::labels`] can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSet {
    /// Regions, in the order of the table.
    Regions,
    /// Sectors, in the order of the table.
    Sectors,
    /// Region and sector of every node, as `region|sector`, in the order of the table.
    Nodes,
    /// Indicators in the order in which they were set, the built-in `output` last.
    Indicators,
    /// Purchasing region and category of every column of final demand, as `region|category`, or `region` where the source
    /// has no categories.
    Demand,
    /// Input features of a score model.
    Features,
    /// Classes of a score model, in the order of the probabilities in a batch.
    Classes,
    /// The numbers of a score model that has several, in the order of a batch.
    Outputs,
    /// Agreements of a rules-of-origin model.
    Agreements,
}

/// The interface of every kind of model. A model is an immutable value: a change creates a new value that shares the
/// unchanged parts. [`Model::derive`] computes the derived data (the inverse, row series) once, on any thread.
pub trait Model: Send + Sync {
    /// The kind.
    fn kind(&self) -> Kind;

    /// The options of [`Query`] that the kind accepts, from `INDICATOR`, `LAYERS` and `TOP`.
    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    /// The kinds of documents about a subject.
    fn views(&self) -> &'static [ViewKind] {
        &[ViewKind::Assessment]
    }

    /// The number of words at the start of `words` that describe changes of the model, for [`View::WhatIf`].
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when they are incomplete.
    fn changes_len(&self, words: &[&[u8]]) -> Result<usize> {
        let _ = words;
        Ok(0)
    }

    /// The number of arguments that form the subject, from the start of `args` (the arguments after the model's name).
    /// With `is_alone` only options follow the subject. Otherwise other subjects follow, so the first arguments must
    /// determine where the subject ends.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when there are too few arguments.
    fn subject_len(&self, args: &[&[u8]], is_alone: bool) -> Result<usize>;

    /// Appends the canonical name of subject and query: the part of the cache key after `assessment:{tag}:`. Equal
    /// queries have equal names, different queries have different names. Labels are not looked up: no assessment is
    /// stored for a subject that is not in the model, so its name is never a cache hit.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the kind does not accept an option, or when its value is out of range.
    fn canonical(&self, subject: &[&[u8]], query: &Query<'_>, key: &mut Vec<u8>) -> Result<()>;

    /// The arguments of a request (subject and options) with this canonical name, as [`Model::canonical`] wrote it.
    /// `None` when the name holds only a digest of the subject.
    fn request_of(&self, canonical: &[u8]) -> Option<Vec<Vec<u8>>>;

    /// Every subject of the model; `None` when the kind cannot list them.
    fn subjects(&self) -> Option<Vec<Vec<Vec<u8>>>> {
        None
    }

    /// Appends the assessment document (JSON, fixed field order) to `out`.
    ///
    /// # Errors
    /// [`crate::Error::NoSubject`], [`crate::Error::NoIndicator`], and [`crate::Error::NotReady`] before
    /// [`Model::derive`] has succeeded. `out` is unchanged after an error.
    fn assess(&self, identity: &Identity<'_>, subject: &[&[u8]], query: &Query<'_>, out: &mut Vec<u8>) -> Result<()> {
        self.assess_while_wanted(identity, subject, query, &Progress::default(), out)
    }

    /// As [`Model::assess`], but can be cancelled: one assessment of a large table takes seconds when its columns are
    /// solved on demand.
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

    /// Checks subject and query for the errors of [`Model::assess`] that [`Model::canonical`] does not detect, without
    /// computing an assessment.
    ///
    /// # Errors
    /// [`crate::Error::NoSubject`], [`crate::Error::NoIndicator`], or another error of [`Model::assess`].
    fn check(&self, subject: &[&[u8]], query: &Query<'_>) -> Result<()>;

    /// An estimate of the time of one assessment. It decides whether the assessment may run on the server's main
    /// thread.
    fn estimate(&self, subject: &[&[u8]], query: &Query<'_>) -> Duration;

    /// Whether equal arguments have equal names ([`Model::canonical`]) on every day.
    fn is_timeless(&self) -> bool {
        true
    }

    /// The text of a subject in the history, for a subject in the form of a request, as one argument.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no subject of the model.
    fn recorded(&self, subject: &[u8]) -> Result<String> {
        Ok(String::from_utf8_lossy(subject).into_owned())
    }

    /// The record of an assessment for the history of the model.
    fn record(&self, subject: &[&[u8]], document: &[u8]) -> Record;

    /// Whether requests are answered.
    fn ready(&self) -> bool;

    /// Whether the model is decoded. Before, only its subjects, its name and its byte form are known, and its requests wait.
    fn is_decoded(&self) -> bool {
        true
    }

    /// Whether all data are derived that make answers fast.
    fn is_complete(&self) -> bool {
        self.ready()
    }

    /// Makes the next step of the derivation. Returns whether more steps are left; does nothing when all is derived. May
    /// be called again after a failure.
    ///
    /// # Errors
    /// [`crate::Error::NoRoom`], [`crate::Error::BadInput`], [`crate::Error::Cancelled`].
    fn derive_next(&self, budget: &Budget, progress: &Progress) -> Result<bool>;

    /// Makes all steps of the derivation.
    ///
    /// # Errors
    /// Those of [`Model::derive_next`].
    fn derive(&self, budget: &Budget, progress: &Progress) -> Result<()> {
        while self.derive_next(budget, progress)? {}
        Ok(())
    }

    /// The approximate number of texts that [`Model::find`] searches.
    fn searchable(&self) -> usize {
        0
    }

    /// Searches labels and descriptions. Returns one JSON document for each result, the best first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an invalid text or filter, or when the kind has no such texts; [`Error::NotReady`] before
    /// [`Model::derive`] has succeeded.
    fn find(&self, text: &[u8], filter: &FindFilter) -> Result<Vec<Vec<u8>>> {
        let _ = (text, filter);
        Err(Error::Invalid("a model of this kind has nothing to search".into()))
    }

    /// The labels of one set; `None` when the kind has no such set, or before the model is decoded.
    fn labels(&self, set: LabelSet) -> Option<Vec<String>>;

    /// The fields of `MODEL.INFO`, in their order in the reply. Cheap: nothing is computed.
    fn info(&self) -> Vec<(&'static str, Field)>;

    /// The memory that the model occupies in bytes, derived data included.
    fn bytes(&self) -> u64;

    /// A 128-bit digest of the content, without derived data: equal on two servers when the models are equal. The first
    /// call computes it, which takes about a millisecond for each MB; [`Model::derive`] does so too.
    fn digest(&self) -> [u8; 16];

    /// The digest, if it has been computed. Never waits for another thread that is computing it.
    fn known_digest(&self) -> Option<[u8; 16]>;

    /// The number of frames of the encoded model.
    fn frames(&self) -> u64;

    /// Frame `index` of the encoded model: a self-contained piece of at most [`super::codec::MAX_FRAME`] bytes. A
    /// [`Decoder`](super::codec::Decoder) takes the frames in their order. Takes no lock and allocates only the frame,
    /// so it is safe in a forked child.
    fn frame(&self, index: u64) -> Vec<u8>;
}
