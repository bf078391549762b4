//! Replicas: they have the same models, answer the same queries, and take over.

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Server, mini, wait_until};

/// Asserts that a replica has the same model as its master, once all writes have arrived.
#[track_caller]
fn assert_same(master: &Server, replica: &Server, key: &str) {
    replica.await_in_sync_with(master);
    let (mut here, mut there) = (master.client(), replica.client());
    let digest = |client: &mut Client| client.call(&["DEBUG", "DIGEST-VALUE", key]).texts();
    assert_eq!(digest(&mut here), digest(&mut there));
    // The digest is computed together with the derivation.
    here.await_ready(key);
    there.await_ready(key);
    for field in ["version", "digest", "source"] {
        assert_eq!(here.model(key)[field], there.model(key)[field], "{field}");
    }
}

fn pair() -> (Server, Server) {
    let (master, replica) = (Server::start(), Server::start());
    replica.follow(&master);
    (master, replica)
}

#[test]
fn a_replica_that_was_connected_before_the_load_gets_the_model() {
    let (master, replica) = pair();
    master.load_mini(&mut master.client(), "icio");
    assert_same(&master, &replica, "icio");
    let mut client = replica.client();
    client.await_ready("icio");
    assert_close("total", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
}

#[test]
fn a_replica_that_connects_after_the_load_gets_the_model() {
    let (master, _) = Server::with_mini(&[]);
    let replica = Server::start();
    replica.follow(&master);
    assert_same(&master, &replica, "icio");
    let mut client = replica.client();
    client.await_ready("icio");
    assert_close("total", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
}

#[test]
fn a_table_of_many_frames_arrives_complete() {
    let (master, replica) = pair();
    master.write("wide.csv", mini::wide_table(1000));
    let mut client = master.client();
    client.ask("MODEL.LOAD wide IO FILE wide.csv").good();
    client.call(&["MODEL.SET", "small", "IO", mini::TABLE]).good();
    assert_same(&master, &replica, "wide");
    assert_same(&master, &replica, "small");
    // No staging key of the transfer is left.
    for server in [&master, &replica] {
        assert_eq!(server.client().ask("DBSIZE").integer(), 2);
    }
}

#[test]
fn a_replica_that_connects_during_a_load_gets_the_model() {
    let (master, early) = pair();
    let late = Server::start();
    let mut running = master.with_wide_tables(|| master.catch_loading("wide"));
    late.follow(&master);
    running.client.receive().good();
    assert_same(&master, &early, "wide");
    assert_same(&master, &late, "wide");
}

#[test]
fn a_load_waits_for_a_replica_that_is_in_a_full_synchronisation() {
    const MB: i64 = 1 << 20;
    // A larger backlog does not hide what waits for the replica.
    let master = Server::with(&["rdbcompression no", "repl-backlog-size 256mb"]);
    let mut client = master.client();
    // More than the sockets hold: sending the file does not end before the replica reads it.
    client.ask("SETRANGE ballast 33000000 x").good();
    let mut replica = master.client();
    replica.send_line("PSYNC ? -1");
    let is_sending = |client: &mut Client| {
        client.info("replication").get("slave0").is_some_and(|replica| replica.contains("state=send_bulk"))
    };
    wait_until("the server sends its file", || is_sending(&mut client));
    master.write("wide.csv", mini::wide_table(2400)); // 46 MB of coefficients
    let mut load = master.client();
    load.send_line("MODEL.LOAD wide IO FILE wide.csv");
    wait_until("the load waits", || master.log().contains("the load of 'wide' waits for a replica"));
    let sent = client.info_number("replication", "master_repl_offset");
    assert!((30 * MB..45 * MB).contains(&sent), "{sent}");
    assert!(is_sending(&mut client));
    drop(replica);
    load.receive().good();
    assert!(client.exists("wide"));
}

#[test]
fn a_changed_indicator_reaches_the_replica() {
    let (master, replica) = pair();
    let (mut here, mut there) = (master.client(), replica.client());
    master.load_mini(&mut here, "icio");
    here.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", r#"{"USA":10,"CHN":10}"#, "BY", "region"]).good();
    assert_same(&master, &replica, "icio");
    there.await_ready("icio");
    assert_close("total", number(&there.assess("icio CHN C10"), "/total"), 65.0 / 3.0);
    here.ask("MODEL.INDICATORDEL icio risk").good();
    assert_same(&master, &replica, "icio");
    assert_eq!(there.ask("MODEL.LABELS icio INDICATORS").texts(), ["output"]);
}

#[test]
fn cached_assessments_reach_the_replica_and_are_removed_from_it() {
    let (master, replica) = pair();
    let (mut here, mut there) = (master.client(), replica.client());
    master.load_mini(&mut here, "icio");
    let key = here.cached("icio USA C10");
    replica.await_in_sync_with(&master);
    assert_eq!(there.call(&["GET", &key]), here.call(&["GET", &key]));
    assert_eq!(here.ask("DEBUG DIGEST"), there.ask("DEBUG DIGEST"));
    let expiries = [&mut here, &mut there].map(|client| client.call(&["PEXPIRETIME", &key]).integer());
    assert_eq!(expiries[0], expiries[1]);
    // A hit on the replica.
    there.await_ready("icio");
    let hits = there.model_number("icio", "hits");
    there.assess("icio USA C10");
    assert_eq!(there.model_number("icio", "hits"), hits + 1);

    here.ask("MODEL.INDICATORDEL icio risk").good();
    there.await_removed(&key);
}

#[test]
fn a_replica_does_not_store_its_own_results() {
    let (master, replica) = pair();
    master.load_mini(&mut master.client(), "icio");
    replica.await_in_sync_with(&master);
    let mut client = replica.client();
    client.await_ready("icio");
    let not_stored = client.info_number("assess", "not_stored");
    client.assess("icio USA C10");
    crate::harness::wait_until("the result is not stored", || client.info_number("assess", "not_stored") > not_stored);
    assert_eq!(client.ask("DBSIZE").integer(), 1);
    assert_eq!(client.ask("MODEL.INDICATORDEL icio risk").code(), "READONLY");
    assert_eq!(client.ask("MODEL.LOAD icio IO FILE mini.csv").code(), "READONLY");
}

#[test]
fn a_promoted_replica_takes_over() {
    let (mut master, replica) = pair();
    let mut here = master.client();
    master.load_mini(&mut here, "icio");
    let key = here.cached("icio USA C10");
    replica.await_in_sync_with(&master);
    let version = here.model_number("icio", "version");
    master.kill();

    let mut there = replica.client();
    there.ask("REPLICAOF NO ONE").good();
    there.await_ready("icio");
    there.assess("icio USA C10");
    there.cached("icio CHN C10");
    there.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", r#"{"USA":10,"CHN":10}"#, "BY", "region"]).good();
    there.await_removed(&key);
    assert!(there.model_number("icio", "version") > version);
    there.await_ready("icio");
    assert_close("total", number(&there.assess("icio CHN C10"), "/total"), 65.0 / 3.0);
}

#[test]
fn digests_are_equal_after_mixed_traffic() {
    let (master, replica) = pair();
    let mut client = master.client();
    for round in 0..5 {
        for key in ["a", "b", "c"] {
            master.load_mini(&mut client, key);
            client.ask(&format!("ASSESS.GET {key} USA C10 TOP {}", round + 1)).good();
            client.ask(&format!("ASSESS.MGET {key} 2 USA C10 CHN C10")).good();
        }
        client.call(&["MODEL.SET", "a", "IO", &mini::changed_table(), "KEEP"]).good();
        client.ask("RENAME b d").good();
        client.ask("COPY d b").good();
        client.ask("DEL c").good();
    }
    // Stored results and swept entries are in flight for a moment.
    crate::harness::wait_until("both have the same", || {
        replica.await_in_sync_with(&master);
        client.ask("DEBUG DIGEST") == replica.client().ask("DEBUG DIGEST")
    });
    for key in ["a", "b", "d"] {
        assert_same(&master, &replica, key);
    }
}
