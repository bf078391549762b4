//! What a key of type `assessmdl` holds.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assess_engine::history::History;
use assess_engine::model::codec::Decoder;
use assess_engine::model::{AnyModel, Identity, Model};
use bytes::Bytes;

use crate::models::derivation::Derivation;
use crate::work::discard;

/// A value: a model, or the frames of one that is on its way from the master.
pub(crate) enum Value {
    Model(Loaded),
    Staging(Staging),
}

/// A model in the keyspace. Only the main thread sees it; workers get the parts that are shared.
pub(crate) struct Loaded {
    pub(crate) model: AnyModel,
    /// Never the same for two contents: Unix milliseconds at the change, or one more than the last.
    pub(crate) version: u64,
    /// Where it was loaded from, as the client said; may hold any bytes.
    pub(crate) source: Vec<u8>,
    pub(crate) derivation: Arc<Derivation>,
    /// Shared with those who know the way to a cached answer; only the main thread counts.
    pub(crate) hits: Arc<AtomicU64>,
    pub(crate) misses: Cell<u64>,
    /// What was assessed; holds nothing unless the load asked for it.
    pub(crate) history: History,
    /// Tells one life of a key from the next: what was computed from a model that is gone is not logged in another.
    pub(crate) generation: u64,
    prefix: RefCell<Prefix>,
}

fn next_generation() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Whether a document begins as it should and was not cut short.
#[inline]
pub(crate) fn is_complete(document: &[u8], prefix: &[u8]) -> bool {
    document.starts_with(prefix) && document.ends_with(b"}")
}

/// How every document of a model begins, kept because each hit is checked against it.
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

    /// The same under another key. The table is derived once for both.
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

    /// How every document of this content under this name begins.
    pub(crate) fn prefix(&self, name: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.identity(name).open_document(&mut bytes);
        bytes
    }

    /// Whether a document was computed from this content under this name.
    pub(crate) fn matches_document(&self, name: &[u8], document: &[u8]) -> bool {
        let mut prefix = self.prefix.borrow_mut();
        if prefix.name != name || prefix.bytes.is_empty() {
            *prefix = Prefix { name: name.to_vec(), bytes: self.prefix(name) };
        }
        is_complete(document, &prefix.bytes)
    }

    /// Puts a changed model in place of this one; what was counted stays.
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

/// Frames of a model on its way from a master to this server. They are decoded as they arrive, so that the commit is
/// quick, and kept as they are, so that a save in between has them.
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

    /// The work on what is derived is no longer wanted.
    pub(crate) fn abandon(&self) {
        if let Self::Model(loaded) = self {
            loaded.derivation.abandon();
        }
    }
}
