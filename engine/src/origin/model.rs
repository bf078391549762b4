//! An origin model: an immutable value. A model that is made from another one shares its parts.
//!
//! A model holds one nomenclature and any number of agreements, each read from its own document. An assessment
//! evaluates the conditions of an agreement in their order, in three-valued logic: an unknown fact matters only where
//! the verdict depends on it. A text that is not machine-readable is never interpreted.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::agreement::Agreement;
use super::codec::Held;
use super::load::{Content, Part};
use super::nomenclature::items::Items;
use super::nomenclature::{self, Nomenclature};
use super::overrides::Overrides;
use super::sections::Sections;
use crate::model::{Kind, codec::preamble};
use crate::search::{Corpus, Index, Synonyms};
use crate::{Error, Progress, Result};

/// Maximum number of agreements.
const MAX_AGREEMENTS: usize = 1_000;

/// A nomenclature and the rules of any number of agreements.
#[derive(Debug, Clone)]
pub struct OriginModel {
    parts: Parts,
    /// Agreements with their overrides applied, by id.
    agreements: BTreeMap<Box<str>, Entry>,
    /// For each part, the number of its first frame.
    starts: Vec<u64>,
    frames: u64,
    /// Maximum number of conditions of the rules for one product.
    most_leaves: u64,
    digest: OnceLock<[u8; 16]>,
}

/// The parts of a model.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    nomenclature: Option<Arc<Codes>>,
    sections: Option<Arc<Held<Sections>>>,
    synonyms: Option<Arc<Held<Synonyms>>>,
    agreements: BTreeMap<Box<str>, Arc<Held<Agreement>>>,
    overrides: BTreeMap<Box<str>, Arc<Held<Overrides>>>,
}

/// A nomenclature and its index.
#[derive(Debug)]
struct Codes {
    held: Arc<Held<Nomenclature>>,
    index: OnceLock<Index>,
}

/// An agreement, prepared for assessments.
#[derive(Debug, Clone)]
struct Entry {
    agreement: Arc<Agreement>,
    /// The index over the texts of its rules, in their order.
    index: Arc<OnceLock<Index>>,
    /// The number of rules that its overrides name and that it does not have.
    unknown: usize,
}

impl Parts {
    /// Adds a part. Fails if a part of the same kind and, for agreements and overrides, the same id exists; the parts
    /// must not be used afterwards.
    pub(super) fn put(&mut self, content: Content) -> Result<(), ()> {
        let is_there = match content {
            Content::Nomenclature(held) if self.nomenclature.is_none() => {
                self.nomenclature = Some(Arc::new(Codes { held, index: OnceLock::new() }));
                false
            }
            Content::Sections(held) if self.sections.is_none() => {
                self.sections = Some(held);
                false
            }
            Content::Synonyms(held) if self.synonyms.is_none() => {
                self.synonyms = Some(held);
                false
            }
            Content::Agreement(held) => self.agreements.insert(held.value.head.id.clone(), held).is_some(),
            Content::Overrides(held) => self.overrides.insert(held.value.agreement.clone(), held).is_some(),
            _ => true,
        };
        if is_there { Err(()) } else { Ok(()) }
    }

    /// The frames of each part, in the order of the byte form.
    fn frames(&self) -> impl Iterator<Item = &[Box<[u8]>]> {
        let nomenclature = self.nomenclature.iter().map(|codes| &codes.held.frames);
        let sections = self.sections.iter().map(|held| &held.frames);
        let synonyms = self.synonyms.iter().map(|held| &held.frames);
        let agreements = self.agreements.values().map(|held| &held.frames);
        let overrides = self.overrides.values().map(|held| &held.frames);
        nomenclature.chain(sections).chain(synonyms).chain(agreements).chain(overrides).map(Vec::as_slice)
    }

    /// Frame `at` of part `part`. Skips parts, of which there are few, and never scans frames.
    fn frame(&self, part: usize, at: usize) -> Option<&[u8]> {
        self.frames().nth(part).and_then(|frames| frames.get(at)).map(AsRef::as_ref)
    }
}

impl OriginModel {
    /// A model without parts.
    pub fn empty() -> Self {
        Self {
            parts: Parts::default(),
            agreements: BTreeMap::new(),
            starts: Vec::new(),
            frames: 1,
            most_leaves: 0,
            digest: OnceLock::new(),
        }
    }

