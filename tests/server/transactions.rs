//! `WATCH` and `MULTI` with the cache: an invalidation that covers a watched key makes the transaction fail
//! immediately. A deletion in a transaction revokes leases when it runs, no sooner and for no other reason.

use crate::harness::bans::MANY;
use crate::harness::{Client, Reply, Server, wait_until};

/// Two tiers with `MANY` entries each, the first with a tag; sweeps are held, so that only the ban has an effect.
fn held(settings: &[&str]) -> (Server, Client) {
    let server = Server::with_test_hooks(settings);
    let mut client = server.client();
    client.ask("TIER.SET a PATTERN a:* TTL 3600 GRACE 600").good();
    client.ask("TIER.SET b PATTERN b:* TTL 3600").good();
    let commands: Vec<Vec<String>> =
        (1..=MANY).map(|i| format!("CACHE.SET a:{i} old TAGS 1 t").split(' ').map(str::to_owned).collect()).collect();
    client.batch(&commands).into_iter().for_each(|reply| _ = reply.good());
    client.fill("b:", MANY, "old");
    client.hold_sweeps();
    (server, client)
}

/// A client that watches a key and has queued a command.
fn watcher(server: &Server, key: &str) -> Client {
    let mut client = server.client();
    client.pipeline(&[&format!("WATCH {key}"), "MULTI", "SET result 1"]);
    client
}

fn succeeds(mut client: Client) {
    assert_eq!(client.ask("EXEC"), Reply::Array(vec![Reply::ok()]));
}

#[test]
fn a_transaction_fails_if_its_watched_key_is_covered_by_a_ban_that_has_not_reached_it() {
    for clauses in ["TIER a", "PATTERN a:*", "TAG t", "ALL", "TIER a SOFT", "KEY none PATTERN a:?"] {
        let (server, mut client) = held(&[]);
        let mut covered = watcher(&server, "b:1 a:7");
        let free = watcher(&server, "free");
        let mut elsewhere = server.client();
        elsewhere.pipeline(&["SELECT 1", "SET a:7 theirs", "WATCH a:7", "MULTI", "PING"]);
        client.invalidate(&format!("{clauses} ASYNC"));
        assert!(client.exists("a:7"), "{clauses}: nothing is swept yet");
        assert_eq!(covered.ask("EXEC"), Reply::Nil, "{clauses}");
        succeeds(free);
        assert!(!elsewhere.ask("EXEC").array().is_empty(), "{clauses}: the ban is of another database");
        // A later write is not under the ban, and a transaction that watches it succeeds.
        client.ask("SET a:7 new").good();
        succeeds(watcher(&server, "a:7"));
        client.release_sweeps();
        assert_eq!(client.ask("GET a:7"), Reply::bulk("new"), "{clauses}");
        client.audit();
    }
}

#[test]
fn a_transaction_succeeds_if_no_ban_covers_its_watched_key() {
    let (server, mut client) = held(&[]);
    let watchers: Vec<Client> = ["b:1", "result2", "a", "free:1"].iter().map(|key| watcher(&server, key)).collect();
    client.invalidate("TIER a ASYNC");
    watchers.into_iter().for_each(succeeds);
}

#[test]
fn a_transaction_on_a_replica_fails_too() {
    let (master, mut client) = held(&[]);
    let replica = Server::with_test_hooks(&[]);
    replica.follow(&master);
    let mut watching = replica.client();
    watching.pipeline(&["WATCH a:7", "MULTI", "GET a:7"]);
    client.invalidate("TIER a ASYNC");
    replica.await_in_sync_with(&master);
    assert!(replica.client().exists("a:7"));
    assert_eq!(watching.ask("EXEC"), Reply::Nil);
    client.release_sweeps();
}

#[test]
fn a_transaction_that_watches_an_assessment_of_a_changed_model_fails() {
    let server = Server::with_test_hooks(&[]);
    let mut client = server.client();
    server.load_mini(&mut client, "icio");
    let key = client.cached("icio USA C10");
    client.hold_sweeps();
    let mut watching = watcher(&server, &key);
    client.ask("MODEL.INDICATOR icio risk DATA region,value\nUSA,0.5\n BY region");
    client.ask("DEL icio").good();
    assert!(client.exists(&key), "nothing is swept yet");
    assert_eq!(watching.ask("EXEC"), Reply::Nil);
    client.release_sweeps();
}

