//! `assess.max-uploads-per-user`.

use super::connection;
use crate::harness::{Client, Server, mini, wait_until};

fn payload(key: &str) -> [String; 4] {
    ["MODEL.SET".into(), key.into(), "IO".into(), mini::TABLE.into()]
}

#[test]
fn given_a_user_whose_commands_hold_many_bytes_then_further_bytes_are_refused() {
    let limit = mini::TABLE.len() * 3 / 2;
    let server = Server::with(&[&format!("assess.max-uploads-per-user {limit}"), "assess.threads 1"]);
    let mut admin = server.client();
    // The only thread is busy, so that payloads are held as long as the load before them.
    let loading = |admin: &mut Client| admin.info_number("assess", "loading");
    server.with_wide_tables(|| {
        let mut running = server.catch_loading("wide")?;
        let mut first = connection(&server, "app");
        first.send(&payload("one"));
        wait_until("the load begins", || !admin.ask("MODEL.INFO one").is_error());
        let mut second = connection(&server, "app");
        second.send(&payload("two"));
        let mut other = connection(&server, "web");
        other.send(&payload("three"));
        wait_until("the load of another user begins", || !admin.ask("MODEL.INFO three").is_error());
        let was_loading = loading(&mut admin) == 3;
        running.client.receive().good();
        let replies = [first.receive(), second.receive(), other.receive()];
        wait_until("the loads have ended", || loading(&mut admin) == 0);
        admin.ask("DEL one two three").good();
        was_loading.then(|| {
            assert!(!replies[0].is_error() && !replies[2].is_error(), "{replies:?}");
            assert_eq!(replies[1].code(), "BUSY");
            assert!(replies[1].error().contains("assess.max-uploads-per-user"), "{replies:?}");
        })
    });
    // When the bytes are free again, the user may send others.
    connection(&server, "app").call(&payload("two")).good();
}

#[test]
fn given_a_single_command_then_only_max_payload_limits_it() {
    let server = Server::with(&["assess.max-uploads-per-user 10"]);
    connection(&server, "app").call(&payload("one")).good();
}
