//! The cache of assessments as a user sees it: hits and misses, entries that are plain strings, their times to live.

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server, wait_until};

fn counts(client: &mut Client) -> (i64, i64) {
    (client.model_number("icio", "hits"), client.model_number("icio", "misses"))
}

#[test]
fn the_first_query_is_a_miss_and_the_next_is_a_hit() {
    let (server, mut client) = Server::with_mini(&[]);
    let before = (client.info_number("assess", "hits"), client.info_number("assess", "misses"));
    let computed = client.ask("ASSESS.GET icio USA C10").good();
    assert_eq!(counts(&mut client), (0, 1));
    let mut other = server.client();
    for _ in 0..3 {
        assert_eq!(other.ask("ASSESS.GET icio USA C10").good(), computed);
    }
    assert_eq!(counts(&mut client), (3, 1));
    let after = (client.info_number("assess", "hits"), client.info_number("assess", "misses"));
    assert_eq!((after.0 - before.0, after.1 - before.1), (3, 1));
    // Another query has another answer.
    client.assess("icio USA C10 TOP 1");
    client.assess("icio USA C10 INDICATOR output");
    assert_eq!(counts(&mut client), (3, 3));
}

#[test]
fn an_entry_is_a_plain_string_that_holds_exactly_the_document() {
    let (_server, mut client) = Server::with_mini(&[]);
    let document = client.ask("ASSESS.GET icio USA C10").good();
    let key = client.key_of("icio USA C10");
    client.await_key(&key);
    assert_eq!(client.call(&["GET", &key]), document);
    assert_eq!(client.call(&["TYPE", &key]), Reply::Simple("string".to_owned()));
}

#[test]
fn mget_fills_the_cache_and_is_served_from_it() {
    let (_server, mut client) = Server::with_mini(&[]);
    let first = client.ask("ASSESS.MGET icio 3 USA C10 XXX C10 CHN C10").good();
    for subject in ["icio USA C10", "icio CHN C10"] {
        let key = client.key_of(subject);
        client.await_key(&key);
    }
    let (hits, misses) = counts(&mut client);
    assert_eq!(client.ask("ASSESS.MGET icio 3 USA C10 XXX C10 CHN C10").good(), first);
    let (hits_then, misses_then) = counts(&mut client);
    assert_eq!(hits_then - hits, 2);
    assert!(misses_then - misses <= 1, "only the unknown subject may count as a miss");
}

#[test]
fn an_entry_has_the_configured_time_to_live() {
    let (_server, mut client) = Server::with_mini(&["assess.default-ttl 1000"]);
    let key = client.cached("icio USA C10");
    let ttl = client.call(&["TTL", &key]).integer();
    assert!((900..=1000).contains(&ttl), "{ttl}");
}

#[test]
fn an_entry_has_the_time_to_live_that_the_query_states() {
    let (_server, mut client) = Server::with_mini(&[]);
    let now = client.ask("TIME").texts()[0].parse::<i64>().expect("seconds");
    for (subject, option) in [
        ("icio USA C10", "TTL 500".to_owned()),
        ("icio USA C20_21", "PTTL 500000".to_owned()),
        ("icio CHN C10", "EX 500".to_owned()),
        ("icio CHN C20_21", "PX 500000".to_owned()),
        ("icio USA C10 TOP 1", format!("EXAT {}", now + 500)),
        ("icio USA C10 TOP 2", format!("PXAT {}", (now + 500) * 1000)),
    ] {
        client.ask(&format!("ASSESS.GET {subject} {option}")).good();
        let key = client.key_of(subject);
        client.await_key(&key);
        let ttl = client.call(&["TTL", &key]).integer();
        assert!((400..=500).contains(&ttl), "{subject} {option}: {ttl}");
    }
}

#[test]
fn refresh_computes_again_and_keepttl_keeps_the_time_to_live() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.ask("ASSESS.GET icio USA C10 TTL 500").good();
    let key = client.key_of("icio USA C10");
    client.await_key(&key);
    client.ask("ASSESS.GET icio USA C10 REFRESH KEEPTTL").good();
    assert_eq!(counts(&mut client), (0, 2));
    // Entries are stored in the order of their computation: once the other one exists, this one is stored too.
    client.cached("icio CHN C10");
    assert!(client.call(&["TTL", &key]).integer() <= 500);
    client.ask("ASSESS.GET icio USA C10 REFRESH TTL 9000").good();
    wait_until("the entry was replaced", || client.call(&["TTL", &key]).integer() > 500);
}

#[test]
fn nocache_neither_reads_nor_stores_an_entry() {
    let (_server, mut client) = Server::with_mini(&[]);
    let document = client.ask("ASSESS.GET icio USA C10 NOCACHE").good();
    client.cached("icio CHN C10");
    let key = client.key_of("icio USA C10");
    assert!(!client.exists(&key));
    client.cached("icio USA C10");
    let hits = counts(&mut client).0;
    assert_eq!(client.ask("ASSESS.GET icio USA C10 NOCACHE").good(), document);
    assert_eq!(counts(&mut client).0, hits);
}

#[test]
fn a_damaged_entry_is_a_miss() {
    let (_server, mut client) = Server::with_mini(&[]);
    let key = client.cached("icio USA C10");
    let document = client.call(&["GET", &key]);
    let other_version = document.text().replacen("\"version\":", "\"version\":9", 1);
    for damaged in ["", "nonsense", "{\"model\":\"icio\",", &other_version] {
        client.call(&["SET", &key, damaged]).good();
        assert_eq!(client.ask("ASSESS.GET icio USA C10").good(), document, "{damaged}");
        wait_until("the entry is right again", || client.call(&["GET", &key]) == document);
    }
    client.call(&["DEL", &key]).good();
    client.call(&["RPUSH", &key, "a list"]).good();
    assert_eq!(client.ask("ASSESS.GET icio USA C10").good(), document);
}

#[test]
fn databases_are_separate() {
    let (server, mut client) = Server::with_mini(&[]);
    let mut other = server.client();
    other.ask("SELECT 3").good();
    assert_eq!(other.ask("ASSESS.GET icio USA C10").code(), "NOMODEL");
    server.load_mini(&mut other, "icio");
    other.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", r#"{"USA":2,"CHN":2}"#, "BY", "region"]).good();
    other.await_ready("icio");
    assert_close("total in 3", number(&other.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    let key = other.cached("icio USA C10");
    assert!(!client.exists(&key));
    assert_close("total in 0", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
    client.await_key(&key);
    assert_ne!(client.call(&["GET", &key]), other.call(&["GET", &key]));
}
