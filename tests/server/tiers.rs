//! Every option of a tier, as the design specifies it.

use std::collections::BTreeSet;

use crate::harness::{Client, Reply, Server, wait_until};

fn served(tiers: &[&str]) -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    for tier in tiers {
        assert_eq!(client.ask(&format!("TIER.SET {tier}")), Reply::ok(), "{tier}");
    }
    (server, client)
}

#[track_caller]
fn tier_of(client: &mut Client, key: &str) -> String {
    match &client.call(&["CACHE.TTL", key]).map()["tier"] {
        Reply::Nil => "none".to_owned(),
        name => name.text(),
    }
}

#[track_caller]
fn field(client: &mut Client, key: &str, field: &str) -> i64 {
    client.call(&["CACHE.TTL", key]).map()[field].integer()
}

#[track_caller]
fn counted(client: &mut Client, tier: &str, field: &str) -> i64 {
    client.call(&["CACHE.STATS", tier]).map()[field].integer()
}

/// The words of `CACHE.FETCH`, without waiting.
#[track_caller]
fn fetch(client: &mut Client, line: &str) -> Vec<String> {
    let reply = client.ask(&format!("CACHE.FETCH {line} WAIT 0")).good();
    let word = |part: &Reply| if let Reply::Integer(number) = part { number.to_string() } else { part.text() };
    reply.array().iter().map(word).collect()
}

#[track_caller]
fn await_indexed(client: &mut Client) {
    wait_until("the index is complete", || client.ask("CACHE.STATS").map()["indexing"].integer() == 0);
}

#[test]
fn given_several_patterns_that_match_then_the_most_specific_wins() {
    let (_server, mut client) = served(&[
        "wide PATTERN * TTL 10",
        "prefix PATTERN hs:* TTL 10",
        "longer PATTERN hs:*:eu TTL 10",
        "b PATTERN same:?x TTL 10",
        "a PATTERN same:?x PATTERN second:* TTL 10",
        "escaped PATTERN e\\*f:* TTL 10",
    ]);
    for (key, tier) in [
        ("x", "wide"),
        ("hs:1", "prefix"),
        ("hs:1:eu", "longer"),
        ("same:1x", "a"),
        ("second:", "a"),
        ("e*f:1", "escaped"),
        ("exf:1", "wide"),
        ("assessment:{m}:s", "assessment"),
    ] {
        assert_eq!(tier_of(&mut client, key), tier, "{key}");
    }
    assert_eq!(client.ask("TIER.LIST").texts(), ["a", "assessment", "b", "escaped", "longer", "prefix", "wide"]);
}

#[test]
fn given_ttl_or_pttl_then_entries_have_that_time_to_live() {
    let (_server, mut client) = served(&["s PATTERN s* TTL 100", "ms PATTERN m* PTTL 90000"]);
    client.ask("CACHE.MSET 2 s v m v").good();
    assert!((99_000..=100_000).contains(&client.ask("PTTL s").integer()));
    assert!((89_000..=90_000).contains(&client.ask("PTTL m").integer()));
    client.ask("TIER.SET ms PATTERN m* PTTL 5").good();
    client.ask("CACHE.SET m v").good();
    client.await_removed("m");
    assert_eq!(client.ask("CACHE.GET m"), Reply::Nil);
    wait_until("the expiry is counted", || counted(&mut client, "ms", "expiries") == 1);
    assert_eq!(counted(&mut client, "ms", "expired_never_hit"), 1);
}

#[test]
fn given_jitter_then_times_to_live_spread_within_its_bounds() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 10000 JITTER 50"]);
    let ttls: Vec<i64> = (0..200)
        .map(|i| {
            client.ask(&format!("CACHE.SET k{i} v")).good();
            client.ask(&format!("TTL k{i}")).integer()
        })
        .collect();
    // A little below one half, for the duration of the test itself.
    assert!(ttls.iter().all(|ttl| (4_800..=10_000).contains(ttl)), "{ttls:?}");
    assert!(ttls.iter().collect::<BTreeSet<_>>().len() > 100, "{ttls:?}");
    client.ask("CACHE.SET k v TTL 10000").good();
    assert!(client.ask("TTL k").integer() > 9_800, "a time to live from the caller has no jitter");
}

