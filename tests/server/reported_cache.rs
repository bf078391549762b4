//! Problems with the cache as users reported them (`data/reported/cache`); those of waits are in `one_reply`.

use crate::harness::{Client, Reply, Server, wait_until};

fn words(reply: &Reply) -> Vec<String> {
    let word = |reply: &Reply| match reply {
        Reply::Integer(number) => number.to_string(),
        other => other.text(),
    };
    reply.array().iter().map(word).collect()
}

fn served() -> (Server, Client) {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET page PATTERN page:* TTL 3600").good();
    (server, client)
}

/// A node of a cluster with these slots.
fn node(slots: &str) -> (Server, Client) {
    let server = Server::with(&["cluster-enabled yes"]);
    let mut client = server.client();
    client.ask(&format!("CLUSTER ADDSLOTSRANGE {slots}")).good();
    client.ask("TIER.SET page PATTERN page:* TTL 3600").good();
    (server, client)
}

/// Two masters: the first has slot 601 of `page:1`, the second slot 12858 of `page:2`.
fn cluster() -> [(Server, Client); 2] {
    let (first, mut a) = node("0 8191");
    let (second, mut b) = node("8192 16383");
    a.ask(&format!("CLUSTER MEET 127.0.0.1 {}", second.port())).good();
    for client in [&mut a, &mut b] {
        wait_until("the cluster is complete", || {
            client.ask("CLUSTER INFO").text().contains("cluster_state:ok")
                && client.ask("CLUSTER INFO").text().contains("cluster_known_nodes:2")
        });
    }
    [(first, a), (second, b)]
}

#[test]
fn a_command_of_several_keys_checks_all_slots_before_it_writes() {
    let [(_first, mut a), (_second, mut b)] = cluster();
    for command in ["CACHE.MSET 2 page:1 new page:2 new", "CACHE.MGET page:1 page:2"] {
        assert_eq!(a.ask(command).code(), "CROSSSLOT", "{command}");
    }
    assert_eq!(a.ask("CACHE.GET page:1"), Reply::Nil);
    for command in ["CACHE.MSET 1 page:1 v", "CACHE.SET page:1 v", "CACHE.INVALIDATE KEY page:1"] {
        let moved = b.ask(command);
        assert!(moved.error().starts_with("MOVED 601 "), "{command}: {moved:?}");
    }
    a.ask("CACHE.MSET 2 {page:1}a v {page:1}b v TTL 60").good();
    assert_eq!(a.ask("CACHE.INVALIDATE KEY {page:1}a KEY {page:1}b").integer(), 2);
    // A slot in migration: a key that no longer exists here may exist there.
    let id = b.ask("CLUSTER MYID").text();
    a.ask(&format!("CLUSTER SETSLOT 601 MIGRATING {id}")).good();
    a.ask("CACHE.SET page:1 v").code();
    let reply = a.ask("CACHE.MSET 2 {page:1}c v {page:1}d v TTL 60");
    assert!(["ASK", "TRYAGAIN"].contains(&reply.code()), "{reply:?}");
}

#[test]
fn invalidation_without_keys_works_on_every_node() {
    let [(_first, mut a), (_second, mut b)] = cluster();
    a.ask("CACHE.SET page:1 v").good();
    b.ask("CACHE.SET page:2 v").good();
    // A key of another node counts 0: a loop over the masters sends the same command to each.
    for client in [&mut a, &mut b] {
        assert_eq!(client.ask("CACHE.INVALIDATE KEY page:1 PATTERN page:*").integer(), 1);
    }
}

#[test]
fn getkeys_names_every_key_of_every_command() {
    let (_server, mut client) = served();
    for (command, keys) in [
        ("CACHE.MSET 3 a v b v c v", &["a", "b", "c"][..]),
        ("CACHE.MSET 2 a v b v TTL 5 TAGS 1 c", &["a", "b"]),
        ("CACHE.MGET a b c", &["a", "b", "c"]),
        ("CACHE.SET a v TAGS 1 b", &["a"]),
        ("CACHE.GET a STALE", &["a"]),
        ("CACHE.FETCH a LEASE 5", &["a"]),
        ("CACHE.FILL a 00 v", &["a"]),
        ("CACHE.RENEW a 00 5", &["a"]),
        ("CACHE.FAIL a 00 why", &["a"]),
        ("CACHE.TTL a", &["a"]),
        ("CACHE.INVALIDATE KEY a KEY KEY SOFT KEY c", &["a", "KEY", "c"]),
        ("MODEL.LOAD a IO FILE b", &["a"]),
        ("MODEL.COEF a b c d e", &["a"]),
        ("ASSESS.GET a b c", &["a"]),
        ("ASSESS.MGET a 2 b c d e", &["a"]),
        ("ASSESS.COMPARE a b c d", &["a", "b"]),
    ] {
        assert_eq!(client.ask(&format!("COMMAND GETKEYS {command}")).texts(), keys, "{command}");
    }
    // Every command that takes several keys is in the list above.
    let several = |name: &str| {
        ["CACHE.MSET", "CACHE.MGET", "CACHE.INVALIDATE", "ASSESS.COMPARE"].contains(&name.to_uppercase().as_str())
    };
    for name in client.ask("COMMAND LIST FILTERBY MODULE assess").texts() {
        let info = client.ask(&format!("COMMAND INFO {name}"));
        let fields = info.array()[0].array().to_vec();
        let (first, last) = (fields[3].integer(), fields[4].integer());
        assert!(first == last || several(&name), "{name} takes keys {first} to {last}");
    }
}

