//! A client library whose read times out sends `MODEL.LOAD` again, on another connection: it waits for the load in flight.

use std::fs;

use crate::harness::{Client, Running, Server};

const REPEAT: &str = "MODEL.LOAD wide IO FILE wide.csv";

/// A load in flight and a client that has repeated its command; `None` if the load ended before that.
fn catch_repeated(server: &Server) -> Option<(Running, Client)> {
    let mut watcher = server.client();
    let loads = watcher.info_number("assess", "loads");
    let mut running = server.catch_loading("wide")?;
    let mut joined = server.client();
    let id = joined.id();
    joined.send_line(REPEAT);
    let is_blocked = server.await_blocked(id);
    let is_loading = watcher.model("wide")["state"].text() == "loading";
    if is_blocked && is_loading && watcher.info_number("assess", "loads") == loads {
        return Some((running, joined));
    }
    running.client.receive().good();
    joined.receive().good();
    None
}

#[test]
fn a_load_that_is_repeated_is_answered_once_for_all() {
    let server = Server::start();
    let mut client = server.client();
    let (mut running, mut joined, loads) = server.with_wide_tables(|| {
        let loads = client.info_number("assess", "loads");
        let (running, joined) = catch_repeated(&server)?;
        Some((running, joined, loads))
    });
    let first = running.client.receive().good();
    assert_eq!(joined.receive(), first);
    assert_eq!(client.info_number("assess", "loads"), loads + 1, "the file was read twice");
}

#[test]
fn a_load_with_other_options_or_of_another_file_does_not_wait() {
    let server = Server::with_mini(&[]).0;
    let mut client = server.client();
    server.with_wide_tables(|| {
        let (mut running, mut joined) = catch_repeated(&server)?;
        let others = ["PRECISION f32", "NOREPLACE", "HISTORY 5"].map(|option| format!("{REPEAT} {option}"));
        let others = others.iter().map(String::as_str).chain(["MODEL.LOAD wide IO FILE mini.csv"]);
        let replies: Vec<_> = others.map(|line| client.ask(line)).collect();
        // The file is replaced: its content may be another.
        fs::copy(server.tables().join("wide.csv"), server.tables().join("new.csv")).unwrap();
        fs::rename(server.tables().join("new.csv"), server.tables().join("wide.csv")).unwrap();
        let replaced = client.ask(REPEAT);
        let is_loading = client.model("wide")["state"].text() == "loading";
        let (first, second) = (running.client.receive().good(), joined.receive().good());
        assert_eq!(first, second);
        if !is_loading {
            return None;
        }
        assert!(replies.iter().all(|reply| reply.code() == "BUSY"), "{replies:?}");
        assert_eq!(replaced.code(), "BUSY", "{replaced:?}");
        Some(())
    });
}

#[test]
fn an_abort_ends_a_load_for_all_that_wait_for_it() {
    let server = Server::start();
    let mut client = server.client();
    server.with_wide_tables(|| {
        let (mut running, mut joined) = catch_repeated(&server)?;
        if client.ask("MODEL.ABORT wide").is_error() {
            return None;
        }
        let (first, second) = (running.client.receive(), joined.receive());
        if !first.is_error() {
            return None;
        }
        assert!(first.error().contains("aborted"), "{first:?}");
        assert_eq!(second, first);
        Some(())
    });
    assert!(!client.exists("wide"));
}
