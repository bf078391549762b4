//! Tiers and entries in files, on replicas and in transfers: the same policies, tags, values and freshness.

mod files;
mod replicas;
mod transfers;

use crate::harness::{Client, Reply};

const LONG: &str =
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// Tiers of every kind, and entries of every form: plain, with tags, packed, outside tiers, without expiry.
fn fill(client: &mut Client) {
    client.ask("TIER.SET plain PATTERN plain:* PATTERN more:* TTL 3600 JITTER 10 MINHIT 20").good();
    client.ask("TIER.SET grace PATTERN grace:* TTL 3600 GRACE 600 RETRY 7 REFRESH 10 NEGATIVE 5").good();
    client.ask("TIER.SET packed PATTERN packed:* TTL 3600 COMPRESS 50 CAPACITY 100 MAXMEMORY 1gb").good();
    client.ask("TIER.SET none PATTERN unindexed:* TTL 3600 INDEX no LEASE 7 WAIT 8").good();
    client.ask("CACHE.SET plain:1 v").good();
    client.ask("CACHE.SET more:1 v TAGS 2 s t").good();
    client.ask("CACHE.SET grace:1 v").good();
    client.ask("CACHE.SET grace:2 v TAGS 1 t PERSIST").good();
    client.call(&["CACHE.SET", "packed:1", LONG]).good();
    client.call(&["CACHE.SET", "packed:2", LONG, "TAGS", "1", "t"]).good();
    client.call(&[&b"CACHE.SET"[..], b"packed:\xff\0\n", b"\0\xff", b"TAGS", b"1", b"\xfe\0"]).good();
    client.ask("CACHE.SET unindexed:1 v").good();
    client.ask("CACHE.SET free:1 v TAGS 1 t PX 3600000").good();
    client.ask("SET free:2 v").good();
}

const KEYS: [&str; 9] =
    ["plain:1", "more:1", "grace:1", "grace:2", "packed:1", "packed:2", "unindexed:1", "free:1", "free:2"];

/// The state that a restart or a transfer to another server must not change.
fn state(client: &mut Client) -> Vec<Reply> {
    let mut all = vec![client.ask("TIER.LIST").good(), client.ask("DEBUG DIGEST").good()];
    for tier in ["plain", "grace", "packed", "none"] {
        let info = client.call(&["TIER.INFO", tier]).good().map();
        let fields = ["patterns", "ttl_ms", "jitter_pct", "grace_ms", "retry_ms", "refresh_pct", "negative_ms"];
        let more = ["capacity", "maxmemory", "minhit_pct", "compress", "lease_ms", "wait_ms", "index", "enforce"];
        all.extend(fields.iter().chain(&more).map(|&field| info[field].clone()));
    }
    for key in KEYS {
        let info = client.call(&["CACHE.TTL", key]).good().map();
        all.extend(["tier", "exists", "stale", "tags"].map(|field| info[field].clone()));
        all.push(client.call(&["CACHE.GET", key]).good());
        all.push(client.call(&["PEXPIRETIME", key]).good());
    }
    all
}

#[track_caller]
fn assert_right(client: &mut Client, before: &[Reply]) {
    assert_eq!(state(client), before);
    client.audit();
    let mut tagged = client.ask("KEYS *").texts().len() as i64;
    assert_eq!(client.invalidate("TAG t"), 4, "the tags are known again");
    tagged -= 4;
    assert_eq!(client.ask("DBSIZE").integer(), tagged);
    client.audit();
    assert_eq!(client.info_number("assess", "panics"), 0);
}