#[test]
fn a_user_who_may_not_write_a_key_gets_no_lease() {
    let (server, mut client) = served();
    client.ask("ACL SETUSER reader on >p resetkeys %R~* +cache.get +cache.fetch").good();
    let mut reader = server.client();
    reader.ask("AUTH reader p").good();
    assert_eq!(words(&reader.ask("CACHE.FETCH page:hot LEASE 3600000")), ["busy"]);
    assert_eq!(words(&client.ask("CACHE.FETCH page:hot"))[0], "lease");
    client.ask("CACHE.SET page:hot v").good();
    assert_eq!(words(&reader.ask("CACHE.FETCH page:hot")), ["hit", "v"]);
}

#[test]
fn leases_of_one_connection_are_bounded() {
    let (server, mut client) = served();
    client.ask("CONFIG SET assess.max-leases-per-client 3").good();
    let states: Vec<String> =
        (0..5).map(|i| words(&client.ask(&format!("CACHE.FETCH page:{i} LEASE 60000")))[0].clone()).collect();
    assert_eq!(states, ["lease", "lease", "lease", "busy", "busy"]);
    assert_eq!(words(&server.client().ask("CACHE.FETCH page:9"))[0], "lease");
    client.ask("CACHE.INVALIDATE KEY page:0").good();
    assert_eq!(words(&client.ask("CACHE.FETCH page:4"))[0], "lease");
}

/// The events that a subscriber receives for one command.
fn events(subscriber: &mut Client, client: &mut Client, command: &str) -> Vec<String> {
    client.ask(command).good();
    client.ask("SET end v").good();
    let mut received = Vec::new();
    loop {
        let message = subscriber.receive();
        let parts = message.array();
        if parts[3].text() == "end" {
            return received;
        }
        received.push(parts[2].text().rsplit(':').next().unwrap_or_default().to_owned());
    }
}

#[test]
fn tagged_entries_cause_the_events_of_set() {
    let (server, mut client) = served();
    client.ask("CONFIG SET notify-keyspace-events KEA").good();
    let mut subscriber = server.client();
    subscriber.ask("PSUBSCRIBE __keyevent@0__:*").good();
    assert_eq!(events(&mut subscriber, &mut client, "SET page:0 v EX 100"), ["set", "expire"]);
    assert_eq!(events(&mut subscriber, &mut client, "CACHE.SET page:1 v"), ["set", "expire"]);
    assert_eq!(events(&mut subscriber, &mut client, "CACHE.SET page:2 v TAGS 1 t"), ["cache.set", "set", "expire"]);
    // These events do not disturb the index of the module.
    assert_eq!(client.ask("CACHE.INVALIDATE TAG t").integer(), 1);
}

#[test]
fn an_evicted_model_is_counted_logged_and_shown_by_health() {
    let (server, mut client) = Server::with_mini(&["maxmemory-policy allkeys-lru"]);
    assert_eq!(client.info_number("assess", "models_evicted"), 0);
    client.ask("CONFIG SET maxmemory 1").good();
    // Any write makes the server free memory.
    client.ask("SET other v");
    wait_until("the model is evicted", || !client.exists("icio"));
    client.ask("CONFIG SET maxmemory 0").good();
    assert_eq!(client.info_number("assess", "models_evicted"), 1);
    let health = client.ask("CACHE.HEALTH").texts();
    assert!(health.iter().any(|line| line.starts_with("degraded eviction: 1 models were evicted")), "{health:?}");
    assert!(server.log().contains("a model was evicted"));
    // A deletion is no eviction.
    server.load_mini(&mut client, "icio");
    client.ask("DEL icio").good();
    assert_eq!(client.info_number("assess", "models_evicted"), 1);
}

#[test]
fn a_repeated_command_has_the_same_reply() {
    let (_server, mut client) = served();
    client.ask("TIER.SET neg PATTERN neg:* TTL 9 NEGATIVE 60").good();
    let token = words(&client.ask("CACHE.FETCH page:r"))[1].clone();
    for _ in 0..3 {
        assert_eq!(client.ask(&format!("CACHE.FILL page:r {token} v")), Reply::ok());
    }
    let token_2 = words(&client.ask("CACHE.FETCH neg:1"))[1].clone();
    for _ in 0..3 {
        assert_eq!(client.ask(&format!("CACHE.FAIL neg:1 {token_2} why")), Reply::ok());
    }
    assert_eq!(client.ask("CACHE.STATS").map()["fills"].integer(), 1);
    // Not after its effect is undone, nor with another value, and never over a newer one.
    assert_eq!(client.ask(&format!("CACHE.FILL page:r {token} other")).code(), "LEASELOST");
    client.ask("CACHE.SET page:r newer").good();
    assert_eq!(client.ask(&format!("CACHE.FILL page:r {token} v")).code(), "LEASELOST");
    assert_eq!(client.ask("CACHE.GET page:r"), Reply::bulk("newer"));
    client.ask("CACHE.INVALIDATE KEY page:r").good();
    assert_eq!(client.ask(&format!("CACHE.FILL page:r {token} v")).code(), "LEASELOST");
    assert!(!client.exists("page:r"));
}

