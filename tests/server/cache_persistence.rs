//! Tiers and entries in files, on replicas and in transfers: the same policies, tags, values and freshness.

use crate::harness::bans::MANY;
use crate::harness::random::{Random, seed};
use crate::harness::{Client, Reply, Server, wait_until};

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

/// Fills a server, lets `interrupt` restart it, and asserts that the state is the same as before.
fn assert_survives(settings: &[&str], interrupt: impl FnOnce(&mut Server)) {
    let mut server = Server::with_test_hooks(settings);
    let mut client = server.client();
    fill(&mut client);
    let before = state(&mut client);
    interrupt(&mut server);
    assert_right(&mut server.client(), &before);
}

fn rewrite(client: &mut Client) {
    wait_until("a rewrite can begin", || !client.ask("BGREWRITEAOF").is_error());
    wait_until("the rewrite has ended", || {
        let info = client.info("persistence");
        info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
    });
    assert_eq!(client.info("persistence")["aof_last_bgrewrite_status"], "ok");
}

#[test]
fn everything_survives_a_restart_from_an_rdb_file() {
    assert_survives(&[], Server::restart_saving);
}

#[test]
fn everything_survives_a_reload() {
    assert_survives(&[], |server| _ = server.client().ask("DEBUG RELOAD").good());
}

#[test]
fn everything_survives_in_an_append_only_file() {
    assert_survives(&["appendonly yes"], Server::restart_without_saving);
    assert_survives(&["appendonly yes"], |server| {
        rewrite(&mut server.client());
        server.restart_without_saving();
    });
    assert_survives(
        &["appendonly yes", "aof-use-rdb-preamble no", "auto-aof-rewrite-percentage 0"],
        Server::restart_without_saving,
    );
}

#[test]
fn entries_survive_a_rewrite_without_a_preamble_and_tiers_do_not() {
    let mut server = Server::with_test_hooks(&["appendonly yes", "aof-use-rdb-preamble no"]);
    let mut client = server.client();
    fill(&mut client);
    let digest = client.ask("DEBUG DIGEST");
    rewrite(&mut client);
    server.restart_without_saving();
    let mut client = server.client();
    assert_eq!(client.ask("DEBUG DIGEST"), digest);
    assert_eq!(client.ask("TIER.LIST").texts(), ["assessment"]);
    client.audit();
    assert_eq!(client.invalidate("TAG t"), 4, "tags belong to the entries");
    assert_eq!(client.call(&["CACHE.GET", "packed:1"]), Reply::bulk(LONG));
}

#[test]
fn a_removed_tier_stays_removed() {
    for settings in [&[][..], &["appendonly yes"]] {
        let mut server = Server::with_test_hooks(settings);
        let mut client = server.client();
        fill(&mut client);
        assert_eq!(client.ask("TIER.DEL plain"), Reply::Integer(1));
        if settings.is_empty() {
            server.restart_saving()
        } else {
            server.restart_without_saving()
        }
        let mut client = server.client();
        assert_eq!(client.ask("TIER.LIST").texts(), ["assessment", "grace", "none", "packed"]);
        client.audit();
    }
}

