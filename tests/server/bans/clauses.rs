//! What each clause covers, and the number that it reports.

use super::with_test_hooks;
use crate::harness::Server;

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
fn absent_keys_are_not_counted_as_invalidated() {
    let (_server, mut client) = with_test_hooks();
    client.fill("a:", 3, "v");
    assert_eq!(client.invalidate("KEY none KEY a:none KEY a:1"), 1);
    assert_eq!(client.info_number("assess", "cache_invalidations"), 1);
    assert_eq!(client.invalidate("TIER a"), 2);
    assert_eq!(client.info_number("assess", "cache_invalidations"), 3);
}
