//! `JOB.WAIT`: what ends a wait, and with which reply.

use super::{claimed, served, waiting};
use crate::harness::{Client, Reply, Server, wait_until};

fn waiter(server: &Server, id: &str) -> Client {
    waiting(server, &format!("JOB.WAIT q {id} BLOCK 0"))
}

/// Waits for the reply and asserts the state that it shows.
#[track_caller]
fn sees(client: &mut Client, state: &str) {
    let reply = client.receive().good();
    assert_eq!(reply.map()["status"].text(), state);
}

#[track_caller]
fn sees_no_job(client: &mut Client, after: &str) {
    let reply = client.receive();
    assert!(reply.code() == "ERR" && reply.error().contains("no job with this id"), "{after}: {reply:?}");
}

#[test]
fn every_end_of_a_job_answers_all_its_waiters_with_the_same_status() {
    let (server, mut client) = served();
    for (end, state) in [("COMPLETE", "completed"), ("FAIL", "failed"), ("CANCEL", "cancelled"), ("LEASE", "dead")] {
        let id = client.submit("RETRIES 0");
        let mut waiters: Vec<Client> = (0..3).map(|_| waiter(&server, &id)).collect();
        let mut newer = server.client().resp3();
        newer.send_line(&format!("JOB.WAIT q {id} BLOCK 3600000"));
        wait_until("all wait", || client.info_number("clients", "blocked_clients") == 4);
        waiters.push(newer);
        match end {
            "CANCEL" => _ = client.call(&["JOB.CANCEL", "q", &id]).good(),
            "LEASE" => _ = client.claim_one("LEASE 1"),
            _ => {
                let job = client.claim_one("");
                if end == "FAIL" {
                    client.fail(&job, &[]).good()
                } else {
                    client.complete(&job, "r").good()
                };
            }
        }
        let replies: Vec<_> = waiters.iter_mut().map(|waiter| waiter.receive().good().map()).collect();
        let status = client.status(&id);
        assert_eq!(status["status"].text(), state);
        // RESP2 shows a double as text.
        let seconds = |map: &std::collections::BTreeMap<String, Reply>| match &map["duration_seconds"] {
            Reply::Nil => None,
            other => Some(other.double()),
        };
        for reply in replies {
            assert_eq!(seconds(&reply), seconds(&status));
            let same = reply.iter().filter(|(field, _)| *field != "duration_seconds");
            assert!(same.eq(status.iter().filter(|(field, _)| *field != "duration_seconds")), "{status:?}");
        }
    }
}

#[test]
fn a_retry_and_a_rerun_do_not_end_a_wait() {
    let (server, mut client) = served();
    let id = client.submit("BACKOFF 0 RETRIES 1");
    let mut waiting = waiter(&server, &id);
    let job = client.claim_one("");
    client.fail(&job, &[]).good();
    let job = claimed(&client.ask("JOB.CLAIM q 1 t BLOCK 0")).remove(0);
    client.ask("JOB.SUBMIT q t p UNIQUE rerun").good();
    client.complete(&job, "1").good();
    assert_eq!(client.state(&id), "pending");
    assert_eq!(client.info_number("clients", "blocked_clients"), 1);
    let job = client.claim_one("");
    client.complete(&job, "2").good();
    sees(&mut waiting, "completed");
}

#[test]
fn a_job_that_is_removed_ends_the_wait_with_an_error() {
    let (server, mut client) = served();
    for removal in [
        "JOB.PURGE q pending",
        "DEL q",
        "UNLINK q",
        "FLUSHALL",
        "FLUSHALL ASYNC",
        "FLUSHDB",
        "RENAME q other",
        "RENAME other q",
        "SWAPDB 0 1",
        "MOVE q 1",
        "PEXPIRE q 1",
        "SET q text",
        "COPY other q REPLACE",
    ] {
        client.ask("FLUSHALL").good();
        client.ask("JOB.SUBMIT other t p ID b").good();
        client.submit("ID a");
        let mut waiting = waiter(&server, "a");
        client.ask(removal).good();
        if removal.starts_with("SET") {
            assert_eq!(waiting.receive().code(), "WRONGTYPE");
        } else {
            sees_no_job(&mut waiting, removal);
        }
    }
}

#[test]
fn a_queue_in_which_the_job_has_ended_answers_the_waiters() {
    let (server, mut client) = served();
    for (before, replaces) in [
        (&["JOB.SUBMIT other t p ID a", "JOB.CANCEL other a"][..], "RENAME other q"),
        (&["JOB.SUBMIT other t p ID a", "JOB.CANCEL other a"], "COPY other q REPLACE"),
        (&["SELECT 1", "JOB.SUBMIT q t p ID a", "JOB.CANCEL q a", "SELECT 0"], "SWAPDB 0 1"),
    ] {
        client.ask("FLUSHALL").good();
        client.submit("ID a");
        let mut waiting = waiter(&server, "a");
        before.iter().for_each(|line| _ = client.ask(line).good());
        client.ask(replaces).good();
        sees(&mut waiting, "cancelled");
    }
}