#[test]
fn given_grace_when_the_time_to_live_is_over_then_stale_only_for_requests_that_accept_it() {
    let (_server, mut client) = served(&["t PATTERN k* PTTL 5 GRACE 1000 LEASE 60000"]);
    client.ask("CACHE.SET k v").good();
    let left = client.ask("TTL k").integer();
    assert!((990..=1001).contains(&left), "{left}");
    wait_until("the entry is stale", || field(&mut client, "k", "stale") == 1);
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
    assert_eq!(client.ask("CACHE.MGET k").array(), [Reply::Nil]);
    assert_eq!(client.ask("CACHE.GET k STALE"), Reply::bulk("v"));
    assert_eq!(client.ask("GET k"), Reply::bulk("v"));
    assert_eq!((field(&mut client, "k", "fresh_ms"), field(&mut client, "k", "exists")), (0, 1));
    assert!(field(&mut client, "k", "grace_ms") > 900_000);
    let refresh = fetch(&mut client, "k");
    assert_eq!([&refresh[0], &refresh[1], &refresh[4]], ["refresh", "v", "stale"]);
    assert_eq!(fetch(&mut client, "k"), ["stale", "v"]);
    assert_eq!(fetch(&mut client, "k NOSTALE"), ["busy"]);
    client.ask("TIER.SET t PATTERN k* TTL 1000 GRACE 1000").good();
    client.call(&["CACHE.FILL", "k", &refresh[2], "w"]).good();
    assert_eq!(fetch(&mut client, "k NOSTALE"), ["hit", "w"]);
    assert_eq!(counted(&mut client, "t", "stale_hits"), 3);
}

#[test]
fn given_a_stale_value_when_fetched_with_nostale_then_a_lease_without_the_value() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    let lease = fetch(&mut client, "k NOSTALE");
    assert_eq!(lease[0], "lease");
    assert_eq!(fetch(&mut client, "k"), ["stale", "v"]);
}

#[test]
fn given_retry_when_a_refresh_fails_then_the_stale_value_is_served_without_a_lease() {
    let (_server, mut client) =
        served(&["t PATTERN k* TTL 1000 GRACE 1000", "u PATTERN u* TTL 1000 GRACE 1000 RETRY 1"]);
    for key in ["k", "u"] {
        client.ask(&format!("CACHE.SET {key} v")).good();
        client.ask(&format!("CACHE.INVALIDATE KEY {key} SOFT")).good();
        let refresh = fetch(&mut client, key);
        client.call(&["CACHE.FAIL", key, &refresh[2], "why"]).good();
    }
    // The default is 30 seconds; on a machine slower than that the lease may be granted again.
    assert_eq!(fetch(&mut client, "k"), ["stale", "v"]);
    wait_until("the refresh may be retried", || fetch(&mut client, "u")[0] == "refresh");
}

#[test]
fn given_refresh_when_an_entry_ages_then_one_reader_gets_a_lease_and_the_others_get_the_value() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 REFRESH 100 LEASE 60000"]);
    client.ask("CACHE.SET k v").good();
    let refresh = fetch(&mut client, "k");
    assert_eq!([&refresh[0], &refresh[1], &refresh[4]], ["refresh", "v", "fresh"]);
    for line in ["k", "k NOSTALE"] {
        assert_eq!(fetch(&mut client, line), ["hit", "v"]);
    }
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
    client.call(&["CACHE.FILL", "k", &refresh[2], "w"]).good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("w"));
    assert_eq!(counted(&mut client, "t", "refreshes"), 1);
    // The window is a part of the entry's own time to live.
    client.ask("TIER.SET t PATTERN k* TTL 1000 REFRESH 1").good();
    client.ask("CACHE.SET k v").good();
    assert_eq!(fetch(&mut client, "k"), ["hit", "v"]);
}

