//! A ban takes effect immediately, before its sweep, and only for the entries of that moment.

use super::{assert_left, held, with_test_hooks};
use crate::harness::bans::MANY;
use crate::harness::{Reply, Server};

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
