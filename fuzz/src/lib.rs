//! Code that the fuzz targets share: the properties of everything that was read.
//!
//! A target passes bytes to the engine. If the engine accepts them, the target queries the result in every way: nothing
//! panics, every document is JSON, two ways of one query agree, and a model equals the one decoded from its byte form.

pub mod allocation;
pub mod archive;
pub mod cache;
pub mod cluster;
pub mod frames;
pub mod glob;
pub mod io;
pub mod io_query;
pub mod origin;
pub mod queue;
pub mod schedule;
pub mod score;

use assess_engine::model::codec::Decoder;
use assess_engine::model::{AnyModel, Identity, Model, Query};
use assess_engine::{Budget, Day, Error, Progress};

/// The identity of the model in documents.
pub const IDENTITY: Identity<'static> = Identity { name: b"fuzz", version: 1 };

/// A query with the date of the reference data.
pub fn query() -> Query<'static> {
    Query { today: Day::parse(b"2026-08-01").expect("a day"), ..Query::default() }
}

/// Derives a model; the budget is practically unlimited, and [`allocation`] limits allocations.
pub fn derive(model: &dyn Model) {
    assert!(try_derive(model), "a model of this kind is derived unless memory lacks");
    assert!(model.ready(), "a derived model is ready");
}

/// Derives a model of a kind whose numbers may be beyond what can be computed; returns whether it is derived.
pub fn try_derive(model: &dyn Model) -> bool {
    match model.derive(&Budget::UNLIMITED, &Progress::default()) {
        Ok(()) => true,
        Err(Error::BadInput { .. }) => false,
        Err(error) => panic!("a derivation fails only for its numbers or for lack of memory: {error}"),
    }
}

/// The frames of a model.
pub fn frames_of(model: &dyn Model) -> Vec<Vec<u8>> {
    (0..model.frames()).map(|index| model.frame(index)).collect()
}

/// Decodes a model from frames.
pub fn decode(frames: &[Vec<u8>]) -> Option<AnyModel> {
    let mut decoder = Decoder::new();
    frames.iter().try_for_each(|frame| decoder.push(frame)).and_then(|()| decoder.finish()).ok()
}

/// Asserts that the byte form of a model decodes to the same model, also after the derivation.
pub fn assert_survives(model: &dyn Model) {
    let frames = frames_of(model);
    let again = decode(&frames).expect("a model decodes its own frames");
    if model.ready() {
        derive(again.as_model());
    }
    assert_eq!(frames_of(again.as_model()), frames, "the byte form is the same after decoding");
    assert_eq!(again.as_model().digest(), model.digest());
}

/// Requests one assessment; its document is JSON, and it has a name.
pub fn ask(model: &dyn Model, subject: &[&[u8]]) -> Option<Vec<u8>> {
    ask_for(model, subject, &query())
}

/// Requests one document; it is JSON, and it has a name.
pub fn ask_for(model: &dyn Model, subject: &[&[u8]], query: &Query<'_>) -> Option<Vec<u8>> {
    let (mut document, mut name) = (Vec::new(), Vec::new());
    let answer = model.assess(&IDENTITY, subject, query, &mut document);
    let named = model.canonical(subject, query, &mut name);
    let _ = model.estimate(subject, query);
    if answer.is_err() {
        assert!(document.is_empty(), "a query that fails writes nothing");
        assert!(named.is_ok() || name.is_empty(), "a name that fails writes nothing");
        return None;
    }
    assert_json(&document);
    named.expect("an answered query has a name");
    model.check(subject, query).expect("an answered query passes the check");
    let _ = model.record(subject, &document);
    let _ = model.request_of(&name);
    Some(document)
}

/// Asserts that a document is JSON.
pub fn assert_json(document: &[u8]) {
    if let Err(error) = serde_json::from_slice::<serde_json::Value>(document) {
        panic!("{error} in {}", String::from_utf8_lossy(document));
    }
}
