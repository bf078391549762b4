//! The job `load`: a model from a file, as `MODEL.LOAD` loads it.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::payload::{self, Load};
use super::task::{PAYLOAD, Run, on_worker};
use crate::error::{Failure, Outcome};
use crate::ffi::ctx::Ctx;
use crate::models::load::recipe::{self, ParsedLoad};
use crate::models::load::{self, Client, Origin, Request};
use crate::reply::Reply;
use crate::work::memory;

pub(super) fn start(ctx: Ctx<'_>, run: Run, payload: Bytes) {
    let budget = memory::budget(ctx);
    on_worker(
        run,
        PAYLOAD,
        move |_| payload::load(&payload, &budget),
        |ctx, run, wanted| match request(&run, wanted) {
            Ok((request, path)) => {
                run.task.say("reads the file");
                begin(ctx, run, request, Origin::Path(path));
            }
            Err(failure) => run.fail(failure),
        },
    );
}

fn request(run: &Run, wanted: Load) -> Outcome<(Request, Vec<u8>)> {
    payload::check_queue(&run.task.queue, &wanted.key)?;
    let words: Vec<&[u8]> = wanted.args.iter().map(Vec::as_slice).collect();
    let [kind, file, path, options @ ..] = words.as_slice() else {
        return Err(Failure::err("a load needs the kind of model, FILE and a path"));
    };
    if !file.eq_ignore_ascii_case(b"FILE") {
        return Err(Failure::err("expected FILE path after the kind of model"));
    }
    let ParsedLoad { recipe, noreplace, history } = recipe::parse(recipe::kind(kind)?, options)?;
    Ok((Request { key: wanted.key, recipe, noreplace, history }, path.to_vec()))
}

/// Begins a load for a job. Main thread, in the database of the job.
pub(super) fn begin(ctx: Ctx<'_>, run: Run, request: Request, origin: Origin) {
    let progress = Arc::clone(&run.task.progress);
    run.shows_work();
    // The job outlives the load: it is reported when the load has ended, or was dropped.
    let client = Client::job(move |outcome: Outcome<Reply>| match outcome {
        Ok(summary) => run.complete(json(&summary).to_string().into_bytes()),
        Err(failure) => run.fail(failure),
    });
    load::begin_for(ctx, client, request, origin, progress);
}

/// A reply as JSON.
fn json(reply: &Reply) -> Value {
    match reply {
        Reply::Ok => "OK".into(),
        Reply::Nil | Reply::Sent => Value::Null,
        Reply::Integer(number) => (*number).into(),
        Reply::Double(number) => (*number).into(),
        Reply::Bulk(text) => String::from_utf8_lossy(text).into(),
        Reply::Array(parts) => parts.iter().map(json).collect(),
        Reply::Map(fields) => fields.iter().map(|(name, value)| ((*name).to_owned(), json(value))).collect(),
        Reply::Error(failure) => failure.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_a_load_becomes_json() {
        let summary = Reply::Map(vec![("nodes", Reply::Integer(4)), ("warnings", Reply::texts(["a"]))]);
        assert_eq!(json(&summary).to_string(), r#"{"nodes":4,"warnings":["a"]}"#);
    }
}
