//! `DUMP`, `RESTORE`, `COPY`, `RENAME` and `MOVE` of entries, and damaged payloads.

use super::fill;
use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server};

#[test]
fn an_entry_is_transferred_with_its_tags() {
    let (server, other) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    let (mut client, mut there) = (server.client(), other.client());
    fill(&mut client);
    for key in ["packed:2", "more:1"] {
        let dump = client.call(&["DUMP", key]);
        let copy = format!("{key}:copy");
        assert_eq!(client.call(&[b"RESTORE", copy.as_bytes(), b"0", dump.bytes()]), Reply::ok());
        assert_eq!(client.call(&["CACHE.GET", &copy]), client.call(&["CACHE.GET", key]));
        assert_eq!(client.call(&["COPY", key, "free:copy", "REPLACE"]), Reply::Integer(1));
        assert_eq!(client.call(&["CACHE.GET", "free:copy"]), client.call(&["CACHE.GET", key]));
        assert_eq!(there.call(&[b"RESTORE", key.as_bytes(), b"60000", dump.bytes()]), Reply::ok());
        assert_eq!(there.call(&["CACHE.GET", key]), client.call(&["CACHE.GET", key]));
        let tags = |client: &mut Client, key: &str| client.call(&["CACHE.TTL", key]).map()["tags"].clone();
        assert_eq!(tags(&mut there, key), tags(&mut client, key));
    }
    client.ask("RENAME packed:2 free:renamed").good();
    client.ask("MOVE more:1 5").good();
    client.audit();
    there.audit();
    // more:1:copy, packed:2:copy, free:copy, free:renamed, grace:2, free:1
    assert_eq!(client.invalidate("TAG t"), 6);
    assert_eq!(there.invalidate("TAG t"), 2);
    client.ask("SELECT 5").good();
    assert_eq!(client.invalidate("TAG s"), 1);
}

#[test]
fn a_copy_is_fresh_until_its_expiry_and_belongs_to_the_tier_of_its_new_name() {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    fill(&mut client);
    client.ask("COPY plain:1 grace:copy").good();
    assert_eq!(client.ask("CACHE.TTL grace:copy").map()["tier"], Reply::bulk("grace"));
    client.serves("grace:copy", Some("v"));
    client.audit();
}

#[test]
fn damaged_payloads_are_refused_or_make_an_entry_that_works() {
    let mut server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    fill(&mut client);
    let dumps = ["packed:2", "more:1"].map(|key| client.call(&["DUMP", key]).bytes().to_vec());
    client.ask("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1").good();
    let seed = seed();
    let mut random = Random::new(seed);
    let mut refused = 0;
    for round in 0..2000 {
        let mut payload = dumps[round % 2].clone();
        // The first ten bytes state the type; the last ten hold version and checksum.
        let body = 10..payload.len() - 10;
        match round % 5 {
            0 => payload.truncate(body.start + random.below(body.len())),
            1 => payload[body.start + random.below(body.len())] = random.below(256) as u8,
            2 => payload[body.start + random.below(body.len())] ^= 1 << random.below(8),
            3 => (0..4).for_each(|_| payload[body.start + random.below(body.len())] = 0xff),
            _ => {
                let (from, to) = (body.start + random.below(body.len()), body.start + random.below(body.len()));
                payload.drain(from.min(to)..from.max(to));
            }
        }
        if client.call(&[b"RESTORE", &b"plain:damaged"[..], b"0", &payload, b"REPLACE"]).is_error() {
            refused += 1;
            continue;
        }
        // The value may be anything now; it can still be read, measured, saved and copied.
        for command in ["CACHE.GET plain:damaged", "CACHE.TTL plain:damaged", "DUMP plain:damaged"] {
            client.ask(command);
        }
        client.ask("MEMORY USAGE plain:damaged").good();
        client.ask("COPY plain:damaged plain:again REPLACE").good();
        client.ask("DEBUG DIGEST-VALUE plain:damaged").good();
    }
    assert!(server.is_running(), "seed {seed}");
    assert!(refused > 100, "seed {seed}: only {refused} refused");
    assert!(client.info_number("memory", "used_memory_peak") < 1 << 30, "seed {seed}: a damaged length was allocated");
    assert_eq!(client.info_number("assess", "panics"), 0, "seed {seed}");
    client.audit();
}
