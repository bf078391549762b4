//! The power fails in the middle of an invalidation, or another server takes over: what was covered stays gone, and is
//! gone for good once whoever took over has finished.

use crate::harness::bans::MANY;
use crate::harness::{Client, Server, wait_until};

/// A server whose sweeps are held from its start, with `MANY` entries `a:N` and ten `b:N`.
fn holding(settings: &[&str]) -> (Server, Client) {
    let server = Server::holding(settings);
    let mut client = server.client();
    client.ask("TIER.SET a PATTERN a:* TTL 3600").good();
    client.ask("TIER.SET b PATTERN b:* TTL 3600").good();
    client.fill("a:", MANY, "old");
    client.fill("b:", 10, "old");
    client.ask("CACHE.SET b:tagged old TAGS 1 t").good();
    (server, client)
}

/// Begins an invalidation of `a:*` and of the tag, has it half swept, and writes some of it again.
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

/// Nothing old is served, whatever is still there.
#[track_caller]
fn assert_nothing_old(client: &mut Client) {
    let names: Vec<String> = (1..=MANY).map(|i| format!("a:{i}")).chain(["b:tagged".to_owned()]).collect();
    for name in &names {
        let value = client.call(&["CACHE.GET", name]).good();
        assert_ne!(value, crate::harness::Reply::bulk("old"), "{name}");
    }
}

/// Nothing old is served, then nothing old is left; what was not covered is there.
#[track_caller]
fn assert_finished(client: &mut Client, again: &[&str]) {
    assert_nothing_old(client);
    again.iter().for_each(|key| client.serves(key, Some("new")));
    client.let_go();
    assert_nothing_old(client);
    again.iter().for_each(|key| client.serves(key, Some("new")));
    (1..=10).for_each(|i| client.serves(&format!("b:{i}"), Some("old")));
    assert_eq!(client.ask("DBSIZE").integer(), 10 + again.len() as i64);
    client.audit();
    assert_eq!(client.info_number("assess", "panics"), 0);
}

fn cut(server: &mut Server) -> Client {
    server.kill();
    server.start_again();
    server.client()
}

#[test]
fn an_append_only_file_has_the_ban_and_what_came_after_it() {
    for settings in [
        &["appendonly yes", "appendfsync always"][..],
        // Declared in the configuration as well: nothing else says which tiers there are without a preamble.
        &["appendonly yes", "appendfsync always", "aof-use-rdb-preamble no", "auto-aof-rewrite-percentage 0"],
    ] {
        let (mut server, mut client) = holding(settings);
        half_swept(&mut client);
        let mut client = cut(&mut server);
        assert!(client.present("a:*") > AGAIN.len(), "the sweep is not over");
        assert_finished(&mut client, &AGAIN);
        // And once more: it is over for good.
        let mut client = cut(&mut server);
        assert_eq!(client.info_number("assess", "cache_bans"), 0);
        assert_finished(&mut client, &AGAIN);
    }
}

#[test]
fn an_append_only_file_that_was_rewritten_in_mid_sweep_has_the_ban() {
    let (mut server, mut client) = holding(&["appendonly yes", "appendfsync always"]);
    client.invalidate("TIER a TAG t ASYNC");
    client.sweep_a_little("a:*");
    wait_until("a rewrite can begin", || !client.ask("BGREWRITEAOF").is_error());
    wait_until("the rewrite has ended", || {
        let info = client.info("persistence");
        info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
    });
    // After the file that the ban is in: these come as commands, later than it.
    write_again(&mut client);
    let mut client = cut(&mut server);
    assert_finished(&mut client, &AGAIN);
}

#[test]
fn a_file_of_a_moment_in_mid_sweep_has_the_ban() {
    let (mut server, mut client) = holding(&[]);
    half_swept(&mut client);
    client.ask("SAVE").good();
    let mut client = cut(&mut server);
    // What was written after the ban may be lost here: a file says nothing of the order.
    assert_finished(&mut client, &[]);
    write_again(&mut client);
    assert_finished(&mut client, &AGAIN);
}

#[test]
fn a_background_save_in_mid_sweep_has_the_ban_too() {
    let (mut server, mut client) = holding(&[]);
    half_swept(&mut client);
    client.ask("BGSAVE").good();
    wait_until("it is saved", || client.info_number("persistence", "rdb_bgsave_in_progress") == 0);
    assert_eq!(client.info("persistence")["rdb_last_bgsave_status"], "ok");
    let mut client = cut(&mut server);
    assert_finished(&mut client, &[]);
}

#[test]
fn a_soft_one_survives_as_such() {
    let (mut server, mut client) = holding(&["appendonly yes", "appendfsync always"]);
    client.ask("TIER.SET a PATTERN a:* TTL 3600 GRACE 600").good();
    client.audit();
    client.invalidate("TIER a SOFT ASYNC");
    let mut client = cut(&mut server);
    client.serves("a:1", None);
    assert_eq!(client.ask("CACHE.GET a:1 STALE").text(), "old");
    client.let_go();
    assert_eq!(client.present("a:*"), MANY as usize);
    for i in 1..=MANY {
        client.serves(&format!("a:{i}"), None);
    }
    let left = client.ask("PTTL a:5").integer();
    assert!(left > 0 && left <= 600_000, "{left}");
    // Stale by its expiry too: a further restart does not make it fresh.
    let mut client = cut(&mut server);
    client.let_go();
    client.serves("a:5", None);
    assert_eq!(client.ask("CACHE.GET a:5 STALE").text(), "old");
}

