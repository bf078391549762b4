//! `JOB.CLAIM .. BLOCK`: what gives a job to a waiting worker, and what ends its wait.

use super::events::Events;
use super::{Claimed, claimed, served, waiting};
use crate::harness::{Client, Reply, Server, wait_until};

/// A worker that waits for a job of type `t` of the queue `q`.
fn worker(server: &Server) -> Client {
    waiting(server, "JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000")
}

#[track_caller]
fn job_of(worker: &mut Client) -> Claimed {
    claimed(&worker.receive()).remove(0)
}

#[test]
fn a_submitted_job_is_given_to_the_worker_that_waits_longest() {
    let (server, mut client) = served();
    let mut workers: Vec<Client> = (0..3).map(|_| worker(&server)).collect();
    for worker in &mut workers {
        let id = client.submit("");
        assert_eq!(job_of(worker).id, id);
    }
    assert_eq!(client.info_number("clients", "blocked_clients"), 0);
}

#[test]
fn a_worker_gets_jobs_of_its_types_only_and_as_many_as_it_wants() {
    let (server, mut client) = served();
    let mut other = waiting(&server, "JOB.CLAIM q 2 u v BLOCK 0");
    let mut several = waiting(&server, "JOB.CLAIM q 1 t BLOCK 0 COUNT 2 WORKER w");
    client.ask("JOB.SUBMITMANY q 3 t 1 t 2 t 3").good();
    assert_eq!(claimed(&several.receive()).len(), 2);
    client.ask("JOB.SUBMIT q v p ID v").good();
    assert_eq!(job_of(&mut other).id, "v");
    assert_eq!(client.queue_number("pending"), 1);
}

#[test]
fn every_change_that_makes_a_job_claimable_serves_workers() {
    let (server, mut client) = served();
    // Each case: what is done before the worker waits, and what gives it the job.
    let cases: [(&[&str], &str); 9] = [
        (&["JOB.SUBMIT q t p ID i DELAY 3600000"], "JOB.SUBMIT q t p ID i UNIQUE replace"),
        (&["JOB.SUBMIT q t p ID i", "JOB.CANCEL q i"], "JOB.RETRY q i"),
        (&["JOB.SUBMIT q t p", "JOB.PAUSE q"], "JOB.RESUME q"),
        (&["JOB.SUBMIT q t p", "JOB.PAUSE q t"], "JOB.RESUME q t"),
        (&["JOB.SUBMIT other t p"], "RENAME other q"),
        (&["JOB.SUBMIT other t p"], "COPY other q"),
        (&["SELECT 1", "JOB.SUBMIT q t p"], "MOVE q 0"),
        (&["SELECT 1", "JOB.SUBMIT q t p"], "SWAPDB 0 1"),
        (
            &["JOB.CONFIG q RATE 1/3600000", "JOB.SUBMIT q t p", "JOB.SUBMIT q t p", "JOB.CLAIM q 1 t"],
            "JOB.CONFIG q RATE 0",
        ),
    ];
    for (before, gives) in cases {
        client.ask("SELECT 0").good();
        client.ask("FLUSHALL").good();
        for line in before {
            client.ask(line).good();
        }
        let mut worker = worker(&server);
        client.ask(gives).good();
        assert_eq!(claimed(&worker.receive()).len(), 1, "{gives}");
    }
}

#[test]
fn a_run_that_ends_gives_its_place_to_a_waiting_worker() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q MAXRUNNING 1").good();
    client.ask("JOB.SUBMITMANY q 4 t 1 t 2 t 3 t 4 BACKOFF 0").good();
    let first = client.claim_one("");
    let mut second = worker(&server);
    client.complete(&first, "").good();
    let job = job_of(&mut second);
    let mut third = worker(&server);
    client.fail(&job, &["RETRY", "no"]).good();
    let job = job_of(&mut third);
    let mut fourth = worker(&server);
    assert_eq!(client.call(&["JOB.CANCEL", "q", &job.id]).text(), "running");
    client.fail(&job, &[]).good();
    job_of(&mut fourth);
    let mut fifth = worker(&server);
    client.ask("JOB.SUBMIT q t p").good();
    client.ask("JOB.CONFIG q MAXRUNNING 2").good();
    job_of(&mut fifth);
}

