//! The clauses of `CACHE.INVALIDATE`.

use super::served;
use crate::harness::wait_until;

#[test]
fn given_clauses_then_the_reply_is_the_number_of_distinct_entries_removed() {
    let (_server, mut client) = served();
    client.ask("TIER.SET u PATTERN u* TTL 1000").good();
    for (clause, count) in [
        ("KEY k1", 1),
        ("KEY k1 KEY k1 KEY knone", 1),
        ("KEY other", 1),
        ("KEY k1 PATTERN k1* TIER t", 4),
        ("PATTERN k?", 3),
        ("PATTERN *", 5),
        ("PATTERN * ALLKEYS", 6),
        ("PATTERN ot*", 0),
        ("PATTERN ot* ALLKEYS", 1),
        ("TAG red", 2),
        ("TAG red TAG blue", 3),
        ("TAG red TAG blue MATCH all", 1),
        ("TAG red TAG blue MATCH any", 3),
        ("TIER u TAG red", 3),
        ("ALL", 5),
        ("ALL ALLKEYS", 6),
        ("ALL ASYNC", 0),
    ] {
        client.ask("FLUSHALL").good();
        client.ask("CACHE.SET k1 v TAGS 1 red").good();
        client.ask("CACHE.SET k2 v TAGS 2 red blue").good();
        client.ask("CACHE.SET k3 v TAGS 1 blue").good();
        client.ask("CACHE.MSET 2 k10 v u v").good();
        client.ask("SET other v").good();
        assert_eq!(client.ask(&format!("CACHE.INVALIDATE {clause}")).integer(), count, "{clause}");
        if count > 0 {
            wait_until("the entries are removed", || client.ask("DBSIZE").integer() == 6 - count);
        }
    }
}

#[test]
fn given_a_pattern_that_backtracks_heavily_then_it_is_answered() {
    let (_server, mut client) = served();
    let long = format!("k{}", "a".repeat(4000));
    client.call(&["CACHE.SET", &long, "v"]).good();
    let pattern = format!("{}b", "*a".repeat(400));
    assert_eq!(client.call(&["CACHE.INVALIDATE", "PATTERN", &pattern]).integer(), 0);
    let page = client.call(&["CACHE.EXPORT", "PATTERN", &pattern]).good();
    assert_eq!(page.array()[1].array().len(), 0);
    client.call(&["TIER.SET", "slow", "PATTERN", &pattern, "TTL", "5"]).good();
    client.call(&["SET", &long, "v"]).good();
}
