//! A power failure or a failover during an invalidation: covered entries are never served again, and they are deleted
//! once the server that takes over has finished the sweep.

use crate::harness::bans::MANY;
use crate::harness::{Client, Server, wait_until};

/// A server whose sweeps are held from the start, with `MANY` entries `a:N` and ten `b:N`.
fn with_held_sweeps(settings: &[&str]) -> (Server, Client) {
    let server = Server::with_held_sweeps(settings);
    let mut client = server.client();
    client.ask("TIER.SET a PATTERN a:* TTL 3600").good();
    client.ask("TIER.SET b PATTERN b:* TTL 3600").good();
    client.fill("a:", MANY, "old");
    client.fill("b:", 10, "old");
    client.ask("CACHE.SET b:tagged old TAGS 1 t").good();
    (server, client)
}

/// Begins an invalidation of `a:*` and of the tag, sweeps a part of it, and writes some of the keys again.
fn half_swept(client: &mut Client) {
    client.invalidate("TIER a TAG t ASYNC");
    client.sweep_a_little("a:*");
    write_again(client);
}

const AGAIN: [&str; 4] = ["a:1", "a:1000", "a:another", "b:tagged"];

fn write_again(client: &mut Client) {
    client.ask("SET a:1 new").good();
    client.ask("CACHE.SET a:1000 new").good();
    client.ask("CACHE.SET a:another new TAGS 1 t").good();
    client.ask("CACHE.SET b:tagged new TAGS 1 t").good();
}

/// No old value is served, whichever keys still exist.
#[track_caller]
fn assert_nothing_old(client: &mut Client) {
    let names: Vec<String> = (1..=MANY).map(|i| format!("a:{i}")).chain(["b:tagged".to_owned()]).collect();
    for name in &names {
        let value = client.call(&["CACHE.GET", name]).good();
        assert_ne!(value, crate::harness::Reply::bulk("old"), "{name}");
    }
}

/// No old value is served, and after the sweep none is left; entries that were not covered are kept.
#[track_caller]
fn assert_finished(client: &mut Client, again: &[&str]) {
    assert_nothing_old(client);
    again.iter().for_each(|key| client.serves(key, Some("new")));
    client.release_sweeps();
    assert_nothing_old(client);
    again.iter().for_each(|key| client.serves(key, Some("new")));
    (1..=10).for_each(|i| client.serves(&format!("b:{i}"), Some("old")));
    assert_eq!(client.ask("DBSIZE").integer(), 10 + again.len() as i64);
    client.audit();
    assert_eq!(client.info_number("assess", "panics"), 0);
}

fn crash_and_restart(server: &mut Server) -> Client {
    server.kill();
    server.start_again();
    server.client()
}

#[test]
fn an_append_only_file_has_the_ban_and_the_later_writes() {
    for settings in [
        &["appendonly yes", "appendfsync always"][..],
        // The tiers are also declared in the configuration: without a preamble, nothing else records them.
        &["appendonly yes", "appendfsync always", "aof-use-rdb-preamble no", "auto-aof-rewrite-percentage 0"],
    ] {
        let (mut server, mut client) = with_held_sweeps(settings);
        half_swept(&mut client);
        let mut client = crash_and_restart(&mut server);
        assert!(client.present("a:*") > AGAIN.len(), "the sweep is not over");
        assert_finished(&mut client, &AGAIN);
        // A second restart: the ban has ended.
        let mut client = crash_and_restart(&mut server);
        assert_eq!(client.info_number("assess", "cache_bans"), 0);
        assert_finished(&mut client, &AGAIN);
    }
}

