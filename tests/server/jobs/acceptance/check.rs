//! What must hold at the end: no job is lost, none is recorded twice, and all clients see the same end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::scene::{QUEUE, Scene, Status, place};
use crate::harness::{Client, Reply, Server};

/// The results of a job that workers sent, and those that the server acknowledged.
#[derive(Default)]
struct Reported {
    sent: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
}

/// The records of all workers, by job; lines that are violations by themselves are added to `found`.
fn records(scene: &Scene, found: &mut Vec<String>) -> BTreeMap<String, Reported> {
    let mut reported: BTreeMap<String, Reported> = BTreeMap::new();
    for file in fs::read_dir(scene.folder.join("records")).expect("the folder of the records") {
        let text = fs::read_to_string(file.expect("a file").path()).expect("a record of text");
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let &[what, id, result] = words.as_slice() else { continue };
            let of = reported.entry(id.to_owned()).or_default();
            match what {
                "sent" => _ = of.sent.insert(result.to_owned()),
                "acknowledged" => _ = of.acknowledged.insert(result.to_owned()),
                "unknown" => found.push(format!("a worker was told that {id} does not exist")),
                _ => {}
            }
        }
    }
    reported
}

/// Everything that is not as it must be.
pub(super) fn violations(scene: &Scene, servers: Vec<&Server>) -> Vec<String> {
    let mut found = std::mem::take(&mut *scene.violations.lock().expect("no thread has panicked"));
    let reported = records(scene, &mut found);
    let mut clients: Vec<Client> = servers.iter().map(|server| server.client()).collect();
    for other in &servers[1..] {
        other.await_in_sync_with(servers[0]);
    }
    let none = Reported::default();
    let mut ends: BTreeMap<usize, Status> = BTreeMap::new();
    for job in 0..scene.jobs {
        let (queue, id) = place(job);
        let replies: Vec<Reply> = clients.iter_mut().map(|client| client.call(&["JOB.STATUS", &queue, &id])).collect();
        if replies.iter().any(|reply| reply.is_error() || *reply != replies[0]) {
            found.push(format!("{id} is lost, or its end differs: {replies:?}"));
            continue;
        }
        let status = replies[0].map();
        found.extend(wrong_end(&id, &status, reported.get(&id).unwrap_or(&none)));
        ends.insert(job, status);
    }
    for (job, seen) in scene.ends.lock().expect("no thread has panicked").iter() {
        if ends.get(job).is_some_and(|end| end != seen) {
            found.push(format!("a client that waited for j{job} saw {seen:?}, the end is {:?}", ends[job]));
        }
    }
    for client in &mut clients {
        for field in ["panics", "replay_errors"] {
            let count = client.info_number("assess", field);
            if count > 0 {
                found.push(format!("{field}: {count}"));
            }
        }
    }
    let digests: BTreeSet<String> = clients.iter_mut().map(|client| client.ask("DEBUG DIGEST").text()).collect();
    if digests.len() > 1 {
        found.push(format!("master and replica differ: {digests:?}"));
    }
    found
}

/// What is wrong with the end of one job.
fn wrong_end(id: &str, status: &Status, reported: &Reported) -> Option<String> {
    let (state, result) = (status["status"].text(), &status["result"]);
    let acknowledged = &reported.acknowledged;
    match state.as_str() {
        "completed" => {
            let result = result.text();
            if !reported.sent.contains(&result) {
                return Some(format!("{id} has the result {result}, which no worker sent"));
            }
            let is_once = acknowledged.is_empty() || acknowledged.len() == 1 && acknowledged.contains(&result);
            (!is_once).then(|| format!("{id} has the result {result}, acknowledged were {acknowledged:?}"))
        }
        "failed" | "cancelled" | "dead" => (!acknowledged.is_empty() || *result != Reply::Nil)
            .then(|| format!("{id} is {state}, acknowledged were {acknowledged:?}")),
        _ => Some(format!("{id} has not ended: {state}")),
    }
}

/// How the jobs ended, for the reader of the output.
pub(super) fn summary(scene: &Scene, client: &mut Client) -> String {
    let info = client.call(&["JOB.INFO", QUEUE]).map();
    let states: Vec<String> = ["completed", "failed", "cancelled", "dead"]
        .iter()
        .map(|state| format!("{} {state}", info[*state].integer()))
        .collect();
    let ends = scene.ends.lock().expect("no thread has panicked").len();
    let observed = scene.transitions.load(std::sync::atomic::Ordering::SeqCst);
    format!("{} in the queue; {ends} waits answered, {observed} changes observed", states.join(", "))
}
