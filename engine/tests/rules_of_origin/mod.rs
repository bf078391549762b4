//! The shared parts of the tests of rules of origin.

mod bad;
mod cases;
mod counts;
mod lookup;
mod properties;
mod stored;
mod tolerance;

use assess_engine::Day;
use assess_engine::Progress;
use assess_engine::model::{Identity, Model, Query};
use assess_engine::origin::{LoadOptions, OriginModel, load};
use serde_json::Value;

/// The date of queries that state none.
pub(crate) fn today() -> Day {
    Day::parse(b"2026-08-01").unwrap()
}

pub(crate) fn query() -> Query<'static> {
    Query { today: today(), ..Query::default() }
}

/// A model of these documents.
pub(crate) fn model(documents: &[&[u8]]) -> OriginModel {
    documents.iter().fold(OriginModel::empty(), |model, document| {
        let part = load(document, &LoadOptions::default(), &Progress::default()).unwrap();
        model.with(part).unwrap()
    })
}

/// The assessment of a subject.
pub(crate) fn assess(model: &OriginModel, words: &[&str]) -> assess_engine::Result<Value> {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let mut out = Vec::new();
    let identity = Identity { name: b"roo", version: 1 };
    model.assess(&identity, &words, &query(), &mut out)?;
    Ok(serde_json::from_slice(&out).unwrap())
}

/// The text of a field.
pub(crate) fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap()
}

/// The texts of a list.
pub(crate) fn texts(document: &Value, name: &str) -> Vec<String> {
    document[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// An agreement of two parties whose rule for all goods is `expr`.
pub(crate) fn agreement(expr: &str) -> Vec<u8> {
    format!(
        r#"{{"format":"roo/1","agreement":"test","title":"test","parties":["AA","BB"],"hs_version":2022,
        "valid_from":"2020-01-01","tolerance":{{"base":"exw","pct":10}},"cumulation":{{"bilateral":{{"countries":["AA","BB"]}}}},
        "texts":["a text"],"rules":[{{"id":"test:1","from":"000000","to":"999999","alternatives":[{{"t":0,"expr":{expr}}}]}}]}}"#
    )
    .into_bytes()
}
