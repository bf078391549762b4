//! `CACHE.INVALIDATE`: exactly the covered entries are removed, immediately for every reader, and the count is right.

use crate::harness::bans::MANY;
use crate::harness::waiting::wait_for;
use crate::harness::{Client, Reply, Server, wait_until};

/// Declares two tiers, `a:*` and `b:*`; the first has grace if `grace` is set.
fn tiers(client: &mut Client, grace: bool) {
    client.ask(&format!("TIER.SET a PATTERN a:* TTL 3600{}", if grace { " GRACE 600" } else { "" })).good();
    client.ask("TIER.SET b PATTERN b:* TTL 3600").good();
}

fn with_test_hooks() -> (Server, Client) {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    tiers(&mut client, false);
    (server, client)
}

/// A server with `MANY` entries `a:N` and `b:N` and ten `free:N` in no tier; its sweeps are held.
fn held() -> (Server, Client) {
    let (server, mut client) = with_test_hooks();
    client.fill("a:", MANY, "old");
    client.fill("b:", MANY, "old");
    client.fill("free:", 10, "old");
    client.hold_sweeps();
    (server, client)
}

/// Releases the sweeps, then asserts how many keys of each prefix are left and that the index agrees.
#[track_caller]
fn assert_left(client: &mut Client, left: [usize; 3]) {
    client.release_sweeps();
    assert_eq!(["a:*", "b:*", "free:*"].map(|pattern| client.present(pattern)), left);
    client.audit();
}

#[test]
fn every_clause_removes_the_entries_it_covers_and_counts_them() {
    let (_server, mut client) = with_test_hooks();
    for (clauses, removed, left) in [
        ("KEY a:1", 1, [19, 20, 20]),
        ("KEY free:1 KEY a:1 KEY none KEY a:1", 2, [19, 20, 19]),
        ("PATTERN a:1*", 11, [9, 20, 20]),
        ("PATTERN *:2", 2, [19, 19, 20]),
        ("PATTERN free:*", 0, [20, 20, 20]),
        ("PATTERN free:1* ALLKEYS", 11, [20, 20, 9]),
        ("PATTERN *:2 ALLKEYS", 3, [19, 19, 19]),
        ("TIER b", 20, [20, 0, 20]),
        ("TIER a TIER b", 40, [0, 0, 20]),
        ("ALL", 40, [0, 0, 20]),
        ("ALL ALLKEYS", 60, [0, 0, 0]),
        ("KEY a:1 PATTERN a:1* TIER a KEY b:1 PATTERN b:2*", 23, [0, 17, 20]),
        ("KEY free:3 ALL", 41, [0, 0, 19]),
        ("PATTERN nothing*", 0, [20, 20, 20]),
    ] {
        client.ask("FLUSHALL").good();
        ["a:", "b:", "free:"].iter().for_each(|prefix| client.fill(prefix, 20, "v"));
        assert_eq!(client.invalidate(clauses), removed, "{clauses}");
        assert_eq!(["a:*", "b:*", "free:*"].map(|pattern| client.present(pattern)), left, "{clauses}");
        client.audit();
    }
}

#[test]
fn tags_match_any_or_all_also_outside_every_tier() {
    let (_server, mut client) = with_test_hooks();
    for (clauses, left) in [
        ("TAG x", "b:y free:z"),
        ("TAG x TAG y", "free:z"),
        ("TAG x TAG y MATCH all", "a:x b:y free:z"),
        ("TAG x TAG none MATCH all", "a:x a:xy b:y free:xyz free:z"),
        ("TAG none", "a:x a:xy b:y free:xyz free:z"),
        ("TAG z KEY a:x", "a:xy b:y"),
    ] {
        for key in ["a:x", "a:xy", "b:y", "free:xyz", "free:z"] {
            let tags: Vec<String> = key.split_once(':').unwrap().1.chars().map(String::from).collect();
            let count = tags.len().to_string();
            let mut words = vec!["CACHE.SET", key, "v", "EX", "600", "TAGS", &count];
            words.extend(tags.iter().map(String::as_str));
            client.call(&words).good();
        }
        let expected: Vec<&str> = left.split(' ').collect();
        assert_eq!(client.invalidate(clauses), 5 - expected.len() as i64, "{clauses}");
        let mut keys = client.ask("KEYS *").texts();
        keys.sort();
        assert_eq!(keys, expected, "{clauses}");
        client.audit();
    }
}

