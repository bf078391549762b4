//! `DUMP`, `RESTORE`, `COPY`, `MOVE`, `RENAME`, `MIGRATE`: queues move between keys, databases and servers.

use super::{assert_healthy, one_of_each, served};
use crate::harness::{Client, Reply, wait_until};

/// A queue with jobs that do not change by themselves, and its digest.
fn filled(client: &mut Client) -> Vec<String> {
    one_of_each(client);
    client.ask("JOB.CONFIG q MAXRUNNING 20 KEEP completed 7200").good();
    client.queue_digest()
}

/// The running job can be completed with its token, and a delay ends.
#[track_caller]
fn works(client: &mut Client, key: &str) {
    let running = client.call(&["JOB.STATUS", key, "in-running"]).map();
    assert_eq!(running["status"].text(), "running");
    client.call(&["JOB.SUBMIT", key, "t", "p", "ID", "new", "DELAY", "5"]).good();
    wait_until("the delay has ended", || {
        client.call(&["JOB.STATUS", key, "new"]).map()["status"] == Reply::bulk("pending")
    });
    assert_healthy(client);
}

#[test]
fn a_dumped_queue_can_be_restored_under_another_name_and_on_another_server() {
    let (_first, mut client) = served();
    let (_second, mut there) = served();
    let digest = filled(&mut client);
    let dump = client.ask("DUMP q");
    for client in [&mut client, &mut there] {
        assert_eq!(client.call(&[b"RESTORE", &b"copy"[..], b"0", dump.bytes()]), Reply::ok());
        assert_eq!(client.ask("DEBUG DIGEST-VALUE copy").texts(), digest);
        assert_eq!(client.call(&[b"RESTORE", &b"copy"[..], b"0", dump.bytes()]).code(), "BUSYKEY");
        client.call(&[b"RESTORE", &b"copy"[..], b"0", dump.bytes(), b"REPLACE"]).good();
        works(client, "copy");
    }
}

#[test]
fn a_copy_is_independent() {
    let (_server, mut client) = served();
    let digest = filled(&mut client);
    client.ask("COPY q copy").good();
    client.ask("COPY q q DB 2").good();
    assert_eq!(client.ask("DEBUG DIGEST-VALUE copy").texts(), digest);
    works(&mut client, "copy");
    assert_eq!(client.queue_digest(), digest);
    client.ask("JOB.CANCEL q in-pending").good();
    assert_eq!(client.ask("JOB.STATUS copy in-pending").map()["status"].text(), "pending");
    client.ask("DEL q").good();
    client.ask("SELECT 2").good();
    assert_eq!(client.queue_digest(), digest);
    works(&mut client, "q");
}

#[test]
fn a_renamed_and_a_moved_queue_work() {
    let (_server, mut client) = served();
    let digest = filled(&mut client);
    client.ask("RENAME q other").good();
    client.ask("SET q text").good();
    assert_eq!(client.ask("DEBUG DIGEST-VALUE other").texts(), digest);
    client.ask("MOVE other 4").good();
    client.ask("SELECT 4").good();
    works(&mut client, "other");
    client.ask("RENAME other q").good();
    works(&mut client, "q");
}

#[test]
fn a_queue_migrates_to_another_server() {
    let (_first, mut client) = served();
    let (second, mut there) = served();
    let digest = filled(&mut client);
    let port = second.port().to_string();
    client.call(&["MIGRATE", "127.0.0.1", &port, "q", "0", "10000", "COPY"]).good();
    assert_eq!(there.queue_digest(), digest);
    client.call(&["MIGRATE", "127.0.0.1", &port, "q", "0", "10000", "REPLACE"]).good();
    assert!(!client.exists("q"));
    assert_eq!(there.queue_digest(), digest);
    works(&mut there, "q");
    // Nothing is left here: the same queue can be created again.
    client.submit("ID new");
    assert_eq!(client.queue_number("total_jobs"), 1);
}

#[test]
fn a_large_queue_is_freed_and_transferred_without_long_slices() {
    let (server, mut client) = served();
    for _ in 0..300 {
        client.call(&[&["JOB.SUBMITMANY", "q", "100"][..], &["t"; 200]].concat()).good();
    }
    client.ask("COPY q copy").good();
    for line in ["DEL q", "UNLINK copy"] {
        client.ask(line).good();
        assert_eq!(client.ask("PING"), Reply::Simple("PONG".to_owned()));
    }
    client.submit("");
    assert_eq!(client.queue_number("total_jobs"), 1);
    drop(server);
}