/// Takes a lease on an absent key, and returns its token.
fn lease(client: &mut Client, key: &str) -> String {
    let reply = client.call(&["CACHE.FETCH", key, "LEASE", "3600000"]).good();
    assert_eq!(reply.array()[0], Reply::bulk("lease"), "{reply:?}");
    reply.array()[1].text()
}

#[test]
fn a_deletion_that_is_queued_before_the_lease_revokes_it_when_it_runs() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    for deletion in ["DEL k", "UNLINK other k", "GETDEL k"] {
        other.pipeline(&["MULTI", deletion]);
        let token = lease(&mut client, "k");
        other.ask("EXEC").good();
        let reply = client.call(&["CACHE.FILL", "k", &token, "late", "EX", "60"]);
        assert_eq!(reply.code(), "LEASELOST", "{deletion}: {reply:?}");
    }
}

#[test]
fn a_deletion_revokes_no_later_lease_whatever_other_clients_run() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    let old = lease(&mut client, "k");
    client.ask("DEL k").good();
    let token = lease(&mut client, "k");
    other.pipeline(&["MULTI", "SET x 1", "EXEC", "MULTI", "DEL x", "EXEC"]);
    assert_eq!(client.call(&["CACHE.FILL", "k", &old, "late", "EX", "60"]).code(), "LEASELOST");
    assert_eq!(client.call(&["CACHE.FILL", "k", &token, "v", "EX", "60"]), Reply::ok());
}

#[test]
fn transactions_of_disconnected_clients_delete_nothing() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    let mut disconnected = server.client();
    disconnected.pipeline(&["MULTI", "DEL k"]);
    let id = client.ask("CLIENT LIST").text().lines().count();
    drop(disconnected);
    wait_until("the client is disconnected", || client.ask("CLIENT LIST").text().lines().count() < id);
    other.pipeline(&["MULTI", "DEL k", "DISCARD"]);
    let token = lease(&mut client, "k");
    other.pipeline(&["MULTI", "SET x 1", "EXEC"]);
    assert_eq!(client.call(&["CACHE.FILL", "k", &token, "v", "EX", "60"]), Reply::ok());
}

#[test]
fn a_deletion_outside_of_a_transaction_revokes_immediately_whatever_was_tried_before() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("ACL SETUSER plain on nopass ~* +@all -multi").good();
    for before in [
        vec!["MULTI", "RESET"],
        vec!["MULTI", "MULTI", "DEL x", "DISCARD"],
        vec!["MULTI x"],
        vec!["EVAL redis.pcall('multi') 0"],
        vec!["AUTH plain x", "MULTI"],
        vec!["MULTI", "NO SUCH", "EXEC"],
    ] {
        let mut other = server.client();
        other.pipeline(&before);
        for deletion in ["DEL k", "EVAL return(redis.call('DEL','k')) 0"] {
            let token = lease(&mut client, "k");
            other.ask(deletion).good();
            let reply = client.call(&["CACHE.FILL", "k", &token, "late", "EX", "60"]);
            assert_eq!(reply.code(), "LEASELOST", "{before:?}: {reply:?}");
        }
    }
}

#[test]
fn a_client_that_may_not_delete_a_key_revokes_no_lease_of_it() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("ACL SETUSER reader on nopass ~other* %R~* +@all").good();
    let mut reader = server.client();
    reader.ask("AUTH reader x").good();
    let token = lease(&mut client, "k");
    assert_eq!(reader.ask("DEL k").code(), "NOPERM");
    let filled = client.call(&["CACHE.FILL", "k", &token, "v", "EX", "60"]);
    // Redis 7.0 does not report which client runs a command: the lease is lost there, which costs one computation.
    let version = client.info("server")["redis_version"].clone();
    if version.starts_with("7.0.") {
        assert_eq!(filled.code(), "LEASELOST", "{version}");
    } else {
        assert_eq!(filled, Reply::ok(), "{version}");
    }
}

#[test]
fn a_transaction_of_more_deletions_than_are_remembered_revokes_the_others_when_they_are_queued() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    let token = lease(&mut client, "k");
    let names: Vec<String> = (0..1024).map(|i| i.to_string()).collect();
    other.pipeline(&["MULTI", &format!("DEL {} k", names.join(" "))]);
    let reply = client.call(&["CACHE.FILL", "k", &token, "late", "EX", "60"]);
    assert_eq!(reply.code(), "LEASELOST", "{reply:?}");
    other.ask("EXEC").good();
}