#[test]
fn withttl_returns_the_rest_of_the_time_to_live() {
    let (server, mut client) = served();
    client.ask("TIER.SET g PATTERN g:* PTTL 60000 GRACE 60").good();
    client.ask("CACHE.SET g:1 v").good();
    for mut client in [server.client(), server.client().resp3()] {
        let reply = client.ask("CACHE.GET g:1 WITHTTL");
        let [value, left] = reply.array() else { panic!("{reply:?}") };
        assert_eq!(value, &Reply::bulk("v"));
        assert!((1..=60_000).contains(&left.integer()), "{left:?}");
        assert_eq!(client.ask("CACHE.GET g:2 WITHTTL"), Reply::Nil);
    }
    client.ask("CACHE.SET g:3 v PERSIST").good();
    assert_eq!(client.ask("CACHE.GET g:3 STALE WITHTTL").array()[1], Reply::Integer(-1));
}

#[test]
fn an_invalidation_counts_results_that_are_not_yet_stored() {
    let (_server, mut client) = Server::with_mini(&[]);
    // In one pipeline the result is not stored yet, as after any miss.
    let replies = client.pipeline(&["ASSESS.GET icio USA C10", "CACHE.INVALIDATE MODEL icio"]);
    assert_eq!(replies[1].integer(), 1);
    let key = client.key_of("icio CHN C10");
    let replies = client.pipeline(&["ASSESS.GET icio CHN C10", &format!("CACHE.INVALIDATE KEY {key}")]);
    assert_eq!(replies[1].integer(), 1);
}

#[test]
fn a_large_value_is_exported_by_reference() {
    let (_server, mut client) = served();
    client.call(&["CACHE.SET", "page:big", &"x".repeat(20 << 20)]).good();
    client.call(&[&b"CACHE.SET"[..], b"page:small", &[0xff; 100]]).good();
    let page = client.ask("CACHE.EXPORT PATTERN page:*");
    let lines: Vec<serde_json::Value> =
        page.array()[1].texts().iter().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    assert_eq!((lines[0]["key"].as_str(), lines[0]["value_bytes"].as_u64()), (Some("page:big"), Some(20 << 20)));
    assert!(lines[0].get("value").is_none());
    assert_eq!(lines[1]["value_hex"], "ff".repeat(100));
}

#[test]
fn a_replica_with_diskless_load_swapdb_indexes_the_loaded_data() {
    let master = Server::start();
    let replica = Server::with(&["repl-diskless-load swapdb"]);
    let (mut here, mut there) = (master.client(), replica.client());
    // The former data of the replica are another data set: none of them may be left in the index.
    for (client, key) in [(&mut there, "page:old"), (&mut here, "page:new")] {
        client.ask("TIER.SET page PATTERN page:* TTL 3600").good();
        client.ask(&format!("CACHE.SET {key} v TAGS 1 t")).good();
    }
    replica.follow(&master);
    replica.await_in_sync_with(&master);
    assert_eq!(there.ask("CACHE.GET page:new"), Reply::bulk("v"));
    assert_eq!(there.info_number("assess", "cache_entries"), 1);
    there.ask("REPLICAOF NO ONE").good();
    assert_eq!(there.ask("CACHE.INVALIDATE TAG t").integer(), 1);
    assert_eq!(there.ask("DBSIZE").integer(), 0);
}

#[test]
fn keys_that_expire_together_leave_nothing_in_the_index() {
    const KEYS: usize = 5_000;
    let (_server, mut client) = served();
    let seconds = client.ask("TIME").texts()[0].parse::<u64>().expect("seconds") + 2;
    for chunk in 0..KEYS / 500 {
        let sets: Vec<String> = (0..500)
            .map(|i| format!("CACHE.SET page:{} v EXAT {seconds} TAGS 1 t{}", chunk * 500 + i, i % 7))
            .collect();
        let replies = client.pipeline(&sets.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(replies.iter().all(|reply| *reply == Reply::ok()));
    }
    wait_until("all have expired", || client.ask("DBSIZE").integer() == 0);
    assert_eq!(client.info_number("assess", "cache_entries"), 0);
    assert_eq!(client.info_number("assess", "cache_expiries"), KEYS as i64);
    assert_eq!(client.ask("CACHE.INVALIDATE TAG t1").integer(), 0);
}