#[test]
fn a_restored_queue_serves_workers() {
    let (server, mut client) = served();
    client.submit("ID a");
    let dump = client.ask("DUMP q");
    client.ask("DEL q").good();
    let mut waiting = worker(&server);
    client.call(&[b"RESTORE", &b"q"[..], b"0", dump.bytes()]).good();
    assert_eq!(job_of(&mut waiting).id, "a");
}

#[test]
fn a_queue_that_arrives_with_jobs_to_drop_serves_workers_too() {
    let (server, mut client) = served();
    // The timer of the renamed queue has something to do that makes no job claimable.
    client.ask("JOB.SUBMIT other t p TTL 0 ID ended").good();
    let script = "redis.call('JOB.CANCEL', 'other', 'ended') redis.call('JOB.SUBMIT', 'other', 't', 'p', 'ID', 'a')
        return redis.call('RENAME', 'other', 'q')";
    let mut waiting = worker(&server);
    client.call(&["EVAL", script, "0"]).good();
    assert_eq!(job_of(&mut waiting).id, "a");
}

#[test]
fn nothing_else_ends_the_wait_of_a_worker() {
    let (server, mut client) = served();
    client.submit("ID a");
    client.claim_one("");
    let mut waiting = worker(&server);
    for line in ["JOB.CANCEL q a", "DEL q", "FLUSHALL", "SWAPDB 0 1", "JOB.PAUSE q", "DEL q", "SET q text", "DEL q"] {
        client.ask(line).good();
    }
    client.ask("JOB.SUBMIT q u p").good();
    assert_eq!(client.info_number("clients", "blocked_clients"), 1);
    client.submit("ID b");
    assert_eq!(job_of(&mut waiting).id, "b");
}

