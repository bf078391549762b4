//! Leases: which client computes, which clients wait, and the reply to a late or foreign token. The transition table of
//! the design, event by event.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::harness::{Client, Reply, Server, wait_until};

const TIER: &str = "TIER.SET t PATTERN k* TTL 1000";

fn served() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.ask(TIER).good();
    (server, client)
}

/// The strings of a reply of `CACHE.FETCH`; numbers as text.
#[track_caller]
fn words(reply: &Reply) -> Vec<String> {
    let word = |part: &Reply| match part {
        Reply::Integer(number) => number.to_string(),
        other => other.text(),
    };
    reply.clone().good().array().iter().map(word).collect()
}

/// Takes a lease and returns its token.
#[track_caller]
fn lease(client: &mut Client, line: &str) -> String {
    let words = words(&client.ask(&format!("CACHE.FETCH {line}")));
    assert_eq!(words[0], "lease", "{words:?}");
    assert!(words[1].len() == 16 && words[1].bytes().all(|byte| byte.is_ascii_hexdigit()), "{words:?}");
    words[1].clone()
}

/// Clients that wait for a key; returns once the server counts all of them.
#[track_caller]
fn waiters(server: &Server, count: usize, line: &str) -> Vec<Client> {
    let mut watcher = server.client();
    let before = watcher.info_number("assess", "cache_waiters");
    let mut clients = Vec::new();
    for nth in 1..=count {
        let mut client = server.client();
        client.send_line(&format!("CACHE.FETCH {line} WAIT 3600000"));
        // One after the other, so that their order is known.
        await_waiters(&mut watcher, before + nth as i64);
        clients.push(client);
    }
    clients
}

#[track_caller]
fn await_waiters(watcher: &mut Client, count: i64) {
    wait_until("as many clients wait", || watcher.info_number("assess", "cache_waiters") == count);
}

/// Asserts that every command with this token is refused, for this cause.
#[track_caller]
fn assert_lost(client: &mut Client, key: &str, token: &str, cause: &str) {
    let before = client.call(&["GET", key]);
    for command in
        [vec!["CACHE.FILL", key, token, "late"], vec!["CACHE.RENEW", key, token, "9"], vec!["CACHE.FAIL", key, token]]
    {
        let reply = client.call(&command);
        assert!(reply.error().starts_with(&format!("LEASELOST {cause}")), "{command:?}: {reply:?}");
    }
    assert_eq!(client.call(&["GET", key]), before, "a refused fill changes nothing");
}

#[test]
fn given_an_absent_key_when_fetched_then_a_lease_is_granted_and_its_fill_is_a_hit() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "k LEASE 60000");
    assert_eq!(words(&client.ask("CACHE.FETCH k WAIT 0")), ["busy"]);
    assert_eq!(client.call(&["CACHE.FILL", "k", &token, "v"]), Reply::ok());
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["hit", "v"]);
    assert_eq!(client.ask("GET k"), Reply::bulk("v"));
    assert!((990..=1000).contains(&client.ask("TTL k").integer()));
    // The token has been used. A repetition of the same fill is accepted, nothing else.
    assert_eq!(client.call(&["CACHE.FILL", "k", &token, "v"]), Reply::ok());
    for (command, cause) in [
        (&["CACHE.FILL", "k", &token, "late"][..], "overwritten"),
        (&["CACHE.RENEW", "k", &token, "9"], "unknown"),
        (&["CACHE.FAIL", "k", &token], "unknown"),
    ] {
        let reply = client.call(command);
        assert!(reply.error().starts_with(&format!("LEASELOST {cause}")), "{command:?}: {reply:?}");
    }
    assert_eq!(client.ask("GET k"), Reply::bulk("v"));
}

#[test]
fn given_no_length_of_the_lease_when_fetched_then_the_configured_length_applies() {
    let (_server, mut client) = served();
    assert_eq!(words(&client.ask("CACHE.FETCH k"))[2], "5000");
    assert_eq!(words(&client.ask("CACHE.FETCH k2 LEASE 77"))[2], "77");
    client.ask("CONFIG SET assess.default-lease-ms 1234").good();
    assert_eq!(words(&client.ask("CACHE.FETCH k3"))[2], "1234");
}

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

#[test]
fn given_a_lease_when_the_key_is_invalidated_then_the_late_fill_is_refused() {
    for clause in ["KEY k", "PATTERN k*", "PATTERN *", "TIER t", "ALL", "KEY k SOFT", "ALL ASYNC", "KEY k ASYNC"] {
        let (_server, mut client) = served();
        let token = lease(&mut client, "k LEASE 60000");
        client.ask(&format!("CACHE.INVALIDATE {clause}")).good();
        assert_lost(&mut client, "k", &token, "invalidated");
        lease(&mut client, "k WAIT 0");
    }
}

