//! The sweep behind a ban: its count, its callers, and the clients served meanwhile.

use super::{assert_left, held, with_test_hooks};
use crate::harness::bans::MANY;
use crate::harness::{Reply, Server};

#[test]
fn a_caller_waits_for_the_exact_count() {
    let (server, mut client) = held();
    let mut caller = server.client();
    caller.send_line("CACHE.INVALIDATE TIER a PATTERN *:5");
    client.await_sweeps(1);
    client.sweep_a_little("a:*");
    // Keys written during the sweep are not covered; they are counted only if they existed before.
    client.fill("a:late", 5, "new");
    client.release_sweeps();
    assert_eq!(caller.receive(), Reply::Integer(MANY + 1));
    assert_left(&mut client, [5, MANY as usize - 1, 10]);
}

#[test]
fn a_large_invalidation_is_exact_and_keeps_the_rest() {
    let (_server, mut client) = with_test_hooks();
    client.fill("a:", 100_000, "v");
    client.fill("b:", 100_000, "v");
    assert_eq!(client.invalidate("PATTERN a:*"), 100_000);
    assert_eq!(client.ask("DBSIZE"), Reply::Integer(100_000));
    assert_eq!(client.invalidate("PATTERN *9"), 10_000);
    assert_left(&mut client, [0, 90_000, 0]);
}

#[test]
fn transactions_and_scripts_run_only_invalidations_that_finish_immediately() {
    let (_server, mut client) = with_test_hooks();
    client.fill("a:", 20, "v");
    client.fill("b:", MANY, "v");
    let multi = client.pipeline(&["MULTI", "CACHE.INVALIDATE PATTERN a:*", "CACHE.INVALIDATE TIER b", "EXEC"]);
    let replies = multi[3].array();
    assert_eq!(replies[0], Reply::Integer(20));
    assert_eq!(replies[1].code(), "BUSY");
    client.fill("a:", 20, "v");
    assert_eq!(
        client.call(&["EVAL", "return redis.call('CACHE.INVALIDATE','PATTERN','a:*')", "0"]),
        Reply::Integer(20)
    );
    let busy = client.call(&["EVAL", "return redis.call('CACHE.INVALIDATE','KEY','b:1','TIER','b')", "0"]);
    assert!(busy.error().contains("add ASYNC"), "{busy:?}");
    assert_eq!(client.present("b:*"), MANY as usize, "nothing has changed");
    client.serves("b:1", Some("v"));
    let later = client.call(&["EVAL", "return redis.call('CACHE.INVALIDATE','TIER','b','ASYNC')", "0"]);
    assert_eq!(later, Reply::Integer(0));
    client.serves("b:2", None);
    assert_left(&mut client, [0, 0, 0]);
}

#[test]
fn a_caller_that_disconnects_does_not_end_the_sweep() {
    let (server, mut client) = held();
    let mut caller = server.client();
    caller.send_line("CACHE.INVALIDATE TIER a");
    client.await_sweeps(1);
    let mut other = server.client();
    let id = other.id();
    other.send_line("CACHE.INVALIDATE TIER b");
    client.await_sweeps(2);
    drop(caller);
    client.sweep_a_little("?:*");
    assert_eq!(client.call(&["CLIENT", "UNBLOCK", &id.to_string()]).good(), Reply::Integer(1));
    other.receive();
    assert_left(&mut client, [0, 0, 10]);
    assert_eq!(client.info_number("assess", "panics"), 0);
}

#[test]
fn a_pause_of_writes_holds_the_sweep_but_not_the_ban() {
    let (_server, mut client) = held();
    client.invalidate("TIER a ASYNC");
    client.sweep_a_little("a:*");
    client.ask("CLIENT PAUSE 600000 WRITE").good();
    client.ask("ASSESS.SABOTAGE nothing").good();
    let before = client.present("a:*");
    assert!(before > 0);
    for i in 1..100 {
        client.serves(&format!("a:{i}"), None);
    }
    assert_eq!(client.present("a:*"), before);
    client.ask("CLIENT UNPAUSE").good();
    assert_left(&mut client, [0, MANY as usize, 10]);
}

#[test]
fn many_key_clauses_beside_a_pattern_do_not_slow_its_sweep() {
    let (_server, mut client) = with_test_hooks();
    client.fill("a:", 10_000, "old");
    client.fill("b:", 5, "old");
    let keys: Vec<String> = (1..=9_990).map(|i| format!("KEY a:{i}")).collect();
    assert_eq!(client.invalidate(&format!("{} PATTERN b:* SOFT", keys.join(" "))), 9_995);
    assert_left(&mut client, [10, 0, 0]);
}

#[test]
fn two_concurrent_sweeps_count_each_entry_once() {
    let (server, mut client) = held();
    let mut callers = [server.client(), server.client()];
    callers[0].send_line("CACHE.INVALIDATE PATTERN a:*");
    client.await_sweeps(1);
    callers[1].send_line("CACHE.INVALIDATE ALL");
    client.await_sweeps(2);
    client.ask("SET a:1 new").good();
    client.release_sweeps();
    let removed: i64 = callers.iter_mut().map(|caller| caller.receive().integer()).sum();
    assert_eq!(removed, 2 * MANY - 1);
    assert_left(&mut client, [1, 0, 10]);
}

#[test]
fn no_client_waits_for_a_large_sweep() {
    let (server, mut client) = with_test_hooks();
    client.fill("a:", 100_000, "v");
    client.hold_sweeps();
    let mut caller = server.client();
    caller.send_line("CACHE.INVALIDATE TIER a");
    client.await_sweeps(1);
    client.ask("ASSESS.SABOTAGE nothing").good();
    // Other clients are served meanwhile: their replies come before the caller's.
    client.ask("PING").good();
    let during = client.info_number("assess", "cache_sweeps");
    let left = client.ask("DBSIZE").integer();
    assert!(during == 0 || left > 0);
    assert_eq!(caller.receive(), Reply::Integer(100_000));
    assert_left(&mut client, [0, 0, 0]);
}

/// The number of clauses does not say how many entries they cover.
#[test]
fn many_clauses_that_cover_little_finish_immediately() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET a PATTERN a:* TTL 3600").good();
    let mut words = vec!["CACHE.INVALIDATE".to_owned()];
    for i in 0..40 {
        client.call(&["CACHE.SET", &format!("a:{i}"), "v", "TAGS", "1", "t"]).good();
        if i < 30 {
            words.extend(["KEY".to_owned(), format!("a:{i}")]);
        }
    }
    words.extend(["TAG".to_owned(), "t".to_owned()]);
    client.ask("MULTI").good();
    client.call(&words).good();
    assert_eq!(client.ask("EXEC").array(), [Reply::Integer(40)]);
}