#[test]
fn an_append_only_file_rewritten_during_a_sweep_has_the_ban() {
    let (mut server, mut client) = with_held_sweeps(&["appendonly yes", "appendfsync always"]);
    client.invalidate("TIER a TAG t ASYNC");
    client.sweep_a_little("a:*");
    wait_until("a rewrite can begin", || !client.ask("BGREWRITEAOF").is_error());
    wait_until("the rewrite has ended", || {
        let info = client.info("persistence");
        info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
    });
    // Written after the rewritten file, which has the ban: these follow it as commands.
    write_again(&mut client);
    let mut client = crash_and_restart(&mut server);
    assert_finished(&mut client, &AGAIN);
}

#[test]
fn a_file_saved_during_a_sweep_has_the_ban() {
    let (mut server, mut client) = with_held_sweeps(&[]);
    half_swept(&mut client);
    client.ask("SAVE").good();
    let mut client = crash_and_restart(&mut server);
    // Writes after the ban may be lost here: a file does not record the order.
    assert_finished(&mut client, &[]);
    write_again(&mut client);
    assert_finished(&mut client, &AGAIN);
}

#[test]
fn a_background_save_during_a_sweep_has_the_ban_too() {
    let (mut server, mut client) = with_held_sweeps(&[]);
    half_swept(&mut client);
    client.ask("BGSAVE").good();
    wait_until("the save has ended", || client.info_number("persistence", "rdb_bgsave_in_progress") == 0);
    assert_eq!(client.info("persistence")["rdb_last_bgsave_status"], "ok");
    let mut client = crash_and_restart(&mut server);
    assert_finished(&mut client, &[]);
}

#[test]
fn a_soft_invalidation_survives_as_a_soft_one() {
    let (mut server, mut client) = with_held_sweeps(&["appendonly yes", "appendfsync always"]);
    client.ask("TIER.SET a PATTERN a:* TTL 3600 GRACE 600").good();
    client.audit();
    client.invalidate("TIER a SOFT ASYNC");
    let mut client = crash_and_restart(&mut server);
    client.serves("a:1", None);
    assert_eq!(client.ask("CACHE.GET a:1 STALE").text(), "old");
    client.release_sweeps();
    assert_eq!(client.present("a:*"), MANY as usize);
    for i in 1..=MANY {
        client.serves(&format!("a:{i}"), None);
    }
    let left = client.ask("PTTL a:5").integer();
    assert!(left > 0 && left <= 600_000, "{left}");
    // Its expiry makes it stale too: a further restart does not make it fresh.
    let mut client = crash_and_restart(&mut server);
    client.release_sweeps();
    client.serves("a:5", None);
    assert_eq!(client.ask("CACHE.GET a:5 STALE").text(), "old");
}

#[test]
fn keys_outside_every_tier_are_found_after_a_restart_too() {
    let (mut server, mut client) = with_held_sweeps(&["appendonly yes", "appendfsync always"]);
    client.fill("free:", 100, "old");
    client.invalidate("ALL ALLKEYS ASYNC");
    client.ask("SET free:1 new").good();
    client.serves("free:2", None);
    let mut client = crash_and_restart(&mut server);
    client.serves("free:1", Some("new"));
    client.serves("free:2", None);
    client.release_sweeps();
    assert_eq!(client.ask("KEYS *").texts(), ["free:1"]);
}

#[test]
fn a_promoted_replica_finishes_the_sweep_of_its_master() {
    let (mut master, mut here) = with_held_sweeps(&[]);
    let replica = Server::with_held_sweeps(&[]);
    replica.follow(&master);
    half_swept(&mut here);
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    assert_nothing_old(&mut there);
    assert!(there.present("a:*") > AGAIN.len());
    master.kill();
    there.ask("REPLICAOF NO ONE").good();
    assert_finished(&mut there, &AGAIN);
}

