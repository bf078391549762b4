//! The module in the service of Debian's packages, where a filter ends the server at the first system call that is not
//! on its list. Loads, restarts and synchronisations compute in threads of their own, which must not make such a call.

use std::fs;

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Server, mini, wait_until};

/// Two threads, so that derivations are spread over a pool.
const SETTINGS: [&str; 1] = ["assess.threads 2"];

const GLM: &str = r#"{"format":"glm/1","name":"flood","link":"logit",
    "features":[{"name":"rain","mean":10,"scale":5}],"outputs":[{"label":"y","intercept":-1,"coef":[1.5]}]}"#;

fn server(settings: &[&str]) -> Server {
    let server = Server::as_debian_service(&[&SETTINGS, settings].concat());
    assert_filtered(&server);
    server
}

/// Asserts that the filter is active; without it these tests would prove nothing.
#[track_caller]
fn assert_filtered(server: &Server) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process())).expect("the process is running");
    assert!(status.lines().any(|line| line == "Seccomp:\t2"), "{status}");
}

/// Loads the mini table, and lets every kind of worker compute.
fn load_and_use(server: &Server) {
    let mut client = server.client();
    server.load_mini(&mut client, "icio");
    assert_answers(&mut client);
    client.call(&["MODEL.INDICATOR", "icio", "more", "DATA", mini::RISK, "BY", "region"]).good();
    client.await_ready("icio");
    client.ask("ASSESS.RANK icio").good();
    client.call(&["MODEL.SET", "flood", "SCORE", GLM]).good();
    client.call(&["ASSESS.BATCH", "flood", "1", "[[20.0]]"]).good();
    client.ask("DEL icio").good();
    server.load_mini(&mut client, "icio");
}

#[track_caller]
fn assert_answers(client: &mut Client) {
    client.await_ready("icio");
    assert_close("total", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
}

#[test]
fn a_load_does_not_end_the_packaged_service() {
    let server = server(&[]);
    load_and_use(&server);
    assert_answers(&mut server.client());
}

#[test]
fn a_large_table_is_derived_by_several_threads_of_the_packaged_service() {
    let server = server(&[]);
    server.write("wide.csv", mini::wide_table(1000));
    let mut client = server.client();
    client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
    client.await_ready("wide");
    client.ask("DEL wide").good();
    client.ask("PING").good();
}

#[test]
fn the_packaged_service_restarts_with_a_model_in_its_rdb_file() {
    let mut server = server(&[]);
    load_and_use(&server);
    server.restart_saving();
    assert_filtered(&server);
    assert_answers(&mut server.client());
}

#[test]
fn the_packaged_service_restarts_with_a_model_in_its_append_only_file() {
    for preamble in ["yes", "no"] {
        let mut server = server(&["appendonly yes", &format!("aof-use-rdb-preamble {preamble}")]);
        load_and_use(&server);
        server.restart_without_saving();
        assert_filtered(&server);
        assert_answers(&mut server.client());
        // Then from a rewritten file.
        server.client().ask("BGREWRITEAOF").good();
        wait_until("the file was rewritten", || {
            let info = server.client().info("persistence");
            info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
        });
        server.restart_without_saving();
        assert_answers(&mut server.client());
    }
}

#[test]
fn a_full_synchronisation_with_a_model_ends_neither_packaged_service() {
    let (master, replica) = (server(&[]), server(&[]));
    load_and_use(&master);
    replica.follow(&master);
    assert_answers(&mut replica.client());
    // A load that the replica receives as frames.
    master.load_mini(&mut master.client(), "icio");
    replica.await_in_sync_with(&master);
    assert_answers(&mut replica.client());
}