#[test]
fn a_model_clause_removes_the_assessments_of_that_model_only() {
    let (server, mut client) = Server::with_mini(&[]);
    server.load_mini(&mut client, "other");
    for subject in ["icio USA C10", "icio CHN C10", "other USA C10"] {
        client.cached(subject);
    }
    assert_eq!(client.invalidate("MODEL icio"), 2);
    assert_eq!(client.present("assessment:*"), 1);
    assert_eq!(client.invalidate("MODEL icio MODEL other MODEL none"), 1);
    client.ask("MODEL.INFO icio").good();
}

#[test]
fn a_model_that_changes_often_has_one_ban() {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    server.load_mini(&mut client, "icio");
    let key = client.cached("icio USA C10");
    client.hold_sweeps();
    for value in ["0.1", "0.2", "0.3"] {
        client.call(&[
            "MODEL.INDICATOR",
            "icio",
            "risk",
            "DATA",
            &format!("{{\"USA\":{value}}}"),
            "BY",
            "region",
            "DEFAULT",
            "0",
        ]);
    }
    assert_eq!(client.info_number("assess", "cache_bans"), 1);
    client.serves(&key, None);
    client.release_sweeps();
    assert!(!client.exists(&key));
    client.audit();
}

#[test]
fn an_asynchronous_invalidation_replies_zero_and_takes_effect_immediately() {
    let (_server, mut client) = held();
    assert_eq!(client.invalidate("TIER a ASYNC"), 0);
    client.await_sweeps(1);
    assert_eq!(client.present("a:*"), MANY as usize, "nothing is swept yet");
    client.serves("a:1", None);
    client.serves("b:1", Some("old"));
    assert_eq!(client.ask("CACHE.MGET a:1 b:1"), Reply::Array(vec![Reply::Nil, Reply::bulk("old")]));
    assert_eq!(client.ask("CACHE.FETCH a:2 WAIT 0").array()[0], Reply::bulk("lease"));
    assert_eq!(client.ask("CACHE.FETCH b:2 WAIT 0").array()[0], Reply::bulk("hit"));
    assert_eq!(client.ask("CACHE.TTL a:1").map()["exists"], Reply::Integer(0));
    assert_eq!(client.ask("CACHE.EXPORT PATTERN a:*").array()[1], Reply::Array(vec![]));
    assert_eq!(client.ask("CACHE.SET a:3 v XX"), Reply::Nil, "a banned key does not exist");
    assert_eq!(client.ask("CACHE.SET a:3 new NX"), Reply::ok());
    client.serves("a:3", Some("new"));
    assert_left(&mut client, [1, MANY as usize, 10]);
}

#[test]
fn keys_written_after_the_ban_are_kept() {
    let (_server, mut client) = held();
    client.invalidate("ALL ASYNC ALLKEYS");
    client.sweep_a_little("?:*");
    for key in ["a:1", "a:999", "b:7", "free:3", "a:another", "free:another"] {
        client.call(&["SET", key, "new"]).good();
    }
    client.ask("CACHE.SET b:8 new TAGS 1 t").good();
    for key in ["a:1", "a:999", "b:7", "b:8", "free:3", "a:another", "free:another"] {
        client.serves(key, Some("new"));
    }
    client.serves("free:4", None);
    assert_left(&mut client, [3, 2, 2]);
    for key in ["a:1", "a:999", "b:7", "b:8", "free:3", "a:another", "free:another"] {
        client.serves(key, Some("new"));
    }
}

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
fn soft_invalidation_leaves_stale_values_where_there_is_grace() {
    let (_server, mut client) = with_test_hooks();
    tiers(&mut client, true);
    for n in [20, MANY] {
        client.ask("FLUSHALL").good();
        client.fill("a:", n, "v");
        client.fill("b:", 20, "v");
        client.ask("CACHE.SET a:1 v TAGS 1 t").good();
        client.ask("CACHE.SET a:2 v PERSIST").good();
        client.ask("CACHE.SET a:3 v PX 60000").good();
        assert_eq!(
            client.invalidate("KEY a:1 KEY a:1 PATTERN a:* TAG t KEY a:5 TIER b SOFT"),
            n + 20,
            "distinct entries"
        );
        assert_eq!([client.present("a:*"), client.present("b:*")], [n as usize, 0]);
        for key in ["a:1", "a:2", "a:3", "a:4"] {
            client.serves(key, None);
            assert_eq!(client.call(&["CACHE.GET", key, "STALE"]), Reply::bulk("v"));
            let left = client.call(&["PTTL", key]).integer();
            assert!(left > 0 && left <= 660_000, "{key}: {left}");
        }
        let left = client.ask("PTTL a:2").integer();
        assert!(left > 0 && left <= 600_000, "{left}");
        // A further soft invalidation does not find stale entries; a hard one does.
        assert_eq!(client.invalidate("PATTERN a:* SOFT"), 0);
        assert_eq!(client.invalidate("PATTERN a:*"), n);
        client.audit();
    }
}

