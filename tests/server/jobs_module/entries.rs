//! The job `import`: entries of the cache, and codes.

use super::{ended, many, refused, run, submit};
use crate::harness::{Server, wait_until};

#[test]
fn entries_are_stored_with_their_ttl_and_tags() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("TIER.SET t PATTERN t:* TTL 60 GRACE 30").good();
    let payload = r#"{"items":[{"key":"a","value":"1","ttl_ms":50000,"tags":["x","y"]},{"key":"t:1","value":"\u00e9"},
        {"key_hex":"00ff","value_hex":"ff00","ttl_ms":50000},{"key":"none","value":"1"},{"key":"big","value_bytes":70000}]}"#;
    let result = run(&mut client, "q", "import", payload);
    assert_eq!((result["items"].as_u64(), result["stored"].as_u64()), (Some(5), Some(3)));
    assert_eq!((result["skipped"].as_u64(), result["failed"].as_u64()), (Some(1), Some(1)));
    assert_eq!(result["errors"][0]["item"], 3);
    assert!(result["errors"][0]["error"].as_str().unwrap().contains("in no tier"));
    assert_eq!(client.ask("CACHE.GET a").text(), "1");
    assert!((1..=50_000).contains(&client.ask("PTTL a").integer()));
    assert!((60..=90).contains(&client.ask("TTL t:1").integer()), "the grace of the tier is added");
    assert_eq!(client.call(&[&b"GET"[..], b"\x00\xff"]).bytes(), b"\xff\x00");
    client.ask("CACHE.INVALIDATE TAG y").good();
    assert!(!client.exists("a"));
}

#[test]
fn what_one_server_exports_another_imports() {
    let (from, to) = (Server::start(), Server::start());
    let (mut source, mut target) = (from.client(), to.client());
    for client in [&mut source, &mut target] {
        client.ask("TIER.SET rec PATTERN rec:* TTL 600 COMPRESS 100").good();
    }
    source.call(&["CACHE.SET", "rec:1", "plain"]).good();
    source.call(&["CACHE.SET", "rec:2", &"long ".repeat(100), "TAGS", "1", "user:7"]).good();
    source.call(&[&b"CACHE.SET"[..], b"rec:\xff", b"\xff", b"TAGS", b"1", b"\xfe"]).good();
    let page = source.ask("CACHE.EXPORT PATTERN rec:*").good();
    assert_eq!(page.array()[0].text(), "0");
    let result = run(&mut target, "q", "import", &page.array()[1].texts().join("\n"));
    assert_eq!((result["stored"].as_u64(), result["failed"].as_u64()), (Some(3), Some(0)));
    for key in [&b"rec:1"[..], b"rec:2", b"rec:\xff"] {
        assert_eq!(source.call(&[b"CACHE.GET", key]), target.call(&[b"CACHE.GET", key]));
    }
    target.ask("CACHE.INVALIDATE TAG user:7").good();
    assert!(!target.exists("rec:2"));
}

#[test]
fn a_wrong_item_changes_nothing() {
    let server = Server::start();
    let mut client = server.client();
    for (payload, named) in [
        ("", "no JSON document"),
        ("{}", "must be an object with"),
        (r#"{"items":[{"key":"a","value":"1","ttl_ms":5000},{"key":"b","value":"1","ttl_ms":-1}]}"#, "item 1"),
        ("{\"key\":\"a\",\"value\":\"1\",\"ttl_ms\":5000}\n{\"key\":\"b\"}", "line 2"),
    ] {
        let error = refused(&mut client, "q", "import", payload);
        assert!(error.contains(named), "{payload}: {error}");
    }
    assert_eq!(client.ask("DBSIZE").integer(), 1, "only the queue exists");
}

#[test]
fn codes_are_added_to_a_nomenclature_all_or_none() {
    let server = Server::start();
    let mut client = server.client();
    let first = r#"{"model":"roo","items":[{"code":"84","description":"Machinery"},{"code":"8471.30","description":"Portable machines"}]}"#;
    assert_eq!(run(&mut client, "q", "import", first)["codes"], 2);
    let second = r#"{"model":"roo","items":[{"code":"8471","description":"Computers"},{"code":"8471.41","description":"Others"}]}"#;
    assert_eq!(run(&mut client, "q", "import", second)["codes"], 4);
    let shown = client.ask("MODEL.HS roo 847141").good().texts().concat();
    assert!(shown.contains("\"parent\":\"8471\""), "{shown}");
    let version = client.model_number("roo", "version");
    for (payload, named) in [
        (
            r#"{"model":"roo","items":[{"code":"85","description":"Electrical"},{"code":"8","description":"x"}]}"#,
            "leading zero",
        ),
        (r#"{"model":"roo","items":[{"code":"85","description":""}]}"#, "a description has"),
        (r#"{"model":"roo","items":[]}"#, "lists no codes"),
        (r#"{"model":"a}b","items":[{"code":"85","description":"x"}]}"#, "hash tag"),
    ] {
        let error = refused(&mut client, "q", "import", payload);
        assert!(error.contains(named), "{payload}: {error}");
    }
    assert_eq!(client.model_number("roo", "version"), version);
    client.call(&["MODEL.SET", "icio", "IO", crate::harness::mini::TABLE]).good();
    let error = refused(&mut client, "q", "import", r#"{"model":"icio","items":[{"code":"85","description":"x"}]}"#);
    assert!(error.contains("the key holds another one"), "{error}");
}

#[test]
fn other_clients_are_served_while_entries_are_imported() {
    let server = Server::start();
    let (mut client, mut other) = (server.client(), server.client());
    let id = submit(&mut client, "q", "import", &many("e", 100_000));
    super::await_progress(&mut client, "q", &id);
    let mut served = 0;
    while client.call(&["JOB.STATUS", "q", &id]).good().map()["status"].text() == "running" {
        other.call(&["SET", "mine", "1"]).good();
        served += 1;
    }
    assert!(served > 1, "{served}");
    let status = ended(&mut client, "q", &id);
    assert_eq!(status["status"].text(), "completed");
    assert!(status["progress_message"].text().ends_with("of 100000 entries"), "{status:?}");
    assert_eq!(client.ask("DBSIZE").integer(), 100_002);
}

#[test]
fn an_import_waits_for_memory() {
    let server = Server::start();
    let mut client = server.client();
    client.ask("JOB.PAUSE q").good();
    let id = client.call(&["JOB.SUBMIT", "q", "import", &many("e", 10), "BACKOFF", "1", "RETRIES", "1000000"]).good();
    let id = id.array()[0].text();
    client.ask("CONFIG SET maxmemory 1mb").good();
    client.ask("JOB.RESUME q").good();
    wait_until("the job was tried again", || super::status(&mut client, "q", &id, "attempts").integer() > 1);
    assert!(!client.exists("e:0"));
    client.ask("CONFIG SET maxmemory 0").good();
    assert_eq!(ended(&mut client, "q", &id)["status"].text(), "completed");
    assert!(client.exists("e:9"));
}
