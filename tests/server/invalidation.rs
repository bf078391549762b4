//! Cached assessments are removed automatically when their model or indicator changes or is deleted, and only then.

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server, mini, wait_until};

/// A server with the models `icio` and `other`, each with three cached assessments, and the keys of those.
struct World {
    server: Server,
    client: Client,
    own: Vec<String>,
    others: Vec<String>,
}

fn world() -> World {
    let (server, mut client) = Server::with_mini(&[]);
    server.load_mini(&mut client, "other");
    let mut cached = |model: &str| {
        ["USA C10", "CHN C10 TOP 2", "USA C20_21 INDICATOR output"]
            .map(|subject| client.cached(&format!("{model} {subject}")))
            .to_vec()
    };
    let (own, others) = (cached("icio"), cached("other"));
    client.ask("SET assessment:{icio}text mine").good();
    World { server, client, own, others }
}

impl World {
    /// Waits until all cached assessments of `icio` are removed, and asserts that no other key is.
    fn assert_only_own_are_removed(&mut self) {
        for key in &self.own {
            self.client.await_removed(key);
        }
        for key in &self.others {
            assert!(self.client.exists(key), "{key} was removed");
        }
        assert!(self.client.exists("assessment:{icio}text"), "a key of the user was removed");
    }
}

#[test]
fn entries_are_removed_when_the_model_is_loaded_again() {
    let mut world = world();
    world.server.write("changed.csv", mini::changed_table());
    world.client.ask("MODEL.LOAD icio IO FILE changed.csv KEEP").good();
    world.assert_only_own_are_removed();
    world.client.await_ready("icio");
    let total = number(&world.client.assess("icio USA C10"), "/total");
    // Twice the link to CHN C10: twice the contribution from there.
    assert_close("total", total, 13.0 / 6.0 + 1.3);
}

#[test]
fn entries_are_removed_when_an_indicator_is_changed_or_removed() {
    for change in [
        &["MODEL.INDICATOR", "icio", "risk", "DATA", "{\"USA\":2,\"CHN\":4}", "BY", "region"][..],
        &["MODEL.INDICATORDEL", "icio", "risk"],
    ] {
        let mut world = world();
        world.client.call(change).good();
        world.assert_only_own_are_removed();
    }
}

#[test]
fn entries_are_removed_when_the_model_is_deleted_renamed_overwritten_or_expires() {
    for change in ["DEL icio", "UNLINK icio", "RENAME icio elsewhere", "SET icio text", "PEXPIRE icio 1", "MOVE icio 5"]
    {
        let mut world = world();
        world.client.ask(change).good();
        world.assert_only_own_are_removed();
    }
}

#[test]
fn entries_are_removed_when_another_model_takes_the_key() {
    for change in ["RENAME other icio", "COPY other icio REPLACE"] {
        let mut world = world();
        // `other` is a different table now, so that an old answer differs from a new one.
        world.client.call(&["MODEL.SET", "other", "IO", &mini::changed_table(), "KEEP"]).good();
        world.client.await_ready("other");
        world.client.ask(change).good();
        for key in &world.own {
            world.client.await_removed(key);
        }
        world.client.await_ready("icio");
        let total = number(&world.client.assess("icio USA C10"), "/total");
        assert_close(change, total, 13.0 / 6.0 + 1.3);
    }
}

#[test]
fn entries_are_removed_when_the_model_is_restored_from_a_dump() {
    let mut world = world();
    let dump = world.client.ask("DUMP other");
    world.client.call(&[b"RESTORE", &b"icio"[..], b"0", dump.bytes(), b"REPLACE"]).good();
    world.assert_only_own_are_removed();
}

#[test]
fn entries_are_removed_when_the_database_is_flushed() {
    for change in ["FLUSHDB", "FLUSHDB ASYNC", "FLUSHALL"] {
        let mut world = world();
        world.client.ask(change).good();
        assert_eq!(world.client.ask("DBSIZE"), Reply::Integer(0));
        assert_eq!(world.client.ask("ASSESS.GET icio USA C10").code(), "NOMODEL");
        // A result that was still in flight must not come back either.
        world.server.load_mini(&mut world.client, "icio");
        world.client.cached("icio CHN C20_21");
        assert_eq!(world.client.ask("DBSIZE"), Reply::Integer(2));
    }
}

