//! Soft invalidations: entries become stale where there is grace.

use super::{assert_left, held, tiers, with_test_hooks};
use crate::harness::bans::MANY;
use crate::harness::{Reply, Server};

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
