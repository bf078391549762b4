//! `CAPACITY` and `MAXMEMORY`: the least recently used entries are evicted.

use super::{counted, fetch, served};
use crate::harness::wait_until;

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
