//! Commands that read and write entries.

use super::served;
use crate::harness::Reply;

#[test]
fn given_entries_then_get_replies_values_or_nil_and_names_wrong_types() {
    let (_server, mut client) = served();
    client.ask("RPUSH klist a").good();
    client.ask("CACHE.SET k v").good();
    client.ask("CACHE.SET ktagged w TAGS 2 a b").good();
    client.call(&[b"CACHE.SET", &b"k\x00\xff"[..], b"\x00\r\n\xff"]).good();
    assert_eq!(client.ask("CACHE.GET knone"), Reply::Nil);
    assert_eq!(client.ask("CACHE.GET klist").code(), "WRONGTYPE");
    assert_eq!(client.call(&[b"CACHE.GET", &b"k\x00\xff"[..]]), Reply::Bulk(b"\x00\r\n\xff".to_vec()));
    let several = client.ask("CACHE.MGET k knone klist ktagged k");
    let expected = [Reply::bulk("v"), Reply::Nil, Reply::Nil, Reply::bulk("w"), Reply::bulk("v")];
    assert_eq!(several.array(), expected);
    // A key in no tier is read too.
    client.ask("SET other v").good();
    assert_eq!(client.ask("CACHE.GET other"), Reply::bulk("v"));
    client.ask("CACHE.SET klist v").good();
    assert_eq!(client.ask("GET klist"), Reply::bulk("v"));
    client.ask("CACHE.SET kempty").code();
    client.call(&["CACHE.SET", "kempty", ""]).good();
    assert_eq!(client.ask("CACHE.GET kempty"), Reply::bulk(""));
}

#[test]
fn given_conditions_then_only_what_they_allow_is_stored() {
    let (_server, mut client) = served();
    assert_eq!(client.ask("CACHE.SET k v XX"), Reply::Nil);
    assert_eq!(client.ask("CACHE.SET k v NX"), Reply::ok());
    assert_eq!(client.ask("CACHE.SET k w NX"), Reply::Nil);
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("v"));
    assert_eq!(client.ask("CACHE.SET k w XX EX 5"), Reply::ok());
    assert_eq!(client.ask("CACHE.GET k"), Reply::bulk("w"));
    client.ask("CACHE.SET k x KEEPTTL").good();
    assert!(client.ask("TTL k").integer() <= 5);
    client.ask("CACHE.SET k x").good();
    assert!(client.ask("TTL k").integer() > 900);
    client.ask("CACHE.SET other x PERSIST").good();
    assert_eq!(client.ask("TTL other").integer(), -1);
    client.ask("CACHE.SET other y KEEPTTL").good();
    assert_eq!((client.ask("TTL other").integer(), client.ask("CACHE.GET other")), (-1, Reply::bulk("y")));
}

#[test]
fn given_several_entries_when_one_cannot_be_stored_then_none_is() {
    let (_server, mut client) = served();
    assert_eq!(client.ask("CACHE.MSET 2 k v other v").code(), "ERR");
    assert_eq!(client.ask("DBSIZE").integer(), 0);
    client.ask("CACHE.MSET 3 k v other w k x TTL 50 TAGS 1 red").good();
    assert_eq!(client.ask("CACHE.MGET k other").texts(), ["x", "w"]);
    assert_eq!(client.ask("CACHE.INVALIDATE TAG red").integer(), 2);
    // An entry that exists has a time to live to keep.
    client.ask("SET other v EX 50").good();
    assert_eq!(client.ask("CACHE.MSET 2 k v other w KEEPTTL"), Reply::ok());
    assert!((1..=50).contains(&client.ask("TTL other").integer()));
}