#[test]
fn given_negative_when_a_computation_fails_then_it_is_remembered_until_it_is_invalidated() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 NEGATIVE 1000"]);
    for forget in ["CACHE.INVALIDATE KEY k", "CACHE.INVALIDATE ALL", "CACHE.INVALIDATE PATTERN k*", "FLUSHALL"] {
        let lease = fetch(&mut client, "k");
        client.call(&["CACHE.FAIL", "k", &lease[1], "none"]).good();
        assert_eq!(fetch(&mut client, "k"), ["negative", "none"], "{forget}");
        assert!(!client.exists("k"));
        client.ask(forget).good();
    }
    let lease = fetch(&mut client, "k");
    client.call(&["CACHE.FAIL", "k", &lease[1]]).good();
    assert_eq!(fetch(&mut client, "k"), ["negative", ""]);
    client.ask("CACHE.SET k v").good();
    assert_eq!(fetch(&mut client, "k"), ["hit", "v"]);
    client.ask("DEL k").good();
    assert_eq!(fetch(&mut client, "k")[0], "lease");
    assert_eq!((counted(&mut client, "t", "negative_hits"), counted(&mut client, "t", "errors")), (5, 5));
}

#[test]
fn given_capacity_then_exactly_the_least_recently_used_are_evicted() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 CAPACITY 3"]);
    client.ask("CACHE.MSET 3 k1 v k2 v k3 v").good();
    client.ask("CACHE.GET k1").good();
    fetch(&mut client, "k2");
    client.ask("GET k3").good();
    client.ask("CACHE.SET k4 v").good();
    // A plain GET does not count as use; the entry is evicted before the reply.
    assert_eq!(client.ask("EXISTS k1 k2 k4").integer(), 3);
    assert!(!client.exists("k3"));
    // A plain SET counts as use, and as an entry, a moment later.
    client.ask("SET k1 w").good();
    client.ask("SET k5 v").good();
    client.await_removed("k2");
    assert_eq!(client.ask("EXISTS k1 k4 k5").integer(), 3);
    assert_eq!(counted(&mut client, "t", "evictions"), 2);
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "t", "max_cache_size")), (3, 3));
    // The capacity applies to all databases together, and when it is lowered.
    client.ask("SELECT 1").good();
    client.ask("CACHE.SET k6 v").good();
    client.ask("SELECT 0").good();
    assert!(!client.exists("k4"));
    client.ask("TIER.SET t PATTERN k* TTL 1000 CAPACITY 1").good();
    wait_until("one is left", || counted(&mut client, "t", "entries") == 1);
    assert_eq!(client.ask("DBSIZE").integer(), 0);
}

#[test]
fn given_maxmemory_then_the_least_recently_used_are_evicted_until_the_rest_fits() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 MAXMEMORY 10kb"]);
    let value = "x".repeat(4000);
    for key in ["k1", "k2", "k3"] {
        client.call(&["CACHE.SET", key, &value]).good();
    }
    assert_eq!((client.ask("EXISTS k2 k3").integer(), client.exists("k1")), (2, false));
    client.call(&["SET", "k4", &value]).good();
    client.await_removed("k2");
    assert_eq!(client.ask("EXISTS k3 k4").integer(), 2);
    client.call(&["CACHE.SET", "k5", &"x".repeat(20_000)]).good();
    wait_until("the entry that never fits is evicted", || client.ask("DBSIZE").integer() == 0);
}

#[test]
fn given_minhit_then_health_is_degraded_after_a_thousand_reads() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 MINHIT 50"]);
    let state = |client: &mut Client| client.ask("CACHE.HEALTH").texts()[0].clone();
    client.pipeline(&["CACHE.GET k"; 999]);
    assert_eq!(state(&mut client), "ok");
    client.ask("CACHE.GET k").good();
    assert_eq!(state(&mut client), "degraded");
    let lines = client.ask("CACHE.HEALTH").texts();
    assert!(lines.iter().any(|line| line.starts_with("degraded tier t: 0.0 %")), "{lines:?}");
    client.ask("CACHE.SET k v").good();
    client.pipeline(&["CACHE.GET k"; 1000]);
    assert_eq!(state(&mut client), "ok");
}