#[test]
fn a_wait_without_a_job_ends_with_an_empty_array() {
    let (server, mut client) = served();
    assert_eq!(client.ask("JOB.CLAIM q 1 t BLOCK 5"), Reply::Array(Vec::new()));
    for (how, code) in [("", ""), ("TIMEOUT", ""), ("ERROR", "UNBLOCKED")] {
        let mut waiting = server.client();
        let id = waiting.id();
        waiting.send_line("JOB.CLAIM q 1 t BLOCK 0");
        wait_until("the worker waits", || client.info_number("clients", "blocked_clients") == 1);
        client.ask(&format!("CLIENT UNBLOCK {id} {how}")).good();
        let reply = waiting.receive();
        assert_eq!(reply.code(), code, "{reply:?}");
        if code.is_empty() {
            assert_eq!(reply, Reply::Array(Vec::new()));
        }
        // It does not get a later job.
        client.submit("ID late");
        assert_eq!(client.state("late"), "pending");
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn a_claim_that_is_not_delivered_gives_the_job_to_the_next_worker() {
    let (server, mut client) = served();
    let mut first = server.client();
    let id = first.id();
    first.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
    wait_until("the worker waits", || client.info_number("clients", "blocked_clients") == 1);
    let mut second = worker(&server);
    let mut events = Events::of(&server);
    // The first worker is disconnected before it can read its reply.
    client.pipeline(&["JOB.SUBMIT q t p ID a RETRIES 1", &format!("CLIENT KILL ID {id}")]);
    assert_eq!(job_of(&mut second).id, "a");
    // Not a lost lease: with one retry, that would have made it dead.
    events.expect(&["pending", "running", "pending", "running"]);
    assert_eq!(client.state("a"), "running");
}

#[test]
fn a_worker_that_disconnects_after_it_has_read_its_reply_keeps_its_job() {
    let (server, mut client) = served();
    for round in 0..20 {
        let mut worker = worker(&server);
        let clients = client.ask("CLIENT LIST").text().lines().count();
        client.submit(&format!("ID i{round}"));
        let job = job_of(&mut worker);
        // The event loop has turned a few times since the reply.
        (0..5).for_each(|_| _ = client.ask("PING").good());
        drop(worker);
        wait_until("it is disconnected", || client.ask("CLIENT LIST").text().lines().count() < clients);
        assert_eq!(client.state(&job.id), "running");
        client.complete(&job, "r").good();
    }
}

#[test]
fn an_undelivered_job_without_another_worker_is_pending_again() {
    let (server, mut client) = served();
    for _ in 0..20 {
        let mut first = server.client();
        let id = first.id();
        first.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000 COUNT 3");
        wait_until("the worker waits", || client.info_number("clients", "blocked_clients") == 1);
        client.pipeline(&["JOB.SUBMITMANY q 3 t 1 t 2 t 3", &format!("CLIENT KILL ID {id}")]);
        wait_until("the jobs are pending again", || client.queue_number("pending") == 3);
        assert_eq!(client.queue_number("running"), 0);
        assert_eq!(client.claim("COUNT 3").len(), 3);
        client.ask("DEL q").good();
    }
}

#[test]
fn a_worker_that_closes_its_connection_no_longer_waits() {
    let (server, mut client) = served();
    let (first, mut second) = (worker(&server), worker(&server));
    drop(first);
    wait_until("one worker waits", || client.info_number("clients", "blocked_clients") == 1);
    client.submit("ID a");
    assert_eq!(job_of(&mut second).id, "a");
    assert_eq!(client.status("a")["attempts"].integer(), 1);
}

#[test]
fn demotion_ends_every_wait() {
    let (server, mut client) = served();
    let mut workers: Vec<Client> = (0..5).map(|_| worker(&server)).collect();
    client.ask("REPLICAOF 127.0.0.1 1").good();
    for worker in &mut workers {
        assert_eq!(worker.receive().code(), "UNBLOCKED");
        assert!(worker.try_receive().is_err());
    }
    client.ask("REPLICAOF NO ONE").good();
    let id = client.submit("");
    assert_eq!(client.state(&id), "pending");
    assert_eq!(client.claim_one("").id, id);
}

#[test]
fn where_a_client_cannot_wait_a_claim_is_answered_immediately() {
    let (_server, mut client) = served();
    let empty = Reply::Array(Vec::new());
    let replies = client.pipeline(&["MULTI", "JOB.CLAIM q 1 t BLOCK 0", "EXEC"]);
    assert_eq!(replies[2], Reply::Array(vec![empty.clone()]));
    let script = "return redis.call('JOB.CLAIM','q','1','t','BLOCK','0')";
    assert_eq!(client.call(&["EVAL", script, "0"]), empty);
    client.submit("ID a");
    let replies = client.pipeline(&["MULTI", "JOB.CLAIM q 1 t BLOCK 0", "EXEC"]);
    assert_eq!(claimed(&replies[2].array()[0])[0].id, "a");
    client.submit("ID b");
    assert_eq!(claimed(&client.call(&["EVAL", script, "0"]))[0].id, "b");
}

#[test]
fn jobs_of_a_transaction_and_of_a_script_serve_workers() {
    let (server, mut client) = served();
    let mut first = worker(&server);
    client.pipeline(&["MULTI", "JOB.SUBMIT q t p ID a", "JOB.SUBMIT q t p ID b", "EXEC"]);
    assert_eq!(job_of(&mut first).id, "a");
    client.claim_one("");
    let mut second = worker(&server);
    client.call(&["EVAL", "return redis.call('JOB.SUBMIT','q','t','p','ID','c')", "0"]).good();
    assert_eq!(job_of(&mut second).id, "c");
}

#[test]
fn more_workers_than_one_slice_serves_all_get_their_jobs() {
    let (server, mut client) = served();
    client.ask("JOB.CONFIG q MAXRUNNING 1000").good();
    let mut workers: Vec<Client> = (0..500).map(|_| server.client()).collect();
    for worker in &mut workers {
        worker.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
    }
    wait_until("the workers wait", || client.info_number("clients", "blocked_clients") == 500);
    for _ in 0..5 {
        client.call(&[&["JOB.SUBMITMANY", "q", "100"][..], &["t"; 200]].concat()).good();
    }
    let mut ids: Vec<String> = workers.iter_mut().map(|worker| job_of(worker).id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), client.queue_number("running")), (500, 500));
}