#[test]
fn a_replica_that_connects_during_a_sweep_gets_the_ban_and_its_end() {
    let (mut master, mut here) = with_held_sweeps(&[]);
    half_swept(&mut here);
    let replica = Server::with_held_sweeps(&[]);
    replica.follow(&master);
    let mut there = replica.client();
    assert_nothing_old(&mut there);
    here.release_sweeps();
    replica.await_in_sync_with(&master);
    assert_eq!(there.info_number("assess", "cache_bans"), 0);
    AGAIN.iter().for_each(|key| there.serves(key, Some("new")));
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    there.audit();
    master.kill();
    there.ask("REPLICAOF NO ONE").good();
    assert_finished(&mut there, &AGAIN);
}

#[test]
fn a_replica_that_connects_while_a_changed_model_is_swept_gets_the_end_of_the_ban() {
    let master = Server::with_held_sweeps(&[]);
    let mut here = master.client();
    master.load_mini(&mut here, "icio");
    let key = here.cached("icio USA C10");
    here.ask("MODEL.INDICATORDEL icio risk").good();
    here.await_sweeps(1);
    let replica = Server::with_test_hooks(&[]);
    replica.follow(&master);
    here.release_sweeps();
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    there.await_removed(&key);
    there.await_no_bans();
}

#[test]
fn a_demoted_master_leaves_the_sweep_to_the_new_master() {
    let (first, mut here) = with_held_sweeps(&[]);
    let second = Server::with_held_sweeps(&[]);
    second.follow(&first);
    let mut caller = first.client();
    caller.send_line("CACHE.INVALIDATE TIER a TAG t");
    here.await_sweeps(1);
    here.sweep_a_little("a:*");
    write_again(&mut here);
    second.await_in_sync_with(&first);
    let mut there = second.client();
    there.ask("REPLICAOF NO ONE").good();
    first.follow(&second);
    assert_eq!(caller.receive().code(), "UNBLOCKED");
    assert_nothing_old(&mut here);
    assert_finished(&mut there, &AGAIN);
    first.await_in_sync_with(&second);
    here.release_sweeps();
    assert_nothing_old(&mut here);
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    here.audit();
    // Then back in the other direction.
    here.ask("REPLICAOF NO ONE").good();
    assert_finished(&mut here, &AGAIN);
}

#[test]
fn a_replica_that_was_disconnected_gets_the_end_of_the_ban_by_a_partial_resync() {
    let (master, mut here) = with_held_sweeps(&["repl-backlog-size 10mb"]);
    let replica = Server::with_held_sweeps(&[]);
    replica.follow(&master);
    half_swept(&mut here);
    replica.await_in_sync_with(&master);
    let mut there = replica.client();
    let before = here.info_number("stats", "sync_partial_ok");
    here.ask("CLIENT KILL TYPE replica").good();
    here.release_sweeps();
    wait_until("the replica is back", || here.info_number("stats", "sync_partial_ok") > before);
    replica.await_in_sync_with(&master);
    assert_eq!(there.info_number("assess", "cache_bans"), 0);
    AGAIN.iter().for_each(|key| there.serves(key, Some("new")));
    assert_nothing_old(&mut there);
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    there.audit();
}

#[test]
fn power_failures_at_any_moment_of_a_sweep_restore_no_covered_entry() {
    let (mut server, mut client) = with_held_sweeps(&["appendonly yes", "appendfsync always"]);
    client.invalidate("ALL ASYNC");
    let mut left = client.ask("DBSIZE").integer();
    loop {
        client = crash_and_restart(&mut server);
        assert_nothing_old(&mut client);
        let now = client.ask("DBSIZE").integer();
        assert!(now <= left, "{now} after {left}");
        left = now;
        if left == 0 {
            break;
        }
        if left < MANY / 2 {
            // Less than half is left: release the whole sweep, and fail in the middle of it.
            client.ask("ASSESS.SABOTAGE nothing").good();
            wait_until("the sweep goes on", || client.ask("DBSIZE").integer() < left);
            continue;
        }
        // Each round sweeps a little more, and then fails at any moment.
        client.sweep_a_little("*");
        client.send_line("ASSESS.SABOTAGE step");
    }
    client.release_sweeps();
}
