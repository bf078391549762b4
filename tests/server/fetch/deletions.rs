//! Plain deletions of an absent key that is leased.

use super::{assert_lost, lease, served, waiters, words};
use crate::harness::Reply;

/// Plain commands that delete a key.
const DELETIONS: [&str; 5] =
    ["DEL k", "UNLINK other k", "GETDEL k", "del k another", "EVAL return(redis.call('DEL','k')) 0"];

#[test]
fn given_a_lease_when_its_absent_key_is_deleted_then_the_late_fill_is_refused() {
    let (server, mut client) = served();
    for deletion in DELETIONS {
        let token = lease(&mut client, "k LEASE 3600000");
        server.client().ask(deletion).good();
        assert_lost(&mut client, "k", &token, "overwritten");
        assert!(!client.exists("k"), "{deletion}");
    }
}

#[test]
fn given_a_lease_when_its_absent_key_is_deleted_in_multi_then_the_late_fill_is_refused() {
    let (server, mut client) = served();
    let mut other = server.client();
    let token = lease(&mut client, "k LEASE 3600000");
    other.pipeline(&["MULTI", "DEL k", "EXEC"]);
    assert_lost(&mut client, "k", &token, "overwritten");
    // Granted after the command is queued and before EXEC, which deletes the key.
    lease(&mut client, "elsewhere LEASE 3600000");
    other.pipeline(&["MULTI", "UNLINK k"]);
    let token = lease(&mut client, "k LEASE 3600000");
    other.ask("EXEC").good();
    assert_lost(&mut client, "k", &token, "overwritten");
}

#[test]
fn given_waiters_when_the_absent_key_is_deleted_then_one_gets_a_lease() {
    let (server, mut client) = served();
    lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 2, "k");
    server.client().ask("DEL k").good();
    assert_eq!(words(&all[0].receive())[0], "lease");
}

#[test]
fn given_a_lease_when_other_keys_are_deleted_then_it_stays_valid() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    server.client().pipeline(&["DEL k2", "UNLINK kk", "GETDEL other", "MULTI", "DEL x", "EXEC", "EXISTS k", "GET k"]);
    client.call(&["CACHE.FILL", "k", &token, "v"]).good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
}
