//! The holder of a lease: it disconnects, never fills, renews or fails.

use super::{assert_lost, lease, served, waiters, words};
use crate::harness::{Reply, wait_until};

#[test]
fn given_a_bound_lease_when_its_holder_disconnects_then_a_waiter_gets_a_lease() {
    let (server, mut client) = served();
    let mut holder = server.client();
    let token = lease(&mut holder, "k LEASE 3600000 BIND");
    let mut all = waiters(&server, 2, "k");
    drop(holder);
    assert_eq!(words(&all[0].receive())[0], "lease");
    assert_eq!(client.info_number("assess", "cache_waiters"), 1);
    assert_lost(&mut client, "k", &token, "expired");
}

#[test]
fn given_an_unbound_lease_when_its_holder_disconnects_then_it_stays_valid() {
    let (server, mut client) = served();
    let mut holder = server.client();
    let id = holder.id();
    let token = lease(&mut holder, "k LEASE 3600000");
    drop(holder);
    wait_until("the holder is disconnected", || !client.ask("CLIENT LIST").text().contains(&format!("id={id} ")));
    assert_eq!(words(&client.ask("CACHE.FETCH k WAIT 0")), ["busy"]);
    client.call(&["CACHE.FILL", "k", &token, "v"]).good();
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["hit", "v"]);
}

#[test]
fn given_a_holder_that_never_fills_when_the_lease_ends_then_waiters_get_a_lease_one_at_a_time() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 2, "k LEASE 3600000");
    client.call(&["CACHE.RENEW", "k", &token, "1"]).good();
    let granted = words(&all[0].receive());
    assert_eq!(granted[0], "lease");
    assert_eq!(client.info_number("assess", "cache_waiters"), 1);
    assert_lost(&mut client, "k", &token, "expired");
    assert_eq!(client.ask("CACHE.STATS t").map()["leases_expired"].integer(), 1);
    client.call(&["CACHE.FILL", "k", &granted[1], "v"]).good();
    assert_eq!(words(&all[1].receive()), ["hit", "v"]);
}

#[test]
fn given_a_lease_when_renewed_then_it_lasts_longer() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "k LEASE 60000");
    client.call(&["CACHE.RENEW", "k", &token, "3600000"]).good();
    let left = client.ask("CACHE.TTL k").map()["lease_ms"].integer();
    assert!((3_000_000..=3_600_000).contains(&left), "{left}");
    client.call(&["CACHE.FILL", "k", &token, "v"]).good();
}

#[test]
fn given_waiters_when_the_holder_fails_then_all_get_the_failure_and_the_next_fetch_gets_a_lease() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 3, "k");
    assert_eq!(client.call(&["CACHE.FAIL", "k", &token, "no such subject"]), Reply::ok());
    for waiter in &mut all {
        assert_eq!(words(&waiter.receive()), ["negative", "no such subject"]);
    }
    // Without NEGATIVE the failure is not remembered.
    let newer = lease(&mut client, "k");
    for command in [&["CACHE.FILL", "k", &token, "late"][..], &["CACHE.RENEW", "k", &token, "9"]] {
        assert!(client.call(command).error().starts_with("LEASELOST unknown"), "{command:?}");
    }
    // A repetition of the failure does not end the newer lease.
    assert_eq!(client.call(&["CACHE.FAIL", "k", &token]), Reply::ok());
    assert_eq!(client.call(&["CACHE.FILL", "k", &newer, "v"]), Reply::ok());
}
