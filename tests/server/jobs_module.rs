//! Jobs that the module runs itself: `assess`, `warm`, `load`, `import`.

mod assess;
mod control;
mod entries;
mod load;
mod permission;
mod schemas;
mod servers;
mod warm;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::client::Client;
use crate::harness::reply::Reply;
use crate::harness::waiting::wait_for;

/// The queue of the model `icio`.
const ICIO: &str = "assess:jobs:{icio}";

/// Submits a job and returns its id.
#[track_caller]
fn submit(client: &mut Client, queue: &str, job_type: &str, payload: &str) -> String {
    client.call(&["JOB.SUBMIT", queue, job_type, payload]).good().array()[0].text()
}

/// Waits until a job has ended, and returns its status.
#[track_caller]
fn ended(client: &mut Client, queue: &str, id: &str) -> BTreeMap<String, Reply> {
    client.call(&["JOB.WAIT", queue, id, "BLOCK", "100000"]).good().map()
}

/// Runs a job that must succeed, and returns its result.
#[track_caller]
fn run(client: &mut Client, queue: &str, job_type: &str, payload: &str) -> Value {
    let id = submit(client, queue, job_type, payload);
    let status = ended(client, queue, &id);
    assert_eq!(status["status"].text(), "completed", "{status:?}");
    assert_eq!((status["progress"].integer(), status["worker"].text().as_str()), (100, "redis-assess"));
    serde_json::from_slice(status["result"].bytes()).expect("the result is JSON")
}

/// Runs a job that must fail at its first attempt, and returns its error.
#[track_caller]
fn refused(client: &mut Client, queue: &str, job_type: &str, payload: &str) -> String {
    let id = submit(client, queue, job_type, payload);
    let status = ended(client, queue, &id);
    assert_eq!((status["status"].text().as_str(), status["attempts"].integer()), ("failed", 1), "{status:?}");
    status["error"].text()
}

#[track_caller]
fn status(client: &mut Client, queue: &str, id: &str, field: &str) -> Reply {
    client.call(&["JOB.STATUS", queue, id]).good().map()[field].clone()
}

/// Many entries as the payload of an import.
fn many(prefix: &str, entries: usize) -> String {
    let lines = (0..entries).map(|i| format!("{{\"key\":\"{prefix}:{i}\",\"value\":\"{i}\",\"ttl_ms\":3600000}}\n"));
    lines.collect()
}

/// Waits until a job has done a part of its work.
#[track_caller]
fn await_progress(client: &mut Client, queue: &str, id: &str) {
    wait_for("the job reports progress", || (status(client, queue, id, "progress").integer() > 0).then_some(()));
}
