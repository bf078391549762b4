//! Queries are answered while the server refuses writes: hits from the cache, misses computed and not stored.

use std::fs;

use crate::harness::document::{assert_close, number};
use crate::harness::{Client, Reply, Server, mini, wait_until};

/// Asserts that a hit and a miss are answered while writes are refused with `code`.
#[track_caller]
fn assert_answers_while_refused(client: &mut Client, code: &str) {
    assert_eq!(client.ask("SET a b").code(), code, "the server refuses writes");
    let hits = client.model_number("icio", "hits");
    assert_close("a hit", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
    assert_eq!(client.model_number("icio", "hits"), hits + 1);

    let not_stored = client.info_number("assess", "not_stored");
    let misses = client.model_number("icio", "misses");
    assert_close("a miss", number(&client.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    assert_eq!(client.model_number("icio", "misses"), misses + 1);
    wait_until("the result is counted as not stored", || client.info_number("assess", "not_stored") > not_stored);
    let key = client.key_of("icio CHN C10");
    assert!(!client.exists(&key));
    // The second time too.
    assert_close("a miss", number(&client.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    assert_eq!(client.ask("ASSESS.MGET icio 2 USA C10 CHN C20_21").array().len(), 2);
    assert_eq!(client.ask("ASSESS.RANK icio LIMIT 1").array().len(), 1);
}

/// Asserts that misses are stored again.
#[track_caller]
fn assert_stores_again(client: &mut Client) {
    client.cached("icio CHN C10 TOP 7");
}

#[test]
fn queries_are_answered_when_memory_is_full() {
    let (_server, mut client) = Server::with_mini(&["maxmemory-policy noeviction"]);
    client.cached("icio USA C10");
    client.ask("CONFIG SET maxmemory 1").good();
    assert_answers_while_refused(&mut client, "OOM");
    assert_eq!(client.ask("MODEL.LOAD icio IO FILE mini.csv").code(), "OOM");
    assert_eq!(client.call(&["MODEL.SET", "fresh", "IO", mini::TABLE]).code(), "OOM");
    client.ask("CONFIG SET maxmemory 0").good();
    assert_stores_again(&mut client);
}

#[test]
fn queries_are_answered_after_a_failed_save() {
    let (server, mut client) = Server::with_mini(&["save 3600 1", "stop-writes-on-bgsave-error yes"]);
    client.cached("icio USA C10");
    // Root may write everywhere, so the folder must not exist.
    let doomed = server.folder().join("doomed");
    fs::create_dir(&doomed).expect("a folder");
    client.call(&["CONFIG", "SET", "dir", doomed.to_str().expect("a path of text")]).good();
    fs::remove_dir(&doomed).expect("an empty folder");
    client.ask("BGSAVE").good();
    wait_until("the save has failed", || client.info("persistence")["rdb_last_bgsave_status"] == "err");
    assert_answers_while_refused(&mut client, "MISCONF");
    client.ask("CONFIG SET stop-writes-on-bgsave-error no").good();
    assert_stores_again(&mut client);
}

#[test]
fn queries_are_answered_with_too_few_replicas() {
    let (_server, mut client) = Server::with_mini(&[]);
    client.cached("icio USA C10");
    client.ask("CONFIG SET min-replicas-to-write 1").good();
    assert_eq!(client.ask("SET a b").code(), "NOREPLICAS");
    assert_close("a hit", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
    assert_close("a miss", number(&client.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    client.ask("CONFIG SET min-replicas-to-write 0").good();
    assert_stores_again(&mut client);
}

#[test]
fn queries_are_answered_while_writes_are_paused() {
    let (server, mut client) = Server::with_mini(&[]);
    client.cached("icio USA C10");
    client.ask("CLIENT PAUSE 600000 WRITE").good();
    let mut writer = server.client();
    writer.send_line("SET a b");
    assert_close("a hit", number(&client.assess("icio USA C10"), "/total"), 169.0 / 60.0);
    assert_close("a miss", number(&client.assess("icio CHN C10"), "/total"), 13.0 / 3.0);
    let key = client.key_of("icio CHN C10");
    assert!(!client.exists(&key), "nothing is written during the pause");
    // The result is not lost: it answers the same query, and it is stored after the pause.
    let hits = client.model_number("icio", "hits");
    client.assess("icio CHN C10");
    assert_eq!(client.model_number("icio", "hits"), hits + 1);
    client.ask("CLIENT UNPAUSE").good();
    assert_eq!(writer.receive(), Reply::ok());
    client.await_key(&key);
}
