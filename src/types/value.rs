//! The value of a key of type `assessmdl`.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assess_engine::history::History;
use assess_engine::model::codec::Decoder;
use assess_engine::model::{AnyModel, Identity, Model, View};
use bytes::Bytes;

use crate::models::derivation::Derivation;
use crate::work::discard;

/// A value: a model, or the frames of a model in transfer from the master.
pub(crate) enum Value {
    Model(Loaded),
    Staging(Staging),
}

/// A model in the keyspace. Only the main thread accesses it; workers get its shared parts.
pub(crate) struct Loaded {
    pub(crate) model: AnyModel,
    /// Different for every content: the Unix time of the change in milliseconds, or one more than the last version.
    pub(crate) version: u64,
    /// The source that the client gave for the load; may hold any bytes.
    pub(crate) source: Vec<u8>,
    pub(crate) derivation: Arc<Derivation>,
    /// Shared with the cached routes of this model. Only the main thread increments it.
    pub(crate) hits: Arc<AtomicU64>,
    pub(crate) misses: Cell<u64>,
    /// The logged assessments; empty unless the load requested a history.
    pub(crate) history: History,
    /// Distinguishes this model from a later model at the same key, so that an assessment of a removed model is not
    /// logged in the history of its successor.
    pub(crate) generation: u64,
    prefix: RefCell<Prefix>,
}

fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Whether a document begins with `prefix` and was not truncated.
#[inline]
pub(crate) fn is_complete(document: &[u8], prefix: &[u8]) -> bool {
    document.starts_with(prefix) && document.ends_with(b"}")
}

/// The prefix of every document of a model. It is kept because every cache hit is checked against it.
#[derive(Default)]
struct Prefix {
    name: Vec<u8>,
    bytes: Vec<u8>,
}

impl Loaded {
    pub(crate) fn new(model: AnyModel, version: u64, source: Vec<u8>) -> Self {
        Self {
            model,
            version,
            source,
            derivation: Arc::default(),
            hits: Arc::default(),
            misses: Cell::new(0),
            history: History::default(),
            generation: next_generation(),
            prefix: RefCell::default(),
        }
    }

    /// The same model for another key. The table is derived once for both.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self::new(self.model.clone(), self.version, self.source.clone());
        copy.derivation = self.derivation.with_same_table();
        copy.history = self.history.clone();
        copy
    }

    pub(crate) fn as_model(&self) -> &dyn Model {
        self.model.as_model()
    }

    pub(crate) fn identity<'a>(&self, name: &'a [u8]) -> Identity<'a> {
        Identity { name, version: self.version }
    }

    /// The prefix of every document that was computed from this content under this name.
    pub(crate) fn prefix(&self, name: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.identity(name).open_document(&mut bytes);
        bytes
    }

    /// Whether a document of this view was computed from this content under this name.
    pub(crate) fn matches_view(&self, name: &[u8], view: &View<'_>, document: &[u8]) -> bool {
        if !matches!(view, View::Compare(_)) {
            return self.matches_document(name, document);
        }
        let mut beginning = Vec::new();
        view.open_document(&self.identity(name), &mut beginning);
        is_complete(document, &beginning)
    }

    /// Whether a document was computed from this content under this name.
    fn matches_document(&self, name: &[u8], document: &[u8]) -> bool {
        let mut prefix = self.prefix.borrow_mut();
        if prefix.name != name || prefix.bytes.is_empty() {
            *prefix = Prefix { name: name.to_vec(), bytes: self.prefix(name) };
        }
        is_complete(document, &prefix.bytes)
    }

    /// Replaces the model by a changed one. The counters are kept.
    pub(crate) fn change(&mut self, model: AnyModel, version: u64) {
        if !self.model.shares_derived_with(&model) {
            self.derivation.abandon();
            self.derivation = Arc::default();
        }
        self.derivation.clear_failure();
        discard::model(std::mem::replace(&mut self.model, model));
        self.version = version;
        self.prefix = RefCell::default();
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.as_model().ready() {
            "ready"
        } else if self.derivation.failure().is_some() {
            "failed"
        } else {
            "deriving"
        }
    }
}

/// Frames of a model in transfer from a master to this server. Each frame is decoded when it arrives, so that the
/// commit is quick, and its bytes are kept, so that a save before the commit can write them.
pub(crate) struct Staging {
    pub(crate) id: u64,
    pub(crate) frames: Vec<Bytes>,
    pub(crate) decoder: Decoder,
}

impl Staging {
    pub(crate) fn new(id: u64) -> Self {
        Self { id, frames: Vec::new(), decoder: Decoder::new() }
    }
}

impl Value {
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Model(loaded) => {
                let own = loaded.source.len() as u64 + size_of::<Self>() as u64;
                loaded.as_model().bytes() + loaded.history.bytes() + own
            }
            Self::Staging(staging) => {
                let frames: usize = staging.frames.iter().map(Bytes::len).sum();
                frames as u64 + staging.decoder.bytes()
            }
        }
    }

    /// Cancels the derivation of the model.
    pub(crate) fn abandon(&self) {
        if let Self::Model(loaded) = self {
            loaded.derivation.abandon();
        }
    }
}
