//! Keyspace events `job.<state>`; and a subscriber with which other tests wait for what happens without a request.

use super::served;
use crate::harness::{Client, Reply, Server};

/// A subscriber of the keyspace events of database 0.
pub(super) struct Events {
    client: Client,
    seen: Vec<(String, String)>,
}

impl Events {
    /// Subscribes to the events of all keys. Only events of modules are published.
    #[track_caller]
    pub(super) fn of(server: &Server) -> Self {
        let mut client = server.client();
        client.ask("CONFIG SET notify-keyspace-events Kd").good();
        client.ask("PSUBSCRIBE __keyspace@0__:*").good();
        Self { client, seen: Vec::new() }
    }

    /// The next event: key and name. Fails the test when none comes.
    #[track_caller]
    pub(super) fn next(&mut self) -> (String, String) {
        let words = self.client.receive().texts();
        let key = words[2].split_once(':').map(|(_, key)| key.to_owned()).expect("a channel");
        self.seen.push((key.clone(), words[3].clone()));
        (key, words[3].clone())
    }

    /// Waits for an event of the queue `q`; other events are skipped.
    #[track_caller]
    pub(super) fn until(&mut self, state: &str) {
        while self.next() != ("q".to_owned(), format!("job.{state}")) {}
    }

    /// Asserts the next events of the queue `q`.
    #[track_caller]
    pub(super) fn expect(&mut self, states: &[&str]) {
        for state in states {
            assert_eq!(self.next(), ("q".to_owned(), format!("job.{state}")), "after {:?}", self.seen);
        }
    }
}

#[test]
fn every_change_of_state_is_an_event_in_its_order() {
    let (server, mut client) = served();
    let mut events = Events::of(&server);
    let id = client.submit("RETRIES 1 BACKOFF 1");
    let job = client.claim_one("");
    client.fail(&job, &[]).good();
    events.expect(&["pending", "running", "delayed", "pending"]);
    let job = client.claim_one("");
    client.fail(&job, &[]).good();
    events.expect(&["running", "failed"]);
    client.call(&["JOB.RETRY", "q", &id]).good();
    let job = client.claim_one("");
    client.complete(&job, "r").good();
    events.expect(&["pending", "running", "completed"]);
    let id = client.submit("DELAY 3600000");
    client.call(&["JOB.CANCEL", "q", &id]).good();
    events.expect(&["delayed", "cancelled"]);
    client.submit("RETRIES 0");
    client.claim_one("LEASE 1");
    events.expect(&["pending", "running", "dead"]);
    client.ask("JOB.SUBMITMANY q 2 t 1 t 2").good();
    client.claim("COUNT 2");
    events.expect(&["pending", "pending", "running", "running"]);
}

#[test]
fn requests_that_change_no_state_are_no_events() {
    let (server, mut client) = served();
    client.submit("ID a");
    let job = client.claim_one("");
    let mut events = Events::of(&server);
    client.call(&["JOB.HEARTBEAT", "q", &job.id, &job.token, "PROGRESS", "5"]).good();
    client.submit("ID a");
    assert_eq!(client.claim("").len(), 0);
    assert_eq!(client.ask("JOB.CANCEL q a").text(), "running");
    for line in ["JOB.PAUSE q", "JOB.RESUME q", "JOB.CONFIG q MAXRUNNING 5", "JOB.STATUS q a", "JOB.INFO q"] {
        client.ask(line).good();
    }
    assert!(client.complete(&super::Claimed { token: "00000000000000ff".to_owned(), ..job.clone() }, "").is_error());
    client.complete(&job, "").good();
    // A repeated report is no second event.
    client.complete(&job, "").good();
    client.submit("ID b");
    events.expect(&["completed", "pending"]);
}

#[test]
fn a_replica_reports_the_same_events() {
    let (master, mut client) = served();
    let replica = Server::start();
    replica.follow(&master);
    let mut events = Events::of(&replica);
    client.submit("ID a RETRIES 0");
    client.claim_one("LEASE 1");
    events.expect(&["pending", "running", "dead"]);
    assert_eq!(replica.client().state("a"), "dead");
    assert_eq!(replica.client().ask("JOB.CANCEL q a").code(), "READONLY");
    assert_eq!(client.ask("JOB.INFO q").map()["dead"], Reply::Integer(1));
}
