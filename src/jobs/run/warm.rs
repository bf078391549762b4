//! The job `warm`, `ASSESS.WARM`, and warming after the server has loaded its data set.

use std::sync::Arc;

use assess_engine::jobs::{JobOptions, Submission, Unique};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::assess;
use super::names::queue_of;
use super::payload::{self, MOST_HOT};
use super::task::{PAYLOAD, Run, on_worker};
use crate::error::{Code, Failure, Outcome};
use crate::ffi::ctx::{self, Ctx};
use crate::jobs::requests;
use crate::models::directory;
use crate::reply::Reply;
use crate::settings::{self, WarmOnStart};
use crate::work::{main_loop, memory};

/// Which subjects `ASSESS.WARM` computes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Extent<'a> {
    All,
    /// So many of those that were requested most often.
    Hot(u64),
    /// Each with its arguments.
    List(Vec<Vec<&'a [u8]>>),
}

pub(super) fn start(ctx: Ctx<'_>, run: Run, payload: Bytes) {
    let budget = memory::budget(ctx);
    on_worker(
        run,
        PAYLOAD,
        move |_| payload::warm(&payload, &budget),
        |ctx, run, wanted| {
            assess::begin(ctx, run, Arc::new(wanted));
        },
    );
}

/// Submits a job `warm` for a model and replies its id. A job that waits or runs for the same is not submitted again.
pub(crate) fn submit(ctx: Ctx<'_>, model: &[u8], extent: &Extent<'_>, options: &[&[u8]]) -> Outcome<Reply> {
    let queue = queue_of(model)?;
    let payload = payload_of(model, extent, options)?;
    if payload.len() as u64 > settings::max_payload() {
        return Err(Failure::new(Code::TooBig, "the subjects are over assess.max-payload"));
    }
    let job = Submission { job_type: b"warm", payload: payload.as_bytes() };
    let options = JobOptions { unique: Some(Unique::Active), ..JobOptions::default() };
    requests::submit_for_id(ctx, &queue, job, &options)
}

fn payload_of(model: &[u8], extent: &Extent<'_>, options: &[&[u8]]) -> Outcome<String> {
    let mut fields = Map::new();
    fields.insert("model".into(), text(model)?);
    let what = match extent {
        Extent::All => "all",
        Extent::Hot(n) => {
            fields.insert("n".into(), (*n).into());
            "hot"
        }
        Extent::List(subjects) => {
            let subjects: Outcome<Value> = subjects.iter().map(|subject| texts(subject)).collect();
            fields.insert("subjects".into(), subjects?);
            "list"
        }
    };
    fields.insert("what".into(), what.into());
    if !options.is_empty() {
        fields.insert("options".into(), texts(options)?);
    }
    Ok(Value::Object(fields).to_string())
}

fn texts(words: &[&[u8]]) -> Outcome<Value> {
    words.iter().map(|word| text(word)).collect()
}

/// A payload is JSON, which has no other bytes.
fn text(word: &[u8]) -> Outcome<Value> {
    std::str::from_utf8(word).map(Value::from).map_err(|_| Failure::err("keys, subjects and options must be UTF-8"))
}

/// The server has loaded its data set: jobs are submitted for its models, as `assess.warm-on-start` says.
pub(in crate::jobs) fn on_start(ctx: Ctx<'_>) {
    if !ctx.is_master() || settings::warm_on_start() == WarmOnStart::No {
        return;
    }
    main_loop::after(0, |ctx| {
        let models: Vec<_> = directory::databases()
            .into_iter()
            .flat_map(|db| directory::names(db).into_iter().map(move |name| (db, name)))
            .collect();
        submit_each(ctx, models.into_iter());
    });
}

/// One job a slice: a submission copies and replicates its payload.
fn submit_each(ctx: Ctx<'_>, mut models: std::vec::IntoIter<(i32, Vec<u8>)>) {
    let extent = match settings::warm_on_start() {
        WarmOnStart::No => return,
        WarmOnStart::Hot => Extent::Hot(MOST_HOT),
        WarmOnStart::All => Extent::All,
    };
    let Some((db, name)) = models.next() else { return };
    main_loop::when_writable(ctx, db, move |ctx, writable| {
        if writable.is_err() {
            return;
        }
        if ctx.owns(&name)
            && let Err(failure) = submit(ctx, &name, &extent, &[])
        {
            ctx::warn(&format!("a model is not warmed: {failure}"));
        }
        main_loop::after(0, move |ctx| submit_each(ctx, models));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_becomes_the_payload_of_a_job() {
        let payload = payload_of(b"icio", &Extent::Hot(5), &[b"TTL", b"60"]).unwrap();
        assert_eq!(payload, r#"{"model":"icio","n":5,"options":["TTL","60"],"what":"hot"}"#);
        let list = Extent::List(vec![vec![b"USA", b"C10"], vec![b"CHN", b"C20"]]);
        let payload = payload_of(b"icio", &list, &[]).unwrap();
        assert_eq!(payload, r#"{"model":"icio","subjects":[["USA","C10"],["CHN","C20"]],"what":"list"}"#);
        assert!(payload_of(b"\xff", &Extent::All, &[]).is_err());
    }
}