#[test]
fn a_soft_invalidation_takes_effect_immediately_too() {
    let (_server, mut client) = held();
    tiers(&mut client, true);
    client.audit();
    client.invalidate("TIER a TIER b SOFT ASYNC");
    client.serves("a:1", None);
    assert_eq!(client.ask("CACHE.GET a:1 STALE"), Reply::bulk("old"));
    assert_eq!(client.ask("CACHE.GET b:1 STALE"), Reply::Nil);
    assert_eq!(client.ask("CACHE.FETCH a:1 WAIT 0").array()[0], Reply::bulk("refresh"));
    client.ask("SET a:2 new").good();
    client.release_sweeps();
    client.serves("a:2", Some("new"));
    client.serves("a:3", None);
    assert_left(&mut client, [MANY as usize, 0, 10]);
}

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
fn a_ban_moves_with_its_database() {
    let (server, mut client) = held();
    let mut other = server.client();
    other.ask("SELECT 3").good();
    other.fill("a:", 20, "new");
    client.invalidate("TIER a ASYNC");
    client.sweep_a_little("a:*");
    client.ask("SWAPDB 0 3").good();
    client.serves("a:1", Some("new"));
    other.serves("a:999", None);
    client.release_sweeps();
    assert_eq!([client.present("a:*"), other.present("a:*"), other.present("b:*")], [20, 0, MANY as usize]);
    client.audit();
}

#[test]
fn a_flush_ends_a_ban_and_replies_to_its_caller() {
    for flush in ["FLUSHDB", "FLUSHALL ASYNC"] {
        let (server, mut client) = held();
        let mut caller = server.client();
        caller.send_line("CACHE.INVALIDATE TIER a");
        client.await_sweeps(1);
        client.sweep_a_little("a:*");
        client.ask(flush).good();
        client.fill("a:", 20, "new");
        client.serves("a:1", Some("new"));
        client.release_sweeps();
        assert!(caller.receive().integer() <= MANY);
        assert_left(&mut client, [20, 0, 0]);
    }
}

#[test]
fn covered_keys_do_not_come_back_under_another_name() {
    let (_server, mut client) = held();
    client.invalidate("TIER a ASYNC");
    client.ask("RENAME a:1 a:renamed").good();
    client.ask("COPY a:2 a:copied").good();
    client.ask("SET free:new new").good();
    client.ask("RENAME free:new a:arrived").good();
    client.serves("a:renamed", None);
    client.serves("a:copied", None);
    client.serves("a:arrived", Some("new"));
    assert_left(&mut client, [1, MANY as usize, 10]);
}

