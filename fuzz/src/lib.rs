//! What the fuzz targets share: the properties that hold for whatever was read.
//!
//! A target hands bytes to the engine and, when they are taken, asks what was read in every way there is: no panic, no
//! document that is not JSON, no two ways of asking that differ, no model that its own byte form does not give back.

pub mod allocation;
pub mod frames;
pub mod origin;
pub mod score;

use assess_engine::model::codec::Decoder;
use assess_engine::model::{AnyModel, Identity, Model, Question};
use assess_engine::{Budget, Day, Progress};

/// Who answers here.
pub const IDENTITY: Identity<'static> = Identity { name: b"fuzz", version: 1 };

/// A question of the day that the reference data are about.
pub fn question() -> Question<'static> {
    Question { today: Day::parse(b"2026-08-01").expect("a day"), ..Question::default() }
}

/// Derives what is derived; the budget is as good as unlimited, allocations are limited by [`allocation`].
pub fn derive(model: &dyn Model) {
    model.derive(&Budget::new(u64::MAX), &Progress::default()).expect("deriving needs nothing but memory");
    assert!(model.ready(), "a derived model is ready");
}

/// The frames of a model.
pub fn frames_of(model: &dyn Model) -> Vec<Vec<u8>> {
    (0..model.frames()).map(|index| model.frame(index)).collect()
}

/// A model from frames.
pub fn decode(frames: &[Vec<u8>]) -> Option<AnyModel> {
    let mut decoder = Decoder::new();
    frames.iter().try_for_each(|frame| decoder.push(frame)).and_then(|()| decoder.finish()).ok()
}

/// Asserts that the byte form of a derived model gives the same model back.
pub fn assert_survives(model: &dyn Model) {
    let frames = frames_of(model);
    let again = decode(&frames).expect("a model reads what it wrote");
    derive(again.as_model());
    assert_eq!(frames_of(again.as_model()), frames, "the byte form is the same the second time");
    assert_eq!(again.as_model().digest(), model.digest());
}

/// Asks for one assessment; what is answered is JSON, and has a name.
pub fn ask(model: &dyn Model, subject: &[&[u8]]) -> Option<Vec<u8>> {
    let question = question();
    let mut document = Vec::new();
    let answer = model.assess(&IDENTITY, subject, &question, &mut document);
    if answer.is_err() {
        assert!(document.is_empty(), "a question that fails writes nothing");
        return None;
    }
    assert_json(&document);
    let mut name = Vec::new();
    model.canonical(subject, &question, &mut name).expect("what was answered has a name");
    model.check(subject, &question).expect("what was answered passes the check");
    let _ = model.estimate(subject, &question);
    let _ = model.record(subject, &document);
    Some(document)
}

/// Asserts that a document is JSON.
pub fn assert_json(document: &[u8]) {
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(document) {
        panic!("{error} in {}", String::from_utf8_lossy(document));
    }
}