#[test]
fn keys_outside_every_tier_are_found_after_a_restart_too() {
    let (mut server, mut client) = holding(&["appendonly yes", "appendfsync always"]);
    client.fill("free:", 100, "old");
    client.invalidate("ALL ALLKEYS ASYNC");
    client.ask("SET free:1 new").good();
    client.serves("free:2", None);
    let mut client = cut(&mut server);
    client.serves("free:1", Some("new"));
    client.serves("free:2", None);
    client.let_go();
    assert_eq!(client.ask("KEYS *").texts(), ["free:1"]);
}

#[test]
fn a_promoted_replica_finishes_what_its_master_began() {
    let (mut primary, mut here) = holding(&[]);
    let replica = Server::holding(&[]);
    replica.follow(&primary);
    half_swept(&mut here);
    replica.await_in_sync_with(&primary);
    let mut there = replica.client();
    assert_nothing_old(&mut there);
    assert!(there.present("a:*") > AGAIN.len());
    primary.kill();
    there.ask("REPLICAOF NO ONE").good();
    assert_finished(&mut there, &AGAIN);
}

#[test]
fn a_replica_that_came_in_mid_sweep_knows_the_ban_and_its_end() {
    let (mut primary, mut here) = holding(&[]);
    half_swept(&mut here);
    let replica = Server::holding(&[]);
    replica.follow(&primary);
    let mut there = replica.client();
    assert_nothing_old(&mut there);
    here.let_go();
    replica.await_in_sync_with(&primary);
    assert_eq!(there.info_number("assess", "cache_bans"), 0);
    AGAIN.iter().for_each(|key| there.serves(key, Some("new")));
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    there.audit();
    primary.kill();
    there.ask("REPLICAOF NO ONE").good();
    assert_finished(&mut there, &AGAIN);
}

#[test]
fn a_replica_that_came_while_a_changed_model_was_swept_hears_of_the_end() {
    let primary = Server::holding(&[]);
    let mut here = primary.client();
    primary.load_mini(&mut here, "icio");
    let key = here.cached("icio USA C10");
    here.ask("MODEL.INDICATORDEL icio risk").good();
    here.await_sweeps(1);
    let replica = Server::hooked(&[]);
    replica.follow(&primary);
    here.let_go();
    replica.await_in_sync_with(&primary);
    let mut there = replica.client();
    there.await_gone(&key);
    there.await_no_bans();
}

#[test]
fn a_demoted_master_leaves_the_rest_to_its_successor() {
    let (first, mut here) = holding(&[]);
    let second = Server::holding(&[]);
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
    here.let_go();
    assert_nothing_old(&mut here);
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    here.audit();
    // And back again.
    here.ask("REPLICAOF NO ONE").good();
    assert_finished(&mut here, &AGAIN);
}

#[test]
fn a_replica_that_was_away_for_a_moment_hears_of_the_end_by_a_partial_resync() {
    let (primary, mut here) = holding(&["repl-backlog-size 10mb"]);
    let replica = Server::holding(&[]);
    replica.follow(&primary);
    half_swept(&mut here);
    replica.await_in_sync_with(&primary);
    let mut there = replica.client();
    let before = here.info_number("stats", "sync_partial_ok");
    here.ask("CLIENT KILL TYPE replica").good();
    here.let_go();
    wait_until("it is back", || here.info_number("stats", "sync_partial_ok") > before);
    replica.await_in_sync_with(&primary);
    assert_eq!(there.info_number("assess", "cache_bans"), 0);
    AGAIN.iter().for_each(|key| there.serves(key, Some("new")));
    assert_nothing_old(&mut there);
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    there.audit();
}

#[test]
fn power_failures_at_any_moment_of_a_sweep_bring_nothing_back() {
    let (mut server, mut client) = holding(&["appendonly yes", "appendfsync always"]);
    client.invalidate("ALL ASYNC");
    let mut left = client.ask("DBSIZE").integer();
    loop {
        client = cut(&mut server);
        assert_nothing_old(&mut client);
        let now = client.ask("DBSIZE").integer();
        assert!(now <= left, "{now} after {left}");
        left = now;
        if left == 0 {
            break;
        }
        if left < MANY / 2 {
            // Far enough: the rest at once, and the end in the middle of it.
            client.ask("ASSESS.SABOTAGE nothing").good();
            wait_until("the sweep goes on", || client.ask("DBSIZE").integer() < left);
            continue;
        }
        // Each round a little further, and then the end at any moment.
        client.sweep_a_little("*");
        client.send_line("ASSESS.SABOTAGE step");
    }
    client.let_go();
}