    /// The model with a part added. It replaces the part of the same kind and, for agreements and overrides, the same
    /// id.
    ///
    /// # Errors
    /// [`Error::TooBig`] for too many agreements; [`Error::BadInput`] when overrides do not fit their agreement.
    pub fn with(&self, part: Part) -> Result<Self> {
        if let Content::National(items) = &part.0 {
            let codes = Nomenclature::with_national(self.nomenclature(), items)?;
            return self.with(Part(Content::Nomenclature(Arc::new(Held::new(codes)))));
        }
        let mut parts = self.parts.clone();
        let id = match &part.0 {
            Content::Nomenclature(_) | Content::National(_) => {
                parts.nomenclature = None;
                None
            }
            Content::Sections(_) => {
                parts.sections = None;
                None
            }
            Content::Synonyms(_) => {
                parts.synonyms = None;
                None
            }
            Content::Agreement(held) => {
                parts.agreements.remove(&held.value.head.id);
                Some(held.value.head.id.clone())
            }
            Content::Overrides(held) => {
                parts.overrides.remove(&held.value.agreement);
                Some(held.value.agreement.clone())
            }
        };
        // The part that this one replaces was removed above, so this cannot fail.
        parts.put(part.0).unwrap_or_default();
        let mut agreements = self.agreements.clone();
        if let Some(id) = id {
            agreements.remove(&id);
            if let Some(entry) = parts.entry(&id)? {
                agreements.insert(id, entry);
            }
        }
        Self::of(parts, agreements)
    }

    /// The model with codes added to its nomenclature.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`].
    pub fn with_items(&self, items: &Items) -> Result<Self> {
        let codes = Nomenclature::with_items(self.nomenclature(), items)?;
        self.with(Part(Content::Nomenclature(Arc::new(Held::new(codes)))))
    }

    /// The model without an agreement and its overrides; `None` if it has neither.
    pub fn without_agreement(&self, id: &[u8]) -> Option<Self> {
        let id = std::str::from_utf8(id).ok()?;
        let mut parts = self.parts.clone();
        let had = parts.agreements.remove(id).is_some();
        if parts.overrides.remove(id).is_none() && !had {
            return None;
        }
        let mut agreements = self.agreements.clone();
        agreements.remove(id);
        Self::of(parts, agreements).ok()
    }

    /// A model with these parts.
    pub(super) fn assembled(parts: Parts) -> Result<Self> {
        let mut agreements = BTreeMap::new();
        for id in parts.agreements.keys() {
            if let Some(entry) = parts.entry(id)? {
                agreements.insert(id.clone(), entry);
            }
        }
        Self::of(parts, agreements)
    }

    fn of(parts: Parts, agreements: BTreeMap<Box<str>, Entry>) -> Result<Self> {
        if parts.agreements.len() > MAX_AGREEMENTS || parts.overrides.len() > MAX_AGREEMENTS {
            return Err(Error::TooBig { what: "the number of agreements", limit: MAX_AGREEMENTS as u64 });
        }
        let (mut starts, mut frames) = (Vec::new(), 1);
        for part in parts.frames() {
            starts.push(frames);
            frames += part.len() as u64;
        }
        let most_leaves = agreements.values().map(|entry| entry.agreement.most_leaves).max().unwrap_or_default();
        Ok(Self { parts, agreements, starts, frames, most_leaves, digest: OnceLock::new() })
    }

    /// Agreements with their overrides applied, by id.
    pub(super) fn agreements(&self) -> impl Iterator<Item = &Arc<Agreement>> + Clone {
        self.agreements.values().map(|entry| &entry.agreement)
    }

    /// Agreements with the indexes over their rules; `None` for an index that does not exist yet.
    pub(super) fn indexed(&self) -> impl Iterator<Item = (&Arc<Agreement>, Option<&Index>)> {
        self.agreements.values().map(|entry| (&entry.agreement, entry.index.get()))
    }

    pub(super) fn nomenclature(&self) -> Option<&Nomenclature> {
        self.parts.nomenclature.as_ref().map(|codes| &codes.held.value)
    }

    pub(super) fn index(&self) -> Option<&Index> {
        self.parts.nomenclature.as_ref().and_then(|codes| codes.index.get())
    }

    pub(super) fn sections(&self) -> Option<&Sections> {
        self.parts.sections.as_ref().map(|held| &held.value)
    }

    pub(super) fn synonyms(&self) -> Option<&Synonyms> {
        self.parts.synonyms.as_ref().map(|held| &held.value)
    }

