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
fn given_a_user_with_some_keys_then_clauses_are_checked_each() {
    let (server, mut admin) = served();
    admin.ask("CACHE.MSET 2 k1 v k2 v TAGS 1 red").good();
    let mut narrow = user(&server, &mut admin, "~k1 +@all");
    for line in ["CACHE.INVALIDATE KEY k1 TAG red", "CACHE.INVALIDATE KEY k1 MODEL k2", "CACHE.INVALIDATE ALL KEY k1"] {
        assert_eq!(narrow.ask(line).code(), "NOPERM", "{line}");
    }
    assert_eq!(admin.ask("CACHE.MGET k1 k2").texts(), ["v", "v"]);
    assert_eq!(narrow.ask("CACHE.INVALIDATE KEY k1").integer(), 1);
    let script = ["EVAL", "return redis.call('CACHE.INVALIDATE','KEY','k1')", "0"];
    assert_eq!(narrow.call(&script).integer(), 0);
    assert_eq!(user(&server, &mut admin, "~* +@all").ask("CACHE.INVALIDATE ALL").integer(), 1);
}

#[test]
fn given_a_reader_who_knows_the_token_then_the_lease_is_not_its_to_end() {
    let (server, mut admin) = served();
    let granted = admin.ask("CACHE.FETCH k1 LEASE 3600000").array()[1].text();
    let mut reader = user(&server, &mut admin, "%R~k1 +@all");
    assert_eq!(reader.ask("CACHE.FETCH k1"), Reply::Array(vec![Reply::bulk("busy")]), "no lease, and no wait");
    for line in [format!("CACHE.FAIL k1 {granted} broken"), format!("CACHE.RENEW k1 {granted} 3600000")] {
        assert_eq!(reader.ask(&line).code(), "NOPERM", "{line}");
    }
    assert_eq!(admin.call(&["CACHE.FILL", "k1", &granted, "v"]), Reply::ok());
}

#[test]
fn given_commands_then_the_server_knows_their_keys() {
    let (_server, mut client) = served();
    for (line, keys) in
        [("CACHE.GET a STALE", vec!["a"]), ("CACHE.SET a v TTL 5", vec!["a"]), ("CACHE.INVALIDATE KEY a", vec!["a"])]
    {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {line}")).texts(), keys, "{line}");
    }
    // Other clauses concern every node of a cluster.
    assert!(client.ask("COMMAND GETKEYS CACHE.INVALIDATE KEY a TAG t").is_error());
}
