//! Tiers with an index, without one, and while it is built.

use super::{assert_left, held, with_test_hooks};
use crate::harness::bans::MANY;
use crate::harness::{Reply, Server, wait_until};

#[test]
fn keys_that_are_in_no_index_are_found_by_a_scan() {
    let (_server, mut client) = with_test_hooks();
    client.ask("TIER.SET a PATTERN a:* TTL 3600 INDEX no").good();
    client.audit();
    client.fill("a:", MANY, "old");
    client.fill("b:", 10, "old");
    client.hold_sweeps();
    client.invalidate("TIER a ASYNC");
    client.serves("a:1", None);
    client.serves("b:1", Some("old"));
    client.ask("SET a:1 new").good();
    client.serves("a:1", Some("new"));
    assert_left(&mut client, [1, 10, 0]);
    client.serves("a:1", Some("new"));
    client.fill("a:", MANY, "old");
    assert_eq!(client.invalidate("PATTERN a:*"), MANY);
}

#[test]
fn no_key_is_missed_while_an_index_is_built() {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    client.fill("a:", 200_000, "old");
    client.fill("b:", 100, "old");
    let replies = client.pipeline(&["TIER.SET a PATTERN a:* TTL 3600", "INFO assess", "CACHE.INVALIDATE TIER a"]);
    assert!(replies[1].text().contains("assess_cache_indexing:1"));
    assert_eq!(replies[2], Reply::Integer(200_000));
    assert_eq!(client.ask("DBSIZE"), Reply::Integer(100));
    client.audit();
}

#[test]
fn a_tier_removed_during_a_sweep_does_not_corrupt_the_file() {
    let (_server, mut client) = held();
    client.invalidate("TIER a ASYNC");
    client.ask("TIER.DEL a").good();
    client.ask("DEBUG RELOAD").good();
    client.serves("b:1", Some("old"));
    client.release_sweeps();
    client.audit();
}

/// An entry that a running invalidation of its tier covers stays in that tier, although its name is in no tier now. What
/// happens to its key is followed nevertheless.
#[test]
fn keys_of_a_removed_tier_are_followed_during_its_invalidation() {
    let (_server, mut client) = held();
    client.invalidate("TIER a ASYNC");
    client.ask("TIER.DEL a").good();
    client.audit();
    for command in
        ["DEL a:1", "UNLINK a:2", "PEXPIREAT a:3 1", "RENAME a:4 free:x", "MOVE a:5 1", "SET a:6 new", "SET a:7 new"]
    {
        client.ask(command).good();
        client.audit();
    }
    client.ask("EXPIRE a:7 100").good();
    client.serves("a:6", Some("new"));
    client.serves("a:7", Some("new"));
    client.serves("a:8", None);
    // The sweep deletes what was covered, and neither of the new values.
    assert_left(&mut client, [2, MANY as usize, 11]);
    client.serves("a:6", Some("new"));
}

/// A tier that takes over keys of another tier covers them as soon as it is declared.
#[test]
fn a_new_tier_covers_keys_that_are_not_yet_moved_to_it() {
    let server = Server::start();
    let mut client = server.client();
    for (invalidated, removed, left) in [("w", 11_111, 88_889), ("u", 88_889, 11_111)] {
        client.ask("FLUSHALL").good();
        client.ask("TIER.DEL w").good();
        client.ask("TIER.SET u PATTERN u:* TTL 500").good();
        let script = "for i=0,99999 do redis.call('SET','u:'..i,'v') end";
        client.call(&["EVAL", script, "0"]);
        wait_until("every key is in its tier", || client.info_number("assess", "cache_indexing") == 0);
        client.send_line("TIER.SET w PATTERN u:1* TTL 500");
        client.send(&["CACHE.INVALIDATE", "TIER", invalidated]);
        assert_eq!(client.receive(), Reply::ok());
        assert_eq!(client.receive().integer(), removed, "{invalidated}");
        assert_eq!(client.ask("DBSIZE").integer(), left, "{invalidated}");
    }
}

/// A tier without an index makes an invalidation scan the keyspace only if it may cover keys of that tier.
#[test]
fn a_tier_without_an_index_costs_only_the_invalidations_that_reach_it() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET a PATTERN a:* TTL 3600").good();
    client.ask("TIER.SET b PATTERN b:x* TTL 3600 INDEX no").good();
    wait_until("the index is complete", || client.info_number("assess", "cache_indexing") == 0);
    for name in ["a:1", "a:2", "b:x1", "b:x2", "b:x3"] {
        client.call(&["CACHE.SET", name, "v"]).good();
    }
    // A scan of the keyspace cannot finish immediately, so a transaction shows which clauses scan.
    for (clause, scans) in [("PATTERN a:*", false), ("TIER a", false), ("MODEL m", false), ("PATTERN b:*", true)] {
        client.ask("MULTI").good();
        client.ask(&format!("CACHE.INVALIDATE {clause}")).good();
        let reply = client.ask("EXEC").array()[0].clone();
        assert_eq!(reply.code() == "BUSY", scans, "{clause}: {reply:?}");
    }
    assert_eq!(client.ask("CACHE.INVALIDATE PATTERN b:x1* PATTERN b:x2").integer(), 2);
    assert_eq!(client.ask("CACHE.INVALIDATE ALL").integer(), 1);
    assert_eq!(client.ask("DBSIZE").integer(), 0);
}
