//! Users with permission for some keys, and the keys that the server knows of each command.

use super::served;
use crate::harness::{Client, Reply, Server};

/// A client of a user with these rules.
fn user(server: &Server, admin: &mut Client, rules: &str) -> Client {
    admin.ask(&format!("ACL SETUSER limited reset on nopass {rules}")).good();
    let mut client = server.client();
    client.ask("AUTH limited any").good();
    client
}

#[test]
fn given_mset_by_a_user_with_some_keys_then_every_key_is_checked() {
    let (server, mut admin) = served();
    let mut narrow = user(&server, &mut admin, "~k1 ~k2 +@all");
    narrow.ask("CACHE.MSET 2 k1 v k2 v").good();
    for line in ["CACHE.MSET 1 k3 v", "CACHE.MSET 2 k1 w k3 w", "CACHE.MSET 3 k1 w k2 w k3 w"] {
        assert_eq!(narrow.ask(line).code(), "NOPERM", "{line}");
        let script = format!("return redis.call('{}')", line.replace(' ', "','"));
        // Before 7.2, a refusal by the server itself has another code inside a script.
        assert!(["NOPERM", "ERR"].contains(&narrow.call(&["EVAL", &script, "0"]).code()), "{script}");
    }
    assert_eq!(admin.ask("CACHE.MGET k1 k2 k3").array(), [Reply::bulk("v"), Reply::bulk("v"), Reply::Nil]);
    let mut reader = user(&server, &mut admin, "%R~k* +@all");
    assert_eq!(reader.ask("CACHE.MSET 2 k1 w k2 w").code(), "NOPERM");
    assert_eq!(reader.ask("CACHE.GET k1"), Reply::bulk("v"));
}

#[test]
fn given_a_user_with_some_keys_then_other_keys_are_refused() {
    let (server, mut admin) = served();
    admin.ask("CACHE.MSET 2 k1 v k2 v TAGS 1 red").good();
    let mut narrow = user(&server, &mut admin, "~k1 +@all");
    for line in [
        "CACHE.GET k2",
        "CACHE.MGET k1 k2",
        "CACHE.SET k2 v",
        "CACHE.FETCH k2",
        "CACHE.FILL k2 0000000000000001 v",
        "CACHE.RENEW k2 0000000000000001 5",
        "CACHE.FAIL k2 0000000000000001",
        "CACHE.TTL k2",
        "CACHE.INVALIDATE KEY k2",
        "CACHE.INVALIDATE KEY k1 KEY k2",
        "CACHE.INVALIDATE MODEL k2",
        "CACHE.INVALIDATE PATTERN k1",
        "CACHE.INVALIDATE KEY k1 TAG red",
        "CACHE.INVALIDATE TIER t",
        "CACHE.INVALIDATE ALL",
        "CACHE.EXPORT PATTERN *",
        "CACHE.HOT t",
    ] {
        assert_eq!(narrow.ask(line).code(), "NOPERM", "{line}");
    }
    for line in ["CACHE.EXPORT','PATTERN','*", "CACHE.HOT','t"] {
        let script = format!("return redis.call('{line}')");
        assert_eq!(narrow.call(&["EVAL", &script, "0"]).code(), "NOPERM", "{script}");
    }
    // The server itself checks the keys that it knows of, and has its own error text inside scripts.
    let refused = narrow.call(&["EVAL", "return redis.call('CACHE.INVALIDATE','KEY','k2')", "0"]);
    let texts = ["can't access at least one of the keys", "No permissions to access a key"];
    assert!(texts.iter().any(|text| refused.error().contains(text)), "{refused:?}");
    assert_eq!(admin.ask("CACHE.MGET k1 k2").texts(), ["v", "v"]);
    assert_eq!(narrow.ask("CACHE.INVALIDATE KEY k1").integer(), 1);
    let script = ["EVAL", "return redis.call('CACHE.INVALIDATE','KEY','k1')", "0"];
    assert_eq!(narrow.call(&script).integer(), 0);
    assert_eq!(user(&server, &mut admin, "%R~k2 +@all").ask("CACHE.INVALIDATE KEY k2").code(), "NOPERM");
    assert_eq!(user(&server, &mut admin, "~* +@all").ask("CACHE.INVALIDATE ALL").integer(), 1);
}

#[test]
fn given_commands_then_the_server_knows_their_keys() {
    let (_server, mut client) = served();
    for (line, keys) in [
        ("CACHE.GET a STALE", vec!["a"]),
        ("CACHE.MGET a b", vec!["a", "b"]),
        ("CACHE.SET a v TTL 5", vec!["a"]),
        ("CACHE.FETCH a", vec!["a"]),
        ("CACHE.FILL a 0000000000000001 v", vec!["a"]),
        ("CACHE.RENEW a 0000000000000001 5", vec!["a"]),
        ("CACHE.FAIL a 0000000000000001", vec!["a"]),
        ("CACHE.TTL a", vec!["a"]),
        ("CACHE.INVALIDATE KEY a", vec!["a"]),
    ] {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {line}")).texts(), keys, "{line}");
    }
    // Other clauses concern every node of a cluster.
    assert!(client.ask("COMMAND GETKEYS CACHE.INVALIDATE KEY a TAG t").is_error());
}