#[test]
fn given_many_leases_then_health_is_degraded_before_clients_are_refused() {
    let (server, mut client) = served(&["t PATTERN k* TTL 1000"]);
    let mut holders: Vec<Client> = (0..8).map(|_| server.client()).collect();
    for (nth, holder) in holders.iter_mut().enumerate() {
        // The last lease is granted later.
        let count = if nth == 7 { 9_999 } else { 10_000 };
        let names = (0..count).map(|i| format!("k{nth}:{i}"));
        let lines: Vec<Vec<String>> =
            names.map(|key| ["CACHE.FETCH", &key, "LEASE", "3600000"].map(str::to_owned).to_vec()).collect();
        assert!(holder.batch(&lines).iter().all(|reply| reply.array()[0] == Reply::bulk("lease")));
    }
    let line = |client: &mut Client| {
        let lines = client.ask("CACHE.HEALTH").texts();
        lines.into_iter().find(|line| line.contains("leases:")).expect("a line of leases")
    };
    assert!(line(&mut client).starts_with("ok leases: 79999 of 100000 held"));
    client.ask("CACHE.FETCH k").good();
    assert!(line(&mut client).starts_with("degraded leases: 80000 of 100000 held"));
}

#[test]
fn given_compress_then_long_values_are_smaller_and_read_by_this_module_only() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 COMPRESS 1000"]);
    let value = "compress me ".repeat(1000);
    client.call(&["CACHE.SET", "k", &value]).good();
    client.call(&["CACHE.SET", "kshort", "short"]).good();
    client.call(&["SET", "plain", &value]).good();
    assert_eq!(client.ask("TYPE k").text(), "assessent");
    assert_eq!(client.ask("TYPE kshort").text(), "string");
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk(&value));
    assert_eq!(client.ask("CACHE.MGET k kshort").texts(), [value.as_str(), "short"]);
    assert_eq!(fetch(&mut client, "k"), ["hit", value.as_str()]);
    assert_eq!(client.ask("GET k").code(), "WRONGTYPE");
    let usage = |client: &mut Client, key: &str| client.call(&["MEMORY", "USAGE", key]).integer();
    assert!(usage(&mut client, "k") * 5 < usage(&mut client, "plain"));
    assert!(client.ask("CACHE.STATS t").map()["compression_ratio"].double() > 5.0);
    assert!((990..=1000).contains(&client.ask("TTL k").integer()));
    // Random bytes do not become smaller, and stay a string.
    let mut random = crate::harness::random::Random::new(7);
    let noise: Vec<u8> = (0..2000).map(|_| random.below(256) as u8).collect();
    client.call(&[b"CACHE.SET", &b"knoise"[..], &noise]).good();
    assert_eq!(client.ask("TYPE knoise").text(), "string");
    assert_eq!(client.ask("CACHE.GET knoise"), Reply::Bulk(noise));
}

#[test]
fn given_lease_and_wait_then_they_are_the_defaults_of_fetch() {
    let (server, mut client) = served(&["t PATTERN k* TTL 1000 LEASE 777 WAIT 0", "u PATTERN u* TTL 9 WAIT 3"]);
    assert_eq!(client.ask("CACHE.FETCH k").array()[2].integer(), 777);
    assert_eq!(client.ask("CACHE.FETCH k").texts(), ["busy"]);
    client.ask("CACHE.FETCH u LEASE 3600000").good();
    assert_eq!(server.client().ask("CACHE.FETCH u").texts(), ["timeout"]);
}

#[test]
fn given_index_no_then_entries_are_read_and_invalidated_but_not_counted() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 INDEX no"]);
    client.ask("CACHE.MSET 2 k1 v k2 v").good();
    client.ask("SET k3 v").good();
    assert_eq!(client.ask("CACHE.GET k1"), Reply::bulk("v"));
    assert_eq!(fetch(&mut client, "k2"), ["hit", "v"]);
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "t", "hits")), (0, 2));
    assert_eq!(client.ask("CACHE.INVALIDATE TIER t").integer(), 3);
    assert_eq!(client.ask("DBSIZE").integer(), 0);
}

#[test]
fn given_enforce_then_plain_keys_without_expiry_get_the_time_to_live_of_the_tier() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 ENFORCE yes"]);
    client.ask("SET k1 v").good();
    client.ask("RPUSH k2 a").good();
    client.ask("SET k3 v EX 5000").good();
    client.ask("SET other v").good();
    for key in ["k1", "k2"] {
        wait_until("the key has a time to live", || (900..=1000).contains(&client.call(&["TTL", key]).integer()));
    }
    assert!(client.ask("TTL k3").integer() > 4000);
    assert_eq!(client.ask("TTL other").integer(), -1);
    client.ask("CACHE.SET k4 v PERSIST").good();
    client.ask("SET k5 v").good();
    wait_until("the key has a time to live", || client.ask("TTL k5").integer() > 0);
    assert_eq!(client.ask("TTL k4").integer(), -1, "PERSIST takes precedence");
    // Keys that existed before the declaration.
    client.ask("TIER.SET u PATTERN o* TTL 1000 ENFORCE yes").good();
    wait_until("the key has a time to live", || client.ask("TTL other").integer() > 0);
}

