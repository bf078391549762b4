//! `CLIENT PAUSE WRITE`: a write during a pause aborts the server, so whatever is due waits for its end.

use super::events::Events;
use super::{claimed, served, waiting};
use crate::harness::{Reply, Server, wait_until};

#[test]
fn whatever_is_due_during_a_pause_happens_after_it() {
    let (mut server, mut client) = served();
    let mut events = Events::of(&server);
    client.submit("ID lease RETRIES 1");
    client.claim_one("LEASE 1500");
    client.submit("ID timeout TIMEOUT 1500 RETRIES 0");
    client.claim_one("LEASE 3600000");
    client.submit("ID delay DELAY 1500");
    client.ask("JOB.SCHEDULE q s EVERY 1500 scheduled p").good();
    let ended = client.submit("ID ended TTL 2");
    client.call(&["JOB.CANCEL", "q", &ended]).good();
    let mut worker = waiting(&server, "JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
    events.expect(&["pending", "running", "pending", "running", "delayed", "pending", "cancelled"]);
    client.ask("CLIENT PAUSE 600000 WRITE").good();
    let mut submitter = server.client();
    submitter.send_line("JOB.SUBMIT q t p ID late");
    let mut purger = server.client();
    purger.send_line("JOB.PURGE q cancelled");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    // Reads are answered, and show nothing new; waits end as usual.
    for (id, state) in [("lease", "running"), ("timeout", "running"), ("delay", "delayed"), ("ended", "cancelled")] {
        assert_eq!(client.state(id), state);
    }
    assert_eq!(client.ask("JOB.WAIT q lease BLOCK 5"), Reply::Nil);
    assert_eq!(client.ask("JOB.LIST q").array().len(), 4);
    client.ask("CLIENT UNPAUSE").good();
    submitter.receive().good();
    purger.receive().good();
    assert_eq!(claimed(&worker.receive()).len(), 1);
    wait_until("everything has happened", || {
        client.ask("JOB.LIST q TYPE scheduled").array().len() == 1 && client.ask("JOB.STATUS q ended").is_error()
    });
    assert_eq!((client.state("lease"), client.state("timeout")), ("dead".to_owned(), "failed".to_owned()));
    assert!(server.is_running());
    super::assert_healthy(&mut client);
}

#[test]
fn an_undelivered_job_is_released_after_the_pause() {
    let (mut server, mut client) = served();
    let mut first = server.client();
    let id = first.id();
    first.send_line("JOB.CLAIM q 1 t BLOCK 0 LEASE 3600000");
    wait_until("the worker waits", || client.info_number("clients", "blocked_clients") == 1);
    client.pipeline(&["JOB.SUBMIT q t p ID a", &format!("CLIENT KILL ID {id}"), "CLIENT PAUSE 600000 WRITE"]);
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(client.state("a"), "running");
    client.ask("CLIENT UNPAUSE").good();
    wait_until("the job is pending", || client.state("a") == "pending");
    assert!(server.is_running());
}

#[test]
fn a_purge_in_slices_and_served_workers_stop_during_a_pause() {
    let (mut server, mut client) = served();
    client.ask("JOB.CONFIG q MAXRUNNING 100000").good();
    for _ in 0..500 {
        client.call(&[&["JOB.SUBMITMANY", "q", "100"][..], &["t"; 200]].concat()).good();
    }
    let mut purger = server.client();
    purger.send_line("JOB.PURGE q pending");
    client.ask("CLIENT PAUSE 600000 WRITE").good();
    let left = client.queue_number("pending");
    std::thread::sleep(std::time::Duration::from_millis(50));
    let after = client.queue_number("pending");
    assert!(after == left, "{left} {after}: jobs were removed during the pause");
    client.ask("CLIENT UNPAUSE").good();
    let purged = purger.receive().integer();
    assert_eq!((purged, client.queue_number("pending")), (50_000, 0));
    assert!(server.is_running());
}

#[test]
fn keys_that_expire_during_a_pause_are_left_until_its_end() {
    let (mut server, mut client) = served();
    client.submit("ID a DELAY 30");
    let mut waiter = waiting(&server, "JOB.WAIT q a BLOCK 0");
    client.ask("PEXPIRE q 40").good();
    client.ask("CLIENT PAUSE 600000 WRITE").good();
    std::thread::sleep(std::time::Duration::from_millis(150));
    assert!(client.ask("JOB.STATUS q a").is_error());
    client.ask("CLIENT UNPAUSE").good();
    assert!(waiter.receive().is_error());
    assert!(server.is_running());
}

#[test]
fn what_is_due_while_a_shutdown_waits_for_a_replica_does_not_abort_it() {
    let (mut master, mut client) = served();
    let replica = Server::start();
    replica.follow(&master);
    client.ask("CONFIG SET shutdown-timeout 60").good();
    signal(&replica, "STOP");
    client.submit("ID delay DELAY 1500 RETRIES 1");
    client.submit("ID lease RETRIES 1");
    client.claim_one("LEASE 1500");
    client.ask("JOB.SCHEDULE q s EVERY 1000 t p").good();
    let mut worker = waiting(&master, "JOB.CLAIM q 1 u BLOCK 1000");
    let mut stopper = master.client();
    stopper.send_line("SHUTDOWN NOSAVE");
    std::thread::sleep(std::time::Duration::from_millis(2500));
    assert!(master.is_running(), "the server waits for its replica");
    assert_eq!((client.state("delay"), client.state("lease")), ("delayed".to_owned(), "running".to_owned()));
    signal(&replica, "CONT");
    master.await_end();
    assert!(!master.log().contains("ASSERTION"), "{}", master.log());
    assert_eq!(worker.receive(), Reply::Array(Vec::new()));
    let mut there = replica.client();
    assert_eq!((there.state("delay"), there.state("lease")), ("delayed".to_owned(), "running".to_owned()));
    there.ask("REPLICAOF NO ONE").good();
    wait_until("the new master goes on", || there.state("delay") == "pending" && there.state("lease") == "pending");
}

/// Sends a signal to the process of a server.
fn signal(server: &Server, name: &str) {
    let id = server.process().to_string();
    let status = std::process::Command::new("kill").args(["-s", name, &id]).status().expect("kill is installed");
    assert!(status.success());
}
