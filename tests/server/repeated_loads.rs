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

#[test]
fn a_load_that_is_repeated_immediately_is_never_busy() {
    let (server, mut client) = Server::with_mini(&[]);
    let mut clients: Vec<Client> = (0..3).map(|_| server.client()).collect();
    for round in 0..40 {
        for client in &mut clients {
            client.send_line("MODEL.LOAD soon IO FILE mini.csv");
        }
        for client in &mut clients {
            let reply = client.receive();
            assert!(!reply.is_error(), "{round}: {reply:?}");
        }
    }
    client.await_ready("soon");
}

#[test]
fn a_load_that_waits_for_a_worker_is_joined_whatever_becomes_of_its_file() {
    let server = Server::with(&["assess.threads 1"]);
    let mut watcher = server.client();
    let line = "MODEL.LOAD queued SCORE FILE queued.json";
    server.with_wide_tables(|| {
        watcher.call(&["DEL", "queued"]).good();
        server.write("queued.json", LINEAR);
        let loads = watcher.info_number("assess", "loads");
        let mut running = server.catch_loading("wide")?;
        let (mut first, mut second) = (server.client(), server.client());
        let ids = [first.id(), second.id()];
        first.send_line(line);
        let mut is_blocked = server.await_blocked(ids[0]);
        second.send_line(line);
        is_blocked &= server.await_blocked(ids[1]);
        // The file is read after both commands.
        server.write("queued.json", LINEAR.replace("1.5", "2.5"));
        let is_loading = watcher.model("wide")["state"].text() == "loading";
        running.client.receive().good();
        let replies = (first.receive().good(), second.receive().good());
        if !is_blocked || !is_loading {
            return None;
        }
        assert_eq!(replies.0, replies.1);
        assert_eq!(watcher.info_number("assess", "loads"), loads + 2);
        assert!(watcher.ask("ASSESS.GET queued x=0").text().contains("\"score\":2.5"));
        Some(())
    });
}

const LINEAR: &str = r#"{"format":"glm/1","link":"identity","features":[{"name":"x"}],
    "outputs":[{"label":"y","intercept":1.5,"coef":[1]}]}"#;