#[test]
fn given_a_time_to_live_by_the_caller_then_it_wins_and_the_grace_is_added() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 10 GRACE 1000"]);
    client.ask("CACHE.SET k v TTL 5000").good();
    assert!((5_990..=6_000).contains(&client.ask("TTL k").integer()));
    assert!((4_990_000..=5_000_000).contains(&field(&mut client, "k", "fresh_ms")));
    assert_eq!(field(&mut client, "k", "grace_ms"), 1_000_000);
    client.ask("CACHE.SET k w KEEPTTL").good();
    assert!((5_980..=6_000).contains(&client.ask("TTL k").integer()));
    assert!(field(&mut client, "k", "fresh_ms") > 4_980_000);
    client.ask("CACHE.SET k v PERSIST").good();
    assert_eq!((client.ask("TTL k").integer(), field(&mut client, "k", "fresh_ms")), (-1, -1));
}

#[test]
fn given_a_stale_entry_when_its_tier_changes_then_it_stays_stale() {
    let (_server, mut client) = served(&["t PATTERN k* PTTL 5 GRACE 1000"]);
    client.ask("CACHE.SET k v").good();
    wait_until("the entry is stale", || field(&mut client, "k", "stale") == 1);
    for line in ["TIER.SET t PATTERN k* TTL 9000", "TIER.SET u PATTERN k TTL 9000 GRACE 9"] {
        client.ask(line).good();
        await_indexed(&mut client);
        assert_eq!(client.ask("CACHE.GET k"), Reply::Nil, "{line}");
    }
}

#[test]
fn given_a_stale_entry_when_its_tier_is_deleted_then_it_stays_stale() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    client.ask("TIER.DEL t").good();
    await_indexed(&mut client);
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
}

#[test]
fn given_a_stale_entry_when_a_plain_command_writes_expires_or_persists_it_then_it_is_fresh_until_it_expires() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    for line in ["SET k v", "SET k v EX 50", "EXPIRE k 50", "PERSIST k", "GETEX k EX 50", "SET k v KEEPTTL"] {
        client.ask("CACHE.SET k v").good();
        client.ask("CACHE.INVALIDATE KEY k SOFT").good();
        assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
        client.ask(line).good();
        assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"), "{line}");
        assert_eq!(field(&mut client, "k", "grace_ms"), 0, "{line}");
    }
}

#[test]
fn given_soft_then_entries_are_stale_for_the_grace_and_removed_without_grace() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 9000 GRACE 100", "hard PATTERN h* TTL 9000"]);
    for clause in ["KEY k KEY h", "PATTERN *", "ALL", "TIER t TIER hard", "TAG x"] {
        client.ask("CACHE.MSET 2 k v h v TAGS 1 x").good();
        assert_eq!(client.ask(&format!("CACHE.INVALIDATE {clause} SOFT")).integer(), 2, "{clause}");
        assert!(!client.exists("h"), "{clause}");
        assert_eq!(client.ask("CACHE.GET k"), Reply::Nil, "{clause}");
        assert_eq!(client.ask("CACHE.GET k STALE"), Reply::bulk("v"), "{clause}");
        let left = client.ask("TTL k").integer();
        assert!((90..=100).contains(&left), "{clause}: {left}");
    }
}