#[test]
fn swapped_databases_keep_their_own_entries() {
    let World { server, mut client, own, .. } = world();
    let mut elsewhere = server.client();
    elsewhere.ask("SELECT 1").good();
    elsewhere.call(&["MODEL.SET", "icio", "IO", &mini::changed_table()]).good();
    elsewhere.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", mini::RISK, "BY", "region"]).good();
    elsewhere.await_ready("icio");
    elsewhere.cached("icio USA C10");
    client.ask("SWAPDB 0 1").good();
    assert_close("changed, now in 0", number(&client.assess("icio USA C10"), "/total"), 13.0 / 6.0 + 1.3);
    assert_close("mini, now in 1", number(&elsewhere.assess("icio USA C10"), "/total"), 169.0 / 60.0);
    // The entries are removed from the database that they are in now.
    elsewhere.ask("DEL icio").good();
    for key in &own {
        elsewhere.await_removed(key);
    }
    assert_close("still in 0", number(&client.assess("icio USA C10"), "/total"), 13.0 / 6.0 + 1.3);
}

#[test]
fn an_old_answer_is_never_served_however_soon_the_next_query_comes() {
    let (_server, mut client) = Server::with_mini(&[]);
    for round in 1..=50 {
        let risk = format!("{{\"USA\":{round},\"CHN\":{round}}}");
        client.call(&["MODEL.INDICATOR", "icio", "risk", "DATA", &risk, "BY", "region"]).good();
        // This query waits until the model is ready, and is answered from the new values.
        let document = client.assess("icio CHN C10");
        assert_close("direct", number(&document, "/direct"), f64::from(round));
        assert_close("total", number(&document, "/total"), f64::from(round) * 13.0 / 6.0);
    }
}

#[test]
fn many_entries_are_removed_as_well_as_few() {
    let (_server, mut client) = Server::with_mini(&[]);
    for top in 1..=250 {
        for node in ["USA C10", "USA C20_21", "CHN C10", "CHN C20_21"] {
            client.ask(&format!("ASSESS.GET icio {node} TOP {top}")).good();
        }
    }
    wait_until("all are stored", || client.ask("DBSIZE").integer() == 1 + 1000);
    client.ask("DEL icio").good();
    wait_until("all are removed", || client.ask("DBSIZE").integer() == 0);
    assert!(client.info_number("assess", "swept") >= 1000);
}

#[test]
fn other_keys_of_a_user_with_such_names_are_kept() {
    let (_server, mut client) = Server::with_mini(&[]);
    let key = client.cached("icio USA C10");
    client.ask("HSET assessment:{icio}:notes a b").good();
    client.ask("SET assessment:{icio}:text something").good();
    client.ask("COPY icio assessment:{icio}:backup").good();
    client.ask("MODEL.INDICATORDEL icio risk").good();
    client.await_removed(&key);
    for kept in ["assessment:{icio}:notes", "assessment:{icio}:text", "assessment:{icio}:backup"] {
        assert_eq!(client.call(&["EXISTS", kept]).integer(), 1, "{kept}");
    }
}

#[test]
fn a_model_that_replaces_another_by_restore_or_copy_is_known() {
    let (server, mut client) = Server::with_mini(&[]);
    server.load_mini(&mut client, "other");
    let dump = client.ask("DUMP icio").good();
    let Reply::Bulk(dump) = dump else { panic!("{dump:?}") };
    client.call(&[&b"RESTORE"[..], b"icio", b"0", &dump, b"REPLACE"]).good();
    client.ask("COPY icio other REPLACE").good();
    assert_eq!(client.ask("MODEL.LIST").texts(), ["icio", "other"]);
    // A known model is watched: its time to live takes effect even if a cached route was remembered.
    client.cached("icio USA C10");
    for _ in 0..3 {
        client.ask("ASSESS.GET icio USA C10").good();
    }
    client.ask("DEBUG SET-ACTIVE-EXPIRE 0").good();
    client.ask("PEXPIREAT icio 1").good();
    assert_eq!(client.ask("ASSESS.GET icio USA C10").code(), "NOMODEL");
}

#[test]
fn a_truncated_document_is_not_served() {
    let (_server, mut client) = Server::with_mini(&[]);
    let key = client.cached("icio USA C10");
    let whole = client.ask("ASSESS.GET icio USA C10").text();
    client.call(&["SET", &key, &whole[..200]]).good();
    assert_eq!(client.ask("ASSESS.GET icio USA C10").text(), whole);
}

#[test]
fn a_persistent_entry_stays_persistent_with_keepttl() {
    let (_server, mut client) = Server::with_mini(&[]);
    let key = client.cached("icio USA C10");
    client.call(&["PERSIST", &key]).good();
    let stored = client.info_number("assess", "stored");
    client.ask("ASSESS.GET icio USA C10 REFRESH KEEPTTL").good();
    wait_until("the entry is stored", || client.info_number("assess", "stored") > stored);
    assert_eq!(client.call(&["TTL", &key]).integer(), -1);
}