#[test]
fn tiers_of_the_configuration_are_applied_again_over_those_of_the_file() {
    for settings in [&[][..], &["appendonly yes"], &["appendonly yes", "aof-use-rdb-preamble no"]] {
        let declared = ["TIER own PATTERN own:* TTL 60 GRACE 5", "TIER other PATTERN other:* TTL 70"];
        let mut server = Server::with_test_hooks(&[&declared[..], settings].concat());
        let mut client = server.client();
        client.ask("TIER.SET own PATTERN else:* TTL 5").good();
        client.ask("TIER.DEL other").good();
        client.ask("TIER.SET third PATTERN third:* TTL 80").good();
        for key in ["own:1", "else:1", "other:1", "third:1"] {
            client.call(&["SET", key, "v"]).good();
        }
        client.audit();
        if settings.is_empty() {
            server.restart_saving()
        } else {
            server.restart_without_saving()
        }
        let mut client = server.client();
        client.audit();
        assert_eq!(client.ask("TIER.LIST").texts(), ["assessment", "other", "own", "third"]);
        let own = client.ask("TIER.INFO own").map();
        assert_eq!([&own["ttl_ms"], &own["grace_ms"]], [&Reply::Integer(60_000), &Reply::Integer(5000)]);
        let mut tier = |key: &str| client.call(&["CACHE.TTL", key]).map()["tier"].clone();
        assert_eq!(tier("own:1"), Reply::bulk("own"));
        assert_eq!(tier("else:1"), Reply::Nil);
        assert_eq!(tier("other:1"), Reply::bulk("other"));
        assert_eq!(tier("third:1"), Reply::bulk("third"));
    }
}

#[test]
fn a_replica_with_tiers_in_its_configuration_has_those_of_its_master() {
    let master = Server::with_test_hooks(&["TIER own PATTERN own:* TTL 60"]);
    let replica = Server::with_test_hooks(&["TIER own PATTERN own:* TTL 61", "TIER mine PATTERN mine:* TTL 5"]);
    let mut client = master.client();
    client.ask("SET own:1 v").good();
    replica.follow(&master);
    let mut there = replica.client();
    assert_eq!(there.ask("TIER.LIST").texts(), ["assessment", "own"]);
    assert_eq!(there.ask("TIER.INFO own").map()["ttl_ms"], Reply::Integer(60_000));
    there.audit();
}