#[test]
fn given_a_lease_of_a_key_in_no_tier_when_a_pattern_covers_it_then_it_is_revoked() {
    let (_server, mut client) = served();
    for clause in ["KEY other", "PATTERN oth*", "ALL"] {
        let token = lease(&mut client, "other LEASE 60000");
        client.ask(&format!("CACHE.INVALIDATE {clause}")).good();
        assert_lost(&mut client, "other", &token, "invalidated");
        let token = lease(&mut client, "other");
        client.call(&["CACHE.FAIL", "other", &token]).good();
    }
}

#[test]
fn given_a_lease_when_a_tag_is_invalidated_then_only_fills_with_that_tag_are_refused() {
    let (_server, mut client) = served();
    let (first, second) = (lease(&mut client, "k1"), lease(&mut client, "k2"));
    client.ask("CACHE.INVALIDATE TAG red").good();
    let refused = client.call(&["CACHE.FILL", "k1", &first, "v", "TAGS", "2", "blue", "red"]);
    assert!(refused.error().starts_with("LEASELOST invalidated"), "{refused:?}");
    client.call(&["CACHE.FILL", "k2", &second, "v", "TAGS", "1", "blue"]).good();
    // A lease that is granted after the invalidation may fill with the tag.
    let third = lease(&mut client, "k1 WAIT 0");
    client.call(&["CACHE.FILL", "k1", &third, "v", "TAGS", "1", "red"]).good();
}

#[test]
fn given_a_lease_on_a_stale_value_when_it_is_written_deleted_or_renamed_then_the_token_is_refused() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 1000 GRACE 1000").good();
    for write in [
        "SET k new",
        "DEL k",
        "UNLINK k",
        "RENAME k k3",
        "RENAME made k",
        "APPEND k x",
        "CACHE.SET k new",
        "COPY made k REPLACE",
    ] {
        client.ask("CACHE.SET k old").good();
        client.ask("SET made new").good();
        client.ask("CACHE.INVALIDATE KEY k SOFT").good();
        let refresh = words(&client.ask("CACHE.FETCH k"));
        assert_eq!((refresh[0].as_str(), refresh[1].as_str(), refresh[4].as_str()), ("refresh", "old", "stale"));
        client.ask(write).good();
        assert_lost(&mut client, "k", &refresh[2], "overwritten");
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn given_a_lease_when_the_database_is_flushed_or_swapped_then_the_token_is_refused() {
    for line in ["FLUSHDB", "FLUSHALL", "FLUSHALL ASYNC", "SWAPDB 0 1"] {
        let (_server, mut client) = served();
        let token = lease(&mut client, "k LEASE 60000");
        client.ask(line).good();
        assert_lost(&mut client, "k", &token, "invalidated");
    }
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
fn given_a_lease_when_the_value_expires_or_is_evicted_then_the_lease_stays_valid() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 1000 GRACE 1000").good();
    client.ask("CACHE.SET k old").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    let refresh = words(&client.ask("CACHE.FETCH k LEASE 3600000"));
    client.ask("PEXPIRE k 1").good();
    client.await_removed("k");
    assert_eq!(words(&client.ask("CACHE.FETCH k WAIT 0")), ["busy"]);
    client.call(&["CACHE.FILL", "k", &refresh[2], "v"]).good();
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["hit", "v"]);
}

#[test]
fn given_a_token_when_it_is_of_another_key_or_database_then_unknown() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k1 LEASE 60000");
    lease(&mut client, "k2 LEASE 60000");
    assert_lost(&mut client, "k2", &token, "unknown");
    assert_lost(&mut client, "k3", &token, "unknown");
    let mut other = server.client();
    other.ask("SELECT 3").good();
    assert_lost(&mut other, "k1", &token, "unknown");
    let another = lease(&mut other, "k1 LEASE 60000");
    other.call(&["CACHE.FILL", "k1", &another, "of 3"]).good();
    client.call(&["CACHE.FILL", "k1", &token, "of 0"]).good();
    assert_eq!(other.ask("CACHE.GET k1"), Reply::bulk("of 3"));
    assert_eq!(client.ask("CACHE.GET k1"), Reply::bulk("of 0"));
}

#[test]
fn given_a_key_in_no_tier_when_filled_then_a_time_to_live_is_needed_and_the_lease_survives_the_error() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "other LEASE 60000");
    assert_eq!(client.call(&["CACHE.FILL", "other", &token, "v"]).code(), "ERR");
    assert!(!client.exists("other"));
    client.call(&["CACHE.FILL", "other", &token, "v", "PX", "60000"]).good();
    assert!(client.ask("PTTL other").integer() > 50_000);
}