#[test]
fn given_a_tier_when_set_again_then_the_whole_policy_is_replaced_and_keys_move() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 10 GRACE 5 CAPACITY 100", "u PATTERN ka* TTL 10"]);
    client.ask("CACHE.MSET 3 k1 v ka v kb v").good();
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "u", "entries")), (2, 1));
    client.ask("TIER.SET t PATTERN kb* TTL 20").good();
    await_indexed(&mut client);
    let info = client.ask("TIER.INFO t").map();
    assert_eq!((info["grace_ms"].integer(), info["capacity"].integer(), info["ttl_ms"].integer()), (0, 0, 20_000));
    assert_eq!(info["patterns"].texts(), ["kb*"]);
    assert_eq!((counted(&mut client, "t", "entries"), counted(&mut client, "u", "entries")), (1, 1));
    assert_eq!(tier_of(&mut client, "k1"), "none");
    assert_eq!(client.ask("CACHE.GET k1"), Reply::bulk("v"), "it keeps its time to live");
    assert_eq!((client.ask("TIER.DEL u").integer(), client.ask("TIER.DEL u").integer()), (1, 0));
    await_indexed(&mut client);
    assert_eq!(tier_of(&mut client, "ka"), "none");
    client.ask("SET zz v").good();
    client.ask("TIER.SET z PATTERN zz* TTL 20").good();
    await_indexed(&mut client);
    assert_eq!(counted(&mut client, "z", "entries"), 1);
}

#[test]
fn given_a_bad_policy_then_an_error_that_names_it_and_nothing_changed() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 10"]);
    for (options, named) in [
        ("PATTERN k* TTL 0", "TTL"),
        ("PATTERN k* TTL 5 PTTL 6", "TTL"),
        ("PATTERN k* TTL 5 TTL 6", "TTL"),
        ("PATTERN k* JITTER 5", "TTL"),
        ("TTL 5 JITTER 5 GRACE 5", "PATTERN"),
        ("PATTERN k* TTL 5 JITTER 101", "JITTER"),
        ("PATTERN k* TTL 5 REFRESH 101", "REFRESH"),
        ("PATTERN k* TTL 5 CAPACITY 0", "CAPACITY"),
        ("PATTERN k* TTL 5 MINHIT 0", "MINHIT"),
        ("PATTERN k* TTL 5 MAXMEMORY 5tb", "MAXMEMORY"),
        ("PATTERN k* TTL 5 LEASE 0", "LEASE"),
        ("PATTERN k* TTL 5 INDEX maybe", "INDEX"),
        ("PATTERN k* TTL 5 INDEX no CAPACITY 5", "CAPACITY"),
        ("PATTERN k* TTL 5 QUEUE q", "QUEUE"),
        ("PATTERN k* TTL 5 COLOUR red", "COLOUR"),
        ("PATTERN k* TTL 5 GRACE", "GRACE"),
    ] {
        let reply = client.ask(&format!("TIER.SET t {options}"));
        assert!(reply.error().contains(named), "{options}: {reply:?}");
        assert_eq!(client.ask("TIER.INFO t").map()["ttl_ms"].integer(), 10_000);
    }
    assert_eq!(client.call(&["TIER.SET", "no blanks", "PATTERN", "k*", "TTL", "5"]).code(), "ERR");
    assert_eq!(client.ask("TIER.INFO other").code(), "ERR");
}

#[test]
fn given_the_built_in_tier_when_redefined_then_assessments_follow_it_until_it_is_deleted() {
    let server = Server::with(&["assess.default-ttl 3000"]);
    let mut client = server.client();
    let info = client.ask("TIER.INFO assessment").map();
    assert_eq!((info["ttl_ms"].integer(), info["patterns"].texts()), (3_000_000, vec!["assessment:*".to_owned()]));
    client.ask("TIER.SET assessment PATTERN assessment:* TTL 50 GRACE 7").good();
    server.load_mini(&mut client, "icio");
    let key = client.cached("icio USA C10");
    assert!((50..=57).contains(&client.call(&["TTL", &key]).integer()));
    assert_eq!(client.ask("TIER.DEL assessment").integer(), 1);
    assert_eq!(client.ask("TIER.INFO assessment").map()["ttl_ms"].integer(), 3_000_000);
}