    /// Warnings for the operator of the model.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (id, overrides) in &self.parts.overrides {
            match self.agreements.get(id) {
                None => warnings.push(format!("there are overrides for {id}, which is not loaded")),
                Some(Entry { unknown: 0, .. }) => {}
                Some(Entry { unknown, .. }) => warnings.push(format!(
                    "{unknown} of {} overrides for {id} name rules that it does not have",
                    overrides.value.rules.len()
                )),
            }
        }
        warnings
    }

    pub(super) fn is_derived(&self) -> bool {
        self.digest.get().is_some()
            && self.parts.nomenclature.as_ref().is_none_or(|codes| codes.index.get().is_some())
            && self.agreements.values().all(|entry| entry.index.get().is_some())
    }

    /// Builds the missing indexes and the digest.
    pub(super) fn fill(&self, progress: &Progress) -> Result<()> {
        let total = (self.agreements.len() + 2) as f64;
        if let Some(codes) = self.parts.nomenclature.as_ref().filter(|codes| codes.index.get().is_none()) {
            let index = nomenclature::index_of(&codes.held.value, progress)?;
            // If another thread has built the same index meanwhile, its index is kept.
            codes.index.get_or_init(|| index);
        }
        for (done, entry) in self.agreements.values().enumerate() {
            progress.step((done + 1) as f64 / total)?;
            if entry.index.get().is_none() {
                let index = index_of(&entry.agreement, progress)?;
                entry.index.get_or_init(|| index);
            }
        }
        self.content_digest();
        progress.step(1.0)
    }

    pub(super) fn content_digest(&self) -> [u8; 16] {
        *self.digest.get_or_init(|| {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&self.head());
            self.parts.frames().flatten().for_each(|frame| {
                hasher.update(&(frame.len() as u64).to_le_bytes());
                hasher.update(frame);
            });
            let mut digest = [0; 16];
            digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            digest
        })
    }

    pub(super) fn digest_if_known(&self) -> Option<[u8; 16]> {
        self.digest.get().copied()
    }

    fn head(&self) -> Vec<u8> {
        let mut head = preamble(Kind::Origin).to_vec();
        head.extend_from_slice(&(self.starts.len() as u32).to_le_bytes());
        head
    }

    /// Maximum number of conditions of the rules for one product.
    pub(super) fn most_leaves(&self) -> u64 {
        self.most_leaves
    }

    pub(super) fn frame_count(&self) -> u64 {
        self.frames
    }

    /// Frame `index`; empty beyond the last frame.
    pub(super) fn frame_at(&self, index: u64) -> Vec<u8> {
        if index == 0 {
            return self.head();
        }
        let part = self.starts.partition_point(|start| *start <= index).saturating_sub(1);
        let at = self.starts.get(part).map_or(0, |start| index - start) as usize;
        self.parts.frame(part, at).unwrap_or_default().to_vec()
    }

    /// Bytes of memory in use.
    pub(super) fn held(&self) -> u64 {
        let parts = &self.parts;
        let indexes = self.index().map_or(0, Index::bytes)
            + self.agreements.values().filter_map(|entry| entry.index.get()).map(Index::bytes).sum::<u64>();
        indexes
            + parts.nomenclature.as_ref().map_or(0, |codes| codes.held.bytes())
            + parts.sections.as_ref().map_or(0, |held| held.bytes())
            + parts.synonyms.as_ref().map_or(0, |held| held.bytes())
            + parts.agreements.values().map(|held| held.bytes()).sum::<u64>()
            + parts.overrides.values().map(|held| held.bytes()).sum::<u64>()
            + size_of::<Self>() as u64
    }
}

impl Parts {
    /// The agreement with this id and with its overrides applied.
    fn entry(&self, id: &str) -> Result<Option<Entry>> {
        let Some(held) = self.agreements.get(id) else { return Ok(None) };
        let (agreement, unknown) = match self.overrides.get(id) {
            None => (held.value.clone(), 0),
            Some(overrides) => {
                let (agreement, unknown) = held
                    .value
                    .patched(&overrides.value.texts, &overrides.value.rules)
                    .map_err(|refused| Error::bad_whole(format!("overrides do not fit their agreement: {refused}")))?;
                (agreement, unknown.len())
            }
        };
        Ok(Some(Entry { agreement: Arc::new(agreement), index: Arc::default(), unknown }))
    }
}

/// The index over the rules of an agreement. The text of a rule is its subdivision and its alternatives.
fn index_of(agreement: &Agreement, progress: &Progress) -> Result<Index> {
    let mut corpus = Corpus::default();
    let mut text = String::new();
    for rule in &agreement.rules {
        progress.check()?;
        text.clear();
        text.push_str(rule.subdivision.as_deref().unwrap_or_default());
        for way in &rule.alternatives {
            text.push_str(" ; ");
            text.push_str(agreement.text(way));
        }
        corpus.add(&text, None)?;
    }
    corpus.index(progress)
}