#[test]
fn given_wrong_type_when_fetched_then_an_error_and_no_lease() {
    let (_server, mut client) = served();
    client.ask("RPUSH k a").good();
    assert_eq!(client.ask("CACHE.FETCH k").code(), "WRONGTYPE");
    assert_eq!(client.ask("CACHE.STATS").map()["leases"].integer(), 0);
}

#[test]
fn given_multi_or_a_script_when_fetched_then_it_neither_waits_nor_grants_a_lease() {
    let (_server, mut client) = served();
    client.ask("SET k1 v").good();
    for round in 0..2 {
        client.ask("MULTI").good();
        client.ask("CACHE.FETCH k").good();
        client.ask("CACHE.FETCH k1").good();
        let replies = client.ask("EXEC");
        assert_eq!(words(&replies.array()[0]), ["busy"]);
        assert_eq!(words(&replies.array()[1]), ["hit", "v"]);
        for eval in ["EVAL", "EVAL_RO"] {
            let script = [eval, "return redis.call('CACHE.FETCH', KEYS[1])", "1", "k"];
            assert_eq!(words(&client.call(&script)), ["busy"]);
        }
        if round == 0 {
            lease(&mut client, "k LEASE 60000");
        }
    }
}

#[test]
fn given_a_token_when_filled_in_multi_or_a_script_then_stored() {
    let (_server, mut client) = served();
    let token = lease(&mut client, "k1");
    client.ask("MULTI").good();
    client.call(&["CACHE.FILL", "k1", &token, "v"]).good();
    assert_eq!(client.ask("EXEC").array(), [Reply::ok()]);
    let token = lease(&mut client, "k2");
    let script = "return redis.call('CACHE.FILL', KEYS[1], ARGV[1], 'v')";
    client.call(&["EVAL", script, "1", "k2", &token]).good();
    assert_eq!(client.ask("CACHE.MGET k1 k2").texts(), ["v", "v"]);
}

#[test]
fn given_a_replica_when_fetched_then_hits_and_busy_only() {
    let (master, mut client) = served();
    let replica = Server::start();
    replica.follow(&master);
    client.ask("CACHE.SET k v").good();
    lease(&mut client, "k2");
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    assert_eq!(words(&there.ask("CACHE.FETCH k")), ["hit", "v"]);
    assert_eq!(words(&there.ask("CACHE.FETCH k2")), ["busy"]);
    assert_eq!(words(&there.ask("CACHE.FETCH k3")), ["busy"]);
    assert_eq!(there.ask("CACHE.FILL k3 0000000000000001 v").code(), "READONLY");
    assert_eq!(there.ask("CACHE.STATS").map()["leases"].integer(), 0);
}

#[test]
fn given_waiters_when_the_server_becomes_a_replica_then_they_are_unblocked_and_tokens_are_forgotten() {
    let (server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    let mut all = waiters(&server, 2, "k");
    client.ask("REPLICAOF 127.0.0.1 1").good();
    for waiter in &mut all {
        assert_eq!(waiter.receive().code(), "UNBLOCKED");
    }
    await_waiters(&mut client, 0);
    client.ask("REPLICAOF NO ONE").good();
    assert_lost(&mut client, "k", &token, "unknown");
    lease(&mut client, "k WAIT 0");
}

#[test]
fn given_a_restart_when_filled_then_every_old_token_is_unknown() {
    let (mut server, mut client) = served();
    let token = lease(&mut client, "k LEASE 3600000");
    server.restart_saving();
    let mut client = server.client();
    assert_lost(&mut client, "k", &token, "unknown");
    lease(&mut client, "k WAIT 0");
}

#[test]
fn given_a_disabled_cache_when_used_then_every_client_computes_and_nothing_is_stored() {
    let (_server, mut client) = served();
    client.ask("CACHE.SET k v").good();
    let token = lease(&mut client, "k2");
    client.ask("CONFIG SET assess.enabled no").good();
    assert_eq!(words(&client.ask("CACHE.FETCH k")), ["busy"]);
    assert_eq!(words(&client.ask("CACHE.FETCH k3")), ["busy"]);
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
    client.call(&["CACHE.FILL", "k2", &token, "v"]).good();
    client.ask("CACHE.SET k4 v").good();
    assert!(!client.exists("k2") && !client.exists("k4"));
    client.ask("CONFIG SET assess.enabled yes").good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
}

#[test]
fn given_resp3_when_fetched_then_the_reply_is_the_same() {
    let (server, mut client) = served();
    let mut newer = server.client().resp3();
    let granted = newer.ask("CACHE.FETCH k LEASE 70").good();
    assert!(matches!(granted.array(), [Reply::Bulk(_), Reply::Bulk(_), Reply::Integer(70)]), "{granted:?}");
    client.ask("SET k v").good();
    assert_eq!(newer.ask("CACHE.FETCH k"), Reply::Array(vec![Reply::bulk("hit"), Reply::bulk("v")]));
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