#[test]
fn a_replica_has_the_state_of_its_master_and_takes_over() {
    for before in [true, false] {
        let (mut master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
        if before {
            replica.follow(&master);
        }
        let mut here = master.client();
        fill(&mut here);
        if !before {
            replica.follow(&master);
        }
        replica.await_in_sync_with(&master);
        let mut there = replica.client();
        let expected = state(&mut here);
        assert_eq!(state(&mut there), expected);
        there.audit();
        master.kill();
        there.ask("REPLICAOF NO ONE").good();
        assert_right(&mut there, &expected);
    }
}

#[test]
fn a_replica_catches_up_after_a_lost_connection() {
    let (master, replica) = (Server::with_test_hooks(&["repl-backlog-size 10mb"]), Server::with_test_hooks(&[]));
    replica.follow(&master);
    let mut here = master.client();
    let partial = here.info_number("stats", "sync_partial_ok");
    here.ask("CLIENT KILL TYPE replica").good();
    fill(&mut here);
    wait_until("the replica is back", || here.info_number("stats", "sync_partial_ok") > partial);
    replica.await_in_sync_with(&master);
    let expected = state(&mut here);
    let mut there = replica.client();
    assert_eq!(state(&mut there), expected);
    there.audit();
}

#[test]
fn a_replica_uses_the_tiers_of_its_master_and_no_longer_its_own() {
    let (master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    let mut there = replica.client();
    there.ask("TIER.SET own PATTERN plain:* TTL 5").good();
    fill(&mut master.client());
    replica.follow(&master);
    assert_eq!(there.ask("TIER.LIST"), master.client().ask("TIER.LIST"));
    assert_eq!(there.ask("CACHE.TTL plain:1").map()["tier"], Reply::bulk("plain"));
    assert_eq!(there.ask("TIER.SET other PATTERN x TTL 5").code(), "READONLY");
    there.audit();
}

#[test]
fn stale_entries_are_stale_on_both_sides_and_after_a_promotion() {
    let (mut master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    let late = Server::with_test_hooks(&[]);
    replica.follow(&master);
    let mut here = master.client();
    here.ask("TIER.SET grace PATTERN grace:* PTTL 300 GRACE 3600").good();
    for key in ["grace:plain", "grace:tagged"] {
        here.call(&["CACHE.SET", key, "v"]).good();
    }
    here.ask("CACHE.SET grace:tagged v TAGS 1 t").good();
    here.ask("CACHE.SET grace:soft v PX 3600000").good();
    here.invalidate("KEY grace:soft SOFT");
    late.follow(&master);
    for key in ["grace:plain", "grace:tagged"] {
        wait_until("the entry is stale", || here.call(&["CACHE.GET", key]) == Reply::Nil);
    }
    for server in [&replica, &late] {
        server.await_in_sync_with(&master);
        let mut there = server.client();
        for key in ["grace:plain", "grace:tagged", "grace:soft"] {
            assert_eq!(there.call(&["CACHE.GET", key]), Reply::Nil, "{key}");
            assert_eq!(there.call(&["CACHE.GET", key, "STALE"]), Reply::bulk("v"), "{key}");
        }
    }
    master.kill();
    for server in [&replica, &late] {
        let mut there = server.client();
        there.ask("REPLICAOF NO ONE").good();
        for key in ["grace:plain", "grace:tagged", "grace:soft"] {
            assert_eq!(there.call(&["CACHE.GET", key]), Reply::Nil, "{key}");
            assert_eq!(there.call(&["CACHE.FETCH", key, "WAIT", "0"]).array()[0], Reply::bulk("refresh"), "{key}");
        }
    }
}

#[test]
fn stale_entries_are_stale_after_a_restart() {
    for settings in [&[][..], &["appendonly yes"]] {
        let mut server = Server::with_test_hooks(settings);
        let mut client = server.client();
        client.ask("TIER.SET grace PATTERN grace:* PTTL 1 GRACE 3600").good();
        client.ask("CACHE.SET grace:1 v").good();
        client.ask("CACHE.SET grace:2 v TAGS 1 t").good();
        client.ask("CACHE.SET grace:fresh v PX 3600000").good();
        wait_until("the entry is stale", || client.ask("CACHE.GET grace:2") == Reply::Nil);
        if settings.is_empty() {
            server.restart_saving()
        } else {
            server.restart_without_saving()
        }
        let mut client = server.client();
        for key in ["grace:1", "grace:2"] {
            client.serves(key, None);
            assert_eq!(client.call(&["CACHE.GET", key, "STALE"]), Reply::bulk("v"));
        }
        client.serves("grace:fresh", Some("v"));
    }
}

#[test]
fn earlier_tokens_are_refused_after_a_restart_and_a_failover() {
    let (mut master, replica) = (Server::with_test_hooks(&[]), Server::with_test_hooks(&[]));
    replica.follow(&master);
    let mut here = master.client();
    here.ask("TIER.SET a PATTERN a:* TTL 60").good();
    let token = here.ask("CACHE.FETCH a:1 LEASE 600000").array()[1].text();
    let reloaded = here.ask("CACHE.FETCH a:2 LEASE 600000").array()[1].text();
    replica.await_in_sync_with(&master);
    let refused = |client: &mut Client, key: &str, token: &str| {
        let reply = client.call(&["CACHE.FILL", key, token, "v"]);
        assert_eq!(reply.code(), "LEASELOST");
        assert!(reply.error().contains("unknown"), "{reply:?}");
    };
    here.ask("DEBUG RELOAD").good();
    refused(&mut here, "a:2", &reloaded);
    master.kill();
    let mut there = replica.client();
    there.ask("REPLICAOF NO ONE").good();
    refused(&mut there, "a:1", &token);
    master.start_again();
    refused(&mut master.client(), "a:1", &token);
}

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

#[test]
fn a_file_merged_into_existing_keys_leaves_the_index_right() {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    client.fill("a:", MANY, "v");
    client.ask("TIER.SET a PATTERN a:* TTL 3600").good();
    client.audit();
    client.ask("DEBUG RELOAD NOFLUSH MERGE").good();
    client.audit();
    assert_eq!(client.invalidate("TIER a"), MANY);
}