#[test]
fn covered_keys_do_not_come_back_under_another_name_without_an_index() {
    let (_server, mut client) = with_test_hooks();
    client.ask("TIER.SET a PATTERN a:* TTL 3600 INDEX no").good();
    client.audit();
    client.fill("a:", MANY, "old");
    client.hold_sweeps();
    client.invalidate("TIER a ASYNC");
    client.ask("SET a:written new").good();
    client.ask("RENAME a:1 a:renamed").good();
    client.ask("RENAME a:2 a:written").good();
    client.ask("COPY a:3 a:copied").good();
    client.ask("SET free:new new").good();
    client.ask("RENAME free:new a:arrived").good();
    client.ask("SET a:again new").good();
    client.ask("RENAME a:again a:again2").good();
    for key in ["a:renamed", "a:written", "a:copied"] {
        client.serves(key, None);
    }
    for key in ["a:arrived", "a:again2"] {
        client.serves(key, Some("new"));
    }
    assert_left(&mut client, [2, 0, 0]);
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
fn leases_are_revoked_and_one_waiter_gets_a_new_lease() {
    let (server, mut client) = with_test_hooks();
    for (key, clauses) in [
        ("a:k", "KEY a:k"),
        ("a:k", "PATTERN a:*"),
        ("a:k", "TIER a"),
        ("a:k", "ALL"),
        ("free:k", "KEY free:k"),
        ("free:k", "PATTERN free:*"),
        ("free:k", "ALL"),
    ] {
        let token = client.call(&["CACHE.FETCH", key, "LEASE", "600000"]).array()[1].text();
        let mut waiters = [server.client(), server.client()];
        for (i, waiter) in waiters.iter_mut().enumerate() {
            waiter.call(&["CLIENT", "SETNAME", "w"]).good();
            waiter.send(&["CACHE.FETCH", key, "LEASE", "600000", "WAIT", "600000"]);
            wait_until("the client waits", || client.info_number("assess", "cache_waiters") == i as i64 + 1);
        }
        client.invalidate(clauses);
        let lost = client.call(&["CACHE.FILL", key, &token, "old", "EX", "60"]);
        assert_eq!(lost.code(), "LEASELOST", "{clauses}");
        assert!(lost.error().contains("invalidated"), "{lost:?}");
        let granted = waiters[0].receive();
        assert_eq!(granted.array()[0], Reply::bulk("lease"), "{clauses}");
        let token = granted.array()[1].text();
        assert_eq!(client.info_number("assess", "cache_waiters"), 1, "one lease at a time");
        client.call(&["CACHE.FILL", key, &token, "new", "EX", "60"]).good();
        assert_eq!(waiters[1].receive(), Reply::Array(vec![Reply::bulk("hit"), Reply::bulk("new")]));
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn a_fill_is_refused_when_its_tag_was_invalidated_after_the_grant() {
    let (_server, mut client) = with_test_hooks();
    let token = |client: &mut Client, key: &str| client.call(&["CACHE.FETCH", key]).array()[1].text();
    let (first, second, third) = (token(&mut client, "a:1"), token(&mut client, "a:2"), token(&mut client, "a:3"));
    client.invalidate("TAG t");
    client.invalidate("TAG x TAG y MATCH all");
    assert_eq!(client.call(&["CACHE.FILL", "a:1", &first, "v", "TAGS", "2", "s", "t"]).code(), "LEASELOST");
    client.serves("a:1", None);
    client.call(&["CACHE.FILL", "a:2", &second, "v", "TAGS", "2", "s", "x"]).good();
    assert_eq!(client.call(&["CACHE.FILL", "a:3", &third, "v", "TAGS", "2", "y", "x"]).code(), "LEASELOST");
    let later = wait_for("a lease", || {
        let reply = client.ask("CACHE.FETCH a:4 WAIT 0").good();
        (reply.array()[0].text() == "lease").then(|| reply.array()[1].text())
    });
    client.call(&["CACHE.FILL", "a:4", &later, "v", "TAGS", "1", "t"]).good();
    client.serves("a:4", Some("v"));
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
fn absent_keys_are_not_counted_as_invalidated() {
    let (_server, mut client) = with_test_hooks();
    client.fill("a:", 3, "v");
    assert_eq!(client.invalidate("KEY none KEY a:none KEY a:1"), 1);
    assert_eq!(client.info_number("assess", "cache_invalidations"), 1);
    assert_eq!(client.invalidate("TIER a"), 2);
    assert_eq!(client.info_number("assess", "cache_invalidations"), 3);
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

#[test]
fn an_entry_made_stale_by_a_running_invalidation_belongs_to_the_tier_declared_meanwhile() {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    tiers(&mut client, true);
    client.fill("a:", MANY, "old");
    client.hold_sweeps();
    client.ask("CACHE.INVALIDATE TIER a SOFT ASYNC").good();
    client.ask("TIER.SET part PATTERN a:1* TTL 3600 GRACE 600").good();
    client.audit();
    client.serves("a:1", None);
    client.release_sweeps();
    client.audit();
    client.serves("a:1", None);
    client.serves("a:2", None);
    let entries = client.call(&["TIER.INFO", "part"]).map()["entries"].integer();
    assert_eq!(entries as usize, client.present("a:1*"));
}
