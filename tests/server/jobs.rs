//! `JOB.*` against a real server: replies, waits, timers, persistence, replication, permissions, and a randomised test
//! of the whole.

mod acceptance;
mod blocking;
mod bursts;
mod damaged;
mod errors;
mod events;
mod fairness;
mod lists;
mod one_reply;
mod paused;
mod permissions;
mod persistence;
mod replication;
mod replies;
mod server_state;
mod takeover;
mod timers;
mod transfers;
mod waits;

use std::collections::BTreeMap;

use crate::harness::{Client, Reply, Server, wait_until};

/// A job that a worker has claimed.
#[derive(Debug, Clone)]
struct Claimed {
    id: String,
    token: String,
}

impl Client {
    /// Submits a job of type `t` to the queue `q` with these options. Returns its id.
    #[track_caller]
    fn submit(&mut self, options: &str) -> String {
        let reply = self.ask(&format!("JOB.SUBMIT q t p {options}")).good();
        reply.array()[0].text()
    }

    /// Claims jobs of type `t` of the queue `q`.
    #[track_caller]
    fn claim(&mut self, options: &str) -> Vec<Claimed> {
        claimed(&self.ask(&format!("JOB.CLAIM q 1 t {options}")))
    }

    /// Claims one job of type `t` of the queue `q`.
    #[track_caller]
    fn claim_one(&mut self, options: &str) -> Claimed {
        let mut claimed = self.claim(options);
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        claimed.remove(0)
    }

    /// Completes a job of the queue `q`.
    #[track_caller]
    fn complete(&mut self, job: &Claimed, result: &str) -> Reply {
        self.call(&["JOB.COMPLETE", "q", &job.id, &job.token, result])
    }

    /// Fails a job of the queue `q`.
    #[track_caller]
    fn fail(&mut self, job: &Claimed, rest: &[&str]) -> Reply {
        let words = ["JOB.FAIL", "q", &job.id, &job.token, "broken"];
        self.call(&[&words[..], rest].concat())
    }

    /// The status of a job of the queue `q`.
    #[track_caller]
    fn status(&mut self, id: &str) -> BTreeMap<String, Reply> {
        self.call(&["JOB.STATUS", "q", id]).good().map()
    }

    /// The state of a job of the queue `q`.
    #[track_caller]
    fn state(&mut self, id: &str) -> String {
        self.status(id)["status"].text()
    }

    /// A number of `JOB.INFO q`.
    #[track_caller]
    fn queue_number(&mut self, field: &str) -> i64 {
        self.ask("JOB.INFO q").good().map()[field].integer()
    }

    /// The digest of the queue `q`.
    #[track_caller]
    fn queue_digest(&mut self) -> Vec<String> {
        self.ask("DEBUG DIGEST-VALUE q").good().texts()
    }
}

/// The jobs in a reply of `JOB.CLAIM`.
#[track_caller]
fn claimed(reply: &Reply) -> Vec<Claimed> {
    let job = |reply: &Reply| {
        let fields = reply.map();
        Claimed { id: fields["id"].text(), token: fields["token"].text() }
    };
    reply.array().iter().map(job).collect()
}

fn served() -> (Server, Client) {
    let server = Server::start();
    let client = server.client();
    (server, client)
}

/// A client that has sent a command and waits for its reply.
fn waiting(server: &Server, line: &str) -> Client {
    let (mut client, mut watcher) = (server.client(), server.client());
    let before = watcher.info_number("clients", "blocked_clients");
    client.send_line(line);
    wait_until("the client is blocked", || watcher.info_number("clients", "blocked_clients") > before);
    client
}

/// A queue `q` with a job in every state. Returns their ids in the order of [`STATES`].
fn one_of_each(client: &mut Client) -> Vec<String> {
    let ids = STATES.map(|state| {
        let id = format!("in-{state}");
        client.call(&["JOB.SUBMIT", "q", state, "payload", "ID", &id, "RETRIES", "1"]).good();
        let claim = |client: &mut Client, lease: &str| {
            let reply = client.call(&["JOB.CLAIM", "q", "1", state, "LEASE", lease, "WORKER", "w"]);
            claimed(&reply).remove(0)
        };
        match state {
            "delayed" => {
                client.ask("JOB.SUBMIT q delayed later ID later DELAY 3600000").good();
                return "later".to_owned();
            }
            "running" => {
                let job = claim(client, "3600000");
                client.call(&["JOB.HEARTBEAT", "q", &job.id, &job.token, "PROGRESS", "40", "MESSAGE", "half"]).good();
            }
            "completed" => {
                let job = claim(client, "3600000");
                client.complete(&job, "result").good();
            }
            "failed" => {
                let job = claim(client, "3600000");
                client.fail(&job, &["RETRY", "no", "TRACEBACK", "line 1"]).good();
            }
            "cancelled" => _ = client.call(&["JOB.CANCEL", "q", &id]).good(),
            "dead" => {
                claim(client, "1");
                wait_until("the job is dead", || client.state(&id) == "dead");
            }
            _ => {}
        }
        id
    });
    client.ask("JOB.CANCEL q in-delayed").good();
    ids.to_vec()
}

const STATES: [&str; 7] = ["delayed", "pending", "running", "completed", "failed", "cancelled", "dead"];

/// Asserts that a server has not caught a panic and has found no change that does not fit.
#[track_caller]
fn assert_healthy(client: &mut Client) {
    for field in ["panics", "replay_errors"] {
        assert_eq!(client.info_number("assess", field), 0, "{field}");
    }
}
