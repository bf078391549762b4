//! The [`Model`] trait for score models.

use std::time::Duration;

use super::model::{ScoreModel, Scorer};
use super::row::{Scratch, with_scratch};
use super::subject;
use super::{codec, document};
use crate::cache::name;
use crate::history::{self, Record};
use crate::model::{Attribution, Field, Identity, Kind, LabelSet, Model, Query};
use crate::{Budget, Error, Progress, Result};

impl Scorer {
    /// Reads a subject into the scratch's row and evaluates it.
    fn query(&self, subject: &[&[u8]], query: &Query<'_>, scratch: &mut Scratch) -> Result<()> {
        refuse_indicator(query)?;
        subject::read(&self.head.features, subject, &mut scratch.row)?;
        self.evaluate(scratch)
    }
}

impl ScoreModel {
    /// The text of a subject in the history: the inputs, or their digest if they are long.
    fn recorded_words(&self, subject: &[&[u8]]) -> Result<String> {
        with_scratch(|scratch| {
            subject::read(&self.head.features, subject, &mut scratch.row)?;
            let text = &mut scratch.text;
            text.clear();
            scratch.row.write(&self.head.features, text);
            Ok(match text.len() {
                0..=name::LONGEST_SUBJECT => String::from_utf8_lossy(text).into_owned(),
                _ => String::from_utf8_lossy(&name::digest(text)).into_owned(),
            })
        })
    }
}

impl Model for ScoreModel {
    fn kind(&self) -> Kind {
        Kind::Score
    }

    fn options(&self) -> &'static [&'static str] {
        &["CONTRIBUTIONS"]
    }

    fn subject_len(&self, args: &[&[u8]], is_alone: bool) -> Result<usize> {
        subject::len(args, is_alone)
    }

    fn canonical(&self, subject: &[&[u8]], query: &Query<'_>, key: &mut Vec<u8>) -> Result<()> {
        refuse_indicator(query)?;
        with_scratch(|scratch| {
            subject::read(&self.head.features, subject, &mut scratch.row)?;
            self.check_missing(&scratch.row.values)?;
            scratch.text.clear();
            scratch.row.write(&self.head.features, &mut scratch.text);
            name::subject(&scratch.text, key);
            if query.attribution == Attribution::Shap {
                key.extend_from_slice(SHAP);
            }
            Ok(())
        })
    }

    fn request_of(&self, canonical: &[u8]) -> Option<Vec<Vec<u8>>> {
        let (subject, options) = match canonical.strip_suffix(SHAP) {
            Some(subject) => (subject, &["CONTRIBUTIONS", "shap"][..]),
            None => (canonical, &[][..]),
        };
        let subject = name::unescape(subject).filter(|subject| subject.first() == Some(&b'{'))?;
        Some(std::iter::once(subject).chain(options.iter().map(|word| word.as_bytes().to_vec())).collect())
    }

    fn assess_while_wanted(
        &self,
        identity: &Identity<'_>,
        subject: &[&[u8]],
        query: &Query<'_>,
        progress: &Progress,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let scorer = self.scorer()?;
        with_scratch(|scratch| {
            scorer.query(subject, query, scratch)?;
            document::write(scorer, identity, query.attribution, scratch, progress, out)
        })
    }

    fn check(&self, _: &[&[u8]], query: &Query<'_>) -> Result<()> {
        // `canonical` reads and checks the whole subject, so only the query is left to check.
        refuse_indicator(query)?;
        self.scorer().map(|_| ())
    }

    fn estimate(&self, subject: &[&[u8]], query: &Query<'_>) -> Duration {
        // The cost of a row includes its features. A longer subject must be read nevertheless, so its bytes are added.
        let bytes: usize = subject.iter().map(|word| word.len()).sum();
        let shap = match self.scorer() {
            Ok(scorer) if query.attribution == Attribution::Shap => scorer.shap_cost,
            _ => Duration::ZERO,
        };
        self.row_cost() + shap + Duration::from_nanos(3 * bytes as u64)
    }

    fn recorded(&self, subject: &[u8]) -> Result<String> {
        // The digest of a long subject, as entries show it.
        if subject.len() == 32 && subject.iter().all(u8::is_ascii_hexdigit) {
            return Ok(String::from_utf8_lossy(subject).into_owned());
        }
        self.recorded_words(&[subject])
    }

    fn record(&self, subject: &[&[u8]], document: &[u8]) -> Record {
        // The same subject has already given a document.
        let subject = self.recorded_words(subject).unwrap_or_default();
        let summary = Summary::read(document);
        Record { subject, status: summary.status, confidence: summary.confidence, ..Record::default() }
    }

    fn ready(&self) -> bool {
        self.is_decoded() && self.known_digest().is_some()
    }

    fn is_decoded(&self) -> bool {
        self.scorer().is_ok()
    }

    fn derive_next(&self, budget: &Budget, progress: &Progress) -> Result<bool> {
        progress.check()?;
        if !self.is_decoded() {
            self.decode(budget, progress)?;
            return Ok(true);
        }
        self.digest();
        Ok(false)
    }

    fn labels(&self, set: LabelSet) -> Option<Vec<String>> {
        self.label_set(set)
    }

    fn info(&self) -> Vec<(&'static str, Field)> {
        self.info_fields()
    }

    fn bytes(&self) -> u64 {
        self.held()
    }

    fn digest(&self) -> [u8; 16] {
        *self.digest.get_or_init(|| {
            let mut hasher = blake3::Hasher::new();
            for index in 0..self.frames() {
                hasher.update(&self.frame(index));
            }
            let mut digest = [0; 16];
            digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
            digest
        })
    }

    fn known_digest(&self) -> Option<[u8; 16]> {
        self.digest.get().copied()
    }

    fn frames(&self) -> u64 {
        (self.head.frames.len() + self.records()) as u64
    }

    fn frame(&self, index: u64) -> Vec<u8> {
        let Ok(index) = usize::try_from(index) else { return Vec::new() };
        match self.head.frames.get(index) {
            Some(frame) => frame.to_vec(),
            None if index - self.head.frames.len() < self.records() => {
                codec::alone(&self.record_at(index - self.head.frames.len()))
            }
            None => Vec::new(),
        }
    }
}

/// The end of the name of an assessment with SHAP values. A subject has no colon.
const SHAP: &[u8] = b":shap";

fn refuse_indicator(query: &Query<'_>) -> Result<()> {
    match query.indicator {
        None => Ok(()),
        Some(_) => Err(Error::Invalid("a score model has no indicators".into())),
    }
}

/// The fields of a document that the history records.
#[derive(Debug, Default)]
struct Summary {
    status: String,
    confidence: Option<f64>,
}

impl Summary {
    fn read(document: &[u8]) -> Self {
        let document = history::fields_before(document, "contributions");
        let text = |field: &str| document.get(field).and_then(|value| value.as_str());
        let confidence = text("class").and_then(|class| document.get("probabilities")?.get(class)?.as_f64());
        Self { status: text("band").or(text("class")).unwrap_or_default().to_owned(), confidence }
    }
}