#[test]
fn given_tiers_as_load_arguments_then_they_exist_from_the_start_and_after_a_restart() {
    let mut server =
        Server::with(&["TIER hs PATTERN hs:* TTL 3600", "TIER rules PATTERN rule:* PATTERN rules:* TTL 1800"]);
    let mut client = server.client();
    assert_eq!(client.ask("TIER.LIST").texts(), ["assessment", "hs", "rules"]);
    assert_eq!(tier_of(&mut client, "rules:1"), "rules");
    client.ask("TIER.SET more PATTERN m* TTL 7 GRACE 8").good();
    client.ask("TIER.SET hs PATTERN hs:* TTL 5").good();
    client.ask("CACHE.SET rule:1 v TTL 5000").good();
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(client.ask("TIER.LIST").texts(), ["assessment", "hs", "more", "rules"]);
    // The configuration is applied again after loading.
    assert_eq!(client.ask("TIER.INFO hs").map()["ttl_ms"].integer(), 3_600_000);
    assert_eq!(client.ask("TIER.INFO more").map()["grace_ms"].integer(), 8_000);
    await_indexed(&mut client);
    assert_eq!(client.ask("CACHE.GET rule:1"), Reply::bulk("v"));
    assert_eq!(counted(&mut client, "rules", "entries"), 1);
}

#[test]
fn given_a_restart_then_freshness_is_the_rest_of_the_time_to_live_without_the_grace() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 5000 GRACE 1000").good();
    client.ask("CACHE.MSET 2 k v kold v").good();
    client.ask("CACHE.SET ktagged v TAGS 1 red").good();
    client.ask("CACHE.INVALIDATE KEY kold SOFT").good();
    server.restart_saving();
    let mut client = server.client();
    for key in ["k", "ktagged"] {
        assert_eq!(client.call(&["CACHE.GET", key]), Reply::bulk("v"), "{key}");
        assert!((4_900_000..=5_000_000).contains(&field(&mut client, key, "fresh_ms")), "{key}");
        assert_eq!(field(&mut client, key, "grace_ms"), 1_000_000, "{key}");
    }
    assert_eq!(client.ask("CACHE.GET kold"), Reply::Nil);
    assert_eq!(client.ask("CACHE.GET kold STALE"), Reply::bulk("v"));
    assert_eq!(client.ask("CACHE.INVALIDATE TAG red").integer(), 1);
}

#[test]
fn given_a_stale_entry_from_a_file_when_the_grace_is_removed_then_it_stays_stale() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN k* TTL 5000 GRACE 1000").good();
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.INVALIDATE KEY k SOFT").good();
    server.restart_saving();
    let mut client = server.client();
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
    client.ask("TIER.SET t PATTERN k* TTL 5000").good();
    assert_eq!(client.ask("CACHE.GET k"), Reply::Nil);
}

#[test]
fn given_renames_moves_and_copies_of_a_stale_entry_then_they_are_stale_too() {
    let (_server, mut client) = served(&["t PATTERN k* TTL 1000 GRACE 1000"]);
    for (line, db, key) in [("RENAME k k2", 0, "k2"), ("COPY k k2", 0, "k2"), ("MOVE k 1", 1, "k")] {
        client.ask("CACHE.SET k v").good();
        client.ask("CACHE.INVALIDATE KEY k SOFT").good();
        client.ask(line).good();
        client.ask(&format!("SELECT {db}")).good();
        assert_eq!(client.call(&["CACHE.GET", key]), Reply::Nil, "{line}");
        assert_eq!(client.call(&["CACHE.GET", key, "STALE"]), Reply::bulk("v"), "{line}");
        client.ask("SELECT 0").good();
        client.ask("FLUSHALL").good();
    }
}

#[test]
fn given_a_replica_then_it_knows_which_entries_are_stale() {
    let (master, mut client) =
        served(&["t PATTERN k* PTTL 5 GRACE 1000", "u PATTERN u* TTL 1000 GRACE 1000 COMPRESS 10"]);
    let replica = Server::start();
    replica.follow(&master);
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.MSET 2 u v upacked vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv").good();
    client.ask("CACHE.SET ufresh v").good();
    client.ask("CACHE.INVALIDATE KEY u KEY upacked SOFT").good();
    wait_until("the entry is stale", || field(&mut client, "k", "stale") == 1);
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    for key in ["k", "u", "upacked"] {
        assert_eq!(there.call(&["CACHE.GET", key]), Reply::Nil, "{key}");
        assert_eq!(fetch(&mut there, key)[0], "stale", "{key}");
    }
    assert_eq!(there.ask("CACHE.GET ufresh"), Reply::bulk("v"));
}
