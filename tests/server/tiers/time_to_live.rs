//! `TTL`, `PTTL`, `JITTER` and `ENFORCE`: the time to live of an entry.

use std::collections::BTreeSet;

use super::{counted, field, served};
use crate::harness::{Reply, wait_until};

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
