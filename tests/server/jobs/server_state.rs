//! `WATCH`, client-side caching, full memory, and other states of the server.

use super::{claimed, served, waiting};
use crate::harness::{Client, Reply, Server, wait_until};

#[test]
fn a_transaction_fails_if_its_watched_queue_has_changed() {
    let (server, mut client) = served();
    client.submit("ID a");
    client.submit("ID b");
    let job = client.claim_one("LEASE 3600000");
    let beat = format!("JOB.HEARTBEAT q {} {} PROGRESS 5", job.id, job.token);
    let complete = format!("JOB.COMPLETE q {} {} r", job.id, job.token);
    for change in [
        "JOB.SUBMIT q t p",
        &beat,
        &complete,
        "JOB.CLAIM q 1 t",
        "JOB.CANCEL q b",
        "JOB.CONFIG q MAXJOBS 1000",
        "JOB.PAUSE q",
        "JOB.RESUME q",
        "JOB.SCHEDULE q s EVERY 1000000 t p",
        "JOB.UNSCHEDULE q s",
        "JOB.PURGE q pending",
    ] {
        let mut watcher = server.client();
        watcher.pipeline(&["WATCH q", "MULTI", "PING"]);
        client.ask(change).good();
        assert_eq!(watcher.ask("EXEC"), Reply::Nil, "{change}");
    }
    for nothing in [
        "JOB.CLAIM q 1 t",
        "JOB.STATUS q a",
        "JOB.INFO q",
        "JOB.LIST q",
        "JOB.CONFIG q",
        "JOB.PURGE q dead",
        "JOB.RESUME q",
        "JOB.UNSCHEDULE q s",
        &complete,
        "JOB.CONFIG q MAXJOBS 1000",
    ] {
        let mut watcher = server.client();
        watcher.pipeline(&["WATCH q", "MULTI", "PING"]);
        client.ask(nothing).good();
        assert_ne!(watcher.ask("EXEC"), Reply::Nil, "{nothing}");
    }
    // A timer changes it too.
    client.submit("ID c DELAY 30");
    let mut watcher = server.client();
    watcher.pipeline(&["WATCH q", "MULTI", "PING"]);
    wait_until("the delay has ended", || client.state("c") == "pending");
    assert_eq!(watcher.ask("EXEC"), Reply::Nil);
}

#[test]
fn a_client_that_caches_a_status_is_notified_of_every_change() {
    let (server, mut client) = served();
    client.submit("ID a RETRIES 1");
    let mut tracking = server.client().resp3();
    tracking.ask("CLIENT TRACKING ON").good();
    let invalidated = Reply::Push(vec![Reply::bulk("invalidate"), Reply::Array(vec![Reply::bulk("q")])]);
    for change in ["JOB.CLAIM q 1 t LEASE 1500", "", "JOB.RETRY q a", "JOB.CANCEL q a", "DEL q"] {
        tracking.ask("JOB.STATUS q a").good();
        // Without a change the lease ends.
        if !change.is_empty() {
            client.ask(change).good();
        }
        assert_eq!(tracking.receive(), invalidated, "{change}");
    }
}

#[test]
fn when_memory_is_full_jobs_can_be_ended_but_not_added() {
    let (server, mut client) = served();
    for id in ["a", "b", "c", "d"] {
        client.submit(&format!("ID {id} BACKOFF 0"));
    }
    let job = client.claim_one("LEASE 3600000");
    let mut worker = server.client();
    client.ask("CONFIG SET maxmemory 1").good();
    for line in ["JOB.SUBMIT q t p", "JOB.SUBMITMANY q 1 t p", "JOB.SCHEDULE q s EVERY 1000 t p"] {
        assert_eq!(client.ask(line).code(), "OOM", "{line}");
    }
    client.ask("JOB.CONFIG q KEEP dead 60").good();
    client.call(&["JOB.HEARTBEAT", "q", &job.id, &job.token, "PROGRESS", "5"]).good();
    client.complete(&job, "r").good();
    let second = claimed(&worker.ask("JOB.CLAIM q 1 t LEASE 3600000 BLOCK 0")).remove(0);
    client.fail(&second, &["RETRY", "no"]).good();
    client.ask("JOB.CANCEL q c").good();
    client.ask("JOB.PAUSE q").good();
    client.ask("JOB.RESUME q").good();
    assert_eq!(client.ask("JOB.PURGE q pending"), Reply::Integer(1));
    // A worker that waits is served by a timer.
    let mut worker = waiting(&server, "JOB.CLAIM q 1 t BLOCK 0");
    client.ask("JOB.RETRY q b").good();
    assert_eq!(claimed(&worker.receive())[0].id, "b");
    client.ask("CONFIG SET maxmemory 0").good();
    client.submit("ID later");
}

#[test]
fn an_evicted_queue_ends_the_waits_for_its_jobs() {
    let server = Server::with(&["maxmemory-policy allkeys-random"]);
    let mut client = server.client();
    client.submit("ID a");
    let mut waiter = waiting(&server, "JOB.WAIT q a BLOCK 0");
    client.ask("CONFIG SET maxmemory 1").good();
    // A command that may evict.
    client.ask("SET x y");
    assert!(waiter.receive().error().contains("no job with this id"));
    client.ask("CONFIG SET maxmemory 0").good();
}

#[test]
fn too_few_replicas_stop_requests_and_not_timers() {
    let (_server, mut client) = served();
    client.submit("ID a DELAY 200");
    client.ask("CONFIG SET min-replicas-to-write 1").good();
    assert_eq!(client.ask("JOB.SUBMIT q t p").code(), "NOREPLICAS");
    wait_until("the delay has ended", || client.state("a") == "pending");
    client.ask("CONFIG SET min-replicas-to-write 0").good();
    client.claim_one("");
}

#[test]
fn the_memory_of_a_queue_is_reported() {
    let (_server, mut client) = served();
    let usage = |client: &mut Client| client.ask("MEMORY USAGE q").integer();
    client.submit("ID a");
    let small = usage(&mut client);
    let payload = "x".repeat(100_000);
    client.call(&["JOB.SUBMIT", "q", "t", &payload, "ID", "b"]).good();
    let large = usage(&mut client);
    assert!(large - small >= 100_000 && large - small < 102_000, "{small} {large}");
    client.ask("JOB.CANCEL q b").good();
    client.ask("JOB.PURGE q cancelled").good();
    assert_eq!(usage(&mut client), small);
    // What is reported is about what the server allocates.
    let before = client.info_number("memory", "used_memory");
    for _ in 0..100 {
        client.call(&[&["JOB.SUBMITMANY", "many", "100"][..], &["t"; 200]].concat()).good();
    }
    let (reported, used) =
        (client.ask("MEMORY USAGE many").integer(), client.info_number("memory", "used_memory") - before);
    assert!(reported > used / 2 && reported < used * 2, "reported {reported}, used {used}");
}

#[test]
fn replies_wait_for_the_turn_of_clients_that_do_not_want_them() {
    let (_server, mut client) = served();
    client.send_line("CLIENT REPLY SKIP");
    client.send_line("JOB.SUBMIT q t p ID a");
    assert_eq!(client.state("a"), "pending");
    client.send_line("CLIENT REPLY OFF");
    client.send_line("JOB.CLAIM q 1 u BLOCK 5");
    client.send_line("JOB.CANCEL q a");
    client.send_line("CLIENT REPLY ON");
    assert_eq!(client.receive(), Reply::ok());
    assert_eq!(client.state("a"), "cancelled");
}
