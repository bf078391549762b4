//! Clients that wait for a value: filled, timed out, unblocked, disconnected.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use super::{assert_lost, await_waiters, lease, served, waiters, words};
use crate::harness::{Client, Reply, Server};

#[test]
fn given_waiters_when_the_lease_is_filled_then_all_get_the_value() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 4, "k");
    let mut newer = server.client().resp3();
    newer.send_line("CACHE.FETCH k");
    await_waiters(&mut client, 5);
    client.call(&["CACHE.FILL", "k", &token, "v"]).good();
    all.push(newer);
    for waiter in &mut all {
        assert_eq!(words(&waiter.receive()), ["hit", "v"]);
    }
    assert_eq!(client.ask("CACHE.STATS t").map()["computations_saved"].integer(), 5);
}

#[test]
fn given_more_waiters_than_one_event_loop_turn_serves_when_filled_then_all_get_the_value() {
    let (server, mut client) = served();
    let mut all: Vec<Client> = (0..300).map(|_| server.client()).collect();
    let large = "x".repeat(100_000);
    for (command, value) in [("CACHE.FILL", "v"), ("SET", "v"), ("CACHE.FILL", &large), ("SET", &large)] {
        client.ask("DEL k").good();
        let token = lease(&mut client, "k LEASE 3600000");
        for waiter in &mut all {
            waiter.send_line("CACHE.FETCH k WAIT 3600000");
        }
        await_waiters(&mut client, 300);
        match command {
            "SET" => client.call(&["SET", "k", value]).good(),
            _ => client.call(&["CACHE.FILL", "k", &token, value]).good(),
        };
        for waiter in &mut all {
            assert_eq!(words(&waiter.receive()), ["hit", value]);
        }
    }
}

#[test]
fn given_a_lease_when_the_wait_runs_out_then_timeout() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    assert_eq!(words(&server.client().ask("CACHE.FETCH k WAIT 5")), ["timeout"]);
    assert_eq!(client.info_number("assess", "cache_waiters"), 0);
    client.call(&["CACHE.FILL", "k", &token, "v"]).good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
}

#[test]
fn given_a_waiter_when_unblocked_then_it_gets_timeout_or_the_unblocked_error() {
    let (server, mut client) = served();
    lease(&mut client, "k LEASE 3600000");
    for (how, code) in [("", ""), ("TIMEOUT", ""), ("ERROR", "UNBLOCKED")] {
        let mut waiter = server.client();
        let id = waiter.id();
        waiter.send_line("CACHE.FETCH k WAIT 3600000");
        await_waiters(&mut client, 1);
        assert_eq!(client.ask(&format!("CLIENT UNBLOCK {id} {how}")).integer(), 1);
        let reply = waiter.receive();
        assert_eq!(reply.code(), code, "{reply:?}");
        if code.is_empty() {
            assert_eq!(words(&reply), ["timeout"]);
        }
        await_waiters(&mut client, 0);
        assert_eq!(waiter.ask("PING").text(), "PONG");
        assert_eq!(client.ask("CACHE.TTL k").map()["waiters"].integer(), 0);
    }
}

#[test]
fn given_waiters_when_one_disconnects_then_the_others_are_served_in_order() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 3, "k");
    drop(all.remove(0));
    await_waiters(&mut client, 2);
    client.ask("CACHE.INVALIDATE KEY k").good();
    // The first of the remaining waiters gets the lease; the other one goes on waiting.
    let granted = words(&all[0].receive());
    assert_eq!(granted[0], "lease");
    assert_eq!(client.info_number("assess", "cache_waiters"), 1);
    assert_lost(&mut client, "k", &token, "invalidated");
    client.call(&["CACHE.FILL", "k", &granted[1], "v"]).good();
    assert_eq!(words(&all[1].receive()), ["hit", "v"]);
}

#[test]
fn given_a_waiter_that_has_read_its_lease_when_it_disconnects_then_the_lease_is_kept() {
    let (server, mut client) = served();
    lease(&mut client, "k LEASE 3600000");
    let mut waiter = waiters(&server, 1, "k LEASE 3600000").remove(0);
    client.ask("CACHE.INVALIDATE KEY k").good();
    let granted = words(&waiter.receive());
    assert_eq!(granted[0], "lease");
    // The event loop has turned a few times since the reply.
    let connected = |client: &mut Client| client.ask("CLIENT LIST").text().lines().count();
    let before = (0..5).map(|_| connected(&mut client)).max();
    drop(waiter);
    crate::harness::wait_until("it is disconnected", || Some(connected(&mut client)) < before);
    client.call(&["CACHE.FILL", "k", &granted[1], "v"]).good();
}

#[test]
fn given_waiters_when_the_key_is_written_then_they_get_the_written_value() {
    let (server, mut client) = served();
    lease(&mut client, "k LEASE 3600000");
    for write in ["SET k v", "CACHE.SET k v"] {
        let mut all = waiters(&server, 2, "k LEASE 3600000");
        client.ask(write).good();
        for waiter in &mut all {
            assert_eq!(words(&waiter.receive()), ["hit", "v"], "{write}");
        }
        client.ask("DEL k").good();
        lease(&mut client, "k LEASE 3600000");
    }
}

#[test]
fn given_waiters_when_all_is_flushed_then_one_gets_a_lease() {
    let (server, mut client) = served();
    lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 2, "k LEASE 3600000");
    client.ask("FLUSHALL").good();
    assert_eq!(words(&all[0].receive())[0], "lease");
    assert_eq!(client.info_number("assess", "cache_waiters"), 1);
}

#[test]
fn given_a_hundred_clients_when_all_want_one_value_then_one_computes() {
    let server = Server::start();
    let mut watcher = server.client();
    watcher.ask("TIER.SET t PATTERN k* TTL 1000 LEASE 3600000 WAIT 3600000").good();
    watcher.ask("CONFIG RESETSTAT").good();
    let computed = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..100 {
            let mut client = server.client();
            let computed = &computed;
            scope.spawn(move || {
                let reply = words(&client.ask("CACHE.FETCH k"));
                if reply[0] == "lease" {
                    computed.fetch_add(1, SeqCst);
                    // The computation takes this long; no assertion depends on it.
                    thread::sleep(Duration::from_millis(200));
                    client.call(&["CACHE.FILL", "k", &reply[1], "v"]).good();
                } else {
                    assert_eq!(reply, ["hit", "v"]);
                }
            });
        }
    });
    assert_eq!(computed.load(SeqCst), 1);
    let commands = watcher.info_number("stats", "total_commands_processed");
    assert!(commands <= 250, "{commands} commands");
}
