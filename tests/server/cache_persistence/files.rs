//! RDB and append-only files: restarts, reloads, rewrites, and tiers of the configuration.

use super::{LONG, assert_right, fill, state};
use crate::harness::bans::MANY;
use crate::harness::{Client, Reply, Server, wait_until};

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
fn a_server_without_the_module_reads_a_file_without_tiers_models_and_tagged_entries() {
    let mut server = Server::start();
    let mut client = server.client();
    client.ask("CACHE.SET page:1 v PX 3600000").good();
    // Redis 7.0 writes the section of a module in any case.
    let writes_always = client.info("server")["redis_version"].starts_with("7.0");
    assert_eq!(server.is_readable_without_module(), !writes_always);

    let mut server = Server::start();
    server.client().ask("TIER.SET pages PATTERN page:* TTL 60").good();
    assert!(!server.is_readable_without_module(), "the tiers would be lost without an error");
}

#[test]
fn a_file_without_tiers_replaces_those_of_a_replica() {
    let (master, replica) = (Server::start(), Server::start());
    replica.client().ask("TIER.SET stale PATTERN stale:* TTL 60").good();
    replica.follow(&master);
    replica.await_in_sync_with(&master);
    assert_eq!(replica.client().ask("TIER.LIST").texts(), ["assessment"]);
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