#[test]
fn waits_of_a_renamed_queue_do_not_move_with_it() {
    let (server, mut client) = served();
    client.submit("ID a");
    let mut old = waiter(&server, "a");
    client.ask("RENAME q moved").good();
    sees_no_job(&mut old, "RENAME");
    let mut new = waiting(&server, "JOB.WAIT moved a BLOCK 0");
    client.ask("JOB.CANCEL moved a").good();
    sees(&mut new, "cancelled");
}

#[test]
fn a_wait_that_ends_before_the_job_is_nil() {
    let (server, mut client) = served();
    client.submit("ID a");
    assert_eq!(client.ask("JOB.WAIT q a BLOCK 5"), Reply::Nil);
    client.ask("CONFIG SET assess.default-wait-ms 5").good();
    assert_eq!(client.ask("JOB.WAIT q a"), Reply::Nil);
    for (how, code) in [("", ""), ("ERROR", "UNBLOCKED")] {
        let mut waiting = server.client();
        let id = waiting.id();
        waiting.send_line("JOB.WAIT q a BLOCK 0");
        wait_until("the client waits", || client.info_number("clients", "blocked_clients") == 1);
        client.ask(&format!("CLIENT UNBLOCK {id} {how}")).good();
        let reply = waiting.receive();
        assert_eq!(reply.code(), code, "{reply:?}");
    }
    let replies = client.pipeline(&["MULTI", "JOB.WAIT q a BLOCK 0", "EXEC"]);
    assert_eq!(replies[2].array()[0].code(), "BUSY");
    let script = "return redis.call('JOB.WAIT','q','a','BLOCK','0')";
    assert!(client.call(&["EVAL", script, "0"]).error().contains("cannot wait"));
    client.ask("JOB.CANCEL q a").good();
    // A job that has ended needs no wait.
    let replies = client.pipeline(&["MULTI", "JOB.WAIT q a BLOCK 0", "EXEC"]);
    assert_eq!(replies[2].array()[0].map()["status"].text(), "cancelled");
    assert!(!client.call(&["EVAL", script, "0"]).is_error());
}

#[test]
fn many_waiters_of_one_job_see_the_same_end_whatever_happens_to_it_next() {
    let (server, mut client) = served();
    // More than are answered in one step. The job is run again, or dropped, before the last of them is answered.
    for next in [&["JOB.RETRY q a"][..], &["JOB.PURGE q cancelled"], &["DEL q"], &["JOB.RETRY q a", "JOB.CLAIM q 1 t"]]
    {
        client.ask("FLUSHALL").good();
        client.submit("ID a");
        let mut waiters: Vec<Client> = (0..300).map(|_| server.client()).collect();
        for waiter in &mut waiters {
            waiter.send_line("JOB.WAIT q a BLOCK 0");
        }
        wait_until("all wait", || client.info_number("clients", "blocked_clients") == 300);
        client.pipeline(&[&["JOB.CANCEL q a"], next].concat());
        for waiter in &mut waiters {
            sees(waiter, "cancelled");
        }
    }
}

#[test]
fn waits_for_many_jobs_are_all_checked_when_keys_are_removed_again_and_again() {
    let (server, mut client) = served();
    client.ask("CONFIG SET assess.max-batch 1000").good();
    let ids: Vec<String> = (0..400).map(|i| format!("i{i:03}")).collect();
    let submits: Vec<String> = ids.iter().map(|id| format!("JOB.SUBMIT q t p ID {id}")).collect();
    client.pipeline(&submits.iter().map(String::as_str).collect::<Vec<_>>());
    client.ask("JOB.SUBMIT other t p").good();
    let mut waiters: Vec<Client> = ids.iter().map(|_| server.client()).collect();
    for (waiter, id) in waiters.iter_mut().zip(&ids) {
        waiter.send_line(&format!("JOB.WAIT q {id} BLOCK 0"));
    }
    wait_until("all wait", || client.info_number("clients", "blocked_clients") == 400);
    // The removal of one key begins a check of all waits; the other key is removed while it is in progress.
    client.ask("DEL other").good();
    client.ask("DEL q").good();
    for waiter in &mut waiters {
        sees_no_job(waiter, "DEL");
    }
}

#[test]
fn waiters_on_a_replica_see_what_the_master_does() {
    let (master, mut client) = served();
    let replica = Server::start();
    replica.follow(&master);
    for (ends, state) in [("JOB.CANCEL q a", Some("cancelled")), ("JOB.PURGE q pending", None), ("DEL q", None)] {
        client.ask("FLUSHALL").good();
        client.submit("ID a");
        replica.await_in_sync_with(&master);
        let mut waiting = waiter(&replica, "a");
        client.ask(ends).good();
        match state {
            Some(state) => sees(&mut waiting, state),
            None => sees_no_job(&mut waiting, ends),
        }
    }
}
